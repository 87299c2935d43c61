"""Events that come turn by turn, as what is logged at each step does: read as one table, and none by itself.

The first turn is the pattern. Others have its bytes but for times, steps and numbers, which are taken by column; a
checksum is what the bytes of the pattern add, which is computed once, and what those that differ add.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutaway.training.checksums import COLUMNS, Bytes8, Words, masked_sums, sums_of
from cutaway.training.event_blocks import Block, Numbers
from cutaway.training.event_layout import Layout, layout_of, steps_at
from cutaway.training.event_records import FOOTER, HEADER, Places, Records, Repeat, rows

_FEW = 16
"""Turns from which on a table of them is quicker than records by length."""

_MOST = 4096
"""Turns of lengths among which the first tag is looked for again: a log with more tags than that is seldom."""

_COMPARED = 1 << 19
"""Bytes that are compared together: they stay in the cache of the processor."""

Bools = npt.NDArray[np.bool_]


@dataclass(slots=True)
class _Strip:
    """Events of one layout that lie side by side in each turn.

    Attributes:
        first: The number of the first one in its turn.
        at: Where its record begins in the turn.
        length: Bytes of each event.
        layout: Their layout.
        fixed: 1 for each bit of a record that is as in the pattern.
        count: How many there are.
    """

    first: int
    at: int
    length: int
    layout: Layout
    fixed: Bytes8
    count: int

    @property
    def width(self) -> int:
        """Bytes of each record."""
        return HEADER + self.length + FOOTER


@dataclass(frozen=True, slots=True)
class Turns:
    """What was read of records that repeat.

    Attributes:
        blocks: Values.
        taken: The positions of their records.
    """

    blocks: list[Block]
    taken: Places


def take_turns(data: Bytes8, records: Records, repeat: Repeat) -> Turns:
    """The values of records that repeat; those that are not as the first turn, or not as written, are left to others.

    Args:
        data: The stretch.
        records: Where its records lie.
        repeat: Which of them repeat.
    """
    blocks: list[Block] = []
    period = _period(data, records, repeat)
    turns = repeat.period * repeat.turns // period if period else 0
    if turns < _FEW:
        return Turns(blocks, np.zeros(0, np.int64))
    positions = repeat.first + np.arange(turns * period).reshape(turns, period)
    ends = records.starts[positions[0]] + records.lengths[positions[0]] + FOOTER
    begin = int(records.starts[repeat.first]) - HEADER
    size = int(ends[-1]) - begin
    table = data[begin : begin + turns * size].reshape(turns, size)
    right = np.zeros((turns, period), np.bool_)
    for strip in _strips(table[0], records.lengths[positions[0]]):
        part = slice(strip.first, strip.first + strip.count)
        right[:, part], found = _read(table, strip, positions[:, part])
        blocks += found
    return Turns(blocks, positions[right])


def _period(data: Bytes8, records: Records, repeat: Repeat) -> int:
    """After how many records all tags come again; 0 where the first one does not, or is of no use."""
    start, length = int(records.starts[repeat.first]), int(records.lengths[repeat.first])
    layout = layout_of(data[start : start + length].tobytes())
    if layout is None:
        return 0
    if len(layout.values) > 1:
        return repeat.period
    begin, end = layout.values[0].tag
    starts = records.starts[repeat.first : repeat.first + repeat.period * repeat.turns : repeat.period][:_MOST]
    tags = rows(data, starts[1:] + begin, end - begin)
    again = np.flatnonzero((tags == data[start + begin : start + end]).all(axis=1))
    return repeat.period * (int(again[0]) + 1) if len(again) else 0


def _strips(turn: Bytes8, lengths: Places) -> list[_Strip]:
    """The events of a turn that can be taken by column."""
    strips: list[_Strip] = []
    at = 0
    for number, length in enumerate(lengths.tolist()):
        width = HEADER + length + FOOTER
        if strips and _goes_on(turn, strips[-1], number, at, length):
            strips[-1].count += 1
        elif length <= COLUMNS:
            layout = layout_of(turn[at + HEADER : at + HEADER + length].tobytes())
            if layout is not None:
                strips.append(_Strip(number, at, length, layout, _fixed(layout), 1))
        at += width
    return strips


def _goes_on(turn: Bytes8, strip: _Strip, number: int, at: int, length: int) -> bool:
    """Whether the event with a number is of the layout of a strip, and lies right behind it."""
    if length != strip.length or number != strip.first + strip.count:
        return False
    first, event = (turn[begin + HEADER : begin + HEADER + length] for begin in (strip.at, at))
    return not ((first ^ event) & strip.layout.mask).any()


def _fixed(layout: Layout) -> Bytes8:
    """Which bits of a record stay as they are: also those of the tag."""
    fixed = np.full(HEADER + len(layout.mask) + FOOTER, 0xFF, np.uint8)
    fixed[HEADER:-FOOTER] = layout.mask
    fixed[-FOOTER:] = 0
    for value in layout.values:
        fixed[HEADER + value.tag[0] : HEADER + value.tag[1]] = 0xFF
    return fixed


def _read(table: Bytes8, strip: _Strip, positions: Places) -> tuple[Bools, list[Block]]:
    """Which records of a strip are like the pattern and as they were written, and the values of those."""
    whole = table[:, strip.at : strip.at + strip.count * strip.width]
    cube = whole.reshape(len(table), strip.count, strip.width)
    events, layout = cube[:, :, HEADER:-FOOTER], strip.layout
    places = [(layout.time, layout.time + 8), layout.step, *(value.at for value in layout.values)]
    types = ["<f8", "u1", *(value.type for value in layout.values)]
    columns = [_column(events, place, type) for place, type in zip(places, types, strict=True)]
    pattern = np.where(strip.fixed[HEADER:-FOOTER] == 0xFF, events[0], 0)
    sums = np.repeat(sums_of(pattern)[:, None], len(table), axis=1)
    for column, (_, end) in zip(columns, places, strict=True):
        sums ^= _sums(column, strip.length - end)
    stored = _column(cube, (strip.width - FOOTER, strip.width), "<u4")[:, :, 0]
    right = (masked_sums(sums, strip.length) == stored) & _alike(whole, strip)
    return right.T, list(_blocks(strip, pattern, right, positions.T, columns))


def _column(events: Bytes8, place: tuple[int, int], type: str) -> Numbers:
    """The numbers that lie at some place of all events, those of one tag side by side."""
    return events[:, :, place[0] : place[1]].view(type).swapaxes(0, 1).copy()


def _sums(column: Numbers, behind: int) -> Words:
    """What numbers add to the checksums of their records."""
    count, turns, each = column.shape
    return sums_of(column.view(np.uint8).reshape(count * turns, each * column.itemsize), behind).reshape(count, turns)


def _steps(column: Numbers) -> npt.NDArray[np.int64]:
    count, turns, each = column.shape
    return steps_at(column.view(np.uint8).reshape(count * turns, each), (0, each)).reshape(count, turns)


def _alike(whole: Bytes8, strip: _Strip) -> Bools:
    """Which turns have the bytes of the first one wherever they may not differ."""
    fixed = np.tile(strip.fixed, strip.count)
    pattern = whole[0] & fixed
    alike = np.empty(len(whole), np.bool_)
    for begin in range(0, len(whole), most := max(1, _COMPARED // len(fixed))):
        alike[begin : begin + most] = ((whole[begin : begin + most] & fixed) == pattern).all(axis=1)
    return alike


def _blocks(strip: _Strip, pattern: Bytes8, right: Bools, positions: Places, columns: list[Numbers]) -> Iterator[Block]:
    """The values of those records of a strip that are right, one block an event of a turn and tag."""
    times, steps = columns[0][:, :, 0], _steps(columns[1])
    for at, (event, good) in enumerate(zip(pattern, right, strict=True)):
        if not good.any():
            continue
        chosen = slice(None) if good.all() else good
        for value, numbers in zip(strip.layout.values, columns[2:], strict=True):
            tag = event[value.tag[0] : value.tag[1]].tobytes().decode("utf-8", "backslashreplace")
            values = numbers[at].reshape(len(good), *value.shape)[chosen]
            yield Block(tag, value.plugin, positions[at][chosen], times[at][chosen], steps[at][chosen], values)
