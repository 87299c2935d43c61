"""Values of attributes (`AttrValue`) and small tensors (`TensorProto`) as plain JSON values."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

from cutaway.graph.model import Shape
from cutaway.readers.wire.dtypes import dtype_name
from cutaway.readers.wire.fields import varint
from cutaway.readers.wire.protobuf import DecodeError, message, text

FEW = 16
"""Elements of a tensor up to which its values are shown."""

LARGE = 1 << 16
"""Bytes from which on a value is not decoded but told by its size: a list of two-byte messages takes 50 times that."""

_SHOWN = 4096
"""Bytes of a text that are shown."""

_LISTED_SHAPE = 0x3A
"""First byte of a shape in an encoded list."""

_AS_IT_IS = frozenset({"i", "f", "b"})

_SHORT: dict[int, Callable[[int], Any]] = {0x18: int, 0x28: bool, 0x30: dtype_name}
"""Values of two bytes by the first of them: a number, a flag, a type."""

_CODES = {
    "float32": "f", "float64": "d", "float16": "e", "int8": "b", "uint8": "B", "int16": "h", "uint16": "H",
    "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q", "bool": "?", "qint8": "b", "quint8": "B", "qint16": "h",
    "quint16": "H", "qint32": "i",
}  # fmt: skip

_FIELDS = {
    "float32": "float_val", "float64": "double_val", "int64": "int64_val", "uint64": "uint64_val",
    "uint32": "uint32_val", "bool": "bool_val", "string": "string_val", "float16": "half_val", "bfloat16": "half_val",
    "complex64": "scomplex_val", "complex128": "dcomplex_val",
}  # fmt: skip


def shape_of(proto: Any) -> Shape | None:
    """A ``TensorShapeProto``; None where even the rank is unknown."""
    if proto.unknown_rank:
        return None
    return tuple(dim.size if dim.size >= 0 else None for dim in proto.dim)


def plain(value: Any) -> Any:
    """An ``AttrValue`` as a plain JSON value; a tensor as its dtype, its shape and few values."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    content = getattr(value, kind)
    if kind != "list":
        return _PLAIN[kind](content)
    for field, items in content.ListFields():
        return list(map(_PLAIN[field.name], items)) if field.name not in _AS_IT_IS else list(items)
    return []


def each_shape(raw: bytes, read: Callable[[Any], Shape | list[int | None] | None]) -> list[Any] | None:
    """The shapes of an encoded ``AttrValue`` that is a list of shapes, equal ones read once; None for any other.

    Args:
        raw: The bytes.
        read: Makes a value of a ``TensorShapeProto``.

    Raises:
        DecodeError: A shape is damaged.
    """
    length, at = varint(raw, 1, len(raw))
    end = len(raw)
    if raw[:1] != b"\x0a" or at < 0 or at + length != end:
        return None
    known: dict[bytes, Any] = {}
    found = []
    while at + 1 < end and raw[at] == _LISTED_SHAPE and raw[at + 1] < 128:
        start = at + 2
        at = start + raw[at + 1]
        encoded = raw[start:at]
        if encoded not in known:
            known[encoded] = read(message("TensorShapeProto").FromString(encoded))
        found.append(known[encoded])
    return found if at == end else None


def shown_bytes(value: bytes) -> str:
    """Bytes of a file as text, the end of a long one left out."""
    if len(value) <= _SHOWN:
        return text(value)
    return f"{text(value[:_SHOWN])}… ({len(value):,} bytes)"


def few_values(tensor: Any, dtype: str, count: int) -> tuple[Any, ...] | None:
    """The elements of a ``TensorProto`` of ``count`` elements; None where they are many or of a kind not shown."""
    if count > FEW:
        return None
    content = tensor.tensor_content
    if content:
        return _unpacked(content, dtype, count)
    items = list(getattr(tensor, _FIELDS.get(dtype, "int_val"))[: 2 * FEW])
    if dtype in ("complex64", "complex128"):
        items = [[real, imaginary] for real, imaginary in zip(items[::2], items[1::2], strict=False)]
    elif dtype == "string":
        items = [shown_bytes(item) for item in items]
    elif dtype in ("float16", "bfloat16"):
        items = [_half(item & 0xFFFF, dtype) for item in items]
    if not items:
        return None if count else ()
    return tuple(items[:count] + items[-1:] * (count - len(items)))  # the last one stands for all that follow


def _unpacked(content: bytes, dtype: str, count: int) -> tuple[Any, ...] | None:
    """Elements that lie as they do in memory."""
    if dtype == "bfloat16":
        if len(content) != 2 * count:
            return None
        return tuple(_half(item, dtype) for item in struct.unpack(f"<{count}H", content))
    code = _CODES.get(dtype)
    if code is None or len(content) != struct.calcsize(code) * count:
        return None
    return struct.unpack(f"<{count}{code}", content)


def _half(bits: int, dtype: str) -> float:
    if dtype == "bfloat16":
        return float(struct.unpack("<f", struct.pack("<I", bits << 16))[0])
    return float(struct.unpack("<e", struct.pack("<H", bits))[0])


def _tensor(proto: Any) -> dict[str, Any]:
    dtype = dtype_name(proto.dtype) or "unknown"
    shape = shape_of(proto.tensor_shape) or ()
    told: dict[str, Any] = {"dtype": dtype, "shape": list(shape)}
    values = few_values(proto, dtype, math.prod(size or 0 for size in shape))
    if values is not None:
        told["values"] = list(values)
    return told


def _function(proto: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"function": text(proto.name)}
    attributes = {text(entry.key): decoded(entry.value) for entry in proto.attr}
    return {**told, "attributes": attributes} if attributes else told


def _shape(proto: Any) -> list[int | None] | None:
    shape = shape_of(proto)
    return None if shape is None else list(shape)


def decoded(raw: bytes) -> Any:
    """An encoded ``AttrValue`` as a plain JSON value; a large or damaged one is told by its size."""
    if len(raw) > LARGE:
        return {"bytes": len(raw)}
    if len(raw) == 2 and raw[1] < 128 and raw[0] in _SHORT:  # nearly all attributes are a type, a flag or a number
        return _SHORT[raw[0]](raw[1])
    try:
        shapes = each_shape(raw, _shape)
        return plain(message("AttrValue").FromString(raw)) if shapes is None else shapes
    except DecodeError:
        return {"damaged": True, "bytes": len(raw)}


def _same(value: Any) -> Any:
    return value


_PLAIN: dict[str, Any] = {
    "s": shown_bytes,
    "i": _same,
    "f": _same,
    "b": _same,
    "type": dtype_name,
    "shape": _shape,
    "tensor": _tensor,
    "placeholder": text,
    "func": _function,
}
