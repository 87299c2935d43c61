"""`Graph`, frozen and complete: columns inside, small frozen views outside.

A graph of a million nodes must fit, so nothing is stored as an object per node or per edge. Names,
operations, groups and edges are columns (lists of strings, arrays of int); `Graph.nodes[i]` makes a
`Node` when somebody asks for it. Passes over the whole graph read the columns.

Edges are stored at the reading end in compressed rows: the inputs of node ``n`` are the positions
``input_start[n]`` up to ``input_start[n + 1]`` of ``input_node`` and ``input_port``. Outputs and weights
of a node are stored in the same way.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cutaway.graph.alike import kinds_of

Shape = tuple[int | None, ...]
"""Dimensions of a tensor; None is an unknown or a batch dimension."""

GroupKind = Literal["root", "model", "layer", "wrapper", "scope", "function", "block", "stage"]

CONTROL = -1
"""The port of a control edge: the order of two operations, with no tensor between them."""

UNDECLARED, NO_TENSOR = -1, -2
"""Places of the tensor of an edge whose source does not say that it makes it, and of one that carries none."""

BITS_OF_DTYPE = {
    "float64": 64, "float32": 32, "float16": 16, "bfloat16": 16, "float8_e4m3fn": 8, "float8_e5m2": 8,
    "int64": 64, "int32": 32, "int16": 16, "int8": 8, "int4": 4, "int2": 2,
    "uint64": 64, "uint32": 32, "uint16": 16, "uint8": 8, "uint4": 4, "uint2": 2,
    "complex64": 64, "complex128": 128, "bool": 8,
    "qint8": 8, "quint8": 8, "qint16": 16, "quint16": 16, "qint32": 32,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tensor:
    """A value on an output port; `shape` is None where even the rank is unknown."""

    shape: Shape | None = None
    dtype: str | None = None


@dataclass(frozen=True, slots=True)
class Weight:
    """A named array, by reference: its values stay where they are until somebody asks for a range.

    Attributes:
        id: Unique in the graph, such as ``"conv1/kernel"``. Shared weights are one `Weight`.
        name: Short name, such as ``"kernel"``.
        shape: Dimensions, all known.
        dtype: Name of the element type, such as ``"float32"``.
        trainable: Whether training changes it.
        location: Where the bytes lie, in the words of the reader that found it, or None.
    """

    id: str
    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    trainable: bool = True
    location: str | None = None

    @property
    def parameters(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Size of the values in bytes; types narrower than a byte are packed, unknown types count as 4 bytes."""
        return (self.parameters * BITS_OF_DTYPE.get(self.dtype, 32) + 7) // 8


