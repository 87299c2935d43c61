"""Columns whose entries are made when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class OnDemand(Sequence[T]):
    """A sequence that makes an entry each time that it is asked for; equal to any with equal entries.

    Args:
        count: Number of entries.
        make: Makes the entry at a position.
    """

    __slots__ = ("_count", "_make")

    def __init__(self, count: int, make: Callable[[int], T]) -> None:
        self._count = count
        self._make = make

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self._make(at) for at in range(*index.indices(self._count)))
        if not -self._count <= index < self._count:
            raise IndexError(f"position {index} is outside a sequence of {self._count}")
        return self._make(index % self._count)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(_equal, self, other))

    __hash__ = None  # type: ignore[assignment]  # as a list


def all_on_demand(count: int, make: Callable[[], Sequence[T]]) -> OnDemand[T]:
    """A sequence of which all entries are made when the first is asked for, and kept.

    Args:
        count: Number of entries.
        make: Makes them.
    """
    made: list[Sequence[T]] = []

    def entry(at: int) -> T:
        if not made:
            made.append(make())
        return made[0][at]

    return OnDemand(count, entry)


def _equal(one: object, other: object) -> bool:
    return one == other
