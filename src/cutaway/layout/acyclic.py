"""Stage 1: which wires run against the flow. After it: without those, no cycle."""

from __future__ import annotations

from collections.abc import Sequence


def back_edges(count: int, edges: Sequence[tuple[int, int]]) -> frozenset[int]:
    """Positions of the edges that close a cycle in a depth-first search from the sources; loops included."""
    out: list[list[int]] = [[] for _ in range(count)]
    entered = bytearray(count)
    for position, (source, target) in enumerate(edges):
        out[source].append(position)
        entered[target] = 1
    state = bytearray(count)  # 0 unseen, 1 on the path, 2 done
    back: set[int] = set()
    for start in sorted(range(count), key=lambda vertex: entered[vertex]):
        if state[start]:
            continue
        state[start] = 1
        path = [(start, iter(out[start]))]
        while path:
            vertex, ahead = path[-1]
            for position in ahead:
                target = edges[position][1]
                if state[target] == 1:
                    back.add(position)
                elif not state[target]:
                    state[target] = 1
                    path.append((target, iter(out[target])))
                    break
            else:
                state[vertex] = 2
                path.pop()
    return frozenset(back)
