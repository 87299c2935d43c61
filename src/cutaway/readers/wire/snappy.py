"""Snappy's raw format, unpacked: some checkpoints compress the blocks of their index with it."""

from __future__ import annotations

from cutaway.readers.wire.varint import Cut, varint

_RATIO = 24
"""Bytes that one packed byte may become: the best that the format can do is a copy of 64 bytes in 3."""


def unpack(data: bytes, most: int) -> bytes:
    """Unpack a block.

    Args:
        data: The packed block, all of it.
        most: Bytes that it may become.

    Raises:
        Cut: It ends in the middle of something.
        ValueError: It is damaged, or becomes larger than allowed.
    """
    size, at = varint(data, 0)
    if size > min(most, _RATIO * len(data) + 64):
        raise ValueError(f"a packed block of {len(data):,} bytes says that it unpacks to {size:,}")
    out = bytearray()
    end = len(data)
    while at < end:
        tag = data[at]
        if not tag & 3:
            at, length = _literal(data, at, tag >> 2)
            out += data[at : at + length]
            at += length
        else:
            at, length, back = _copy(data, at, tag)
            if not 0 < back <= len(out):
                raise ValueError(f"a copy begins {back:,} bytes back where only {len(out):,} are unpacked")
            start = len(out) - back
            piece = out[start : start + length]
            out += piece if back >= length else (piece * (length // back + 1))[:length]
        if len(out) > size:
            break
    if len(out) != size:
        raise ValueError(f"a packed block says that it unpacks to {size:,} bytes, and becomes {len(out):,} or more")
    return bytes(out)


def _literal(data: bytes, at: int, code: int) -> tuple[int, int]:
    """Where the bytes of a literal begin, and how many they are."""
    extra = max(0, code - 59)
    length = int.from_bytes(data[at + 1 : at + 1 + extra], "little") + 1 if extra else code + 1
    at += 1 + extra
    if at + length > len(data):
        raise Cut("a packed block ends inside a literal")
    return at, length


def _copy(data: bytes, at: int, tag: int) -> tuple[int, int, int]:
    """Where the next element begins, how many bytes are copied, and from how far back."""
    width = (0, 1, 2, 4)[tag & 3]
    if at + 1 + width > len(data):
        raise Cut("a packed block ends inside a copy")
    back = int.from_bytes(data[at + 1 : at + 1 + width], "little")
    if width == 1:
        return at + 2, (tag >> 2 & 7) + 4, (tag >> 5) << 8 | back
    return at + 1 + width, (tag >> 2) + 1, back
