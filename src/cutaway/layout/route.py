"""Stage 6: the wires. After it: no wire touches a box that is not one of its ends.

A wire moves sideways only in the gap between two ranks, where no box is, and runs straight through the
ranks themselves. This module works along and across the flow; `to_page` turns its points into x and y.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from cutaway.layout.problem import Child, Flow, Layers, Point, Segment, Wire
from cutaway.layout.wrap import GUTTER, LANE, Rows

PORT = 10.0
"""Distance of two wires that end at the same box, in px, where the box has room."""

RADIUS = 6.0
"""Radius of a rounded corner in px."""

STRAIGHT = 0.05
"""Sideways travel in px below which a wire is a straight line."""


class Router:
    """Draws the wires of one group, whose ranks, rows and places are settled."""

    def __init__(
        self,
        children: Sequence[Child],
        wires: Sequence[Wire],
        layers: Layers,
        flow: Flow,
        across: Sequence[float],
        sizes: Sequence[float],
        rows: Rows,
    ) -> None:
        """Take what the stages before have settled.

        Args:
            children: The boxes.
            wires: Edges of the group.
            layers: Ranks and routes.
            flow: Which way the group flows.
            across: Place of each vertex's axis.
            sizes: Size of each vertex along the flow.
            rows: The wrapped flow.
        """
        self._children = children
        self._wires = wires
        self._layers = layers
        self._flow = flow
        self._rows = rows
        self._turns = {wire: index for index, wire in enumerate(sorted(layers.turned))}
        self._sizes = sizes
        self._across = [
            place + rows.shift[rows.bands[rank].row] for place, rank in zip(across, layers.rank, strict=True)
        ]
        self._starts = self._ports_out()
        self._stops = self._ports_in()
        self._lanes = self._lanes_back()

    def box(self, vertex: int) -> tuple[float, float]:
        """Where a vertex begins and ends along the flow; it stands in the middle of its band."""
        band = self._rows.bands[self._layers.rank[vertex]]
        begin = band.start + (band.thickness - self._sizes[vertex]) / 2
        return begin, begin + self._sizes[vertex]

    def place(self, vertex: int) -> float:
        """Where a vertex's axis lies across the flow."""
        return self._across[vertex]

    def draw(self, wire: int) -> tuple[Segment, ...]:
        """Segments of one wire, in (along, across) points."""
        route = self._layers.routes[wire]
        if wire in self._layers.turned:
            return self._turned(wire)
        here = (self.box(route[0])[1], self._starts[wire])
        segments: list[Segment] = [("M", *here)]
        for one, two in pairwise(route):
            band, following = (self._rows.bands[self._layers.rank[v]] for v in (one, two))
            end = self._stops[wire] if two == route[-1] else self._across[two]
            if band.row == following.row:
                _straight(segments, here, (band.start + band.thickness, here[1]))
                here = (band.start + band.thickness, here[1])
                there = (following.start, end)
                _curve(segments, here, there)
            else:
                there = (following.start, end)
                _rounded(segments, self._return(self._lane(wire, one, band.row), here, there, band.row))
            here = there
        stop = (self.box(route[-1])[0], here[1])
        _straight(segments, here, stop)
        return tuple(segments)

    def _tensor(self, wire: int, vertex: int) -> tuple[int, int]:
        """What tells a tensor at a vertex: a bend carries only one, a child one on each port."""
        return (vertex, self._wires[wire].port if vertex == self._layers.routes[wire][0] else -1)

    def _lanes_back(self) -> list[dict[tuple[int, int], int]]:
        """For each row but the first, the lanes of its tensors, in the order in which they leave the row before."""
        leaving: list[dict[tuple[int, int], float]] = [{} for _ in self._rows.tensors]
        if leaving:
            for wire, route in enumerate(self._layers.routes):
                if wire in self._layers.turned:
                    continue
                for vertex, following in pairwise(route):
                    row = self._rows.bands[self._layers.rank[vertex]].row
                    if self._rows.bands[self._layers.rank[following]].row != row:
                        place = self._starts[wire] if vertex == route[0] else self._across[vertex]
                        leaving[row][self._tensor(wire, vertex)] = place
        ordered = (sorted(found.items(), key=lambda item: (item[1], item[0])) for found in leaving)
        return [{tensor: lane for lane, (tensor, _) in enumerate(found)} for found in ordered]

    def _lane(self, wire: int, vertex: int, row: int) -> int:
        return self._lanes[row][self._tensor(wire, vertex)]

    def _return(self, index: int, here: Point, there: Point, row: int) -> list[Point]:
        """Corner points from a row's end to the next row's beginning, in one of the lanes."""
        count = self._rows.tensors[row]
        out = self._rows.ends[row] + GUTTER + LANE * (count - 1 - index)
        lane = self._rows.lanes[row] + LANE * (count - 1 - index)
        back = self._rows.indent - GUTTER - LANE * index
        return [here, (out, here[1]), (out, lane), (back, lane), (back, there[1]), there]

    def _turned(self, wire: int) -> tuple[Segment, ...]:
        """A wire against the flow: around the outside of everything, back to its end."""
        source, target = self._layers.routes[wire][0], self._layers.routes[wire][-1]
        lane = self._rows.breadth + GUTTER + LANE * self._turns[wire]
        start, stop = (self.box(source)[1], self._starts[wire]), (self.box(target)[0], self._stops[wire])
        bands = self._rows.bands
        below = bands[self._layers.rank[source]]
        out = below.start + below.thickness + RADIUS
        back = bands[self._layers.rank[target]].start - RADIUS
        segments: list[Segment] = [("M", *start)]
        _rounded(segments, [start, (out, start[1]), (out, lane), (back, lane), (back, stop[1]), stop])
        return tuple(segments)

    def _ports_out(self) -> list[float]:
        """Where each wire leaves its source: the middle, or spread where a leaf has several outputs in use."""
        used: dict[int, dict[int, float]] = {}  # by source and port, how far across its wires go
        for wire, route in zip(self._wires, self._layers.routes, strict=True):
            used.setdefault(wire.source, {}).setdefault(wire.port, self._across[route[1]])
        places = []
        for wire, route in zip(self._wires, self._layers.routes, strict=True):
            centre = self._across[route[0]]
            side = self._children[wire.source].side(self._flow) if wire.source >= 0 else None
            if side is not None:
                places.append(centre + side.outs[wire.port])
            else:
                going = used[wire.source]
                ports = sorted(going, key=lambda port: (going[port], port))
                spread = ports.index(wire.port) - (len(ports) - 1) / 2
                places.append(centre + spread * self._spacing(wire.source, len(ports)))
        return places

    def _ports_in(self) -> list[float]:
        """Where each wire reaches its target: side by side as they come, a straight one in the middle."""
        coming: dict[int, list[int]] = {}
        places = [self._across[route[-1]] for route in self._layers.routes]
        for position, wire in enumerate(self._wires):
            side = self._children[wire.target].side(self._flow) if wire.target >= 0 else None
            if side is not None:
                places[position] += side.ins[wire.slot]
            elif wire.target >= 0:
                coming.setdefault(wire.target, []).append(position)
        for target, positions in coming.items():
            if len(positions) > 1:
                for position, offset in self._spread(target, positions):
                    places[position] += offset
        return places

    def _spread(self, target: int, positions: list[int]) -> list[tuple[int, float]]:
        def origin(position: int) -> float:
            before = self._layers.routes[position][-2]
            return self._starts[position] if before == self._layers.routes[position][0] else self._across[before]

        ordered = sorted(positions, key=lambda position: (origin(position), self._wires[position].slot))
        axis = self._across[self._layers.routes[positions[0]][-1]]
        straight = [i for i, position in enumerate(ordered) if abs(origin(position) - axis) < STRAIGHT]
        middle = straight[0] if len(straight) == 1 else (len(ordered) - 1) / 2
        reach = max(middle, len(ordered) - 1 - middle)
        step = min(self._spacing(target, len(ordered)), self._room(target) / reach if reach else PORT)
        return [(position, (index - middle) * step) for index, position in enumerate(ordered)]

    def _room(self, child: int) -> float:
        """Half the side of a leaf at which wires may end, in px."""
        box = self._children[child]
        return (box.width if self._flow == "down" else box.height) / 2 - 6.0

    def _spacing(self, child: int, count: int) -> float:
        if child < 0 or count < 2:
            return PORT
        return min(PORT, 2 * self._room(child) / (count - 1))


def _straight(segments: list[Segment], here: Point, there: Point) -> None:
    """Add a straight line, or lengthen the one before."""
    if abs(here[0] - there[0]) < STRAIGHT and abs(here[1] - there[1]) < STRAIGHT:
        return
    if segments[-1][0] == "L" and abs(float(segments[-1][2]) - there[1]) < STRAIGHT and len(segments) > 1:
        before = segments[-2]
        if abs(float(before[-1]) - there[1]) < STRAIGHT:
            segments[-1] = ("L", *there)
            return
    segments.append(("L", *there))


def _curve(segments: list[Segment], here: Point, there: Point) -> None:
    """Cross a gap: straight, or as a cubic that leaves and arrives along the flow."""
    if abs(here[1] - there[1]) < STRAIGHT:
        _straight(segments, here, there)
        return
    middle = (here[0] + there[0]) / 2
    segments.append(("C", middle, here[1], middle, there[1], *there))


def _rounded(segments: list[Segment], corners: Sequence[Point]) -> None:
    """Add a line through corners at right angles, each rounded."""
    for before, corner, following in zip(corners, corners[1:], corners[2:], strict=False):
        radius = min(RADIUS, _distance(before, corner) / 2, _distance(corner, following) / 2)
        if radius < STRAIGHT:
            continue
        start, stop = _towards(corner, before, radius), _towards(corner, following, radius)
        segments.append(("L", *start))
        segments.append(
            ("C", *_towards(corner, before, 0.45 * radius), *_towards(corner, following, 0.45 * radius), *stop)
        )
    segments.append(("L", *corners[-1]))


def rounded(corners: Sequence[Point]) -> tuple[Segment, ...]:
    """A line through corners at right angles, each rounded; the first corner is where it begins."""
    segments: list[Segment] = [("M", *corners[0])]
    _rounded(segments, corners)
    return tuple(segments)


def _distance(one: Point, two: Point) -> float:
    return abs(one[0] - two[0]) + abs(one[1] - two[1])


def _towards(corner: Point, other: Point, length: float) -> Point:
    """The point ``length`` px from the corner on the way to another corner."""
    total = _distance(corner, other) or 1.0
    share = length / total
    return corner[0] + (other[0] - corner[0]) * share, corner[1] + (other[1] - corner[1]) * share


def to_page(segments: Sequence[Segment], turn: Callable[[float, float], Point]) -> tuple[Segment, ...]:
    """Turn (along, across) points into (x, y) points, rounded to 0.01 px."""
    page: list[Segment] = []
    for segment in segments:
        values: list[float] = []
        numbers = [float(value) for value in segment[1:]]
        for along, across in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = turn(along, across)
            values.extend((round(x, 2), round(y, 2)))
        page.append((segment[0], *values))
    return tuple(page)


def reversed_path(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """The same line, drawn from its end to its beginning."""
    points = [tuple(float(value) for value in segment[-2:]) for segment in segments]
    back: list[Segment] = [("M", *points[-1])]
    for at in range(len(segments) - 1, 0, -1):
        segment = segments[at]
        if segment[0] == "C":
            back.append(("C", segment[3], segment[4], segment[1], segment[2], *points[at - 1]))
        else:
            back.append((segment[0], *points[at - 1]))
    return tuple(back)
