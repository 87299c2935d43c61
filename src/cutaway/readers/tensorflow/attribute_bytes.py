"""`EncodedAttributes`: the encoded attributes of one node, or of all nodes that say the same, each decoded once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

from cutaway.graph.model import Shape
from cutaway.readers.tensorflow.attribute_values import FEW, LARGE, decoded, each_shape, few_values, shape_of
from cutaway.readers.wire.dtypes import dtype_name
from cutaway.readers.wire.fields import MESSAGE, VARINT, Bytes, Field, fields, varint
from cutaway.readers.wire.protobuf import DecodeError, message, text

_ATTRIBUTE = 5
_MOST = 1000
"""Attributes of one node that are read; in 114 real graphs none has more than 9."""

_KEY, _VALUE = 0x0A, 0x12
_TENSOR = 8
_NAMING = (b"\x52", b"\x0a")
"""First bytes of values that may name functions: a function, or a list."""


class FoundConstant(NamedTuple):
    """The tensor of a constant, and where its bytes lie from the beginning of the data.

    Attributes:
        dtype: Name of its element type.
        shape: Its dimensions.
        values: Its elements, where there are few.
        start: Where its bytes begin.
        end: Where they end.
        is_message: Whether these bytes are a ``TensorProto``, not the elements as they lie in memory.
    """

    dtype: str
    shape: tuple[int, ...]
    values: tuple[Any, ...] | None
    start: int
    end: int
    is_message: bool


class EncodedAttributes:
    """What a part of a file says about attributes.

    Args:
        data: The file, or a part of it.
        entries: Where each attribute begins and ends.
    """

    def __init__(self, data: Bytes, entries: Sequence[tuple[int, int]]) -> None:
        self._data = data
        self._entries = entries
        self._values: dict[str, Any] = {}

    @staticmethod
    def within(data: Bytes, start: int, end: int) -> EncodedAttributes:
        """Those of a node whose fields lie between two places."""
        entries = []
        for entry in fields(data, start, end, []):
            if entry.number == _ATTRIBUTE and entry.wire == MESSAGE:
                entries.append((entry.start, entry.end))
                if len(entries) > _MOST:
                    break
        return EncodedAttributes(data, entries)

    @staticmethod
    def of(attributes: Sequence[bytes]) -> EncodedAttributes:
        """Those that were cut out of a node already."""
        ends = list(accumulate(map(len, attributes)))
        return EncodedAttributes(b"".join(attributes), list(zip([0, *ends], ends, strict=False)))

    @cached_property
    def _places(self) -> list[tuple[str, Field]]:
        """Names of attributes and where their values lie, found without copying any."""
        found: list[tuple[str, Field]] = []
        for start, end in self._entries[:_MOST]:
            short = self._short_entry(start, end)
            if short is not None:
                found.append(short)
                continue
            key, value = "", None
            for part in fields(self._data, start, end, []):
                if part.number == 1 and part.end - part.start <= LARGE:
                    key = text(bytes(self._data[part.start : part.end]))
                elif part.number == 2 and part.wire == MESSAGE:
                    value = part
            if value is not None:
                found.append((key, value))
        return found

    def _short_entry(self, start: int, end: int) -> tuple[str, Field] | None:
        """A name and a value of few bytes in their usual order, which nearly all are; None for any other."""
        data = self._data
        if not 4 <= end - start < 128 or data[start] != _KEY:
            return None
        at = start + 2 + data[start + 1]
        if at + 2 > end or data[at] != _VALUE or at + 2 + data[at + 1] != end:
            return None
        return text(bytes(data[start + 2 : at])), Field(2, MESSAGE, at, at + 2, end)

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return dict(self._places)

    def _raw(self, place: Field) -> bytes:
        return bytes(self._data[place.start : place.end])

    @cached_property
    def plain(self) -> Mapping[str, Any]:
        """All attributes as plain JSON values; large ones by their size."""
        told: dict[str, Any] = {}
        for key, place in self._places:
            told[key] = self._decoded(key, place)
        if len(self._entries) > _MOST:
            told["…"] = f"attributes after the first {_MOST:,} are left out"
        return told

    def get(self, key: str) -> Any:
        """One attribute as a plain JSON value, without a look at the others; None where it is not there."""
        if key not in self._values:
            place = self._by_name.get(key)
            self._values[key] = None if place is None else self._decoded(key, place)
        return self._values[key]

    def _decoded(self, key: str, place: Field) -> Any:
        if place.end - place.start <= LARGE:
            return decoded(self._raw(place))
        if key == "value" and self.constant is not None:
            return {"dtype": self.constant.dtype, "shape": list(self.constant.shape)}
        return {"bytes": place.end - place.start}

    @cached_property
    def shapes(self) -> tuple[Shape | None, ...] | None:
        """Shapes of the outputs, where they are recorded."""
        found = {key: place for key, place in self._places if key in ("_output_shapes", "shape")}
        place = found.get("_output_shapes", found.get("shape"))
        if place is None or place.end - place.start > LARGE:
            return None
        return shapes_of(self._raw(place))

    @cached_property
    def functions(self) -> tuple[tuple[str, str], ...]:
        """Pairs of attribute and function name."""
        found: list[tuple[str, str]] = []
        named = [key for key, place in self._places if bytes(self._data[place.start : place.start + 1]) in _NAMING]
        for key in dict.fromkeys(named):
            value = self.get(key)
            for item in value if isinstance(value, list) else (value,):
                if isinstance(item, dict) and isinstance(item.get("function"), str):
                    found.append((key, item["function"]))
        return tuple(found)

    @cached_property
    def constant(self) -> FoundConstant | None:
        """The tensor in ``value``; its elements are decoded where they are few."""
        tensor = self._tensor()
        if tensor is None:
            return None
        dtype, content = 0, None
        shape: tuple[int, ...] = ()
        for field in fields(self._data, tensor.start, tensor.end, []):
            if field.number == 1 and field.wire == VARINT:
                dtype = varint(self._data, field.start, field.end)[0]
            elif field.number == 2 and field.end - field.start <= LARGE:
                shape = _dimensions(self._raw(field))
            elif field.number == 4 and field.end > field.start:
                content = field
        name = dtype_name(dtype) or "unknown"
        values = None
        if math.prod(shape) <= FEW and tensor.end - tensor.start <= LARGE:
            try:
                values = few_values(message("TensorProto").FromString(self._raw(tensor)), name, math.prod(shape))
            except DecodeError:
                values = None
        place = content or tensor
        return FoundConstant(name, shape, values, place.start, place.end, content is None)

    def _tensor(self) -> Field | None:
        for key, value in self._places:
            if key == "value":
                for field in fields(self._data, value.start, value.end, []):
                    if field.number == _TENSOR and field.wire == MESSAGE:
                        return field
        return None


def shapes_of(raw: bytes) -> tuple[Shape | None, ...] | None:
    """An encoded ``AttrValue`` that is a list of shapes, or one shape."""
    try:
        listed = each_shape(raw, shape_of)
        if listed is not None:
            return tuple(listed)
        value = message("AttrValue").FromString(raw)
    except DecodeError:
        return None
    kind = value.WhichOneof("value")
    if kind == "shape":
        return (shape_of(value.shape),)
    return tuple(map(shape_of, value.list.shape)) if kind == "list" else None


def _dimensions(data: bytes) -> tuple[int, ...]:
    try:
        shape = shape_of(message("TensorShapeProto").FromString(data))
    except DecodeError:
        return ()
    return tuple(size or 0 for size in shape or ())
