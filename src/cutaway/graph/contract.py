"""The graph as JSON, for other programs: `to_contract` and `from_contract`, which undo each other.

The format is described in ``docs/contract.md`` and, for machines, in ``contract.schema.json`` beside this file.
Nodes, groups and weights are referred to by id, so that the document can be read without counting. What follows from
the rest (the totals, the shapes on inputs, the list of edges) is there for the reader's comfort and ignored by
`from_contract`.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args

from cutaway.errors import ReadError
from cutaway.graph.model import CONTROL, Graph, GroupColumns, GroupKind, Port, Tensor, Weight

SCHEMA = 1
"""Version of the format; it grows when a program that reads the old one could misread the new one."""


def to_contract(graph: Graph, *, facts: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """The graph as plain JSON values.

    Args:
        graph: The graph.
        facts: Numbers about nodes and groups, by id, from analyses.

    Returns:
        The document; equal graphs give equal documents.
    """
    known = facts or {}
    ids, weights = graph.ids, graph.weights
    return {
        "schema": SCHEMA,
        "model": {
            "name": graph.name,
            "format": graph.format,
            "producer": graph.producer,
            "nodes": len(graph),
            "edges": graph.edge_count,
            "groups": len(graph.groups) - 1,
            "parameters": sum(weight.parameters for weight in weights),
            "trainable_parameters": sum(weight.parameters for weight in weights if weight.trainable),
            "weight_bytes": sum(weight.bytes for weight in weights),
            "inputs": [_port(graph, port) for port in graph.inputs],
            "outputs": [_port(graph, port) for port in graph.outputs],
            "warnings": list(graph.warnings),
        },
        "nodes": [_node(graph, index, known) for index in range(len(graph))],
        "groups": [_group(graph, index, known) for index in range(len(graph.groups))],
        "edges": [
            {"source": ids[edge.source], "port": edge.port, "target": ids[edge.target], "slot": edge.slot}
            for edge in graph.edges()
        ],
        "weights": [
            {
                "id": weight.id,
                "name": weight.name,
                "shape": list(weight.shape),
                "dtype": weight.dtype,
                "trainable": weight.trainable,
                "location": weight.location,
            }
            for weight in weights
        ],
        "findings": [],
    }


_LARGE = 1_000
"""Elements of an array from which on it is told in short, as numpy does too."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def plain(value: Any) -> Any:
    """A value in the words of JSON, the same each time.

    Tuples are lists, sets sorted lists, small arrays and their numbers what they hold; numbers that JSON lacks are
    strings, and other objects text without where in memory they lie.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(map(plain, value), key=lambda item: (str(type(item)), str(item)))
    if callable(getattr(value, "tolist", None)) and getattr(value, "size", _LARGE) < _LARGE:
        return plain(value.tolist())
    return _ADDRESS.sub("", str(value))


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return {"shape": None if tensor.shape is None else list(tensor.shape), "dtype": tensor.dtype}


def _port(graph: Graph, port: Port) -> dict[str, Any]:
    return {"node": graph.ids[port.node], "port": port.port, "name": port.name}


def _node(graph: Graph, index: int, facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "id": graph.ids[index],
        "name": graph.names[index],
        "op": graph.op(index),
        "group": graph.groups.ids[graph.node_groups[index]],
        "inputs": [
            {
                "node": graph.ids[edge.source],
                "port": edge.port,
                **_tensor(graph.tensor(edge.source, edge.port)),
                "argument": edge.label,
            }
            for edge in graph.inputs_of(index)
        ],
        "outputs": [_tensor(tensor) for tensor in graph.outputs_of(index)],
        "attributes": plain(graph.attributes[index]),
        "weights": [weight.id for weight in graph.weights_of(index)],
        "facts": dict(facts.get(graph.ids[index], {})),
    }


def _group(graph: Graph, index: int, facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    group = graph.group(index)
    return {
        "id": group.id,
        "name": group.name,
        "parent": None if group.parent < 0 else graph.groups.ids[group.parent],
        "kind": group.kind,
        "op": group.op,
        "found_by": group.found_by,
        "attributes": plain(group.attributes),
        "weights": [weight.id for weight in group.weights],
        "facts": dict(facts.get(group.id, {})),
    }


def from_contract(document: Any) -> Graph:
    """The graph that `to_contract` made a document of.

    Args:
        document: Plain JSON values, from anywhere.

    Returns:
        The graph. Facts and findings are not part of it.

    Raises:
        ReadError: The document is not of this format; the message says where.
    """
    return _Parser(document).graph()


_Value = TypeVar("_Value")


class _Parser:
    """Reads a document from the top down; each step needs what the one before found."""

    def __init__(self, document: Any) -> None:
        self.document = _Part("document", document)
        version = self.document.get("schema", int)
        if version != SCHEMA:
            raise ReadError(f"document.schema: this version of cutaway reads schema {SCHEMA}; received {version}")
        self.nodes = self.document.parts("nodes")
        self.weights = self.document.parts("weights")
        self.node_index = _index(self.nodes)
        self.group_index = _index(self.document.parts("groups"))
        self.weight_index = _index(self.weights)

    def graph(self) -> Graph:
        nodes, model = self.nodes, self.document.part("model")
        sources, ports, starts, labels = self._edges()
        ops, op_codes = _coded([node.get("op", str) for node in nodes])
        made = [[tensor.tensor() for tensor in node.parts("outputs")] for node in nodes]
        tensors, output_codes = _coded([tensor for outputs in made for tensor in outputs])
        used = [self._weights_of(node) for node in nodes]
        return Graph(
            name=model.get("name", str),
            format=model.get("format", str),
            producer=model.get("producer", str),
            ids=tuple(self.node_index),
            names=tuple(node.get("name", str) for node in nodes),
            ops=ops,
            op_codes=op_codes,
            node_groups=array("i", (node.reference("group", self.group_index) for node in nodes)),
            groups=self._groups(),
            input_start=starts,
            input_node=sources,
            input_port=ports,
            input_labels=labels,
            output_start=_starts(made),
            output_codes=output_codes,
            tensors=tensors,
            weight_start=_starts(used),
            weight_codes=array("i", (code for codes in used for code in codes)),
            weights=tuple(weight.weight() for weight in self.weights),
            attributes=tuple(node.get("attributes", dict) for node in nodes),
            inputs=self._interface(model, "inputs"),
            outputs=self._interface(model, "outputs"),
            warnings=tuple(map(str, model.get("warnings", list))),
        )

    def _edges(self) -> tuple[array[int], array[int], array[int], dict[int, str]]:
        sources, ports, starts = array("i"), array("i"), array("q", [0])
        labels: dict[int, str] = {}
        for node in self.nodes:
            for edge in node.parts("inputs"):
                if label := edge.get("argument", str):
                    labels[len(sources)] = label
                sources.append(edge.reference("node", self.node_index))
                ports.append(edge.number("port", low=CONTROL))
            starts.append(len(sources))
        return sources, ports, starts, labels

    def _groups(self) -> GroupColumns:
        groups = self.document.parts("groups")
        if not groups or groups[0].value.get("parent") is not None:
            raise ReadError("document.groups: the first group must be the root, whose parent is null")
        parents = array("i", [-1])
        for index, group in enumerate(groups[1:], 1):
            parents.append(group.reference("parent", self.group_index))
            if parents[-1] >= index:
                raise ReadError(f"{group.where}.parent: a group must stand after its parent")
        return GroupColumns(
            ids=tuple(self.group_index),
            names=tuple(group.get("name", str) for group in groups),
            kinds=tuple(group.kind() for group in groups),
            parents=parents,
            ops={index: op for index, group in enumerate(groups) if (op := group.get("op", str))},
            found_by={index: words for index, group in enumerate(groups) if (words := group.get("found_by", str))},
            attributes={index: said for index, group in enumerate(groups) if (said := group.get("attributes", dict))},
            weights={index: codes for index, group in enumerate(groups) if (codes := self._weights_of(group))},
        )

    def _weights_of(self, part: _Part) -> tuple[int, ...]:
        found = []
        for name in part.get("weights", list):
            if not isinstance(name, str) or name not in self.weight_index:
                raise ReadError(f"{part.where}.weights: {name!r:.80} is not the id of a weight in the document")
            found.append(self.weight_index[name])
        return tuple(found)

    def _interface(self, model: _Part, key: str) -> tuple[Port, ...]:
        return tuple(
            Port(port.reference("node", self.node_index), port.number("port", low=0), port.get("name", str))
            for port in model.parts(key)
        )


class _Part:
    """One object in the document, and where it stands."""

    def __init__(self, where: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise ReadError(f"{where}: expected an object; received {type(value).__name__}")
        self.where = where
        self.value = value

    def get(self, key: str, kind: type[Any]) -> Any:
        value = self.value.get(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise ReadError(f"{self.where}.{key}: expected {kind.__name__}; received {value!r:.80}")
        return value

    def part(self, key: str) -> _Part:
        return _Part(f"{self.where}.{key}", self.get(key, dict))

    def parts(self, key: str) -> list[_Part]:
        return [_Part(f"{self.where}.{key}[{at}]", value) for at, value in enumerate(self.get(key, list))]

    def number(self, key: str, *, low: int) -> int:
        value: int = self.get(key, int)
        if not low <= value < 1 << 30:
            raise ReadError(f"{self.where}.{key}: expected a number from {low} on; received {value}")
        return value

    def reference(self, key: str, index: Mapping[str, int]) -> int:
        name = self.get(key, str)
        if name not in index:
            raise ReadError(f"{self.where}.{key}: {name!r:.80} is not the id of anything in the document")
        return index[name]

    def kind(self) -> GroupKind:
        value: GroupKind = self.get("kind", str)
        if value not in get_args(GroupKind):
            raise ReadError(f"{self.where}.kind: expected one of {', '.join(get_args(GroupKind))}; received {value!r}")
        return value

    def tensor(self) -> Tensor:
        shape, dtype = self.value.get("shape"), self.value.get("dtype")
        if dtype is not None and not isinstance(dtype, str):
            raise ReadError(f"{self.where}.dtype: expected a name or null; received {dtype!r:.80}")
        return Tensor(None if shape is None else self._shape(unknown=True), dtype)

    def weight(self) -> Weight:
        location = self.value.get("location")
        shape = tuple(size for size in self._shape(unknown=False) if size is not None)
        return Weight(
            self.get("id", str), self.get("name", str), shape, self.get("dtype", str), self.get("trainable", bool),
            None if location is None else self.get("location", str),
        )  # fmt: skip

    def _shape(self, *, unknown: bool) -> tuple[int | None, ...]:
        shape = self.get("shape", list)
        for size in shape:
            if not (unknown and size is None) and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
                raise ReadError(f"{self.where}.shape: expected a list of sizes; received {shape!r:.80}")
        return tuple(shape)


def _index(parts: Sequence[_Part]) -> dict[str, int]:
    index: dict[str, int] = {}
    for part in parts:
        name = part.get("id", str)
        if name in index:
            raise ReadError(f"{part.where}.id: {name!r:.80} is there twice")
        index[name] = len(index)
    return index


def _coded(values: Sequence[_Value]) -> tuple[tuple[_Value, ...], array[int]]:
    table: dict[_Value, int] = {}
    codes = array("i", (table.setdefault(value, len(table)) for value in values))
    return tuple(table), codes


def _starts(rows: Sequence[Sequence[Any]]) -> array[int]:
    starts = array("q", [0])
    for row in rows:
        starts.append(starts[-1] + len(row))
    return starts
