"""Columns whose entries are made when somebody asks for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
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


class SharedOnDemand(OnDemand[T]):
    """The same, where many entries are equal.

    Attributes:
        keys: Goes through what entries have in common that are equal; None for one that is not compared with others.

    Args:
        count: Number of entries.
        make: Makes the entry at a position.
        keys: Becomes the attribute.
    """

    __slots__ = ("keys",)

    def __init__(self, count: int, make: Callable[[int], T], keys: Callable[[], Iterable[Hashable | None]]) -> None:
        super().__init__(count, make)
        self.keys = keys


class AllOnDemand(Sequence[T]):
    """A sequence of which all entries are made when the first is asked for, and kept; once, however many threads ask.

    Args:
        make: Makes them.
        count: Number of entries; None where they must be made to be counted.
    """

    __slots__ = ("_count", "_kept", "_lock", "_make")

    def __init__(self, make: Callable[[], Sequence[T]], count: int | None = None) -> None:
        self._make = make
        self._count = count
        self._kept: Sequence[T] | None = None
        self._lock = threading.Lock()

    @property
    def _all(self) -> Sequence[T]:
        if self._kept is None:
            with self._lock:
                if self._kept is None:
                    self._kept = self._make()
        return self._kept

    def __len__(self) -> int:
        return len(self._all) if self._count is None else self._count

    def __getitem__(self, index: Any) -> Any:
        return self._all[index]

    def __iter__(self) -> Iterator[T]:
        return iter(self._all)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(_equal, self, other))

    __hash__ = None  # type: ignore[assignment]  # as a list


def _equal(one: object, other: object) -> bool:
    return one == other
