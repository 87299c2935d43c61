"""Which nodes are alike: what is found out about one of them holds for all, in graphs of a hundred thousand nodes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from cutaway.graph.on_demand import SharedOnDemand

if TYPE_CHECKING:
    from cutaway.graph.model import Graph


def kinds_of(graph: Graph) -> Sequence[int]:
    """For each node, the first one that is of its kind: alike in all but its id, its name, its group and its edges.

    Nodes of a kind have the same operation, equal attributes, equal outputs, and weights of the same names, shapes and
    types. That two nodes are of different kinds says nothing: where the attributes of each are its own, and nobody
    knows which of them are equal, every node is a kind by itself.
    """
    attributes = graph.attributes
    if not isinstance(attributes, SharedOnDemand):
        return range(len(graph))
    looks: dict[Hashable, int] = {}
    weights = [
        looks.setdefault((weight.name, weight.shape, weight.dtype, weight.trainable), len(looks))
        for weight in graph.weights
    ]
    of_weights = list(map(weights.__getitem__, graph.weight_codes))
    made, starts = graph.output_codes.tolist(), graph.output_start.tolist()
    held = graph.weight_start.tolist()
    first: dict[Hashable, int] = {}
    found = []
    for node, (op, shared) in enumerate(zip(graph.op_codes, attributes.keys(), strict=True)):
        if shared is None:
            found.append(node)
            continue
        outputs = tuple(made[starts[node] : starts[node + 1]])
        found.append(first.setdefault((op, shared, outputs, *of_weights[held[node] : held[node + 1]]), node))
    return found
