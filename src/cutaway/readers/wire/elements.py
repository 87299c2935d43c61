"""Bytes of tensors to NumPy arrays, the narrow types that NumPy does not know included."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway.errors import ReadError

Array = NDArray[Any]

_PLAIN = {
    "float64": "<f8", "float32": "<f4", "float16": "<f2", "int64": "<i8", "int32": "<i4", "int16": "<i2", "int8": "i1",
    "uint64": "<u8", "uint32": "<u4", "uint16": "<u2", "uint8": "u1", "bool": "?", "complex64": "<c8",
    "complex128": "<c16", "qint8": "i1", "quint8": "u1", "qint16": "<i2", "quint16": "<u2", "qint32": "<i4",
}  # fmt: skip

_SMALL_FLOATS = {
    "float8_e5m2": (5, 2, 15), "float8_e4m3fn": (4, 3, 7), "float8_e4m3fnuz": (4, 3, 8),
    "float8_e4m3b11fnuz": (4, 3, 11), "float8_e5m2fnuz": (5, 2, 16), "float4_e2m1fn": (2, 1, 1),
}  # fmt: skip
"""Bits of exponent and mantissa, and what is taken off the exponent."""

_NARROW = {"int4": 4, "uint4": 4, "int2": 2, "uint2": 2, "float4_e2m1fn": 4}
"""Types narrower than a byte, with their bits."""

_SHOWN_AS = {"bfloat16": "float32"} | dict.fromkeys(_SMALL_FLOATS, "float32") | {
    "int4": "int8", "int2": "int8", "uint4": "uint8", "uint2": "uint8",
}  # fmt: skip


def array_dtype(dtype: str) -> np.dtype[Any]:
    """Type of the array that elements of a type become: what NumPy lacks becomes the next wider type that it has.

    Raises:
        ReadError: They are no numbers.
    """
    name = _SHOWN_AS.get(dtype, dtype)
    if name not in _PLAIN:
        raise ReadError(f"values of type {dtype!r} are no numbers, so there are none to read")
    return np.dtype(_PLAIN[name]).newbyteorder("=")


def bits_of(dtype: str, size: int, count: int) -> int:
    """Bits of one stored element, where ``count`` of them take ``size`` bytes; narrow types may be packed or not.

    Raises:
        ReadError: The sizes do not fit.
    """
    whole = 8 * np.dtype(_PLAIN[dtype]).itemsize if dtype in _PLAIN else 16 if dtype == "bfloat16" else 8
    array_dtype(dtype)
    for bits in (whole, _NARROW.get(dtype, whole)):
        if (count * bits + 7) // 8 == size:
            return bits
    raise ReadError(f"expected {(count * whole + 7) // 8:,} bytes of {count:,} values {dtype}; there are {size:,}")


def decode(data: bytes, dtype: str, bits: int, skip: int, count: int) -> Array:
    """Elements of little-endian bytes.

    Args:
        data: The bytes, from the one on that holds the first element.
        dtype: Type of an element.
        bits: Bits of one, as `bits_of` says.
        skip: Elements in the first byte that come before the first; not 0 only where elements are packed.
        count: Elements wanted.

    Raises:
        ReadError: They are no numbers, or the bytes are too few.
    """
    if len(data) * 8 < (skip + count) * bits:
        raise ReadError(f"expected {count:,} values {dtype}; there are only {len(data):,} bytes of them")
    if dtype in _PLAIN:
        return np.frombuffer(data, _PLAIN[dtype], count).astype(array_dtype(dtype))
    if dtype == "bfloat16":
        wide = np.frombuffer(data, "<u2", count).astype(np.uint32) << np.uint32(16)
        return wide.view(np.float32)
    codes = np.frombuffer(data, np.uint8)
    if bits < 8:
        places = np.arange(0, 8, bits, dtype=np.uint8)
        codes = (codes[:, None] >> places & np.uint8((1 << bits) - 1)).ravel()
    codes = codes[skip : skip + count]
    if dtype in _SMALL_FLOATS:
        return _floats(dtype)[codes]
    width = _NARROW[dtype]
    codes = codes & np.uint8((1 << width) - 1)
    if dtype.startswith("u"):
        return codes
    return ((codes << np.uint8(8 - width)).view(np.int8) >> np.int8(8 - width)).astype(np.int8)


@cache
def _floats(dtype: str) -> Array:
    """Value of every code of a small float type."""
    exponent_bits, mantissa_bits, bias = _SMALL_FLOATS[dtype]
    width = 1 + exponent_bits + mantissa_bits
    codes = np.arange(1 << width)
    mantissa = codes & (1 << mantissa_bits) - 1
    exponent = codes >> mantissa_bits & (1 << exponent_bits) - 1
    fraction = mantissa / (1 << mantissa_bits) + (exponent > 0)
    values = np.ldexp(fraction, np.maximum(exponent, 1) - bias)
    values = np.where(codes >> (width - 1) == 1, -values, values)
    if dtype.endswith("uz"):
        values[1 << width - 1] = np.nan  # what would be minus zero
    elif dtype == "float8_e4m3fn":
        values[[0x7F, 0xFF]] = np.nan
    elif dtype == "float8_e5m2":
        values[exponent == 31] = np.nan
        values[[0x7C, 0xFC]] = np.inf, -np.inf
    return np.resize(values.astype(np.float32), 256)  # a code of fewer bits may have anything above them
