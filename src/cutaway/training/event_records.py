"""Where the records of a stretch of an event file lie, and which of them are as they were written."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutaway.training.checksums import Bytes8, masked_length, masked_rows

Places = npt.NDArray[np.int64]

HEADER, FOOTER = 12, 4
_MORE = HEADER + FOOTER
_LENGTH = struct.Struct("<Q").unpack_from

_SEEN = 128
"""Records that are looked at one by one before the sizes of those behind them are guessed, and checked, together."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Records whose lengths come again and again.

    Attributes:
        first: The position of the first one.
        period: Number of records of a turn.
        turns: How many turns there are.
    """

    first: int
    period: int
    turns: int


@dataclass(frozen=True, slots=True)
class Records:
    """Records of a stretch.

    Attributes:
        starts: Where the data of each begin.
        lengths: Number of bytes of each.
        end: Where the last one ends, its checksum included.
        damaged: Whether a length at ``end`` is not what was written, so that the next record has to be looked for.
        needed: Bytes from ``end`` on that the next record has, where the stretch ends inside it; 0 if not known.
        repeats: Those of them whose lengths repeat, in the order of the stretch.
    """

    starts: Places
    lengths: Places
    end: int
    damaged: bool
    needed: int
    repeats: tuple[Repeat, ...]


def split(data: bytes | memoryview) -> Records:
    """The whole records at the beginning of a stretch."""
    view, size = np.frombuffer(data, np.uint8), len(data)
    borders, repeats = _borders(data, view)
    at = int(borders[-1])
    headed = borders if at + HEADER <= size else borders[:-1]  # the last one may begin a record that is cut
    good = _sound_headers(view, headed, repeats)
    damaged = good < len(headed)
    count = min(good, len(borders) - 1)
    needed = 0 if damaged or at + HEADER > size else _LENGTH(data, at)[0] + _MORE
    lengths = np.diff(borders[: count + 1]) - _MORE
    sound = tuple(repeat for repeat in repeats if repeat.first + repeat.period * repeat.turns <= count)
    return Records(borders[:count] + HEADER, lengths, int(borders[count]), damaged, needed, sound)


def _borders(data: bytes | memoryview, view: Bytes8) -> tuple[Places, list[Repeat]]:
    """Where the records begin, by what each says of its length, and where the last one ends; which of them repeat."""
    parts, repeats, ends, at, last = list[Places](), list[Repeat](), [0], 0, len(data) - _MORE
    before, next_guess = 0, _SEEN
    while at <= last:
        length: int = _LENGTH(data, at)[0]
        if length > last - at:
            break
        at += length + _MORE
        ends.append(at)
        if len(ends) <= next_guess:
            continue
        next_guess = len(ends) + min(len(ends), 16 * _SEEN)
        turn, seen = _turn(np.diff(ends[-_SEEN - 1 :]))
        begin = ends[-1 - seen]
        turns = _turns(view, turn, begin)
        if turns * len(turn) > seen:
            guessed = begin + np.cumsum(np.tile(turn, turns))[seen:]
            repeats.append(Repeat(before + len(ends) - 1 - seen, len(turn), turns))
            parts += [np.array(ends, np.int64), guessed]
            before += len(ends) + len(guessed)
            at, ends, next_guess = int(guessed[-1]), [], _SEEN
    return np.concatenate([*parts, np.array(ends, np.int64)]), repeats


def _turn(sizes: Places) -> tuple[Places, int]:
    """The sizes that the last ones are repetitions of, as few as there are, and how many are: whole turns.

    What is logged at each step has the same tags, so that sizes repeat.
    """
    for period in range(1, _SEEN // 2 + 1):
        other = np.flatnonzero(sizes[period:] != sizes[:-period])
        alike = len(sizes) - period - (int(other[-1]) + 1 if len(other) else 0)
        if alike >= max(_SEEN // 4, period):
            return sizes[-period:], (alike + period) // period * period
    return sizes[:0], 0


def _turns(view: Bytes8, turn: Places, at: int) -> int:
    """How often records of these sizes come in turn from a place on: the header of each of them is looked at."""
    size = int(turn.sum())
    turns, most = 0, 4 * _SEEN
    while size and (count := min((len(view) - at) // size, most)):
        sound, place = np.ones(count, np.bool_), at
        for record in turn.tolist():
            checksum = int.from_bytes(masked_length(record - _MORE), "little")
            sound &= np.ndarray(count, "<u8", view.data, place, size) == record - _MORE
            sound &= np.ndarray(count, "<u4", view.data, place + 8, size) == checksum
            place += record
        good = count if sound.all() else int(sound.argmin())
        turns += good
        if good < count:
            break
        at, most = at + good * size, 4 * most
    return turns


def rows(data: Bytes8, starts: Places, length: int) -> Bytes8:
    """Stretches of one length, one a row."""
    if not len(starts):
        return np.empty((0, length), np.uint8)
    return np.lib.stride_tricks.sliding_window_view(data, length)[starts]


def _sound_headers(data: Bytes8, places: Places, repeats: list[Repeat]) -> int:
    """How many headers in a row, from the first one on, have the right checksum; those that repeat are known to."""
    unknown = np.ones(len(places), np.bool_)
    for repeat in repeats:
        unknown[repeat.first : repeat.first + repeat.period * repeat.turns] = False
    looked_at = np.flatnonzero(unknown)
    heads = rows(data, places[looked_at], HEADER)
    wrong = np.flatnonzero(masked_rows(heads[:, :8]) != np.ascontiguousarray(heads[:, 8:]).view("<u4")[:, 0])
    return int(looked_at[wrong[0]]) if len(wrong) else len(places)
