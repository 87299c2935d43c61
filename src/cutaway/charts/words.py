"""What the charts say in words: of which part they are, and what is not in them."""

from __future__ import annotations

from cutaway.charts.layers import Ledger, inside_of
from cutaway.graph.model import Graph

_NAMED = 4  # kinds of operations that a note names


def group_words(graph: Graph, group: int) -> str:
    """The name of the model, or of a group with its path."""
    return graph.name if group == 0 else graph.groups.ids[group] or graph.groups.names[group]


def counted_notes(held: Ledger, group: int) -> list[str]:
    """What the sums of a group leave out, in one line, or nothing."""
    graph = held.graph
    inside = inside_of(graph, group)
    counts: dict[str, int] = {}
    for each in held.cost.uncounted:
        lost = sum(inside[graph.node_groups[node]] for node in each.nodes)
        if lost:
            counts[each.op] = counts.get(each.op, 0) + lost
    if not counts:
        return []
    named = [f"{op} × {count}" if count > 1 else op for op, count in list(counts.items())[:_NAMED]]
    more = f" and {len(counts) - _NAMED} more kinds" if len(counts) > _NAMED else ""
    return [f"Not counted: {', '.join(named)}{more}"]
