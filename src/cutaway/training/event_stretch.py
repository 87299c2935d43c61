"""The records of a stretch as blocks of numbers, one a tag: by column where events are alike, else one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cutaway.training.checksums import PIECE, Bytes8, masked_checksum, masked_records, masked_rows
from cutaway.training.event_blocks import Block, in_order
from cutaway.training.event_decode import STORED, Stored, decode
from cutaway.training.event_layout import Layout, layout_of, numbers_at, steps_at
from cutaway.training.event_records import FOOTER, Places, Records, rows
from cutaway.training.event_turns import take_turns

Data = bytes | memoryview
"""A stretch; one that is held in a buffer is overwritten by the next one, so that nothing may refer to it."""

_LAYOUTS = 64
"""Layouts of events of one length that are taken by column, and those that are no use for it; the others come one by
one."""

_WORD = 8
_ALIKE = 64
"""Records of one length up to which their checksums are quicker taken together with those of other lengths."""

_LITTLE = 2048
"""Bytes up to which checksums are quicker taken byte by byte."""

_FAR = 1 << 16
"""Bytes between two records from which on they are looked at apart."""

_FACTOR = 0x9E3779B97F4A7C15
"""What parts of tags are told apart by, with its powers: 2^64 by the golden ratio, an odd number."""

_FEW = 4
"""Events that are alike from which on columns are quicker."""


@dataclass(slots=True)
class Taken:
    """What a stretch holds.

    Attributes:
        blocks: Values, those of one tag in the order of the file.
        damaged: Positions of the records whose checksum is wrong, or that are no events.
        others: Records that are no values, by what they are.
    """

    blocks: list[Block] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)


def take(data: Data, records: Records, offset: int = 0) -> Taken:
    """What the records of a stretch hold.

    Args:
        data: The stretch.
        records: Where its records lie.
        offset: Where it lies in its file.
    """
    taken = Taken()
    whole = np.frombuffer(data, np.uint8)
    left = np.ones(len(records.starts), np.bool_)
    parts: list[Block] = []
    for repeat in records.repeats:
        turns = take_turns(whole, records, repeat)
        parts += turns.blocks
        left[repeat.first : repeat.first + turns.taken.size] = ~turns.taken.reshape(-1)
    single: list[int] = []
    for positions in _near(np.flatnonzero(left), records):
        parts += _by_length(data, records, positions, taken, single)
    parts += _one_by_one(data, records, sorted(single), taken, offset)
    taken.blocks = list(in_order(parts))
    taken.damaged.sort()
    return taken


def _near(positions: Places, records: Records) -> list[Places]:
    """The positions of some records, cut where there is much between two of them."""
    if not len(positions):
        return []
    between = records.starts[positions[1:]] - records.starts[positions[:-1]] - records.lengths[positions[:-1]]
    return np.split(positions, np.flatnonzero(between > _FAR) + 1)


def _by_length(data: Data, records: Records, positions: Places, taken: Taken, single: list[int]) -> Iterator[Block]:
    """The blocks of records that are alike among some; the positions of those that are not go to ``single``."""
    first, last = positions[0], positions[-1]
    begin, end = int(records.starts[first]), int(records.starts[last] + records.lengths[last] + FOOTER)
    view = np.frombuffer(bytes(PIECE) + data[begin:end] + bytes(_WORD + FOOTER), np.uint8)
    positions = positions[np.argsort(records.lengths[positions], kind="stable")]
    starts, lengths = records.starts[positions] - begin + PIECE, records.lengths[positions]
    borders = np.flatnonzero(np.diff(lengths)) + 1
    groups = np.split(np.arange(len(positions)), borders)
    sound = _sound(view, starts, lengths, [group for group in groups if len(group) < _ALIKE])
    for group in groups:
        length = int(lengths[group[0]])
        width = -(-(length + FOOTER) // _WORD) * _WORD
        for at in range(0, len(group), most := max(1, (32 << 20) // width)):
            some = group[at : at + most]
            table, order = rows(view, starts[some], width), positions[some]
            if len(group) < _ALIKE:
                right = sound[some]
            else:
                stored = np.ascontiguousarray(table[:, length : length + FOOTER]).view("<u4")[:, 0]
                right = masked_rows(table[:, :length]) == stored
            if not right.all():
                taken.damaged += order[~right].tolist()
                table, order = table[right], order[right]
            yield from _by_column(table, order, length, single)


def _sound(view: Bytes8, starts: Places, lengths: Places, groups: list[Places]) -> npt.NDArray[np.bool_]:
    """Which records of some groups have the checksum that was written behind them."""
    sound = np.zeros(len(starts), np.bool_)
    if not groups:
        return sound
    chosen = np.concatenate(groups)
    stored = np.ascontiguousarray(rows(view, starts[chosen] + lengths[chosen], FOOTER)).view("<u4")[:, 0]
    few = lengths[chosen] < (_WORD if int(lengths[chosen].sum()) > _LITTLE else _LITTLE)
    right = np.zeros(len(chosen), np.bool_)
    right[~few] = masked_records(view, starts[chosen[~few]], lengths[chosen[~few]]) == stored[~few]
    for place in np.flatnonzero(few).tolist():
        at, length = int(starts[chosen[place]]), int(lengths[chosen[place]])
        right[place] = masked_checksum(view[at : at + length].tobytes()) == stored[place]
    sound[chosen] = right
    return sound


def _by_column(table: Bytes8, order: Places, length: int, single: list[int]) -> Iterator[Block]:
    """Blocks of events of one length that are alike; the positions of those that are not go to ``single``."""
    for _ in range(_LAYOUTS):
        if len(table) < _FEW:
            break
        first = table[0]
        layout = layout_of(first[:length].tobytes())
        if layout is None:
            single.append(int(order[0]))
            table, order = table[1:], order[1:]
            continue
        mask = np.zeros(table.shape[1], np.uint8)
        mask[:length] = layout.mask
        words = table.view(np.uint64) & mask.view(np.uint64)
        alike = (words == words[0]).all(axis=1)
        if alike.all():
            yield from _alike(table, order, layout, single)
            return
        yield from _alike(table[alike], order[alike], layout, single)
        table, order = table[~alike], order[~alike]
    single += order.tolist()


def _alike(table: Bytes8, order: Places, layout: Layout, single: list[int]) -> Iterator[Block]:
    """The blocks of events of one layout: of one tag or, where each holds one value, of tags of one length."""
    times = np.ascontiguousarray(table[:, layout.time : layout.time + 8]).view("<f8")[:, 0]
    steps = steps_at(table, layout.step)
    for value in layout.values:
        numbers = numbers_at(table, value.at, value.type).reshape(len(table), *value.shape)
        tags = np.ascontiguousarray(table[:, value.tag[0] : value.tag[1]])
        for chosen in _by_tag(tags) if len(layout.values) == 1 else [np.arange(len(table))]:
            tag = tags[chosen[0]]
            equal = (tags[chosen] == tag).all(axis=1)
            if not equal.all():  # two tags with one hash
                single += order[chosen[~equal]].tolist()
                chosen = chosen[equal]
            name = tag.tobytes().decode("utf-8", "backslashreplace")
            yield Block(name, value.plugin, order[chosen], times[chosen], steps[chosen], numbers[chosen])


def _by_tag(tags: Bytes8) -> list[Places]:
    """The rows of each tag."""
    if not tags.shape[1] or (tags == tags[0]).all():
        return [np.arange(len(tags))]
    padded = np.zeros((len(tags), -(-tags.shape[1] // _WORD)), np.uint64)
    padded.view(np.uint8)[:, : tags.shape[1]] = tags
    factors = np.cumprod(np.full(padded.shape[1], _FACTOR, np.uint64))
    hashes = ((padded ^ padded >> np.uint64(29)) * factors).sum(axis=1)
    order = np.argsort(hashes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(hashes[order])) + 1)


def _one_by_one(data: Data, records: Records, positions: list[int], taken: Taken, offset: int) -> Iterator[Block]:
    """The blocks of events that are decoded whole, whose checksums are known to be right."""
    collected: dict[tuple[str, str], list[tuple[int, float, int, object]]] = {}
    for position in positions:
        start, length = int(records.starts[position]), int(records.lengths[position])
        event = decode(bytes(data[start : start + length]))
        if event is None:
            taken.damaged.append(position)
            continue
        if event.other:
            taken.others[event.other] = taken.others.get(event.other, 0) + 1
        for found in event.values:
            value = Stored(offset + start, length) if found.plugin in STORED else found.value
            collected.setdefault((found.tag, found.plugin), []).append((position, event.time, event.step, value))
    for (tag, plugin), told in collected.items():
        order, times, steps, values = zip(*told, strict=True)
        yield Block(tag, plugin, np.array(order, np.int64), np.array(times), np.array(steps, np.int64), list(values))
