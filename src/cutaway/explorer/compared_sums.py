"""Sums over the groups of a chart of two models: what of each model lies there, and what that costs."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cutaway.analysis.cost import roll_up
from cutaway.analysis.merging import NOWHERE
from cutaway.analysis.parameters import group_totals
from cutaway.analysis.spending import Spending
from cutaway.graph.model import Graph
from cutaway.graph.walk import leaf_counts


def seen_in(chart: Graph, model: Graph, nodes: Sequence[int], groups: Sequence[int]) -> Graph:
    """A model in the groups of a chart of it and another, whose own nodes are not in it.

    Args:
        chart: Both models as one graph, grouped.
        model: One of them, as its reader made it.
        nodes: For each node of the model, the node of the chart, or ~index of the group, that shows it; `NOWHERE` for
            what nobody shows, which counts for the model as a whole.
        groups: For each group of the model, the same.
    """
    weights: dict[int, tuple[int, ...]] = {}
    for at, codes in model.groups.weights.items():
        while groups[at] == NOWHERE:
            at = model.groups.parents[at]
        weights[~groups[at]] = weights.get(~groups[at], ()) + codes
    owners = [0 if item == NOWHERE else chart.node_groups[item] if item >= 0 else ~item for item in nodes]
    return replace(model, groups=replace(chart.groups, weights=weights), node_groups=array("i", owners))


def group_sums(seen: Graph, spending: Spending) -> Mapping[str, Sequence[int]]:
    """Nodes, parameters, bytes of weights and MACs in each group, by name.

    Args:
        seen: A model in the groups of a chart, as `seen_in` makes it.
        spending: What the model costs.
    """
    totals = group_totals(seen)
    return {
        "nodes": leaf_counts(seen),
        "parameters": [each.parameters for each in totals],
        "weight_bytes": [each.bytes for each in totals],
        "macs": roll_up(seen, spending.macs_of_nodes),
    }
