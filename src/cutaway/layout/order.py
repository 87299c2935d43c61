"""Stage 3: bends for long wires, and the order within each rank. After it: same ranks, few crossings.

Sweeps by the median and the barycenter of the neighbours (Sugiyama, Tagawa and Toda 1981; Gansner et al.
1993, section 3) with exchanges of neighbours, from several starts; the best order that was seen wins.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from random import Random

from cutaway.layout.problem import Inside, Layers, Wire

SWEEPS = 12
"""Sweeps from one start."""

SHUFFLES = 16
"""Random starts where crossings remain in a small group: with so many, and so many sweeps, cells of 50 layers come
out with no more crossings than Graphviz dot makes."""

_LEAN = 0.5  # breadth of a group's border in places: less than 1, so that pins never mix with neighbours

SHUFFLE_LIMIT = 160
EXCHANGE_LIMIT = 1200
"""Vertices up to which random starts and exchanges of neighbours are tried."""


def make_layers(inside: Inside, ranks: Sequence[int], turned: frozenset[int]) -> Layers:
    """Put a bend on every rank that a wire passes; the wires of one tensor share their bends.

    Args:
        inside: Children and wires.
        ranks: Rank of each child, entering pin and leaving pin, in this order.
        turned: Wires that run against the flow, or along one rank; they get no bends.
    """
    children, pins_in = len(inside.children), inside.pins_in
    rank = list(ranks)
    first_bend = len(rank)
    lean: dict[tuple[int, int], float] = {}
    ports: dict[int, set[int]] = {}
    trunks: dict[tuple[int, int], list[int]] = {}
    routes: list[list[int]] = []
    links: dict[tuple[int, int], None] = {}
    for position, wire in enumerate(inside.wires):
        source, target = _vertices(wire, children, pins_in)
        if position in turned:
            routes.append([source, target])
            continue
        trunk = trunks.setdefault((source, wire.port), [])
        while len(trunk) < rank[target] - rank[source] - 1:
            rank.append(rank[source] + 1 + len(trunk))
            trunk.append(len(rank) - 1)
        route = [source, *trunk[: rank[target] - rank[source] - 1], target]
        routes.append(route)
        for link in itertools.pairwise(route):
            links[link] = None
        ports.setdefault(source, set()).add(wire.port)
        _lean(lean, inside, wire, route)
    down: list[list[int]] = [[] for _ in rank]
    up: list[list[int]] = [[] for _ in rank]
    for source, target in links:
        down[source].append(target)
        up[target].append(source)
    rows: list[list[int]] = [[] for _ in range(max(rank, default=-1) + 1)]
    for vertex, at in enumerate(rank):
        rows[at].append(vertex)
    pin = children
    counts = [len(ports.get(vertex, (0,))) for vertex in range(len(rank))]
    return Layers(rank, rows, down, up, first_bend, pin, pin + pins_in, routes, turned, counts, lean)


def _lean(lean: dict[tuple[int, int], float], inside: Inside, wire: Wire, route: Sequence[int]) -> None:
    """Note at which pin of a group a wire leaves it or ends; old tensors have the first pins."""
    if wire.source >= 0 and (border := inside.children[wire.source].right) is not None and len(border.outs) > 1:
        lean[route[1], route[0]] = _LEAN * (wire.port / (len(border.outs) - 1) - 0.5)
    if wire.target >= 0 and (border := inside.children[wire.target].right) is not None and len(border.ins) > 1:
        lean[route[-2], route[-1]] = _LEAN * (wire.slot / (len(border.ins) - 1) - 0.5)


def _vertices(wire: Wire, children: int, pins_in: int) -> tuple[int, int]:
    source = wire.source if wire.source >= 0 else children + ~wire.source
    target = wire.target if wire.target >= 0 else children + pins_in + ~wire.target
    return source, target


def reduce_crossings(layers: Layers) -> int:
    """Reorder `Layers.rows` in place and return the number of crossings that remain.

    Rows that hold nothing but pins keep their order: it is the same on both sides of a border.
    """
    movable = [any(not layers.pins_in <= vertex < layers.first_bend for vertex in row) for row in layers.rows]
    best, fewest = [list(row) for row in layers.rows], -1
    for start in (_depth_first(layers, False), _depth_first(layers, True)):
        best, fewest = _try(layers, start, movable, best, fewest)
        if not fewest:
            break
    if fewest and len(layers.rank) <= SHUFFLE_LIMIT:
        random = Random(1)
        for _ in range(SHUFFLES):
            shuffled = [
                random.sample(row, len(row)) if moves else row for row, moves in zip(best, movable, strict=True)
            ]
            best, fewest = _try(layers, shuffled, movable, best, fewest)
    layers.rows[:] = best
    return fewest


def _try(
    layers: Layers, start: list[list[int]], movable: Sequence[bool], best: list[list[int]], fewest: int
) -> tuple[list[list[int]], int]:
    """Sweep from one start; keep the better of it and the best so far."""
    rows = [list(row) for row in start]
    for row, moves, old in zip(rows, movable, layers.rows, strict=True):
        if not moves:
            row[:] = old
    idle = 0
    for sweep in range(SWEEPS):
        count = crossings(rows, layers.down, layers.lean)
        if fewest < 0 or count < fewest:
            best, fewest, idle = [list(row) for row in rows], count, 0
        else:
            idle += 1
        if not fewest or idle > 3:
            break
        _sweep(layers, rows, movable, downwards=sweep % 2 == 0, centre=_median if sweep < 4 else _mean)
        if len(layers.rank) <= EXCHANGE_LIMIT:
            _exchange(layers, rows, movable)
    return best, fewest


def _depth_first(layers: Layers, backwards: bool) -> list[list[int]]:
    """Rows in the order in which a depth-first search meets the vertices, so that branches stay apart."""
    ahead = layers.up if backwards else layers.down
    rows: list[list[int]] = [[] for _ in layers.rows]
    seen = bytearray(len(layers.rank))
    starts = layers.rows[::-1] if backwards else layers.rows
    for row in starts:
        for start in row:
            stack = [start]
            while stack:
                vertex = stack.pop()
                if not seen[vertex]:
                    seen[vertex] = 1
                    rows[layers.rank[vertex]].append(vertex)
                    stack.extend(reversed(ahead[vertex]))
    return rows


def _median(values: list[float]) -> float:
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _sweep(
    layers: Layers,
    rows: list[list[int]],
    movable: Sequence[bool],
    *,
    downwards: bool,
    centre: Callable[[list[float]], float],
) -> None:
    """Sort every row by the centre of each vertex's neighbours in the row before; vertices without any stay put."""
    place = [0] * len(layers.rank)
    lean = layers.lean
    back = layers.up if downwards else layers.down
    for index in range(len(rows)) if downwards else reversed(range(len(rows))):
        row = rows[index]
        if movable[index] and len(row) > 1:
            keys = {}
            for position, vertex in enumerate(row):
                near = back[vertex]
                ends = sorted([place[other] + lean.get((vertex, other), 0.0) for other in near])
                keys[vertex] = centre(ends) if ends else float(position)
            free = [vertex for vertex in row if back[vertex]]
            order = iter(sorted(free, key=keys.__getitem__))
            row[:] = [next(order) if back[vertex] else vertex for vertex in row]
        for position, vertex in enumerate(row):
            place[vertex] = position


