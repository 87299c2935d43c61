"""CRC-32C (Castagnoli), the checksum of checkpoints and event files, with the mask that TensorFlow puts on it."""

from __future__ import annotations

_POLYNOMIAL = 0x82F63B78
"""Castagnoli's polynomial, lowest bit first."""

_MASK = 0xA282EAD8
"""Added to a stored checksum, so that the checksum of data that holds checksums is not degenerate."""


def _remainder(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(map(_remainder, range(256)))


def crc32c(data: bytes | bytearray | memoryview, start: int = 0) -> int:
    """Checksum of ``data``: about 10 MB a second, meant for headers and small blocks, not for the values of weights.

    Args:
        data: The bytes.
        start: Checksum of what came before, to go on from there.
    """
    table, crc = _TABLE, start ^ 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    """A checksum as it is stored."""
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF
