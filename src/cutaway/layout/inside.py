"""The layout of one group: the stages in their order, and the choice of direction and wrapping."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from cutaway.layout.acyclic import back_edges
from cutaway.layout.grid import lay_out_grid
from cutaway.layout.order import make_layers, reduce_crossings
from cutaway.layout.place import place_across
from cutaway.layout.problem import DrawnWire, Flow, Inside, Layers, Placement, Point
from cutaway.layout.ranks import assign_ranks
from cutaway.layout.route import Router, to_page
from cutaway.layout.wrap import GUTTER, LANE, Rows, arrange, cut_points, fill, rank_gaps

MARGIN = 22.0
"""Px between a group's border and what is in it."""

BOX_GAP = 16.0
BEND_GAP = 12.0
"""Least distance across the flow of two boxes, and of a bend and its neighbour, in px."""

BEND = 4.0
PIN = 3.0
"""Half the breadth that a bend and a pin reserve across the flow, in px."""

GRID_LIMIT = 3000
"""Children and pins above which no ranks are made; a longer list is read, not followed."""

BEND_LIMIT = 60_000
"""Bends above which no ranks are drawn: many pins times many ranks would take minutes."""

WRAP_CHAIN = 16
"""Leaves above which a chain may be wrapped."""

SHORT_ROW = 0.35
"""Share of the longest row below which a row that is not the last looks torn off."""

MOST_ROWS = 9


@dataclass(frozen=True, slots=True)
class Shape:
    """What the holder of a group wants of it.

    Attributes:
        aspect: Wished width / height.
        flow: The direction, or None to choose the better one.
        root: Whether this is the whole picture, where a chain of leaves may wrap early.
        wrap: Whether the flow may be cut into rows.
    """

    aspect: float = 1.4
    flow: Flow | None = None
    root: bool = False
    wrap: bool = True


@dataclass(frozen=True, slots=True)
class _Candidate:
    flow: Flow
    layers: Layers
    across: list[float]
    rows: Rows
    cost: float


def lay_out_inside(inside: Inside, shape: Shape) -> Placement:
    """Lay out one group.

    Args:
        inside: Its children and wires.
        shape: What its holder wants.

    Returns:
        The placement; a grid without wires where there is too much to follow a wire.
    """
    many = len(inside.children) + inside.pins_in + inside.pins_out
    layers = _layers(inside) if many <= GRID_LIMIT else None
    if layers is None:
        return lay_out_grid(inside, shape.aspect, MARGIN)
    count = reduce_crossings(layers)
    candidates = [
        candidate
        for flow in _flows(inside, layers, shape)
        for candidate in _candidates(inside, _oriented(layers, flow), flow, shape)
    ]
    return _draw(inside, min(candidates, key=lambda candidate: round(candidate.cost, 6)), count)


def _layers(inside: Inside) -> Layers | None:
    """Ranks, bends and pins, or None where there would be too many bends."""
    children, pins = len(inside.children), inside.pins_in + inside.pins_out
    ends = [
        (
            wire.source if wire.source >= 0 else children + ~wire.source,
            wire.target if wire.target >= 0 else children + inside.pins_in + ~wire.target,
        )
        for wire in inside.wires
    ]
    turned = back_edges(children + pins, ends)
    first = range(children, children + inside.pins_in)
    last = range(children + inside.pins_in, children + pins)
    forward = [end for position, end in enumerate(ends) if position not in turned]
    ranks = assign_ranks(children + pins, forward, first, last)
    longest: dict[tuple[int, int], int] = {}
    for position, (wire, (source, target)) in enumerate(zip(inside.wires, ends, strict=True)):
        if position not in turned:
            key = (source, wire.port)
            longest[key] = max(longest.get(key, 0), ranks[target] - ranks[source] - 1)
    if sum(longest.values()) > BEND_LIMIT:
        return None
    return make_layers(inside, ranks, turned)


def _oriented(layers: Layers, flow: Flow) -> Layers:
    """Pins run from old to new downwards, and from new to old rightwards, so that wires turn a corner side by side."""
    several_pins = max(layers.pins_out - layers.pins_in, layers.first_bend - layers.pins_out) > 1
    if flow == "right" or not (several_pins or layers.lean):
        return layers
    return replace(layers, rows=[row[::-1] for row in layers.rows])


def _flows(inside: Inside, layers: Layers, shape: Shape) -> tuple[Flow, ...]:
    """Directions worth trying: leaves flow down, groups flow right; where both are there, the better of two."""
    if shape.flow is not None:
        return (shape.flow,)
    groups = sum(child.is_group for child in inside.children)
    if not groups:
        return ("down",) if len(inside.children) > 1 else ("right",)
    leaves = len(inside.children) - groups
    if leaves >= 0.7 * len(inside.children) and not shape.root:
        return ("down",)
    return ("right",) if groups >= leaves or len(layers.rows) > 12 else ("right", "down")


