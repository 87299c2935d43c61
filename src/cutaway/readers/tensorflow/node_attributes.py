"""`NodeAttributes`: the attributes of the nodes of one body, decoded from the file when somebody asks for them.

A graph of a million nodes has ten million attributes, nearly all of them alike and few ever looked at. Kept here is
where each node begins, and which nodes say the same: that is decoded once for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cutaway.graph.model import Shape
from cutaway.readers.tensorflow.attribute_bytes import EncodedAttributes
from cutaway.readers.tensorflow.attribute_values import LARGE
from cutaway.readers.tensorflow.node_records import Records
from cutaway.readers.tensorflow.program import Constant
from cutaway.readers.wire.blob import Blob
from cutaway.readers.wire.fields import varint

_ATTRIBUTE = 0x2A
"""First byte of an attribute in an encoded node."""


class NodeAttributes:
    """Attributes by position, as `cutaway.readers.tensorflow.program.Attributes`.

    Args:
        blob: The file.
        found: Where each node lies, and what it says; still growing while names of outputs are looked up. Arguments of
            a function come first and are not in it.
        arguments: Attributes of the arguments of a function, as plain JSON values.
        argument_shapes: Shapes of these arguments.
    """

    def __init__(
        self,
        blob: Blob,
        found: Records,
        arguments: Sequence[Mapping[str, Any]] = (),
        argument_shapes: Sequence[tuple[Shape | None, ...] | None] = (),
    ) -> None:
        self._blob = blob
        self._found = found
        self._starts = found.starts
        self._arguments = arguments
        self._argument_shapes = argument_shapes
        self._known: dict[int, EncodedAttributes] = {}
        self._last: tuple[int, int, EncodedAttributes] | None = None

    def __len__(self) -> int:
        return len(self._arguments) + len(self._starts)

    def __getitem__(self, index: int) -> Mapping[str, Any]:
        """All attributes of one operation as plain JSON values; large ones by their size."""
        if index < len(self._arguments):
            return self._arguments[index]
        return self._encoded(index).plain

    def get(self, index: int, key: str) -> Any:
        """One attribute as a plain JSON value; None where it is not there."""
        if index < len(self._arguments):
            return self._arguments[index].get(key)
        return self._encoded(index).get(key)

    def shapes(self, index: int) -> tuple[Shape | None, ...] | None:
        """Shapes of the outputs, where they are recorded."""
        if index < len(self._arguments):
            return self._argument_shapes[index]
        return self._encoded(index).shapes

    def functions(self, index: int) -> tuple[tuple[str, str], ...]:
        """Pairs of attribute and function name."""
        return () if index < len(self._arguments) else self._encoded(index).functions

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

    def code(self, index: int) -> int:
        """A number that operations share whose attributes are the same; -1 where that is not known."""
        place = index - len(self._arguments)
        return self._found.codes[place] if 0 <= place < len(self._found.codes) else -1

    def _encoded(self, index: int) -> EncodedAttributes:
        """The attributes of a node; one object for all that say the same."""
        code = self.code(index)
        if code < 0:
            return self._read(index)[1]
        known = self._known.get(code)
        if known is None:
            known = self._known[code] = EncodedAttributes.of(self._found.told[code])
        return known

    def _read(self, index: int) -> tuple[int, EncodedAttributes]:
        """The attributes of a node as they lie in the file, and from where on their places count."""
        if self._last is not None and self._last[0] == index:
            return self._last[1:]
        data = self._blob.data
        length, at = varint(data, self._starts[index - len(self._arguments)], len(data))
        end = at + length
        if length > LARGE:
            self._last = (index, 0, EncodedAttributes.within(data, at, end))
            return self._last[1:]
        while at < end and data[at] != _ATTRIBUTE and data[at + 1] < 128 and data[at] & 7 == 2:
            at += 2 + data[at + 1]
        self._last = (index, at, EncodedAttributes.within(data[at:end], 0, end - at))
        return self._last[1:]
