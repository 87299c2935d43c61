"""Units: what two models are compared by. A node each, or a layer with all of its operations as one."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

from cutaway.graph.model import Graph, Tensor, Weight
from cutaway.graph.names import is_auto
from cutaway.graph.walk import row_of_each

Level = Literal["node", "layer"]

Sources = tuple[tuple[int, int], ...]
"""Tensors that a unit reads: position of the unit that makes each, and its port."""

_NOTHING: Mapping[str, Any] = {}
_ENCODER = json.JSONEncoder(sort_keys=True, default=repr)

_UNSAID = frozenset(
    {"name", "dtype", "operation", "kind", "seed", "module", "registered_name", "build_config", "trainable"}
)
"""Attributes that say nothing of what a layer computes, or that are told on their own."""


_INPUTS = frozenset({"InputLayer", "Input", "Placeholder"})
"""What brings data in: named by whoever wrote the file."""


class Unit:
    """A node, or a group that is one layer. A view into the columns of `Units`.

    Args:
        units: All units of the graph.
        at: Position among them.
    """

    __slots__ = ("_at", "_configuration", "_said", "_units")

    def __init__(self, units: Units, at: int) -> None:
        self._units = units
        self._at = at
        self._said: dict[str, Any] | None = None
        self._configuration: str | None = None

    def __repr__(self) -> str:
        return f"<Unit {self.id!r}: {self.op}>"

    @property
    def item(self) -> int:
        """Index of the node, or ~index of the group."""
        return self._units.items[self._at]

    @property
    def id(self) -> str:
        """Its id in the graph."""
        return self._units.ids[self._at]

    @property
    def name(self) -> str:
        """The name its author gave."""
        return self._units.names[self._at]

    @property
    def op(self) -> str:
        """Class of the layer or kind of the operation."""
        return self._units.ops[self._at]

    @property
    def place(self) -> str:
        """Id of the group that holds it."""
        return self._units.places[self._at]

    @property
    def auto(self) -> bool:
        """Whether the framework made its name."""
        return self._units.autos[self._at]

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """Tensors that it makes for others."""
        return self._units.outputs(self._at)

    @property
    def weights(self) -> tuple[Weight, ...]:
        """Its weights, or those of all in it."""
        return self._units.weights(self._at)

    @property
    def sources(self) -> Sources:
        """For each tensor that it reads from others: position of the unit that makes it, and the port."""
        return self._units.sources[self._at]

    @property
    def parameters(self) -> int:
        """Elements of its weights."""
        return sum(weight.parameters for weight in self.weights)

    @property
    def said(self) -> dict[str, Any]:
        """Attributes that tell what it computes, decoded once."""
        if self._said is None:
            graph, item = self._units.graph, self.item
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

    def face(self) -> tuple[object, ...]:
        """The same, and all that is told of its outputs and weights."""
        weights = tuple((weight.name, weight.shape, weight.dtype, weight.trainable) for weight in self.weights)
        return self.op, self.configuration, self.outputs, weights


@dataclass(frozen=True, eq=False)
class Units(Sequence[Unit]):
    """The units of a graph as columns, in the order of their first nodes.

    Attributes:
        graph: The model.
        items: Index of the node, or ~index of the group, of each unit.
        ids, names, ops, places: What `Unit` says, of each.
        sources: For each, what it reads of others: positions of units, and their ports.
        members: Nodes of each.
        ports: What others read of each that is several nodes: node << 16 | port.
    """

    graph: Graph
    items: Sequence[int]
    ids: Sequence[str]
    names: Sequence[str]
    ops: Sequence[str]
    places: Sequence[str]
    sources: Sequence[Sources]
    members: Sequence[Sequence[int]]
    ports: Sequence[Sequence[int]] = ()
    _made: dict[int, Unit] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self))))
        at = range(len(self))[index]
        made = self._made.get(at)
        if made is None:
            made = self._made[at] = Unit(self, at)
        return made

    @cached_property
    def autos(self) -> list[bool]:
        """What `Unit` says, of each; operations of many scopes share few names."""
        called = list(zip(self.names, self.ops, strict=True))
        auto = {each: each[1] in _INPUTS or is_auto(*each) for each in set(called)}
        return list(map(auto.__getitem__, called))

    def outputs(self, at: int) -> tuple[Tensor, ...]:
        """Tensors that a unit makes for others."""
        graph, members = self.graph, self.members[at]
        if len(members) == 1:
            return graph.outputs_of(members[0])
        return tuple(graph.tensor(port >> 16, port & 0xFFFF) for port in self.ports[at])

    def weights(self, at: int) -> tuple[Weight, ...]:
        """Weights of all that is in a unit."""
        graph, item = self.graph, self.items[at]
        if item >= 0:
            return graph.weights_of(item)
        found = {weight.id: weight for node in self.members[at] for weight in graph.weights_of(node)}
        found.update((graph.weights[code].id, graph.weights[code]) for code in graph.groups.weights.get(~item, ()))
        return tuple(found.values())

    @cached_property
    def readers(self) -> list[list[int]]:
        """Positions of the units that read each unit, once each and in order."""
        found: list[list[int]] = [[] for _ in self.items]
        for at, sources in enumerate(self.sources):
            for source, _ in sources:
                if not found[source] or found[source][-1] != at:
                    found[source].append(at)
        return found

    def numbered(self, told: Callable[[Unit], Hashable], numbers: dict[Hashable, int]) -> list[int]:
        """A number for what is told of each unit, which is asked once of all nodes of a kind.

        Args:
            told: Says of a unit what nodes of a kind share.
            numbers: Takes what is new; units of several graphs get the same numbers with the same table.
        """
        kinds = self.graph.kinds
        known: dict[int, int] = {}
        found = []
        for at, item in enumerate(self.items):
            kind = kinds[item] if item >= 0 else item
            number = known.get(kind)
            if number is None:
                number = known[kind] = numbers.setdefault(told(self[at]), len(numbers))
            found.append(number)
        return found


JOINED = " + "
"""Between the names of layers that readers of converted models join to one."""


def named_layers(unit: Unit) -> list[str]:
    """Names of the layers that a unit computes."""
    return unit.name.split(JOINED)


def units(graph: Graph, level: Level) -> Units:
    """The units of a graph.

    Args:
        graph: A model, as its reader made it.
        level: ``"node"`` for every node, ``"layer"`` for layers with their operations.
    """
    return _nodes(graph) if level == "node" else _layers(graph)


def _nodes(graph: Graph) -> Units:
    """Every node as a unit."""
    edges = list(zip(graph.input_node, graph.input_port, strict=True))
    sources = [tuple(edges[start:end]) for start, end in pairwise(graph.input_start)]
    reading = zip(row_of_each(graph.input_start), edges, strict=True)
    for node in {node for node, (source, port) in reading if port < 0 or source == node}:
        sources[node] = tuple(edge for edge in sources[node] if edge[1] >= 0 and edge[0] != node)
    every = range(len(graph))
    ops, places = map(graph.ops.__getitem__, graph.op_codes), map(graph.groups.ids.__getitem__, graph.node_groups)
    members = [(node,) for node in every]
    return Units(graph, every, graph.ids, graph.names, list(ops), list(places), sources, members)


def _layers(graph: Graph) -> Units:
    """Layers with their operations as one unit each, and every other node."""
    holder = outermost_layers(graph)
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
    told = [
        tuple((start, port if len(members[start]) == 1 else order[start][port]) for start, port in row)
        for row in sources
    ]
    groups, owners, items = graph.groups, graph.node_groups, list(position)
    ops = [graph.op(item) if item >= 0 else groups.ops.get(~item, "") for item in items]
    return Units(
        graph,
        items,
        [graph.ids[item] if item >= 0 else groups.ids[~item] for item in items],
        [graph.names[item] if item >= 0 else groups.names[~item] for item in items],
        ["Input" if op in _INPUTS else op for op in ops],  # each reader has its word for what brings data in
        [groups.ids[owners[item] if item >= 0 else groups.parents[~item]] for item in items],
        told,
        members,
        [sorted(found) for found in read],
    )


def outermost_layers(graph: Graph) -> list[int]:
    """For each group, the outermost layer around it or itself; 0 for none."""
    groups = graph.groups
    found = [0] * len(groups)
    for index in range(1, len(groups)):
        around = found[groups.parents[index]]
        found[index] = around or (index if groups.kinds[index] == "layer" and groups.ops.get(index) else 0)
    return found