def _candidates(inside: Inside, layers: Layers, flow: Flow, shape: Shape) -> list[_Candidate]:
    before, after, along = _extents(inside, layers, flow)
    across = place_across(layers, before, after, BOX_GAP, BEND_GAP)
    thickness = [max((along[vertex] for vertex in row), default=0.0) for row in layers.rows]
    found = []
    for count in range(1, _most_rows(inside, layers, shape) + 1):
        allowed = cut_points(layers, 3 if any(child.is_group for child in inside.children) else 1)
        cuts = fill(thickness, rank_gaps(layers, across), allowed, count) if count > 1 else []
        if cuts is None:
            continue
        rows = arrange(layers, across, before, after, along, cuts)
        found.append(_Candidate(flow, layers, across, rows, _cost(inside, rows, flow, shape, count)))
    return found


def _most_rows(inside: Inside, layers: Layers, shape: Shape) -> int:
    """A small group with a skip never wraps, nor a short chain of leaves; a row holds two children or more."""
    if not shape.wrap or layers.turned:
        return 1
    leaves = sum(not child.is_group for child in inside.children)
    chain = len(inside.wires) <= len(inside.children) + 1 and len(layers.rank) == layers.first_bend
    if leaves >= 0.7 * len(inside.children):
        if chain and len(inside.children) <= WRAP_CHAIN and not shape.root:
            return 1
        if not chain and len(inside.children) <= (8 if shape.root else 24):
            return 1
    most = len(inside.children) // 2 if len(inside.children) > 3 else 1
    return max(1, min(MOST_ROWS if len(layers.rows) < 120 else 40, most))


def _cost(inside: Inside, rows: Rows, flow: Flow, shape: Shape, count: int) -> float:
    """How far from what its holder wants, from ragged rows, and from the usual directions; weights were tried out."""
    width, height = (rows.length, rows.breadth) if flow == "right" else (rows.breadth, rows.length)
    width += 2 * MARGIN
    height += 2 * MARGIN
    lengths = [end - rows.indent for end in rows.ends]
    full = sum(lengths) / len(lengths) / max(max(lengths), 1.0)
    broken = any(length < SHORT_ROW * max(lengths) for length in lengths[:-1])  # the last line of a text may be short
    leaves = sum(not child.is_group for child in inside.children)
    unusual = 0.35 if flow == "right" and leaves > len(inside.children) / 2 else 0.0
    unusual += 0.25 if flow == "down" and leaves < len(inside.children) / 2 else 0.0
    return abs(math.log(width / height / shape.aspect)) + 0.12 * (count - 1) + 0.9 * (1 - full) + broken + unusual


def _extents(inside: Inside, layers: Layers, flow: Flow) -> tuple[list[float], list[float], list[float]]:
    """Extent of each vertex before and after its axis, and its size along the flow."""
    before, after, along = [], [], []
    for child in inside.children:
        breadth, length = (child.width, child.height) if flow == "down" else (child.height, child.width)
        side = child.side(flow)
        axis = breadth / 2 if side is None else side.axis
        before.append(axis)
        after.append(breadth - axis)
        along.append(length)
    pins = inside.pins_in + inside.pins_out
    for size, count in ((PIN, pins), (BEND, len(layers.rank) - layers.first_bend)):
        before += [size] * count
        after += [size] * count
        along += [0.0] * count
    return before, after, along


def _draw(inside: Inside, chosen: _Candidate, count: int) -> Placement:
    """Boxes and wires of the chosen candidate, on the page."""
    rows, flow, layers = chosen.rows, chosen.flow, chosen.layers
    before, _, along = _extents(inside, layers, flow)
    router = Router(inside.children, inside.wires, layers, flow, chosen.across, along, rows)

    def turn(forward: float, sideways: float) -> Point:
        return (MARGIN + forward, MARGIN + sideways) if flow == "right" else (MARGIN + sideways, MARGIN + forward)

    boxes = []
    for vertex, child in enumerate(inside.children):
        x, y = turn(router.box(vertex)[0], router.place(vertex) - before[vertex])
        boxes.append((round(x, 2), round(y, 2), child.width, child.height))
    drawn = tuple(
        DrawnWire(position, to_page(router.draw(position), turn), wire.source >= 0, wire.target >= 0)
        for position, wire in enumerate(inside.wires)
    )
    first_out = layers.pins_out
    ins = tuple(_rounded(turn(router.box(v)[1], router.place(v))) for v in range(layers.pins_in, first_out))
    outs = tuple(_rounded(turn(router.box(v)[0], router.place(v))) for v in range(first_out, layers.first_bend))
    turned = GUTTER + LANE * len(layers.turned) if layers.turned else 0.0
    length, breadth = rows.length, rows.breadth + turned
    width, height = (length, breadth) if flow == "right" else (breadth, length)
    return Placement(
        flow=flow,
        rows=len(rows.ends),
        width=round(width + 2 * MARGIN, 2),
        height=round(height + 2 * MARGIN, 2),
        boxes=tuple(boxes),
        wires=drawn,
        ins=ins,
        outs=outs,
        crossings=count,
    )


def _rounded(point: Point) -> Point:
    return round(point[0], 2), round(point[1], 2)
