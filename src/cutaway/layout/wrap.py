"""Stage 5: the flow in rows, like lines of text. After it: each rank has its place along the flow.

A cut between two rows sends each tensor that passes it out at the row's end, back through a lane between
the rows, and in again at the next row's beginning.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from cutaway.layout.problem import Layers

GAP = 24.0
"""Least distance between two ranks in px; it grows with the sideways travel and the number of wires."""

LANE = 6.0
"""Distance of two return wires in px."""

GUTTER = 12.0
"""Least distance in px from a row's end to the return wires."""


@dataclass(frozen=True, slots=True)
class Band:
    """One rank on the page: where it begins along the flow, how thick it is, and in which row it lies."""

    start: float
    thickness: float
    row: int


@dataclass(frozen=True, slots=True)
class Rows:
    """The wrapped flow.

    Attributes:
        bands: One per rank.
        shift: For each row, what is added to the places across the flow.
        ends: For each row, where its last band ends along the flow.
        lanes: For each row but the first, where the lanes before it begin across the flow.
        tensors: For each row but the first, how many tensors come back to it.
        length, breadth: Size of the whole along and across the flow.
        indent: Where every row begins along the flow.
    """

    bands: tuple[Band, ...]
    shift: tuple[float, ...]
    ends: tuple[float, ...]
    lanes: tuple[float, ...]
    tensors: tuple[int, ...]
    length: float
    breadth: float
    indent: float


def rank_gaps(layers: Layers, across: Sequence[float]) -> list[float]:
    """Distance after each rank but the last, in px: more where wires travel sideways or are many."""
    gaps = []
    for row in layers.rows[:-1]:
        travel, count = 0.0, 0
        for vertex in row:
            for other in layers.down[vertex]:
                count += 1
                travel = max(travel, abs(across[vertex] - across[other]))
        gaps.append(GAP + min(30.0, 0.07 * travel) + min(40.0, 2.0 * max(0, count - 3)))
    return gaps


def cut_points(layers: Layers, most: int) -> list[int]:
    """Ranks after which a row may end: at most ``most`` tensors pass, and pins stay with their neighbours."""
    found = []
    for rank, row in enumerate(layers.rows[:-1]):
        passing = _passing(layers, rank)
        pins = any(layers.pins_in <= v < layers.first_bend for v in (*row, *layers.rows[rank + 1]))
        if passing <= most and not pins:
            found.append(rank)
    return found


def _passing(layers: Layers, rank: int) -> int:
    """Number of tensors that go on from a rank to the next."""
    return sum(layers.ports[vertex] for vertex in layers.rows[rank] if layers.down[vertex])


def fill(thickness: Sequence[float], gaps: Sequence[float], allowed: Sequence[int], count: int) -> list[int] | None:
    """Ranks after which to cut, so that at most ``count`` rows of the least possible length result.

    Returns:
        None where the allowed cuts do not give exactly ``count`` rows.
    """
    starts = [0.0]
    for rank, size in enumerate(thickness):
        starts.append(starts[-1] + size + (gaps[rank] if rank < len(gaps) else 0.0))
    ends = [start + size for start, size in zip(starts, thickness, strict=False)]
    low, high = max(thickness, default=0.0), starts[-1]
    best: list[int] | None = None
    for _ in range(24):
        limit = (low + high) / 2
        cuts = _greedy(starts, ends, allowed, limit)
        if cuts is not None and len(cuts) < count:
            best, high = cuts, limit
        else:
            low = limit
    return best if best is not None and len(best) == count - 1 else None


def _greedy(starts: Sequence[float], ends: Sequence[float], allowed: Sequence[int], limit: float) -> list[int] | None:
    """Cuts of rows that are as long as the limit allows; None where a row has no place for one. Ends only grow."""
    cuts: list[int] = []
    begin = 0
    while begin < len(ends):
        over = bisect_right(ends, starts[begin] + limit, begin)
        if over == len(ends):
            return cuts
        place = bisect_left(allowed, over) - 1
        if place < 0 or allowed[place] < begin:
            return None
        cuts.append(allowed[place])
        begin = allowed[place] + 1
    return cuts


def arrange(
    layers: Layers,
    across: Sequence[float],
    before: Sequence[float],
    after: Sequence[float],
    along: Sequence[float],
    cuts: Sequence[int],
) -> Rows:
    """Place the bands of all ranks, row after row.

    Args:
        layers: The ordered ranks.
        across: Place of each vertex's axis across the flow.
        before: Extent of each vertex before its axis.
        after: The same behind it.
        along: Size of each vertex along the flow.
        cuts: Ranks after which a row ends.
    """
    gaps = rank_gaps(layers, across)
    thickness = [max((along[vertex] for vertex in row), default=0.0) for row in layers.rows]
    returning = [_passing(layers, cut) for cut in cuts]
    widest = max(returning, default=0)
    indent = GUTTER + LANE * widest if cuts else 0.0
    bands: list[Band] = []
    shift: list[float] = []
    ends: list[float] = []
    lanes: list[float] = []
    offset = 0.0
    bounds = [-1, *cuts, len(layers.rows) - 1]
    for row, (first, last) in enumerate(itertools.pairwise(bounds)):
        members = [vertex for rank in range(first + 1, last + 1) for vertex in layers.rows[rank]]
        low = min((across[vertex] - before[vertex] for vertex in members), default=0.0)
        high = max((across[vertex] + after[vertex] for vertex in members), default=0.0)
        if row:
            lanes.append(offset + GUTTER)
            offset += 2 * GUTTER + LANE * (returning[row - 1] - 1)
        shift.append(offset - low)
        offset += high - low
        position = indent
        for rank in range(first + 1, last + 1):
            bands.append(Band(position, thickness[rank], row))
            position += thickness[rank] + (gaps[rank] if rank < last else 0.0)
        ends.append(position)
    length = max(
        (end + (GUTTER + LANE * returning[row] if row < len(cuts) else 0.0) for row, end in enumerate(ends)),
        default=0.0,
    )
    return Rows(tuple(bands), tuple(shift), tuple(ends), tuple(lanes), tuple(returning), length, offset, indent)
