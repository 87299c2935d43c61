"""Tensors as messages: raw content, or a list of numbers of which the last fills what is left."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from cutaway.errors import ReadError
from cutaway.readers.wire.dtypes import dtype_name
from cutaway.readers.wire.elements import Array, array_dtype, bits_of, decode
from cutaway.readers.wire.protobuf import message

_FIELDS = {
    "float32": "float_val", "float64": "double_val", "int64": "int64_val", "bool": "bool_val", "float16": "half_val",
    "bfloat16": "half_val", "complex64": "scomplex_val", "complex128": "dcomplex_val", "uint32": "uint32_val",
    "uint64": "uint64_val",
}  # fmt: skip
_HALVES = ("float16", "bfloat16")


def parse_tensor(data: bytes) -> Any:
    """A ``TensorProto``.

    Raises:
        ReadError: It is damaged.
    """
    try:
        return message("TensorProto").FromString(data)
    except DecodeError as error:
        raise ReadError(f"the tensor is damaged: {error}") from error


def tensor_values(tensor: Any, count: int | None = None, start: int = 0, stop: int | None = None) -> Array:
    """Elements of a ``TensorProto``, flat.

    Args:
        tensor: The message.
        count: How many it has, where its own shape does not say; old checkpoints leave the shape out.
        start: First element wanted.
        stop: Behind the last; None for all.

    Raises:
        ReadError: It holds no numbers, or more than its shape says.
    """
    dtype = dtype_name(tensor.dtype) or _told_by_field(tensor)
    if count is None:
        count = math.prod(dim.size for dim in tensor.tensor_shape.dim)
    stop = count if stop is None else stop
    if tensor.tensor_content:
        bits = bits_of(dtype, len(tensor.tensor_content), count)
        first, last = start * bits // 8, (stop * bits + 7) // 8
        skip = start - first * 8 // bits
        return decode(tensor.tensor_content[first:last], dtype, bits, skip, stop - start)
    held = _listed(tensor, dtype)
    if len(held) > count:
        raise ReadError(f"a tensor of {count:,} elements lists {len(held):,}")
    found = held[start:stop]
    fill = np.full(stop - start - len(found), held[-1] if len(held) else 0, dtype=array_dtype(dtype))
    return np.concatenate([found, fill]) if len(fill) else found


def _told_by_field(tensor: Any) -> str:
    """Type of a tensor that does not say it, by where its elements are."""
    return next((dtype for dtype, field in _FIELDS.items() if len(getattr(tensor, field))), "int32")


def _listed(tensor: Any, dtype: str) -> Array:
    to = array_dtype(dtype)
    if dtype.startswith("float8"):
        return decode(tensor.float8_val, dtype, 8, 0, len(tensor.float8_val))
    field = getattr(tensor, _FIELDS.get(dtype, "int_val"))
    if dtype in _HALVES:
        return decode(_wrapped(field, "<u2").tobytes(), dtype, 16, 0, len(field))
    if dtype.startswith("complex"):
        parts = np.array(field, np.float64)
        return (parts[0::2][: len(parts) // 2] + 1j * parts[1::2]).astype(to)
    return _wrapped(field, to) if to.kind in "iu" else np.array(field, to)


def _wrapped(field: Any, to: Any) -> Array:
    """Whole numbers cut to the bits of a type, as C does; a damaged file may hold larger ones."""
    return np.array(field, np.uint64 if str(to) == "uint64" else np.int64).astype(to)
