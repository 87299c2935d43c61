"""Stage 2: a rank for every vertex. After it: every edge points to a higher rank, and spans are short.

Longest path first, then the network simplex method of Gansner, Koutsofios, North and Vo, "A Technique for
Drawing Directed Graphs", IEEE TSE 19(3), 1993, section 2, which minimises the total length of the edges.
"""

from __future__ import annotations

from collections.abc import Sequence

SIMPLEX_LIMIT = 600
"""Vertices up to which the simplex runs; above, longest paths are good enough and linear."""


def assign_ranks(
    count: int, edges: Sequence[tuple[int, int]], first: Sequence[int] = (), last: Sequence[int] = ()
) -> list[int]:
    """Rank every vertex.

    Args:
        count: Number of vertices.
        edges: Acyclic; both ends below ``count``.
        first: Vertices that stand alone on the first rank: pins at which tensors enter.
        last: Vertices that stand alone on the last rank: pins at which tensors leave.

    Returns:
        Ranks from 0, without gaps; ``first`` all on rank 0, ``last`` all on the last.
    """
    pins = {*first, *last}
    source, sink = count, count + 1  # all pins of a side share a rank, so they are one vertex here
    merged = dict.fromkeys(first, source) | dict.fromkeys(last, sink)
    joined = [(merged.get(start, start), merged.get(end, end)) for start, end in edges]
    joined = [(start, end) for start, end in joined if (start, end) != (source, sink)]
    ranks = longest_path(count + 2, joined)
    if len(joined) >= count - len(pins) and count <= SIMPLEX_LIMIT:
        ranks = _simplex(count + 2, joined, ranks)
    else:
        ranks = _pull(count + 2, joined, ranks)
    body = [vertex for vertex in range(count) if vertex not in pins]
    used = sorted({ranks[vertex] for vertex in body})
    shift = 1 if first else 0
    dense = {rank: index + shift for index, rank in enumerate(used)}
    final = [dense.get(ranks[vertex], 0) for vertex in range(count)]
    for vertex in first:
        final[vertex] = 0
    for vertex in last:
        final[vertex] = len(used) + shift
    return final


def longest_path(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The lowest rank possible for each vertex."""
    out: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for source, target in edges:
        out[source].append(target)
        waiting[target] += 1
    ranks = [0] * count
    ready = [vertex for vertex in range(count) if not waiting[vertex]]
    for vertex in ready:  # grows while it is walked
        below = ranks[vertex] + 1
        for target in out[vertex]:
            if ranks[target] < below:
                ranks[target] = below
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return ranks


def _pull(count: int, edges: Sequence[tuple[int, int]], ranks: list[int]) -> list[int]:
    """Move vertices that only feed something far below down to it, where that shortens their edges."""
    out: list[list[int]] = [[] for _ in range(count)]
    degree_in = [0] * count
    for source, target in edges:
        out[source].append(target)
        degree_in[target] += 1
    pulled = list(ranks)
    for vertex in sorted(range(count), key=lambda v: -ranks[v]):
        if out[vertex] and len(out[vertex]) > degree_in[vertex]:
            pulled[vertex] = min(pulled[target] for target in out[vertex]) - 1
    return pulled


def _simplex(count: int, edges: Sequence[tuple[int, int]], ranks: list[int]) -> list[int]:
    """Network simplex on the feasible ranks; the cut value of a tree edge is a sum over one side of it."""
    touching: list[list[int]] = [[] for _ in range(count)]
    balance = [0] * count  # out-degree minus in-degree
    for position, (source, target) in enumerate(edges):
        touching[source].append(position)
        touching[target].append(position)
        balance[source] += 1
        balance[target] -= 1
    ranks = list(ranks)
    tree = _tight_tree(count, edges, touching, ranks)
    for _ in range(4 * count):  # each pivot shortens the total; the bound only guards against stalling
        leaving = _worst_tree_edge(count, edges, touching, tree, balance)
        if leaving is None:
            break
        tree.discard(leaving)
        source, target = edges[leaving]
        head = _side(target, edges, touching, tree)
        entering, slack = -1, 0
        for position, (start, end) in enumerate(edges):
            if start in head and end not in head:
                room = ranks[end] - ranks[start] - 1
                if entering < 0 or room < slack:
                    entering, slack = position, room
        if entering < 0:
            tree.add(leaving)
            break
        for vertex in head:
            ranks[vertex] += slack
        tree.add(entering)
    return ranks


def _tight_tree(
    count: int, edges: Sequence[tuple[int, int]], touching: Sequence[Sequence[int]], ranks: list[int]
) -> set[int]:
    """A spanning forest of edges of length 1, made by moving what is not yet in it closer."""
    tree: set[int] = set()
    component = [-1] * count
    for start in range(count):
        if component[start] >= 0:
            continue
        component[start] = start
        members, queue = [start], [start]
        while True:
            while queue:
                vertex = queue.pop()
                for position in touching[vertex]:
                    source, target = edges[position]
                    other = target if source == vertex else source
                    if component[other] < 0 and ranks[target] - ranks[source] == 1:
                        component[other] = start
                        tree.add(position)
                        members.append(other)
                        queue.append(other)
            best, shift = -1, 0
            for vertex in members:
                for position in touching[vertex]:
                    source, target = edges[position]
                    if (component[source] < 0) != (component[target] < 0):
                        room = ranks[target] - ranks[source] - 1
                        if best < 0 or room < abs(shift):
                            best, shift = position, room if component[source] >= 0 else -room
            if best < 0:
                break
            for vertex in members:
                ranks[vertex] += shift
            queue = list(members)
    return tree


def _worst_tree_edge(
    count: int,
    edges: Sequence[tuple[int, int]],
    touching: Sequence[Sequence[int]],
    tree: set[int],
    balance: Sequence[int],
) -> int | None:
    """The tree edge with the most negative cut value, or None where the ranks are optimal."""
    order: list[tuple[int, int]] = []  # (vertex, tree edge to its parent)
    seen = bytearray(count)
    for root in range(count):
        if seen[root]:
            continue
        seen[root] = 1
        stack = [(root, -1)]
        while stack:
            vertex, link = stack.pop()
            order.append((vertex, link))
            for position in touching[vertex]:
                if position in tree:
                    source, target = edges[position]
                    other = target if source == vertex else source
                    if not seen[other]:
                        seen[other] = 1
                        stack.append((other, position))
    total = list(balance)
    worst, value = None, 0
    for vertex, link in reversed(order):
        if link < 0:
            continue
        source, target = edges[link]
        parent = source if target == vertex else target
        cut = total[vertex] if source == vertex else -total[vertex]
        if cut < value:
            worst, value = link, cut
        total[parent] += total[vertex]
    return worst


def _side(start: int, edges: Sequence[tuple[int, int]], touching: Sequence[Sequence[int]], tree: set[int]) -> set[int]:
    """Vertices that the forest joins with ``start``."""
    side, stack = {start}, [start]
    while stack:
        vertex = stack.pop()
        for position in touching[vertex]:
            if position in tree:
                source, target = edges[position]
                other = target if source == vertex else source
                if other not in side:
                    side.add(other)
                    stack.append(other)
    return side
