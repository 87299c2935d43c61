"""`to_json`: the graph contract as the text of a file, with what is known of every node and group as facts."""

from __future__ import annotations

import json

from cutaway.exporters.facts import facts_of
from cutaway.graph.contract import to_contract
from cutaway.graph.model import Graph


def to_json(graph: Graph) -> str:
    """Write a graph as ``docs/contract.md`` describes; equal graphs give equal texts."""
    nodes, groups = facts_of(graph)
    facts = dict(zip([*graph.groups.ids, *graph.ids], [*groups, *nodes], strict=True))
    return json.dumps(to_contract(graph, facts=facts), separators=(",", ":"), allow_nan=False) + "\n"
