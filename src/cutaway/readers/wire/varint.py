"""Varints: numbers of seven bits a byte, the lowest first, as protocol buffers and tables write them."""

from __future__ import annotations


class Cut(ValueError):
    """The data end in the middle of something."""


def varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """A number of up to 64 bits, and the place behind it.

    Raises:
        Cut: The data end inside it.
        ValueError: It has more than ten bytes.
    """
    value = shift = 0
    for place in range(at, min(at + 10, len(data))):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, place + 1
        shift += 7
    if at + 10 > len(data):
        raise Cut(f"the data end inside a number that begins at byte {at:,}")
    raise ValueError(f"a number at byte {at:,} has more than ten bytes")