def _exchange(layers: Layers, rows: list[list[int]], movable: Sequence[bool]) -> None:
    """Exchange neighbours while that removes crossings."""
    place = [0] * len(layers.rank)
    lean = layers.lean
    for row in rows:
        for position, vertex in enumerate(row):
            place[vertex] = position

    def ends(vertex: int, near: Sequence[int]) -> list[float]:
        return sorted([place[other] + lean.get((vertex, other), 0.0) for other in near])

    for index, row in enumerate(rows):
        if not movable[index] or len(row) < 2:
            continue
        around = {vertex: (ends(vertex, layers.up[vertex]), ends(vertex, layers.down[vertex])) for vertex in row}
        improved = True
        while improved:
            improved = False
            for at in range(len(row) - 1):
                left, right = around[row[at]], around[row[at + 1]]
                now = _inversions(left[0], right[0]) + _inversions(left[1], right[1])
                if now and now > _inversions(right[0], left[0]) + _inversions(right[1], left[1]):
                    row[at], row[at + 1] = row[at + 1], row[at]
                    improved = True
        for position, vertex in enumerate(row):
            place[vertex] = position


def _inversions(left: list[float], right: list[float]) -> int:
    """Crossings between the edges of two neighbours, given the sorted places of their other ends."""
    total, smaller = 0, 0
    for end in left:
        while smaller < len(right) and right[smaller] < end:
            smaller += 1
        total += smaller
    return total


def crossings(
    rows: Sequence[Sequence[int]], down: Sequence[Sequence[int]], lean: Mapping[tuple[int, int], float]
) -> int:
    """Number of pairs of links between neighbouring ranks that cross; links that share an end cross by their pins."""
    total = 0
    for upper, lower in itertools.pairwise(rows):
        place = {vertex: position for position, vertex in enumerate(lower)}
        seen: list[float] = []
        for vertex in upper:
            links = [(lean.get((o, vertex), 0.0), place[o] + lean.get((vertex, o), 0.0)) for o in down[vertex]]
            links.sort()
            for _, end in links:
                total += len(seen) - bisect_right(seen, end)
                insort(seen, end)
    return total