@dataclass(frozen=True, slots=True)
class Port:
    """One output of one node, with the name that the model's interface gives it, or an empty one."""

    node: int
    port: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """Output port to input slot; two edges may join the same two nodes.

    Attributes:
        source: Index of the node that makes the tensor.
        port: Output port of ``source``; `CONTROL` for a control edge.
        target: Index of the node that reads it.
        slot: Position among the inputs of ``target``.
        label: Name of the argument that received it, such as ``"value"``; empty for the first argument.
    """

    source: int
    port: int
    target: int
    slot: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """One call of a layer or one operation. A view: made on demand, compares by value.

    Attributes:
        index: Position in the graph.
        id: Unique in the graph; from names and position, never from an address.
        name: The name its author gave; the same for every call of a shared layer.
        op: Class of the layer or kind of the operation, such as ``"Conv2D"``.
        group: Index of the group that holds it.
        inputs: Edges that end here, in argument order.
        outputs: Tensors it makes, by port.
        attributes: Its configuration as plain JSON values.
        weights: What it owns or shares.
    """

    index: int
    id: str
    name: str
    op: str
    group: int
    inputs: tuple[Edge, ...]
    outputs: tuple[Tensor, ...]
    attributes: Mapping[str, Any]
    weights: tuple[Weight, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A named region that holds nodes and groups. A view, as `Node` is.

    Attributes:
        index: Position in the graph; 0 is the root, and a parent comes before its children.
        id: Unique in the graph.
        name: The name its author or the grouping gave it.
        parent: Index of the group that holds it; -1 for the root.
        kind: What it is: a nested model, an opened layer, a name scope, a block found by the grouping, …
        op: Class of the model or layer that it is the inside of, or an empty string.
        found_by: How its inside was found, in words for the reader of the picture; may be empty.
        attributes: Configuration of that model or layer.
        weights: Weights that belong to it and to no node inside.
    """

    index: int
    id: str
    name: str
    parent: int
    kind: GroupKind
    op: str
    found_by: str
    attributes: Mapping[str, Any]
    weights: tuple[Weight, ...]


@dataclass(frozen=True, slots=True)
class GroupColumns:
    """The nesting: one entry a group, the root first, every parent before its children.

    Attributes:
        ids, names, kinds, parents: One entry per group; `parents[0]` is -1.
        ops, found_by, attributes, weights: By group index, only where there is something to say.
    """

    ids: Sequence[str]
    names: Sequence[str]
    kinds: Sequence[GroupKind]
    parents: array[int]
    ops: Mapping[int, str] = field(default_factory=dict)
    found_by: Mapping[int, str] = field(default_factory=dict)
    attributes: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    weights: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> str:
        return self.ids[index]


@dataclass(frozen=True, slots=True)
class Graph:
    """A model: nodes, the edges between them, the groups that hold them, the weights they use.

    Make one with `GraphBuilder`, which checks it once; nobody downstream checks again. The columns are
    public for passes over the whole graph, and must not be written to.

    Attributes:
        name: Name of the model.
        format: Name of the reader that made it, such as ``"keras_v3"``.
        producer: Program that wrote the model, such as ``"Keras 3.15.1"``; may be empty.
        ids, names: One string per node.
        ops: Table of distinct operations; ``op_codes`` holds each node's position in it.
        node_groups: Index of the group that holds each node.
        groups: The nesting.
        input_start, input_node, input_port: Edges in compressed rows by reading node.
        input_labels: Argument names by edge position, only where there is one.
        output_start, output_codes: Output tensors in compressed rows; codes are positions in ``tensors``.
        tensors: Table of distinct output tensors.
        weight_start, weight_codes: Weights of each node in compressed rows; positions in ``weights``.
        weights: Every weight once, however many nodes share it; may be a sequence that makes them on demand.
        attributes: One mapping per node; may be a sequence that parses on demand.
        inputs, outputs: The model's interface.
        warnings: What could not be read, in words for the user.
    """

    name: str
    format: str
    producer: str
    ids: Sequence[str]
    names: Sequence[str]
    ops: tuple[str, ...]
    op_codes: array[int]
    node_groups: array[int]
    groups: GroupColumns
    input_start: array[int]
    input_node: array[int]
    input_port: array[int]
    input_labels: Mapping[int, str]
    output_start: array[int]
    output_codes: array[int]
    tensors: tuple[Tensor, ...]
    weight_start: array[int]
    weight_codes: array[int]
    weights: Sequence[Weight]
    attributes: Sequence[Mapping[str, Any]]
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    warnings: tuple[str, ...] = ()
    _kinds: Sequence[int] | None = field(default=None, init=False, repr=False, compare=False)
    _input_places: Sequence[int] | None = field(default=None, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def kinds(self) -> Sequence[int]:
        """For each node, the first one that is of its kind, as `kinds_of` tells; found when first asked for."""
        found = self._kinds
        if found is None:
            found = kinds_of(self)
            object.__setattr__(self, "_kinds", found)  # what is found out about columns that never change stays true
        return found

    @property
    def input_places(self) -> Sequence[int]:
        """For each edge, the position of the tensor that it carries among the outputs of all nodes; found once.

        `UNDECLARED` for a port that its node does not have, `NO_TENSOR` for an edge of control: a column by output
        with two more entries at its end, for these two, can be looked up without asking which it is.
        """
        found = self._input_places
        if found is None:
            starts = self.output_start.tolist()
            found = [
                NO_TENSOR if port < 0 else starts[node] + port if starts[node] + port < starts[node + 1] else UNDECLARED
                for node, port in zip(self.input_node, self.input_port, strict=True)
            ]
            object.__setattr__(self, "_input_places", found)
        return found

    @property
    def nodes(self) -> NodeView:
        """All nodes, as a sequence of views made on demand."""
        return NodeView(self)

    @property
    def edge_count(self) -> int:
        """Number of edges, parallel and control edges counted."""
        return len(self.input_node)

    def op(self, node: int) -> str:
        """Operation of a node, without making a view."""
        return self.ops[self.op_codes[node]]

    def outputs_of(self, node: int) -> tuple[Tensor, ...]:
        """Output tensors of a node, by port."""
        start, end = self.output_start[node], self.output_start[node + 1]
        return tuple(self.tensors[code] for code in self.output_codes[start:end])

    def weights_of(self, node: int) -> tuple[Weight, ...]:
        """Weights that a node owns or shares."""
        start, end = self.weight_start[node], self.weight_start[node + 1]
        return tuple(self.weights[code] for code in self.weight_codes[start:end])

    def inputs_of(self, node: int) -> tuple[Edge, ...]:
        """Edges that end at a node, in argument order."""
        start, end = self.input_start[node], self.input_start[node + 1]
        labels = self.input_labels
        return tuple(
            Edge(self.input_node[at], self.input_port[at], node, at - start, labels.get(at, ""))
            for at in range(start, end)
        )

    def edges(self) -> Iterator[Edge]:
        """All edges, by reading node and argument order."""
        for node in range(len(self)):
            yield from self.inputs_of(node)

    def tensor(self, node: int, port: int) -> Tensor:
        """The tensor on one output port; an unknown tensor where the port is a control port or was not declared."""
        at = self.output_start[node] + port
        if port < 0 or at >= self.output_start[node + 1]:
            return Tensor()
        return self.tensors[self.output_codes[at]]

    def group(self, index: int) -> Group:
        """View of one group."""
        groups = self.groups
        return Group(
            index=index,
            id=groups.ids[index],
            name=groups.names[index],
            parent=groups.parents[index],
            kind=groups.kinds[index],
            op=groups.ops.get(index, ""),
            found_by=groups.found_by.get(index, ""),
            attributes=groups.attributes.get(index, {}),
            weights=tuple(self.weights[code] for code in groups.weights.get(index, ())),
        )


class NodeView(Sequence[Node]):
    """The nodes of a graph as a sequence; each access makes a fresh, equal `Node`."""

    __slots__ = ("_graph",)

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def __len__(self) -> int:
        return len(self._graph)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        graph = self._graph
        if not -len(graph) <= index < len(graph):
            raise IndexError(f"node index {index} is outside a graph of {len(graph)} nodes")
        index %= len(graph)
        return Node(
            index=index,
            id=graph.ids[index],
            name=graph.names[index],
            op=graph.op(index),
            group=graph.node_groups[index],
            inputs=graph.inputs_of(index),
            outputs=graph.outputs_of(index),
            attributes=graph.attributes[index],
            weights=graph.weights_of(index),
        )
