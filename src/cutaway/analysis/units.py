"""Units: what two models are compared by. A node each, or a layer with all of its operations as one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from cutaway.graph.model import Graph, Tensor, Weight
from cutaway.graph.names import is_auto as _is_auto

Level = Literal["node", "layer"]

is_auto = lru_cache(maxsize=1 << 16)(_is_auto)
"""Operations of many scopes share few names."""

_NOTHING: Mapping[str, Any] = {}
_ENCODER = json.JSONEncoder(sort_keys=True, default=repr)

_UNSAID = frozenset(
    {"name", "dtype", "operation", "kind", "seed", "module", "registered_name", "build_config", "trainable"}
)
"""Attributes that say nothing of what a layer computes, or that are told on their own."""


_INPUTS = frozenset({"InputLayer", "Input", "Placeholder"})
"""What brings data in: named by whoever wrote the file."""


class Unit:
    """A node, or a group that is one layer.

    Attributes:
        item: Index of the node, or ~index of the group.
        id: Its id in the graph.
        name: The name its author gave.
        op: Class of the layer or kind of the operation.
        place: Id of the group that holds it.
        auto: Whether the framework made its name.
        outputs: Tensors that it makes for others.
        weights: Its weights, or those of all in it.
        sources: For each tensor that it reads from others: position of the unit that makes it, and the port.
        said: Attributes that tell what it computes.
        configuration: The same as a text that is equal for equal ones.
    """

    __slots__ = (
        "_configuration", "_graph", "_said", "auto", "id", "item", "name", "op", "outputs", "place", "sources",
        "weights",
    )  # fmt: skip

    def __init__(
        self, graph: Graph, item: int, op: str, auto: bool, outputs: tuple[Tensor, ...], weights: tuple[Weight, ...],
        sources: tuple[tuple[int, int], ...],
    ) -> None:  # fmt: skip
        groups = graph.groups
        self.item, self.op, self.auto = item, op, auto
        self.outputs, self.weights, self.sources = outputs, weights, sources
        if item >= 0:
            self.id, self.name, self.place = graph.ids[item], graph.names[item], groups.ids[graph.node_groups[item]]
        else:
            self.id, self.name, self.place = groups.ids[~item], groups.names[~item], groups.ids[groups.parents[~item]]
        self._graph = graph
        self._said: dict[str, Any] | None = None
        self._configuration: str | None = None

    def __repr__(self) -> str:
        return f"<Unit {self.id!r}: {self.op}>"

    @property
    def parameters(self) -> int:
        """Elements of its weights."""
        return sum(weight.parameters for weight in self.weights)

    @property
    def said(self) -> dict[str, Any]:
        """Attributes that tell what it computes, decoded once."""
        if self._said is None:
            graph, item = self._graph, self.item
            found = graph.attributes[item] if item >= 0 else graph.groups.attributes.get(~item, _NOTHING)
            self._said = {key: value for key, value in found.items() if key not in _UNSAID}
        return self._said

    @property
    def configuration(self) -> str:
        """What it was configured with, as a text that is equal for equal ones."""
        if self._configuration is None:
            self._configuration = _ENCODER.encode(self.said)
        return self._configuration

    def look(self) -> tuple[object, ...]:
        """All that a unit is but its name, its place and its neighbours."""
        return self.op, self.configuration, tuple(sorted((weight.shape, weight.dtype) for weight in self.weights))


def named_layers(unit: Unit) -> list[str]:
    """Names of the layers that a unit computes: readers of converted models join them with a plus."""
    return unit.name.split(" + ")


def units(graph: Graph, level: Level) -> list[Unit]:
    """The units of a graph, in the order of their first nodes.

    Args:
        graph: A model, as its reader made it.
        level: ``"node"`` for every node, ``"layer"`` for layers with their operations.
    """
    holder = outermost_layers(graph) if level == "layer" else [0] * len(graph.groups)
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
    first, made_by, ports = graph.input_start, graph.input_node, graph.input_port
    for node, end in enumerate(unit_of):
        for edge in range(first[node], first[node + 1]):
            source, port = made_by[edge], ports[edge]
            start = unit_of[source]
            if start == end or port < 0:
                continue
            if len(members[start]) > 1:
                port |= source << 16
            read[start].add(port)
            if len(members[end]) == 1 or (start, port) not in sources[end]:
                sources[end].append((start, port))
    order = [{port: at for at, port in enumerate(sorted(found))} for found in read]
    found = [
        _unit(graph, item, members[at], sorted(read[at]), [
            (start, port if len(members[start]) == 1 else order[start][port]) for start, port in sources[at]
        ])
        for at, item in enumerate(items)
    ]  # fmt: skip
    if level == "layer":
        for unit in found:
            if unit.op in _INPUTS:
                unit.op = "Input"  # each reader has its word
    return found


def outermost_layers(graph: Graph) -> list[int]:
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
        op = graph.op(item)
        auto = op in _INPUTS or is_auto(graph.names[item], op)
        return Unit(graph, item, op, auto, graph.outputs_of(item), graph.weights_of(item), tuple(sources))
    index = ~item
    op = groups.ops.get(index, "")
    weights = {weight.id: weight for node in nodes for weight in graph.weights_of(node)}
    weights.update((graph.weights[code].id, graph.weights[code]) for code in groups.weights.get(index, ()))
    outputs = (
        tuple(graph.tensor(port >> 16, port & 0xFFFF) for port in ports)
        if len(nodes) > 1
        else graph.outputs_of(nodes[0])
    )
    auto = is_auto(groups.names[index], op)
    return Unit(graph, item, op, auto, outputs, tuple(weights.values()), tuple(sources))
