"""CRC-32C of many records at once, and of long ones: what `cutaway.readers.wire.crc32c` computes, by NumPy.

The checksum is linear: that of a message is the exclusive or of what each of its bytes adds at its place, and of a
constant of its length. So the checksums of a thousand records of one length are one table lookup a column.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from cutaway.readers.wire.crc32c import crc32c, masked

Bytes8 = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]

COLUMNS = 2048
"""Bytes of records up to which whole columns are looked up; the histograms of TensorBoard have 800 to 1,600."""

_ROW = 128
"""Bytes of the rows that a long record is cut into."""

_FEW = 12
"""Records of one length from which on columns are quicker than bytes."""

_ROWS = 4096
"""Records that are looked up together: their bytes stay in the cache of the processor."""

_WIDE = 512
"""Bytes from which on rows are compared quickly; of narrower ones several are taken as one."""

_TOGETHER = 8 << 20
"""Bytes of records that are looked at together."""

PIECE = _ROW
"""Bytes that have to lie before the first record that `masked_records` looks at."""

_SHORT = 2048
"""Bytes up to which a single record is quicker done byte by byte."""


@cache
def _tables() -> Words:
    """What a byte adds, by the number of bytes behind it."""
    first = np.array([crc32c(bytes([byte])) for byte in range(256)], np.uint32) ^ np.uint32(crc32c(b"\0"))
    tables = np.empty((COLUMNS, 256), np.uint32)
    tables[0] = first
    for place in range(1, COLUMNS):
        before = tables[place - 1]
        tables[place] = first[before & 0xFF] ^ before >> 8
    return tables


@cache
def _constant(length: int) -> int:
    """The checksum of so many zeros: what the length alone adds."""
    return crc32c(bytes(length))


def sums_of(rows: Bytes8, behind: int = 0) -> Words:
    """What the bytes of each row add to the sum of its record, which is the exclusive or of those of its parts.

    Args:
        rows: The same part of some records, one a row.
        behind: Bytes of the record behind it; with it at most `COLUMNS`.
    """
    tables, last = _tables(), rows.shape[1] + behind - 1
    if not len(rows):
        return np.zeros(0, np.uint32)
    varies = _varies(rows)
    same = np.flatnonzero(~varies)
    sums = np.full(len(rows), np.bitwise_xor.reduce(tables[last - same, rows[0, same]]), np.uint32)
    varying = np.flatnonzero(varies).tolist()
    indices, looked_up = np.empty(_ROWS, np.intp), np.empty(_ROWS, np.uint32)
    for begin in range(0, len(rows), _ROWS):
        some, part = rows[begin : begin + _ROWS], sums[begin : begin + _ROWS]
        count = len(some)
        for place in varying:
            np.copyto(indices[:count], some[:, place])
            tables[last - place].take(indices[:count], out=looked_up[:count], mode="clip")
            part ^= looked_up[:count]
    return sums


def _varies(rows: Bytes8) -> npt.NDArray[np.bool_]:
    """In which columns not all bytes are the same; in records that are alike they are in most."""
    width = rows.shape[1]
    each = max(1, _WIDE // width) if width and rows.flags.c_contiguous else 1
    whole = len(rows) - len(rows) % each
    wide = rows[:whole].reshape(whole // each, each * width) != np.tile(rows[0], each)
    varies: npt.NDArray[np.bool_] = wide.any(axis=0).reshape(each, width).any(axis=0)
    varies |= (rows[whole:] != rows[0]).any(axis=0)
    return varies


def masked_rows(rows: Bytes8) -> Words:
    """The masked checksum of each row, as it is stored: about 400 MB a second where there are many bytes.

    Args:
        rows: Records of one length, one a row.
    """
    if rows.size <= _SHORT:
        return np.array([masked(crc32c(row.tobytes())) for row in rows], np.uint32)
    if len(rows) < _FEW or rows.shape[1] > COLUMNS:
        sums = _long_sums(rows)
    else:
        return masked_sums(sums_of(rows), rows.shape[1])
    return _masked(sums)


def masked_sums(sums: Words, length: int) -> Words:
    """The masked checksums of records of one length, of what all their bytes add."""
    return _masked(sums ^ np.uint32(_constant(length)))


def _masked(sums: Words) -> Words:
    return (sums >> np.uint32(15) | sums << np.uint32(17)) + np.uint32(0xA282EAD8)


def _long_sums(rows: Bytes8) -> Words:
    """The checksums of long records of one length."""
    count, length = rows.shape
    if length < 4:
        return np.array([crc32c(row.tobytes()) for row in rows], np.uint32)
    padding = -length % _ROW
    padded = np.zeros((count, padding + length), np.uint8)
    padded[:, padding:] = rows
    return _padded_sums(padded, np.full(count, padding))


def _padded_sums(padded: Bytes8, begins: npt.NDArray[np.int64]) -> Words:
    """The checksums of records at the ends of rows of whole pieces: of all pieces, and then what each carries on.

    Args:
        padded: The records, with zeros before them, which change nothing.
        begins: Where in its row each record begins, which has at least four bytes.
    """
    count = len(padded)
    for place in range(4):
        padded[np.arange(count), begins + place] ^= 0xFF  # the state that a checksum begins with
    pieces = sums_of(padded.reshape(-1, _ROW)).reshape(count, -1)
    tables = _tables()
    states = np.zeros(count, np.uint32)
    for piece in pieces.T:
        carried = piece.copy()
        for place in range(4):
            carried ^= tables[_ROW - 1 - place].take(states >> np.uint32(8 * place) & np.uint32(255))
        states = carried
    return states ^ np.uint32(0xFFFFFFFF)


def masked_records(data: Bytes8, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> Words:
    """The masked checksums of records of many lengths, as they are stored: those of about one length together.

    Args:
        data: The file, which has at least as many bytes before each record as it needs to fill whole pieces.
        starts: Where the data of each begin.
        lengths: Number of bytes of each, at least four.
    """
    found = np.zeros(len(starts), np.uint32)
    pieces = -(-lengths // _ROW)
    for number in sorted(set(pieces.tolist())):
        chosen, width = np.flatnonzero(pieces == number), number * _ROW
        windows = np.lib.stride_tricks.sliding_window_view(data, width)
        for begin in range(0, len(chosen), most := max(1, _TOGETHER // width)):
            some = chosen[begin : begin + most]
            padded = windows[starts[some] + lengths[some] - width]
            begins = width - lengths[some]
            head = padded[:, :_ROW]
            head[np.arange(_ROW)[None, :] < begins[:, None]] = 0
            found[some] = _padded_sums(padded, begins)
    return _masked(found)


def masked_checksum(data: bytes) -> int:
    """The masked checksum of one record, as it is stored."""
    return int(masked_rows(np.frombuffer(data, np.uint8)[None, :])[0])


@cache
def masked_length(length: int) -> bytes:
    """The masked checksum of the length of a record, with which every record begins."""
    return struct.pack("<I", masked(crc32c(struct.pack("<Q", length))))


def masked_checksums(parts: Sequence[bytes]) -> list[int]:
    """The masked checksums of several records of at least four bytes: together they are quicker than one by one."""
    if len(parts) < _FEW:
        return [masked_checksum(part) for part in parts]
    padded = bytearray()
    counts = []
    for part in parts:
        begin = len(padded)
        padded += bytes(-len(part) % _ROW)
        place = len(padded)
        padded += part
        for at in range(place, place + 4):
            padded[at] ^= 0xFF  # the state that a checksum begins with
        counts.append((len(padded) - begin) // _ROW)
    sums = iter(sums_of(np.frombuffer(padded, np.uint8).reshape(-1, _ROW)).tolist())
    a, b, c, d = _steps()
    found = []
    for count in counts:
        state = 0
        for _ in range(count):
            state = a[state & 255] ^ b[state >> 8 & 255] ^ c[state >> 16 & 255] ^ d[state >> 24] ^ next(sums)
        found.append(masked(state ^ 0xFFFFFFFF))
    return found


@cache
def _steps() -> tuple[list[int], list[int], list[int], list[int]]:
    """What each byte of the state becomes behind a whole row."""
    tables = _tables()
    a, b, c, d = (tables[_ROW - 1 - place].tolist() for place in range(4))
    return a, b, c, d


def find_header(data: Bytes8, start: int) -> int:
    """The first place from ``start`` on at which a record may begin, by the checksum of its length; -1 if none."""
    if len(data) - start < 12:
        return -1
    windows = np.lib.stride_tricks.sliding_window_view(data[start:], 12)
    for begin in range(0, len(windows), 1 << 18):
        part = np.ascontiguousarray(windows[begin : begin + (1 << 18)])
        found = np.flatnonzero(masked_rows(part[:, :8]) == part[:, 8:].copy().view("<u4")[:, 0])
        if len(found):
            return start + begin + int(found[0])
    return -1
