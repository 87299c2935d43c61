"""The order in which nodes are run: that of the graph, producers first."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from operator import lt

from cutaway.graph.model import Graph
from cutaway.graph.walk import row_of_each


def execution_order(graph: Graph) -> Sequence[int]:
    """Nodes in an order in which each stands behind what it reads, as near to the order of the graph as can be.

    Files that list operations in the order they are run in keep it. Where a loop runs back, the first of its nodes
    in the graph does not wait.
    """
    starts, sources = graph.input_start, graph.input_node
    count = len(graph)
    if all(map(lt, sources, row_of_each(starts))):
        return range(count)
    waits = [0] * count
    readers: list[list[int]] = [[] for _ in range(count)]
    for node in range(count):
        for at in range(starts[node], starts[node + 1]):
            if sources[at] != node:
                waits[node] += 1
                readers[sources[at]].append(node)
    return _by_readiness(waits, readers)


def _by_readiness(waits: list[int], readers: Sequence[Sequence[int]]) -> list[int]:
    """Repeatedly the first node that waits for nothing; of those in a loop, the first."""
    ready = [node for node, open_ in enumerate(waits) if not open_]
    heapq.heapify(ready)
    done = bytearray(len(waits))
    order: list[int] = []
    first = 0
    while len(order) < len(waits):
        if ready:
            node = heapq.heappop(ready)
        else:
            while done[first]:
                first += 1
            node = first
        if done[node]:
            continue
        done[node] = 1
        order.append(node)
        for reader in readers[node]:
            waits[reader] -= 1
            if not waits[reader] and not done[reader]:
                heapq.heappush(ready, reader)
    return order
