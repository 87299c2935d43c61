"""Events that come turn by turn, as what is logged at each step does: read as one table, and none by itself.

The first turn is the pattern. Others have its bytes but for times, steps and numbers, which are taken by column; a
checksum is what the bytes of the pattern add, which is computed once, and what those that differ add.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutaway.training.checksums import COLUMNS, Bytes8, masked_sums, sums_of
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
        taken: Which records they are of, turn by turn.
    """

    blocks: list[Block]
    taken: Bools


def take_turns(data: Bytes8, records: Records, repeat: Repeat) -> Turns:
    """The values of records that repeat; those that are not as the first turn, or not as written, are left to others.

    Args:
        data: The stretch.
        records: Where its records lie.
        repeat: Which of them repeat.
    """
    period = _period(data, records, repeat)
    turns = repeat.period * repeat.turns // period if period else 0
    if turns < _FEW:
        return Turns([], np.zeros((0, 0), np.bool_))
    last = repeat.first + period - 1
    begin = int(records.starts[repeat.first]) - HEADER
    size = int(records.starts[last] + records.lengths[last]) + FOOTER - begin
    table = data[begin : begin + turns * size].reshape(turns, size)
    found = Turns([], np.zeros((turns, period), np.bool_))
    for strip in _strips(table[0], records.lengths[repeat.first : last + 1]):
        columns = _columns(table, strip)
        found.taken[:, strip.first : strip.first + strip.count] = columns.right
        found.blocks.extend(_blocks(strip, columns, repeat.first + strip.first, period))
    return found


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


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the events of a strip hold.

    Attributes:
        pattern: The bytes of those of the first turn that do not change, zeros elsewhere; one event a row.
        right: Which are like these, and as they were written; of this and the following a row is a turn.
        times: Their times.
        steps: Their steps.
        numbers: For each value of the layout, the numbers of each event.
    """

    pattern: Bytes8
    right: Bools
    times: npt.NDArray[np.float64]
    steps: npt.NDArray[np.int64]
    numbers: list[Numbers]


def _columns(table: Bytes8, strip: _Strip) -> _Columns:
    """Take the events of a strip by column."""
    whole = table[:, strip.at : strip.at + strip.count * strip.width]
    cube = whole.reshape(len(table), strip.count, strip.width)
    events, layout = cube[:, :, HEADER:-FOOTER], strip.layout
    times = _column(events, (layout.time, layout.time + 8), "<f8")
    steps = _column(events, layout.step, f"V{layout.step[1] - layout.step[0]}")
    numbers = [_column(events, value.at, value.type) for value in layout.values]
    pattern = events[0] * (strip.fixed[HEADER:-FOOTER] == 0xFF)
    sums = np.tile(sums_of(pattern), len(table))
    ends = [layout.time + 8, layout.step[1], *(value.at[1] for value in layout.values)]
    for column, end in zip([times, steps, *numbers], ends, strict=True):
        sums ^= sums_of(_bytes(column), strip.length - end)
    stored = _column(cube, (strip.width - FOOTER, strip.width), "<u4")
    right = (masked_sums(sums, strip.length) == stored.reshape(-1)).reshape(len(table), strip.count)
    right &= _alike(whole, strip)[:, None]
    told = steps_at(_bytes(steps), (0, steps.itemsize)).reshape(right.shape)
    return _Columns(pattern, right, times[:, :, 0].view("<f8"), told, numbers)


def _column(events: Bytes8, place: tuple[int, int], type: str) -> Numbers:
    """The numbers that lie at some place of all events."""
    if place[0] == place[1]:
        return np.zeros((*events.shape[:2], 0), type)
    return events[:, :, place[0] : place[1]].view(type).copy()


def _bytes(column: Numbers) -> Bytes8:
    """The bytes of numbers, one event a row."""
    turns, count, each = column.shape
    return column.view(np.uint8).reshape(turns * count, each * column.itemsize)


def _alike(whole: Bytes8, strip: _Strip) -> Bools:
    """Which turns have the bytes of the first one wherever they may not differ."""
    fixed = np.tile(strip.fixed, strip.count)
    pattern = whole[0] & fixed
    alike = np.empty(len(whole), np.bool_)
    for begin in range(0, len(whole), most := max(1, _COMPARED // len(fixed))):
        alike[begin : begin + most] = ((whole[begin : begin + most] & fixed) == pattern).all(axis=1)
    return alike


def _blocks(strip: _Strip, columns: _Columns, first: int, period: int) -> Iterator[Block]:
    """The values of those events of a strip that are right, one block an event of a turn and tag."""
    for at, (event, right) in enumerate(zip(columns.pattern, columns.right.T, strict=True)):
        if not right.any():
            continue
        chosen = slice(None) if right.all() else right
        order = np.arange(first + at, first + at + period * len(right), period)[chosen]
        times, steps = columns.times[:, at][chosen].copy(), columns.steps[:, at][chosen].copy()
        for value, numbers in zip(strip.layout.values, columns.numbers, strict=True):
            tag = event[value.tag[0] : value.tag[1]].tobytes().decode("utf-8", "backslashreplace")
            values = numbers[:, at].reshape(len(right), *value.shape)[chosen].copy()
            yield Block(tag, value.plugin, order, times, steps, values)
