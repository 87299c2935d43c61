"""`NodeAttributes`: the attributes of the nodes of one body, decoded from the file when somebody asks for them.

A graph of a million nodes has ten million attributes, nearly all of them alike and few ever looked at. Kept here is
where each node begins. What follows its name and inputs, the attributes, is looked up by its bytes: it is decoded once
for all nodes that say the same.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from cutaway.graph.model import Shape
from cutaway.readers.tensorflow.attribute_bytes import EncodedAttributes
from cutaway.readers.tensorflow.attribute_values import LARGE
from cutaway.readers.tensorflow.program import Constant
from cutaway.readers.wire.blob import Blob
from cutaway.readers.wire.fields import varint

_KNOWN = 1 << 15
"""Distinct sets of attributes that are kept decoded."""

_SHORT = 1024
"""Bytes of attributes up to which they are kept."""

_ATTRIBUTE = 0x2A
"""First byte of an attribute in an encoded node."""


class NodeAttributes:
    """Attributes by position, as `cutaway.readers.tensorflow.program.Attributes`.

    Args:
        blob: The file.
        starts: Where each node lies: the place of its length. Arguments of a function come first and have none.
        arguments: Attributes of the arguments of a function, as plain JSON values.
        argument_shapes: Shapes of these arguments.
    """

    def __init__(
        self,
        blob: Blob,
        starts: array[int],
        arguments: Sequence[Mapping[str, Any]] = (),
        argument_shapes: Sequence[tuple[Shape | None, ...] | None] = (),
    ) -> None:
        self._blob = blob
        self._starts = starts
        self._arguments = arguments
        self._argument_shapes = argument_shapes
        self._known: dict[bytes, EncodedAttributes] = {}
        self._last: tuple[int, int, EncodedAttributes] | None = None

    def __len__(self) -> int:
        return len(self._arguments) + len(self._starts)

    def __getitem__(self, index: int) -> Mapping[str, Any]:
        """All attributes of one operation as plain JSON values; large ones by their size."""
        if index < len(self._arguments):
            return self._arguments[index]
        return self._read(index)[1].plain

    def get(self, index: int, key: str) -> Any:
        """One attribute as a plain JSON value; None where it is not there."""
        if index < len(self._arguments):
            return self._arguments[index].get(key)
        return self._read(index)[1].get(key)

    def shapes(self, index: int) -> tuple[Shape | None, ...] | None:
        """Shapes of the outputs, where they are recorded."""
        if index < len(self._arguments):
            return self._argument_shapes[index]
        return self._read(index)[1].shapes

    def functions(self, index: int) -> tuple[tuple[str, str], ...]:
        """Pairs of attribute and function name."""
        return () if index < len(self._arguments) else self._read(index)[1].functions

    def constant(self, index: int) -> Constant | None:
        """The tensor in ``value``, undecoded where it is large."""
        if index < len(self._arguments):
            return None
        base, encoded = self._read(index)
        found = encoded.constant
        if found is None:
            return None
        location = self._blob.location(base + found.start, base + found.end)
        if location is not None and found.is_message:
            location += "#tensor"
        return Constant(found.dtype, found.shape, location, found.values)

    def _read(self, index: int) -> tuple[int, EncodedAttributes]:
        """The attributes of a node, and from where on their places count."""
        data = self._blob.data
        length, at = varint(data, self._starts[index - len(self._arguments)], len(data))
        end = at + length
        if length > LARGE:
            if self._last is None or self._last[0] != index:
                self._last = (index, 0, EncodedAttributes(data, at, end))
            return self._last[1:]
        while at < end and data[at] != _ATTRIBUTE and data[at + 1] < 128 and data[at] & 7 == 2:
            at += 2 + data[at + 1]
        raw = data[at:end]
        known = self._known.get(raw)
        if known is None:
            known = EncodedAttributes(raw, 0, len(raw))
            if len(raw) <= _SHORT:
                if len(self._known) >= _KNOWN:
                    self._known.clear()
                self._known[raw] = known
            elif self._last is None or self._last[0] != index:
                self._last = (index, at, known)
            else:
                return self._last[1:]
        return at, known
