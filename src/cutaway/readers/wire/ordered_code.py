"""Keys under which checkpoints keep the slices of a variable: numbers and texts written so that they sort."""

from __future__ import annotations

from collections.abc import Iterable

WHOLE = -1
"""Length that stands for all of a dimension."""

_HEADERS = (
    (0x00, 0x00), (0x80, 0x00), (0xC0, 0x00), (0xE0, 0x00), (0xF0, 0x00), (0xF8, 0x00), (0xFC, 0x00), (0xFE, 0x00),
    (0xFF, 0x00), (0xFF, 0x80), (0xFF, 0xC0),
)  # fmt: skip
"""First two bytes of a signed number by its length, which they tell."""

_ESCAPES = {0x00: b"\x00\xff", 0xFF: b"\xff\x00"}


def slice_key(name: bytes, extents: Iterable[tuple[int, int]]) -> bytes:
    """Key of one slice of a variable.

    Args:
        name: Name of the variable.
        extents: Start and length of the slice in each dimension; `WHOLE` where it has all of it.
    """
    extents = list(extents)
    numbers = b"".join(_signed(number) for extent in extents for number in extent)
    return name_key(name) + _unsigned(len(extents)) + numbers


def name_key(name: bytes) -> bytes:
    """What the keys of all slices of a variable begin with."""
    escaped = b"".join(_ESCAPES.get(byte, bytes([byte])) for byte in name)
    return _unsigned(0) + escaped + b"\0\1"


def _unsigned(value: int) -> bytes:
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes([len(data)]) + data


def _signed(value: int) -> bytes:
    magnitude = ~value if value < 0 else value
    length = magnitude.bit_length() // 7 + 1  # one bit of each byte tells the length, one of all the sign
    data = bytearray(value.to_bytes(10, "big", signed=True)[-length:])
    for at, header in enumerate(_HEADERS[length][:length]):
        data[at] ^= header
    return bytes(data)
