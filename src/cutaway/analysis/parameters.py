"""Parameters and bytes: of each node, of each group, of the whole model.

A weight counts once in whatever is asked about, however many nodes there share it. The totals of two nodes that
share a weight therefore add up to more than that of the group that holds them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cutaway.graph.model import Graph, Weight


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a set of weights.

    Attributes:
        trainable: Elements that training changes.
        fixed: Elements that it does not.
        bytes: Size of all values.
    """

    trainable: int = 0
    fixed: int = 0
    bytes: int = 0

    @property
    def parameters(self) -> int:
        """Elements, trainable or not."""
        return self.trainable + self.fixed


_NOTHING = Totals()


def total(weights: Iterable[Weight]) -> Totals:
    """Sums over weights that are all different."""
    held = list(weights)
    looks = [(weight.shape, weight.dtype, weight.trainable) for weight in held]
    times = Counter(looks)  # layers of a model have few different weights
    trainable = fixed = size = 0
    for look, weight in dict(zip(looks, held, strict=True)).items():
        size += times[look] * weight.bytes
        if weight.trainable:
            trainable += times[look] * weight.parameters
        else:
            fixed += times[look] * weight.parameters
    return Totals(trainable, fixed, size)


def node_totals(graph: Graph) -> Sequence[Totals]:
    """Totals of each node, by its index."""
    starts, codes = graph.weight_start, graph.weight_codes
    sizes = _sizes(graph)
    found = [_NOTHING] * len(graph)
    for node in range(len(graph)):
        first, last = starts[node], starts[node + 1]
        if last - first == 1:
            found[node] = sizes[codes[first]]
        elif first != last:
            found[node] = _sum(sizes[code] for code in set(codes[first:last]))
    return found


def model_totals(graph: Graph) -> Totals:
    """Totals of the whole model."""
    used = set(graph.weight_codes).union(*graph.groups.weights.values())
    return total(graph.weights[code] for code in sorted(used))


def group_totals(graph: Graph) -> Sequence[Totals]:
    """Totals of each group with all that it holds, by its index; the first is that of the whole model."""
    parents, sizes = graph.groups.parents, _sizes(graph)
    users = _users(graph)
    trainable, fixed, size = ([0] * len(parents) for _ in range(3))
    for code, group in users.first.items():
        if code not in users.more:
            trainable[group] += sizes[code].trainable
            fixed[group] += sizes[code].fixed
            size[group] += sizes[code].bytes
    for group in range(len(parents) - 1, 0, -1):  # a parent stands before its children
        trainable[parents[group]] += trainable[group]
        fixed[parents[group]] += fixed[group]
        size[parents[group]] += size[group]
    for code, groups in users.more.items():  # a shared weight counts once in each group around any of its users
        around = set()
        for group in (users.first[code], *groups):
            while group >= 0 and group not in around:
                around.add(group)
                group = parents[group]
        for group in around:
            trainable[group] += sizes[code].trainable
            fixed[group] += sizes[code].fixed
            size[group] += sizes[code].bytes
    return [Totals(*numbers) for numbers in zip(trainable, fixed, size, strict=True)]


@dataclass(frozen=True, slots=True)
class _Users:
    """Groups that hold the users of each weight: that of the first one, and those of all others where there are any."""

    first: dict[int, int]
    more: dict[int, set[int]]


def _users(graph: Graph) -> _Users:
    found = _Users({}, {})
    first, more = found.first, found.more

    def add(code: int, group: int) -> None:
        if first.setdefault(code, group) != group:
            more.setdefault(code, set()).add(group)

    starts, codes = graph.weight_start, graph.weight_codes
    for node, group in enumerate(graph.node_groups):
        for at in range(starts[node], starts[node + 1]):
            add(codes[at], group)
    for group, own in graph.groups.weights.items():
        for code in own:
            add(code, group)
    return found


def _sizes(graph: Graph) -> list[Totals]:
    """Totals of each weight alone, by its position."""
    return [
        Totals(count, 0, weight.bytes) if weight.trainable else Totals(0, count, weight.bytes)
        for weight in graph.weights
        for count in (weight.parameters,)
    ]


def _sum(parts: Iterable[Totals]) -> Totals:
    trainable = fixed = size = 0
    for part in parts:
        trainable += part.trainable
        fixed += part.fixed
        size += part.bytes
    return Totals(trainable, fixed, size)
