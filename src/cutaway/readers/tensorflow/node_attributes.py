"""`NodeAttributes`: the attributes of the nodes of one body, decoded from the file when somebody asks for them.

A graph of a million nodes has ten million attributes, nearly all of them alike and few ever looked at. Kept here is
where each node begins; a node is decoded anew for each question, and values that came before are known by their bytes.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from cutaway.graph.model import Shape
from cutaway.readers.tensorflow.attribute_values import FEW, LARGE, decoded, few_values, shape_of
from cutaway.readers.tensorflow.program import Constant
from cutaway.readers.wire.blob import Blob
from cutaway.readers.wire.dtypes import dtype_name
from cutaway.readers.wire.fields import Field, fields, varint
from cutaway.readers.wire.protobuf import DecodeError, message, text

_KNOWN = 1 << 16
"""Distinct values that are kept decoded."""

_SHORT = 256
"""Bytes of a value up to which it is kept decoded."""


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
        self._data = memoryview(blob.data)
        self._starts = starts
        self._arguments = arguments
        self._argument_shapes = argument_shapes
        self._known: dict[bytes, Any] = {}
        self._known_shapes: dict[bytes, tuple[Shape | None, ...] | None] = {}
        self._last: tuple[int, list[tuple[str, bytes]]] = (-1, [])
        self._node_class = message("NodeDef")

    def __len__(self) -> int:
        return len(self._arguments) + len(self._starts)

    def __getitem__(self, index: int) -> Mapping[str, Any]:
        """All attributes of one operation as plain JSON values; large ones by their size."""
        if index < len(self._arguments):
            return self._arguments[index]
        told = {key: self._value(raw) for key, raw in self._entries(index)}
        if self._is_large(index):
            constant = self.constant(index)
            if constant is not None:
                told["value"] = {"dtype": constant.dtype, "shape": list(constant.shape)}
        return told

    def get(self, index: int, key: str) -> Any:
        """One attribute as a plain JSON value; None where it is not there."""
        if index < len(self._arguments):
            return self._arguments[index].get(key)
        if self._is_large(index):
            return self[index].get(key)
        for name, raw in self._entries(index):
            if name == key:
                return self._value(raw)
        return None

    def shapes(self, index: int) -> tuple[Shape | None, ...] | None:
        """Shapes of the outputs, where they are recorded."""
        if index < len(self._arguments):
            return self._argument_shapes[index]
        shape = None
        for name, raw in self._entries(index):
            if name == "_output_shapes":
                return self._shapes(raw)
            if name == "shape":
                shape = raw
        return None if shape is None else self._shapes(shape)

    def functions(self, index: int) -> tuple[tuple[str, str], ...]:
        """Pairs of attribute and function name."""
        if index < len(self._arguments):
            return ()
        found = []
        for name, raw in self._entries(index):
            if not raw or raw[0] not in b"\x52\x0a":  # a function, or a list
                continue
            value = self._value(raw)
            for item in value if isinstance(value, list) else (value,):
                if isinstance(item, dict) and "function" in item:
                    found.append((name, item["function"]))
        return tuple(found)

    def constant(self, index: int) -> Constant | None:
        """The tensor in ``value``, undecoded where it is large."""
        tensor = self._tensor_field(index) if index >= len(self._arguments) else None
        if tensor is None:
            return None
        dtype, content = 0, None
        shape: tuple[int, ...] = ()
        for field in fields(self._data, tensor.start, tensor.end, []):
            if field.number == 1 and field.wire == 0:
                dtype = varint(self._data, field.start, field.end)[0]
            elif field.number == 2 and field.end - field.start <= LARGE:
                shape = _dimensions(self._data[field.start : field.end])
            elif field.number == 4 and field.end > field.start:
                content = field
        name = dtype_name(dtype) or "unknown"
        values = None
        if math.prod(shape) <= FEW and tensor.end - tensor.start <= LARGE:
            try:
                proto = message("TensorProto").FromString(self._data[tensor.start : tensor.end])
                values = few_values(proto, name, math.prod(shape))
            except DecodeError:
                values = None
        return Constant(name, shape, self._location(tensor, content), values)

    def _location(self, tensor: Field, content: Field | None) -> str | None:
        if content is not None:
            return self._blob.location(content.start, content.end)
        place = self._blob.location(tensor.start, tensor.end)
        return None if place is None else f"{place}#tensor"

    def _node(self, index: int) -> tuple[int, int]:
        """Where the encoded node begins and ends."""
        length, start = varint(self._data, self._starts[index - len(self._arguments)], len(self._data))
        return start, start + length

    def _is_large(self, index: int) -> bool:
        start, end = self._node(index)
        return end - start > LARGE

    def _entries(self, index: int) -> list[tuple[str, bytes]]:
        """Names and encoded values; values of a large node that are large themselves are left out."""
        if self._last[0] == index:
            return self._last[1]
        start, end = self._node(index)
        if end - start <= LARGE:
            try:
                node = self._node_class.FromString(self._data[start:end])
            except DecodeError:
                return []
            entries = [(text(entry.key), entry.value) for entry in node.attr]
        else:
            entries = []
            for key, value in self._entry_fields(start, end):
                if value.end - value.start <= LARGE:
                    entries.append((key, bytes(self._data[value.start : value.end])))
        self._last = (index, entries)
        return entries

    def _entry_fields(self, start: int, end: int) -> list[tuple[str, Field]]:
        """Names of attributes and where their values lie, found without copying any."""
        found = []
        for entry in fields(self._data, start, end, []):
            if entry.number != 5 or entry.wire != 2:
                continue
            key, value = "", None
            for part in fields(self._data, entry.start, entry.end, []):
                if part.number == 1 and part.end - part.start <= LARGE:
                    key = text(bytes(self._data[part.start : part.end]))
                elif part.number == 2 and part.wire == 2:
                    value = part
            if value is not None:
                found.append((key, value))
        return found

    def _tensor_field(self, index: int) -> Field | None:
        start, end = self._node(index)
        for key, value in self._entry_fields(start, end):
            if key == "value":
                for field in fields(self._data, value.start, value.end, []):
                    if field.number == 8 and field.wire == 2:
                        return field
        return None

    def _value(self, raw: bytes) -> Any:
        if len(raw) > _SHORT:
            return decoded(raw)
        if raw not in self._known:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[raw] = decoded(raw)
        return self._known[raw]

    def _shapes(self, raw: bytes) -> tuple[Shape | None, ...] | None:
        if raw not in self._known_shapes:
            if len(self._known_shapes) >= _KNOWN:
                self._known_shapes.clear()
            self._known_shapes[raw] = _decoded_shapes(raw)
        return self._known_shapes[raw]


def _decoded_shapes(raw: bytes) -> tuple[Shape | None, ...] | None:
    """An encoded list of shapes, or one shape."""
    if len(raw) > LARGE:
        return None
    try:
        value = message("AttrValue").FromString(raw)
    except DecodeError:
        return None
    kind = value.WhichOneof("value")
    if kind == "shape":
        return (shape_of(value.shape),)
    return tuple(map(shape_of, value.list.shape)) if kind == "list" else None


def _dimensions(data: memoryview) -> tuple[int, ...]:
    try:
        shape = shape_of(message("TensorShapeProto").FromString(data))
    except DecodeError:
        return ()
    return tuple(size or 0 for size in shape or ())
