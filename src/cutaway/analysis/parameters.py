"""Parameters and bytes: of each node, of each group, of the whole model.

A weight counts once in whatever is asked about, however many nodes there share it. The totals of two nodes that
share a weight therefore add up to more than that of the group that holds them.
"""

from __future__ import annotations

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
    trainable = fixed = size = 0
    for weight in weights:
        size += weight.bytes
        if weight.trainable:
            trainable += weight.parameters
        else:
            fixed += weight.parameters
    return Totals(trainable, fixed, size)


def node_totals(graph: Graph) -> Sequence[Totals]:
    """Totals of each node, by its index."""
    starts = graph.weight_start
    return [
        total({weight.id: weight for weight in graph.weights_of(node)}.values())
        if starts[node] != starts[node + 1]
        else _NOTHING
        for node in range(len(graph))
    ]


def group_totals(graph: Graph) -> Sequence[Totals]:
    """Totals of each group with all that it holds, by its index; the first is that of the whole model."""
    held = _weights_by_group(graph)
    return [total(map(graph.weights.__getitem__, sorted(codes))) if codes else _NOTHING for codes in held]


def _weights_by_group(graph: Graph) -> list[set[int]]:
    """Positions in `Graph.weights` of all that each group holds, at any depth."""
    parents = graph.groups.parents
    held: list[set[int]] = [set() for _ in parents]

    def add(code: int, group: int) -> None:
        while group >= 0 and code not in held[group]:  # a group that has it has handed it to its parents
            held[group].add(code)
            group = parents[group]

    starts, codes = graph.weight_start, graph.weight_codes
    for node, group in enumerate(graph.node_groups):
        for at in range(starts[node], starts[node + 1]):
            add(codes[at], group)
    for group, own in graph.groups.weights.items():
        for code in own:
            add(code, group)
    return held
