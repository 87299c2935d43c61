"""All about one node or group, for the inspector."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from cutaway.analysis.ops import family
from cutaway.analysis.parameters import Totals, total
from cutaway.drawing.arrange import Arranged
from cutaway.explorer.about import about
from cutaway.explorer.columns import Facts
from cutaway.explorer.contract import (
    Attribute,
    GroupDetails,
    NodeDetails,
    NodeInput,
    NodeOutput,
    NodeRef,
    PathStep,
    WeightInfo,
)
from cutaway.explorer.sheets import pins
from cutaway.explorer.text import shown, to_json
from cutaway.graph.contract import plain
from cutaway.graph.model import Graph, Weight
from cutaway.graph.select import members
from cutaway.layout.nesting import tensor_of

MOST_LISTED = 200
"""Inputs, outputs, readers, weights and equal groups that are listed; their number is told besides."""

MOST_TEXT = 20_000
MOST_ATTRIBUTES = 1_000
"""Characters of an attribute that are sent, and attributes."""


def node_details(graph: Graph, index: int, facts: Facts | None = None) -> NodeDetails:
    """All about a node, with what is known of it in numbers."""
    codes = list(dict.fromkeys(_codes(graph, index)))
    first, last = graph.input_start[index], graph.input_start[index + 1]
    op, group = graph.op(index), graph.node_groups[index]
    totals = total(graph.weights[code] for code in codes)
    operation = str(graph.attributes[index].get("operation", graph.ids[index]))  # the one that a layer is made of
    return {
        "index": index,
        "id": graph.ids[index],
        "name": shown(graph.names[index]),
        "op": shown(op),
        "family": family(op),
        "path": _path(graph, group),
        "attributes": _attributes(graph.attributes[index], op),
        "inputs": [
            _tensor_at(graph, graph.input_node[at], graph.input_port[at], graph.input_labels.get(at, ""))
            for at in range(first, min(last, first + MOST_LISTED))
        ],
        "inputCount": last - first,
        "outputs": _outputs(graph, index),
        "outputCount": graph.output_start[index + 1] - graph.output_start[index],
        "weights": [_weight(graph, code, index) for code in codes[:MOST_LISTED]],
        "weightCount": len(codes),
        "parameters": totals.parameters,
        "trainable_parameters": totals.trainable,
        "weight_bytes": totals.bytes,
        "facts": {name: values[index] for name, values in (facts or {}).items() if not math.isnan(values[index])},
        "found_by": "",
        "python": _python(graph, operation, graph.names[index], group),
    }


def _known_sum(values: Sequence[float], nodes: Iterable[int]) -> float:
    return sum(values[node] for node in nodes if not math.isnan(values[node]))


def group_details(
    arranged: Arranged, index: int, facts: Facts | None = None, counted: Graph | None = None
) -> GroupDetails:
    """All about a group, with the sums of what it holds.

    Args:
        arranged: What is drawn.
        index: Which group.
        facts: Numbers of the nodes.
        counted: What parameters and bytes are summed over, as of `Chart`; None for all that is drawn.
    """
    graph, nested = arranged.graph, arranged.nested
    found = graph.group(index)
    inside = members(graph, [index]) if index else range(len(graph))
    own = graph.groups.weights.get(index, ())
    ins, outs = pins(nested, index)
    placement = nested.placement_of[index]
    equal = [at for at, other in enumerate(nested.placement_of) if other == placement >= 0 and at != index]
    inner = _inner_groups(graph, index)
    totals = _totals_in(counted or graph, [index, *inner])
    return {
        "index": index,
        "id": found.id,
        "name": shown(found.name),
        "op": shown(found.op),
        "kind": found.kind,
        "path": _path(graph, found.parent),
        "attributes": _attributes(found.attributes, found.op),
        "inputs": [_tensor_at(graph, *tensor_of(tensor), "") for tensor in ins[:MOST_LISTED]],
        "inputCount": len(ins),
        "outputs": [_tensor_at(graph, *tensor_of(tensor), "") for tensor in outs[:MOST_LISTED]],
        "outputCount": len(outs),
        "weights": [_weight(graph, code, -1) for code in own[:MOST_LISTED]],
        "weightCount": len(own),
        "nodes": len(inside),
        "groups": len(inner),
        "ops": [(shown(op), count) for op, count in Counter(map(graph.op, inside)).most_common(MOST_LISTED)],
        "equal": [{"index": at, "name": shown(graph.groups.names[at])} for at in equal[:MOST_LISTED]],
        "parameters": totals.parameters,
        "trainable_parameters": totals.trainable,
        "weight_bytes": totals.bytes,
        "facts": {name: _known_sum(values, inside) for name, values in (facts or {}).items()},
        "found_by": shown(found.found_by),
        "python": _python_of_group(graph, index),
    }


def _totals_in(graph: Graph, groups: Sequence[int]) -> Totals:
    """What the weights of all in some groups amount to, each counted once."""
    wanted = set(groups)
    codes = {code for group in groups for code in graph.groups.weights.get(group, ())}
    for node, group in enumerate(graph.node_groups):
        if group in wanted:
            codes.update(_codes(graph, node))
    return total(graph.weights[code] for code in sorted(codes))


def _inner_groups(graph: Graph, group: int) -> list[int]:
    """Groups in a group, at any depth."""
    parents = graph.groups.parents
    inside = {group}
    for at in range(group + 1, len(parents)):  # a parent stands before its children
        if parents[at] in inside:
            inside.add(at)
    return sorted(inside - {group})


def _codes(graph: Graph, node: int) -> array[int]:
    return graph.weight_codes[graph.weight_start[node] : graph.weight_start[node + 1]]


def _path(graph: Graph, group: int) -> list[PathStep]:
    """Groups from the root down to one."""
    steps: list[PathStep] = []
    while group >= 0:
        steps.append({"index": group, "name": shown(graph.groups.names[group])})
        group = graph.groups.parents[group]
    return steps[::-1]


def _attributes(attributes: Mapping[str, Any], op: str) -> list[Attribute]:
    found: list[Attribute] = []
    for name, value in islice(plain(attributes).items(), MOST_ATTRIBUTES):
        text = value if isinstance(value, str) else to_json(value)
        entry: Attribute = {"name": shown(name), "value": shown(text[:MOST_TEXT])}
        words = about(op, name)
        if words:
            entry["about"] = words
        found.append(entry)
    return found


def _tensor_at(graph: Graph, node: int, port: int, label: str) -> NodeInput:
    tensor = graph.tensor(node, port)
    return {
        "node": node,
        "port": port,
        "name": shown(graph.names[node]),
        "shape": None if tensor.shape is None else list(tensor.shape),
        "dtype": tensor.dtype,
        "label": shown(label),
    }


def _outputs(graph: Graph, node: int) -> list[NodeOutput]:
    ports = graph.output_start[node + 1] - graph.output_start[node]
    readers: dict[int, dict[int, None]] = {port: {} for port in range(ports)}
    for at in places_of(graph.input_node, node):
        reader = bisect_right(graph.input_start, at) - 1
        readers.setdefault(graph.input_port[at], {})[reader] = None
    found: list[NodeOutput] = []
    for port in sorted(readers)[:MOST_LISTED]:
        tensor = graph.tensor(node, port)
        refs = [_ref(graph, reader) for reader in list(readers[port])[:MOST_LISTED]]
        found.append(
            {
                "port": port,
                "shape": None if tensor.shape is None else list(tensor.shape),
                "dtype": tensor.dtype,
                "count": len(readers[port]),
                "readers": refs,
            }
        )
    return found


def places_of(column: array[int], value: int) -> Iterator[int]:
    """Positions of a value in a column, found by its own search, which needs no index beside it."""
    at = -1
    while True:
        try:
            at = column.index(value, at + 1)
        except ValueError:
            return
        yield at


def _ref(graph: Graph, node: int) -> NodeRef:
    return {"node": node, "name": shown(graph.names[node])}


def _weight(graph: Graph, code: int, node: int) -> WeightInfo:
    weight: Weight = graph.weights[code]
    users: dict[int, None] = {}
    for at in places_of(graph.weight_codes, code):
        users[bisect_right(graph.weight_start, at) - 1] = None
        if len(users) > MOST_LISTED:
            break
    users.pop(node, None)
    return {
        "code": code,
        "id": shown(weight.id),
        "name": shown(weight.name),
        "shape": list(weight.shape),
        "dtype": weight.dtype,
        "trainable": weight.trainable,
        "parameters": weight.parameters,
        "bytes": weight.bytes,
        "sharedBy": [_ref(graph, user) for user in users],
    }


def _python_of_group(graph: Graph, group: int) -> str:
    """The same for a layer or model that is drawn as a group; a scope of operations is nothing that a program has."""
    groups = graph.groups
    if groups.kinds[group] not in ("layer", "model") or not graph.format.startswith("keras"):
        return ""
    return _python(graph, groups.ids[group], groups.names[group], groups.parents[group])


def _python(graph: Graph, identity: str, name: str, group: int) -> str:
    """How a program that has the model gets at this very layer or operation; empty where there is no way."""
    if graph.format.startswith("keras"):
        names: Sequence[str] = [
            graph.groups.names[step["index"]]
            for step in _path(graph, group)[1:]
            if graph.groups.kinds[step["index"]] == "model"
        ]
        return "model" + "".join(f".get_layer({layer!r})" for layer in (*names, name))
    if graph.format in ("graph_def", "meta_graph", "events"):
        return f"graph.get_operation_by_name({identity!r})"
    return ""
