"""Units: what two models are compared by. A node each, or a layer with all of its operations as one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from cutaway.graph.model import Graph, Tensor, Weight
from cutaway.graph.names import is_auto

Level = Literal["node", "layer"]

_UNSAID = frozenset(
    {"name", "dtype", "operation", "kind", "seed", "module", "registered_name", "build_config", "trainable"}
)
"""Attributes that say nothing of what a layer computes, or that are told on their own."""


_INPUTS = frozenset({"InputLayer", "Input", "Placeholder"})
"""What brings data in: named by whoever wrote the file."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A node, or a group that is one layer.

    Attributes:
        item: Index of the node, or ~index of the group.
        id: Its id in the graph.
        name: The name its author gave.
        op: Class of the layer or kind of the operation.
        place: Id of the group that holds it.
        auto: Whether the framework made its name.
        attributes: What it was configured with.
        outputs: Tensors that it makes for others.
        weights: Its weights, or those of all in it.
        sources: For each tensor that it reads from others: position of the unit that makes it, and the port.
    """

    item: int
    id: str
    name: str
    op: str
    place: str
    auto: bool
    attributes: Mapping[str, Any]
    outputs: tuple[Tensor, ...]
    weights: tuple[Weight, ...]
    sources: tuple[tuple[int, int], ...]

    @property
    def parameters(self) -> int:
        """Elements of its weights."""
        return sum(weight.parameters for weight in self.weights)

    def look(self) -> tuple[object, ...]:
        """All that a unit is but its name, its place and its neighbours."""
        return self.op, configuration(self), tuple(sorted((weight.shape, weight.dtype) for weight in self.weights))


def named_layers(unit: Unit) -> list[str]:
    """Names of the layers that a unit computes: readers of converted models join them with a plus."""
    return unit.name.split(" + ")


def configuration(unit: Unit) -> str:
    """What a unit was configured with, as a text that is equal for equal ones."""
    told = {key: value for key, value in unit.attributes.items() if key not in _UNSAID}
    return json.dumps(told, sort_keys=True, default=repr)


def said(unit: Unit) -> dict[str, Any]:
    """Attributes that tell what a unit computes."""
    return {key: value for key, value in unit.attributes.items() if key not in _UNSAID}


def units(graph: Graph, level: Level) -> list[Unit]:
    """The units of a graph, in the order of their first nodes.

    Args:
        graph: A model, as its reader made it.
        level: ``"node"`` for every node, ``"layer"`` for layers with their operations.
    """
    holder = _holders(graph) if level == "layer" else [0] * len(graph.groups)
    position: dict[int, int] = {}
    members: list[list[int]] = []
    unit_of = []
    for node, group in enumerate(graph.node_groups):
        item = ~holder[group] if holder[group] else node
        at = position.setdefault(item, len(members))
        if at == len(members):
            members.append([])
        members[at].append(node)
        unit_of.append(at)
    items = list(position)
    read: list[set[int]] = [set() for _ in members]  # ports that others read, of units of several nodes
    sources: list[list[tuple[int, int]]] = [[] for _ in members]
    for edge in graph.edges():
        start, end = unit_of[edge.source], unit_of[edge.target]
        if start != end and edge.port >= 0:
            port = edge.port if len(members[start]) == 1 else edge.source << 16 | edge.port
            read[start].add(port)
            if (start, port) not in sources[end] or len(members[end]) == 1:
                sources[end].append((start, port))
    order = [{port: at for at, port in enumerate(sorted(found))} for found in read]
    found = [
        _unit(graph, item, members[at], sorted(read[at]), [
            (start, port if len(members[start]) == 1 else order[start][port]) for start, port in sources[at]
        ])
        for at, item in enumerate(items)
    ]  # fmt: skip
    if level == "node":
        return found
    return [replace(unit, op="Input") if unit.op in _INPUTS else unit for unit in found]  # each reader has its word


def _holders(graph: Graph) -> list[int]:
    """For each group, the outermost layer around it or itself; 0 for none."""
    groups = graph.groups
    found = [0] * len(groups)
    for index in range(1, len(groups)):
        around = found[groups.parents[index]]
        found[index] = around or (index if groups.kinds[index] == "layer" and groups.ops.get(index) else 0)
    return found


def _unit(graph: Graph, item: int, nodes: list[int], ports: list[int], sources: list[tuple[int, int]]) -> Unit:
    groups = graph.groups
    if item >= 0:
        name, op, group = graph.names[item], graph.op(item), graph.node_groups[item]
        auto = op in _INPUTS or is_auto(name, op)
        return Unit(
            item, graph.ids[item], name, op, groups.ids[group], auto, graph.attributes[item],
            graph.outputs_of(item), graph.weights_of(item), tuple(sources),
        )  # fmt: skip
    index = ~item
    name, op = groups.names[index], groups.ops.get(index, "")
    weights = {weight.id: weight for node in nodes for weight in graph.weights_of(node)}
    weights.update((graph.weights[code].id, graph.weights[code]) for code in groups.weights.get(index, ()))
    outputs = (
        tuple(graph.tensor(port >> 16, port & 0xFFFF) for port in ports)
        if len(nodes) > 1
        else graph.outputs_of(nodes[0])
    )
    return Unit(
        item, groups.ids[index], name, op, groups.ids[groups.parents[index]], is_auto(name, op),
        groups.attributes.get(index, {}), outputs, tuple(weights.values()), tuple(sources),
    )  # fmt: skip
