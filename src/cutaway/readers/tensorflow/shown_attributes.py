"""Attributes of shown operations, decoded from the file when somebody looks at them."""

from __future__ import annotations

from collections.abc import ItemsView, Mapping
from typing import Any

from cutaway.readers.tensorflow.inline import Operations
from cutaway.readers.tensorflow.program import Attributes

DEVICE = "device"
"""Attribute that says where an operation was placed, which a file tells beside the attributes of the operation."""


def with_device(attributes: Attributes, place: int) -> Mapping[str, Any]:
    """The attributes of one operation, and where it was placed, if the file says so."""
    told, device = attributes[place], attributes.device(place)
    return {DEVICE: device, **told} if device else told


class OperationAttributes(Mapping[str, Any]):
    """Attributes of one operation, decoded from the file when somebody looks at them.

    Args:
        operations: All of them.
        at: Which.
        more: What was found out about it.
    """

    __slots__ = ("_at", "_more", "_operations")

    def __init__(self, operations: Operations, at: int, more: Mapping[str, Any]) -> None:
        self._operations = operations
        self._at = at
        self._more = more

    def _all(self) -> Mapping[str, Any]:
        place = self._operations.place[self._at]
        if place < 0:
            return self._more
        told = with_device(self._operations.body[self._at].attributes, place)
        return {**{key: value for key, value in told.items() if not key.startswith("_")}, **self._more}

    def __getitem__(self, key: str) -> Any:
        place = self._operations.place[self._at]
        if place < 0 or key in self._more:
            return self._more[key]
        if key.startswith("_"):
            raise KeyError(key)
        attributes = self._operations.body[self._at].attributes
        told = attributes[place]  # not all of them put together, for who asks for one
        if key != DEVICE or key in told:
            return told[key]
        return with_device(attributes, place)[key]

    def __iter__(self) -> Any:
        return iter(self._all())

    def items(self) -> ItemsView[str, Any]:
        """All of them, decoded once and not once for each."""
        return self._all().items()

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self.items()) == dict(other.items())

    __hash__ = None  # type: ignore[assignment]  # as a dict

    def __repr__(self) -> str:
        return repr(dict(self.items()))
