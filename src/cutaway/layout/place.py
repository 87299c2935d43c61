"""Stage 4: a place across the flow for every vertex. After it: no overlap, and the main path is one line.

Brandes and Köpf, "Fast and Simple Horizontal Coordinate Assignment", GD 2001: vertices are aligned with
the median of their neighbours in four passes, and the middle of the four results is taken. Two changes:
the longest path is always aligned, and blocks are compacted on the graph of blocks, which takes vertices
of any size.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

from cutaway.layout.problem import Layers


def main_path(layers: Layers) -> dict[int, int]:
    """The longest path, as vertex → next vertex; of equally long ones the middle one, so that fans open evenly."""
    length = [0] * len(layers.rank)
    place = {vertex: position for row in layers.rows for position, vertex in enumerate(row)}
    after: list[int] = [-1] * len(layers.rank)
    for row in reversed(layers.rows):
        for vertex in row:
            if layers.down[vertex]:
                longest = max(length[other] for other in layers.down[vertex])
                equal = [other for other in layers.down[vertex] if length[other] == longest]
                after[vertex] = sorted(equal, key=place.__getitem__)[len(equal) // 2]
                length[vertex] = longest
            length[vertex] += not layers.is_bend(vertex)
    if not length:
        return {}
    most = max(length)
    starts = [vertex for row in layers.rows for vertex in row if length[vertex] == most]
    first = [vertex for vertex in starts if layers.rank[vertex] == layers.rank[starts[0]]]
    vertex = first[len(first) // 2]
    path = {}
    while after[vertex] >= 0:
        path[vertex] = after[vertex]
        vertex = after[vertex]
    return path


def place_across(
    layers: Layers, before: Sequence[float], after: Sequence[float], gap: float, bend_gap: float
) -> list[float]:
    """Place the axis of every vertex.

    Args:
        layers: Vertices in their final order.
        before: Extent of each vertex before its axis, in px.
        after: The same behind it.
        gap: Least distance between two boxes in px.
        bend_gap: Least distance on either side of a bend in px.

    Returns:
        Place of each vertex's axis in px; the lowest border lies at 0.
    """
    path = main_path(layers)
    conflicts = _conflicts(layers, path)
    results = []
    for upwards in (False, True):
        for leftwards in (False, True):
            found = _one_pass(layers, path, conflicts, before, after, gap, bend_gap, upwards, leftwards)
            results.append(found)
    return _middle(results, before, after)


def _conflicts(layers: Layers, path: dict[int, int]) -> set[tuple[int, int]]:
    """Links that must not be straight: they cross the main path, or a link between two bends."""
    conflicts: set[tuple[int, int]] = set()
    for upper, lower in pairwise(layers.rows):
        above = {vertex: position for position, vertex in enumerate(upper)}
        below = {vertex: position for position, vertex in enumerate(lower)}
        strong = [(v, path[v]) for v in upper if v in path and path[v] in below]
        inner = [(v, o) for v in upper if layers.is_bend(v) for o in layers.down[v] if layers.is_bend(o)]
        for heavy, spared in ((strong, set(strong)), (inner, {*strong, *inner})):
            if not heavy:
                continue
            crossed = _crossed_by([(above[a], below[b]) for a, b in heavy])
            for vertex in upper:
                for other in layers.down[vertex]:
                    if (vertex, other) not in spared and crossed(above[vertex], below[other]):
                        conflicts.add((vertex, other))
    return conflicts


def _crossed_by(links: list[tuple[int, int]]) -> Callable[[int, int], bool]:
    """A test whether a link between two places crosses one of the given links, in logarithmic time."""
    ordered = sorted(links)
    starts = [start for start, _ in ordered]
    highest = [-1, *accumulate((end for _, end in ordered), max)]  # of the links before a position
    lowest = [*accumulate((end for _, end in reversed(ordered)), min)][::-1]  # of those from a position on
    lowest.append(1 << 60)

    def crosses(start: int, end: int) -> bool:
        return highest[bisect_left(starts, start)] > end or lowest[bisect_right(starts, start)] < end

    return crosses


def _one_pass(
    layers: Layers,
    path: dict[int, int],
    conflicts: set[tuple[int, int]],
    before: Sequence[float],
    after: Sequence[float],
    gap: float,
    bend_gap: float,
    upwards: bool,
    leftwards: bool,
) -> list[float]:
    """Align and compact towards one corner."""
    rows = layers.rows[::-1] if upwards else layers.rows
    rows = [row[::-1] for row in rows] if leftwards else [list(row) for row in rows]
    near = layers.down if upwards else layers.up
    sign = -1.0 if leftwards else 1.0
    root = _align(layers, path, conflicts, rows, near, upwards)
    first, second = (after, before) if leftwards else (before, after)
    edges: dict[tuple[int, int], float] = {}
    for row in rows:
        for one, two in pairwise(row):
            space = bend_gap if layers.is_bend(one) or layers.is_bend(two) else gap
            distance = second[one] + space + first[two]
            key = (root[one], root[two])
            if edges.get(key, -1.0) < distance:
                edges[key] = distance
    blocks = _compact([vertex for row in rows for vertex in row if root[vertex] == vertex], edges)
    return [sign * blocks[root[vertex]] for vertex in range(len(layers.rank))]


def _align(
    layers: Layers,
    path: dict[int, int],
    conflicts: set[tuple[int, int]],
    rows: Sequence[Sequence[int]],
    near: Sequence[Sequence[int]],
    upwards: bool,
) -> list[int]:
    """Chain vertices with their median neighbours; returns the first vertex of each one's chain."""
    count = len(layers.rank)
    partner = path if upwards else {v: k for k, v in path.items()}
    on_path = set(path) | set(path.values())
    place = [0] * count
    root = list(range(count))
    taken = bytearray(count)
    for row in rows:
        limit = -1
        for position, vertex in enumerate(row):
            for other in _candidates(vertex, near[vertex], place, partner, on_path):
                link = (vertex, other) if upwards else (other, vertex)
                if place[other] > limit and not taken[other] and link not in conflicts:
                    taken[other] = 1
                    root[vertex] = root[other]
                    limit = place[other]
                    break
            place[vertex] = position
    return root


