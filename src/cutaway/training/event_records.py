"""Where the records of a stretch of an event file lie, and which of them are as they were written."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutaway.training.checksums import Bytes8, masked_rows

Places = npt.NDArray[np.int64]

HEADER, FOOTER = 12, 4
_MORE = HEADER + FOOTER
_LENGTH = struct.Struct("<Q").unpack_from

_SEEN = 64
"""Records that are looked at one by one before the sizes of those behind them are guessed, and checked, together."""


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
    view, size = np.frombuffer(data, np.uint8), len(data)
    borders = _borders(data, view)
    at = int(borders[-1])
    headed = borders if at + HEADER <= size else borders[:-1]  # the last one may begin a record that is cut
    good = _sound_headers(view, headed)
    damaged = good < len(headed)
    count = min(good, len(borders) - 1)
    needed = 0 if damaged or at + HEADER > size else _LENGTH(data, at)[0] + _MORE
    lengths = np.diff(borders[: count + 1]) - _MORE
    return Records(borders[:count] + HEADER, lengths, int(borders[count]), damaged, needed)


def _borders(data: bytes, view: Bytes8) -> Places:
    """Where the records begin, by what each says of its length, and where the last one ends."""
    parts, ends, at, last = list[Places](), [0], 0, len(data) - _MORE
    next_guess, most = _SEEN, 4 * _SEEN
    while at <= last:
        length: int = _LENGTH(data, at)[0]
        if length > last - at:
            break
        at += length + _MORE
        ends.append(at)
        if len(ends) <= next_guess:
            continue
        sizes = np.diff(ends[-_SEEN - 1 :])
        right = True
        while right:
            guessed, right = _guessed(view, sizes, at, most)
            if len(guessed):
                parts += [np.array(ends, np.int64), guessed]
                at, ends = int(guessed[-1]), []
            most = 4 * most if right else 4 * _SEEN
        next_guess = len(ends) + (_SEEN if not ends else 16 * _SEEN)
    return np.concatenate([*parts, np.array(ends, np.int64)])


def _guessed(view: Bytes8, sizes: Places, at: int, most: int) -> tuple[Places, bool]:
    """The ends of about so many records from a place on, as far as sizes go on as the last ones did; whether all do.

    What is logged at each step has the same tags, so that sizes repeat. All lengths are looked at; none is believed.
    """
    period = next((period for period in range(1, _SEEN // 2 + 1) if (sizes[period:] == sizes[:-period]).all()), 0)
    if not period:
        return np.zeros(0, np.int64), False
    turn = sizes[-period:]
    turns = min((len(view) - _MORE - at) // int(turn.sum()), most // period)
    if turns < 1:
        return np.zeros(0, np.int64), False
    places = at + np.concatenate(([0], np.cumsum(np.tile(turn, turns))))
    told = rows(view, places[:-1], 8).view("<u8")[:, 0]
    wrong = np.flatnonzero(told != (np.diff(places) - _MORE).astype(np.uint64))
    return (places[1 : int(wrong[0]) + 1], False) if len(wrong) else (places[1:], True)


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
