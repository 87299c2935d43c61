"""`to_json`: the graph contract as the text of a file, with the parameters of every node and group as facts."""

from __future__ import annotations

import json
from typing import Any

from cutaway.analysis.parameters import Totals, group_totals, node_totals
from cutaway.graph.contract import to_contract
from cutaway.graph.model import Graph


def to_json(graph: Graph) -> str:
    """Write a graph as ``docs/contract.md`` describes; equal graphs give equal texts."""
    facts = {name: _facts(totals) for name, totals in zip(graph.groups.ids, group_totals(graph), strict=True)}
    facts |= {name: _facts(totals) for name, totals in zip(graph.ids, node_totals(graph), strict=True)}
    return json.dumps(to_contract(graph, facts=facts), separators=(",", ":"), allow_nan=False) + "\n"


def _facts(totals: Totals) -> dict[str, Any]:
    return {
        "parameters": totals.parameters,
        "trainable_parameters": totals.trainable,
        "weight_bytes": totals.bytes,
    }
