"""Walks over the nesting that several stages need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from operator import sub

from cutaway.graph.model import Graph, Weight


def depths(parents: Sequence[int]) -> list[int]:
    """Depth of every group, the root 0."""
    found = [0] * len(parents)
    for index in range(1, len(parents)):
        found[index] = found[parents[index]] + 1
    return found


def leaf_counts(graph: Graph) -> list[int]:
    """Number of nodes in every group, at any depth."""
    counts = [0] * len(graph.groups)
    for owner in graph.node_groups:
        counts[owner] += 1
    parents = graph.groups.parents
    for index in range(len(counts) - 1, 0, -1):
        counts[parents[index]] += counts[index]
    return counts


def unit_counts(graph: Graph) -> list[int]:
    """Number of layers in each group, at any depth: a layer that is opened as a group counts once in those around it.

    The groups inside a layer, and the layer itself, count the operations in them.
    """
    kinds, parents = graph.groups.kinds, graph.groups.parents
    counts = [0] * len(kinds)
    for owner in graph.node_groups:
        counts[owner] += 1
    opened = [False] * len(kinds)  # whether it is a layer, or lies in one
    for index in range(1, len(kinds)):
        opened[index] = kinds[index] == "layer" or opened[parents[index]]
    for index in range(len(counts) - 1, 0, -1):
        once = opened[index] and not opened[parents[index]]
        counts[parents[index]] += min(1, counts[index]) if once else counts[index]
    return counts


def lift(
    parents: Sequence[int], depth: Sequence[int], owner: Sequence[int], source: int, target: int
) -> tuple[int, int, int]:
    """Where two nodes meet: the lowest group that holds both, and the child of it that holds each.

    Returns:
        ``(group, source child, target child)``; a child is a node index, or ~index of a group.
    """
    a, b = owner[source], owner[target]
    start, end = source, target
    while depth[a] > depth[b]:
        start, a = ~a, parents[a]
    while depth[b] > depth[a]:
        end, b = ~b, parents[b]
    while a != b:
        start, a = ~a, parents[a]
        end, b = ~b, parents[b]
    return a, start, end


def weights_once(graph: Graph) -> Iterator[tuple[int, Weight]]:
    """Every weight that a node uses, once, with the first node that does."""
    seen: set[int] = set()
    for node in range(len(graph)):
        for at in range(graph.weight_start[node], graph.weight_start[node + 1]):
            code = graph.weight_codes[at]
            if code not in seen:
                seen.add(code)
                yield node, graph.weights[code]


def row_of_each(starts: Sequence[int]) -> Iterator[int]:
    """For each entry of compressed rows, the row that it lies in.

    Args:
        starts: Where each row begins, and the end of the last.
    """
    places = list(starts)  # an array makes a number each time that it is asked
    return chain.from_iterable(map(repeat, range(len(places) - 1), map(sub, places[1:], places)))
