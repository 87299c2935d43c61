"""`to_rows`: a graph as rows of plain values, which every program that knows nodes and edges can hold.

Values are whole numbers, floats and texts, and never an empty text, since GraphML does not tell that from nothing:
what there is nothing to say about is left out. Lists and mappings are texts in JSON.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cutaway.exporters.facts import facts_of
from cutaway.exporters.text import visible
from cutaway.graph.contract import plain
from cutaway.graph.model import CONTROL, Graph, Tensor, Weight
from cutaway.graph.walk import depths, leaf_counts

Row = dict[str, str | int | float]

SCALAR = "scalar"
"""Shape of a tensor without dimensions: of the text ``()`` readers of GML make something else."""

Facts = Mapping[str, Mapping[str, str | int | float]]
"""Further values by id of a node or group."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A graph as plain values.

    Attributes:
        model: What there is to say about the whole.
        nodes: Id and values of each node, and of each group that is one node.
        edges: ``(source, target, key, values)``; keys tell apart the edges that join the same two.
    """

    model: Row
    nodes: list[tuple[str, Row]]
    edges: list[tuple[str, str, int, Row]]


def deeper_than(graph: Graph, depth: int) -> set[int]:
    """Groups around which there are ``depth`` others, the root not counted, and all groups in those."""
    return {group for group, level in enumerate(depths(graph.groups.parents)) if level > depth}


def units(graph: Graph, closed: Collection[int]) -> list[int]:
    """For each node what stands for it: itself, or ~index of the outermost closed group around it."""
    outermost = [-1] * len(graph.groups)
    for group in range(1, len(graph.groups)):  # a parent stands before its children
        around = outermost[graph.groups.parents[group]]
        outermost[group] = around if around >= 0 else group if group in closed else -1
    return [node if outermost[group] < 0 else ~outermost[group] for node, group in enumerate(graph.node_groups)]


def to_rows(graph: Graph, *, closed: Collection[int] = (), facts: Facts | None = None) -> Rows:
    """The nodes and edges of a graph.

    Args:
        graph: A grouped graph.
        closed: Groups that are one node each, with all that is in them.
        facts: Further values by id of a node or group.
    """
    stands = units(graph, closed)
    names = _names(graph, stands)
    known = facts or {}
    of_nodes, of_groups = facts_of(graph)
    leaves = leaf_counts(graph)
    nodes = []
    for unit, name in names.items():
        row = _node(graph, unit) if unit >= 0 else {**_group(graph, ~unit), "layers": leaves[~unit]}
        row.update(_numbers(of_nodes[unit] if unit >= 0 else of_groups[~unit]))
        own = known.get(graph.ids[unit] if unit >= 0 else graph.groups.ids[~unit], {})
        nodes.append((name, _said({**row, **own})))
    model: Row = {"name": graph.name, "format": graph.format, "producer": graph.producer}
    return Rows(_said(model), nodes, list(_edges(graph, stands, names)))


def _names(graph: Graph, stands: Iterable[int]) -> dict[int, str]:
    """Ids of all units, safe for every format and still unique, in the order of the model."""
    names: dict[int, str] = {}
    taken: set[str] = set()
    for unit in dict.fromkeys(stands):
        wanted = name = visible(graph.ids[unit] if unit >= 0 else graph.groups.ids[~unit])
        count = 1
        while name in taken or not name:
            count += 1
            name = f"{wanted}@{count}"
        taken.add(name)
        names[unit] = name
    return names


def _node(graph: Graph, node: int) -> Row:
    outputs = graph.outputs_of(node)
    return {
        "name": graph.names[node],
        "op": graph.op(node),
        "kind": "node",
        "group": graph.groups.ids[graph.node_groups[node]],
        **(_tensor(outputs[0]) if outputs else {}),
        "outputs": _json([{"shape": tensor.shape, "dtype": tensor.dtype} for tensor in outputs]),
        "weights": _ids(graph.weights_of(node)),
        "attributes": _json(graph.attributes[node]),
    }


def _group(graph: Graph, index: int) -> Row:
    group = graph.group(index)
    return {
        "name": group.name,
        "op": group.op or group.kind,
        "kind": group.kind,
        "group": graph.groups.ids[group.parent],
        "weights": _ids(group.weights),
        "attributes": _json(group.attributes),
    }


def _numbers(facts: Mapping[str, int]) -> Row:
    """Counts; those of operations are floats, since they pass the 32 bits that GML has for whole numbers."""
    return {name: float(value) if name in ("macs", "flops") else value for name, value in facts.items()}


def _edges(graph: Graph, stands: list[int], names: Mapping[int, str]) -> Iterator[tuple[str, str, int, Row]]:
    """Edges by reading node; those inside a closed group are not seen."""
    counts: dict[tuple[int, int], int] = {}
    for edge in graph.edges():
        source, target = stands[edge.source], stands[edge.target]
        if source == target and source < 0:
            continue
        key = counts.get((source, target), 0)
        counts[source, target] = key + 1
        row: Row = {
            "port": edge.port,
            "slot": edge.slot,
            "argument": edge.label,
            **({"control": 1} if edge.port == CONTROL else _tensor(graph.tensor(edge.source, edge.port))),
            **({"from_layer": graph.ids[edge.source]} if source < 0 else {}),
            **({"to_layer": graph.ids[edge.target]} if target < 0 else {}),
        }
        yield names[source], names[target], key, _said(row)


def _tensor(tensor: Tensor) -> Row:
    shape = "" if tensor.shape is None else str(tensor.shape or SCALAR)
    return {"shape": shape, "dtype": tensor.dtype or ""}


def _ids(weights: Iterable[Weight]) -> str:
    return _json([weight.id for weight in weights])


def _json(value: Any) -> str:
    """A text in JSON; empty for what holds nothing."""
    return json.dumps(plain(value), separators=(",", ":"), allow_nan=False) if value else ""


def _said(row: Row) -> Row:
    """Only what says something, safe for every format."""
    safe = ((key, visible(value) if isinstance(value, str) else value) for key, value in row.items())
    return {key: value for key, value in safe if value != ""}
