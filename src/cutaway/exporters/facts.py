"""`facts_of`: the numbers that are known of each node and group, under the names that other programs read."""

from __future__ import annotations

from cutaway.analysis.cost import cost, roll_up
from cutaway.analysis.parameters import Totals, group_totals, node_totals
from cutaway.graph.model import Graph

Facts = dict[str, int]


def facts_of(graph: Graph) -> tuple[list[Facts], list[Facts]]:
    """Facts of all nodes and of all groups, by index; nodes whose cost cannot be counted have no ``macs``."""
    spent = cost(graph)
    unknown = {node for each in spent.uncounted for node in each.nodes}
    nodes = [
        _facts(totals, None if node in unknown else (spent.macs[node], spent.flops[node]))
        for node, totals in enumerate(node_totals(graph))
    ]
    sums = zip(roll_up(graph, spent.macs), roll_up(graph, spent.flops), strict=True)
    groups = [_facts(totals, both) for totals, both in zip(group_totals(graph), sums, strict=True)]
    return nodes, groups


def _facts(totals: Totals, spent: tuple[int, int] | None) -> Facts:
    facts = {
        "parameters": totals.parameters,
        "trainable_parameters": totals.trainable,
        "weight_bytes": totals.bytes,
    }
    return facts if spent is None else {**facts, "macs": spent[0], "flops": spent[1]}
