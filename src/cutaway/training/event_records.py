"""Where the records of a stretch of an event file lie, and which of them are as they were written."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutaway.training.checksums import Bytes8, masked_rows

Places = npt.NDArray[np.int64]

HEADER, FOOTER = 12, 4


@dataclass(frozen=True, slots=True)
class Records:
    """Records of a stretch.

    Attributes:
        starts: Where the data of each begin.
        lengths: Number of bytes of each.
        end: Where the last one ends, its checksum included.
        damaged: Whether a length at ``end`` is not what was written, so that the next record has to be looked for.
        needed: Bytes from ``end`` on that the next record has, where the stretch ends inside it; 0 if not known.
    """

    starts: Places
    lengths: Places
    end: int
    damaged: bool
    needed: int


def split(data: bytes) -> Records:
    """The whole records at the beginning of a stretch."""
    unpack, size, at = struct.Struct("<Q").unpack_from, len(data), 0
    ends, last, more = [0], size - HEADER - FOOTER, HEADER + FOOTER
    while at <= last:
        length: int = unpack(data, at)[0]
        if length > last - at:
            break
        at += length + more
        ends.append(at)
    borders = np.array(ends, np.int64)
    headed = borders if at + HEADER <= size else borders[:-1]  # the last one may begin a record that is cut
    good = _sound_headers(np.frombuffer(data, np.uint8), headed)
    damaged = good < len(headed)
    count = min(good, len(ends) - 1)
    needed = 0 if damaged or at + HEADER > size else unpack(data, at)[0] + more
    lengths = np.diff(borders[: count + 1]) - more
    return Records(borders[:count] + HEADER, lengths, int(borders[count]), damaged, needed)


def rows(data: Bytes8, starts: Places, length: int) -> Bytes8:
    """Stretches of one length, one a row."""
    if not len(starts):
        return np.empty((0, length), np.uint8)
    return np.lib.stride_tricks.sliding_window_view(data, length)[starts]


def _sound_headers(data: Bytes8, places: Places) -> int:
    """How many headers in a row, from the first one on, have the right checksum."""
    if not len(places):
        return 0
    heads = rows(data, places, HEADER)
    wrong = np.flatnonzero(masked_rows(heads[:, :8]) != np.ascontiguousarray(heads[:, 8:]).view("<u4")[:, 0])
    return int(wrong[0]) if len(wrong) else len(places)
