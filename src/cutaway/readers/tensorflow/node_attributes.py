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
from cutaway.readers.wire.protobuf import text

_ATTRIBUTE = 0x2A
_DEVICE = 0x22
"""First bytes of an attribute and of the device in an encoded node."""

_DEVICE_KEY = bytes([_DEVICE])


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
        self._sizes: dict[int, tuple[int, ...]] = {}
        self._shifts: dict[tuple[int, int], int] = {}
        self._devices: dict[bytes, str] = {}  # nearly all nodes of a graph say one of a few
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

    def device(self, index: int) -> str:
        """Where the operation was placed; empty where nobody says."""
        place = index - len(self._arguments)
        if place < 0:
            return ""
        data = self._blob.data
        length, at = varint(data, self._starts[place], len(data))
        end = at + length
        if data.find(_DEVICE_KEY, at, end) < 0:  # of most nodes nobody says it, and one search is soon done
            return ""
        while 0 <= at < end - 1 and data[at] & 7 == 2:
            key, size, at = data[at], data[at + 1], at + 2
            if size > 127:
                size, at = varint(data, at - 1, end)
            if key == _DEVICE:
                name = bytes(data[at : at + size])
                return self._devices.setdefault(name, text(name))
            at += size
        return ""

    def constant(self, index: int) -> Constant | None:
        """The tensor in ``value``, undecoded where it is large."""
        found = None if index < len(self._arguments) else self._encoded(index).constant
        return None if found is None else Constant(found.dtype, found.shape, self.location(index), found.values)

    def location(self, index: int) -> str | None:
        """Where the tensor in ``value`` lies; None where there is none, or it is in no file."""
        if index < len(self._arguments):
            return None
        code = self.code(index)
        base = self._beginning(index, code) if code >= 0 else None
        if base is not None:
            found = self._encoded(index).constant
            base += self._shift(code, found.start) if found is not None else 0
        else:
            base, encoded = self._read(index)
            found = encoded.constant
        location = None if found is None else self._blob.location(base + found.start, base + found.end)
        return location if location is None or found is None or not found.is_message else f"{location}#tensor"

    def _beginning(self, index: int, code: int) -> int | None:
        """Where in the file the attributes of a node begin; None where other fields lie between them."""
        data = self._blob.data
        length, at = varint(data, self._starts[index - len(self._arguments)], len(data))
        end = at + length
        while at < end and data[at] != _ATTRIBUTE and data[at + 1] < 128 and data[at] & 7 == 2:
            at += 2 + data[at + 1]
        sizes = self._sizes.get(code)
        if sizes is None:
            told = self._found.told[code]
            sizes = self._sizes[code] = tuple(len(each) + _head(len(each)) for each in told)
        return at if end - at == sum(sizes) else None

    def _shift(self, code: int, start: int) -> int:
        """Bytes of the heads of attributes in the file up to a place in what `EncodedAttributes.of` joined."""
        key = (code, start)
        shift = self._shifts.get(key)
        if shift is None:
            shift = place = 0
            for each in self._found.told[code]:
                shift += _head(len(each))
                place += len(each)
                if start < place:
                    break
            self._shifts[key] = shift
        return shift

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


def _head(length: int) -> int:
    """Bytes that stand before a field of that length: its number, and the length itself."""
    return 2 + max(0, (length.bit_length() - 1) // 7)