def _candidates(
    vertex: int, near: Sequence[int], place: Sequence[int], partner: dict[int, int], on_path: set[int]
) -> list[int]:
    """The median neighbours; a vertex of the main path has only its partner, and is nobody else's."""
    if vertex in partner:
        return [partner[vertex]]
    if vertex in on_path:
        return []
    free = sorted((other for other in near if other not in on_path), key=place.__getitem__)
    middle = len(free) // 2
    return free[middle : middle + 1] if len(free) % 2 else free[middle - 1 : middle + 1] if free else []


def _compact(blocks: Sequence[int], edges: dict[tuple[int, int], float]) -> dict[int, float]:
    """Longest path over the blocks, then every block as far back as its followers allow."""
    out: dict[int, list[tuple[int, float]]] = {block: [] for block in blocks}
    waiting = dict.fromkeys(blocks, 0)
    for (one, two), distance in edges.items():
        out[one].append((two, distance))
        waiting[two] += 1
    at = dict.fromkeys(blocks, 0.0)
    order = [block for block in blocks if not waiting[block]]
    for block in order:  # grows while it is walked
        for other, distance in out[block]:
            at[other] = max(at[other], at[block] + distance)
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    for block in reversed(order):
        if out[block]:
            at[block] = max(at[block], min(at[other] - distance for other, distance in out[block]))
    return at


def _middle(results: list[list[float]], before: Sequence[float], after: Sequence[float]) -> list[float]:
    """Align the four results with the narrowest, and take the mean of the two middle places of each vertex."""
    spans = []
    for found in results:
        low = min((x - b for x, b in zip(found, before, strict=True)), default=0.0)
        high = max((x + a for x, a in zip(found, after, strict=True)), default=0.0)
        spans.append((high - low, low, high))
    _, low, high = min(spans)
    for index, (_, own_low, own_high) in enumerate(spans):
        shift = high - own_high if index % 2 else low - own_low  # odd passes are aligned at the far side
        results[index] = [x + shift for x in results[index]]
    middle = [sum(sorted(four)[1:3]) / 2 for four in zip(*results, strict=True)]
    lowest = min((x - b for x, b in zip(middle, before, strict=True)), default=0.0)
    return [x - lowest for x in middle]
