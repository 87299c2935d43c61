"""Shown operations, their places and weights, written into a `GraphBuilder`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import GroupKind, Tensor, Weight
from cutaway.readers.tensorflow.arguments import is_setting, setting
from cutaway.readers.tensorflow.entry import Entry
from cutaway.readers.tensorflow.flow import Folding
from cutaway.readers.tensorflow.inline import LOOP_VARIABLE, Operations, Value
from cutaway.readers.tensorflow.layers import Cluster, layer_class
from cutaway.readers.tensorflow.op_outputs import output_tensors
from cutaway.readers.tensorflow.paths import Path, Place, Step
from cutaway.readers.tensorflow.weights import Weights

_MODELS = frozenset({"Functional", "Model", "Sequential"})


@dataclass(slots=True)
class Used:
    """What one shown operation uses.

    Attributes:
        edges: Its data inputs: shown operation and port.
        weights: Variables and constants, also those of the operations that are folded into it.
        settings: Inputs that tell how it works, by name.
    """

    edges: list[Value] = field(default_factory=list)
    weights: list[Weight] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that is known when the graph is written.

    Attributes:
        operations: All of them.
        folding: Which are shown.
        weights: What variables and constants are.
        entry: Classes of layers.
        inputs: Names of operations that bring data.
        shown: Name of a step of a path.
        paths: Path of each operation, the scope of the model cut off.
        around: What was cut off.
        input_kind: What operations that bring data are shown as.
    """

    operations: Operations
    folding: Folding
    weights: Weights
    entry: Entry
    inputs: Mapping[int, str]
    shown: Callable[[Step], str]
    paths: Sequence[Path]
    around: Path
    input_kind: str


class Writer:
    """Writes nodes, groups and edges.

    Args:
        found: What was found out.
        builder: Where it goes.
    """

    def __init__(self, found: Findings, builder: GraphBuilder) -> None:
        self._found = found
        self._builder = builder
        self._operations = found.operations
        self._groups: dict[Path, int] = {(): 0}
        self._classes: dict[Path, str] = {}
        self._single: set[Path] = set()
        self._node_of: dict[int, int] = {}
        self._layer_names: dict[Path, tuple[str, ...]] = {}
        self._prefixes: dict[tuple[str, Path], int] = {}
        self.carried: set[int] = set()
        """Variables and constants that are weights of some node."""

    def write(self, root: Place, members: Sequence[int]) -> None:
        """Write all shown operations, ``members``, which lie in the places below ``root``."""
        used = {at: self._use(at) for at in members}
        for place in root.walk():
            self._judge(place, used)
        places = {place.path: place for place in root.walk()}
        for at in members:
            place = places[self._found.paths[at]]
            self._node_of[at] = self._write_node(at, place, places, used[at])
        for at in members:
            target = self._node_of[at]
            for node, port in used[at].edges:
                self._builder.connect(self._node_of[node], target, port=port)
            self._write_loop(at)

    def node(self, operation: int) -> int | None:
        """The node that an operation became; None where it is not shown."""
        return self._node_of.get(operation)

    def _tensors(self, at: int) -> tuple[Tensor, ...]:
        return output_tensors(self._operations.body[at], self._operations.place[at])

    def _write_loop(self, at: int) -> None:
        if self._operations.ops[at] != LOOP_VARIABLE:
            return
        for node, value in self._operations.loops:
            if node == at and value[0] >= 0:
                source, port = self._found.folding.source(*value)
                if source in self._node_of:
                    self._builder.connect(self._node_of[source], self._node_of[at], port=port, label="next")

    def _use(self, at: int) -> Used:
        operations, folding, weights = self._operations, self._found.folding, self._found.weights
        used = Used()
        start, end = operations.input_start[at], operations.input_start[at + 1]
        op = operations.ops[at]
        for slot, edge in enumerate(range(start, end)):
            node, port = folding.source(operations.input_node[edge], operations.input_port[edge])
            if node < 0:
                continue
            if folding.shown[node]:
                used.edges.append((node, port))
                continue
            if folding.data[node]:
                continue
            told = weights.constant(node)
            if told is not None and (is_setting(op, slot, end - start) or node not in weights):
                used.settings[setting(op, slot, end - start)] = _plain(told.values, told.shape, told.dtype)
                continue
            for carried in folding.carried(node):
                self._use_carried(carried, node, at, slot, used)
        return used

    def _use_carried(self, carried: int, through: int, at: int, slot: int, used: Used) -> None:
        weights = self._found.weights
        if carried in weights:
            reader = self._operations.ops[at] if carried == through else ""
            self.carried.add(carried)
            made = weights.weight(carried, reader, self._layer(at), slot)
            if made not in used.weights:
                used.weights.append(made)
            return
        variable = weights.variable(carried)
        if variable is not None:
            used.settings.setdefault("resources", []).append(variable.name)

    def _layer(self, at: int) -> tuple[str, ...]:
        path = self._found.paths[at]
        if path not in self._layer_names:
            self._layer_names[path] = tuple(self._found.shown(step) for step in path if isinstance(step, str))
        return self._layer_names[path]

    def _judge(self, place: Place, used: Mapping[int, Used]) -> None:
        """Find the class of a place's layer, and whether one node says all of it."""
        if not place.path or not isinstance(place.path[-1], str):
            return
        operations = self._operations
        inside = [at for below in place.walk() for at in below.members] if place.parts else place.members
        rank = None
        if len(place.members) == 1 and used[place.members[0]].edges:
            node, port = used[place.members[0]].edges[0]
            tensors = self._tensors(node)
            shape = tensors[port].shape if port < len(tensors) else None
            rank = len(shape) if shape is not None else None
        cluster = Cluster(
            name=place.shown,
            ops=[operations.ops[at] for at in place.members],
            names=[operations.names[at] for at in place.members],
            weights={weight.name: weight.shape for at in inside for weight in used[at].weights},
            parts=[part.shown for part in place.parts.values()],
            rank=rank,
        )
        found = layer_class(cluster, self._found.entry.classes)
        if found:
            self._classes[place.path] = found
        if len(place.members) == 1 and not place.parts:
            self._single.add(place.path)

    def _group(self, path: Path, places: Mapping[Path, Place]) -> int:
        """The group of a path, made with those around it when it is first needed."""
        found = self._groups.get(path)
        if found is not None:
            return found
        parent = self._group(path[:-1], places)
        place, step = places[path], path[-1]
        kind: GroupKind = "scope"
        op = self._classes.get(path, "")
        if isinstance(step, int):
            kind, op = "function", self._operations.regions[step].op
        elif op in _MODELS:
            kind = "model"
        elif place.members or op:
            kind = "layer"
        self._groups[path] = self._builder.group(place.shown, parent=parent, kind=kind, op=op)
        return self._groups[path]

    def _write_node(self, at: int, place: Place, places: Mapping[Path, Place], used: Used) -> int:
        operations = self._operations
        op = operations.ops[at]
        name = self._found.inputs.get(at)
        attributes: dict[str, Any] = dict(used.settings)
        path = place.path
        if name is not None:
            group, op = 0, self._found.input_kind
        elif path in self._single:
            group, name = self._group(path[:-1], places), place.shown
            attributes["operation"] = operations.names[at]
            if self._classes.get(path, op) != op:
                attributes["kind"] = op
                op = self._classes[path]
        else:
            group = self._group(path, places)
            name = self._relative(operations.names[at], path)
        return self._builder.node(
            name, op, group=group, outputs=self._tensors(at), weights=used.weights,
            attributes=OperationAttributes(operations, at, attributes),
        )  # fmt: skip

    def _relative(self, name: str, path: Path) -> str:
        """The name of an operation without the scopes that are the groups around it."""
        scope = name.rpartition("/")[0]
        key = (scope, path)
        length = self._prefixes.get(key)
        if length is None:
            whole = (*self._found.around, *path)
            steps = [step.partition("#")[0] for step in whole if isinstance(step, str)]
            length = self._prefixes[key] = _prefix(scope, steps)
        return name[length:]


class OperationAttributes(Mapping[str, Any]):
    """Attributes of one operation, decoded from the file when somebody looks at them.

    Args:
        operations: All of them.
        at: Which.
        more: What was found out about it.
    """

    __slots__ = ("_at", "_more", "_operations")

    def __init__(self, operations: Operations, at: int, more: Mapping[str, Any]) -> None:
        self._operations = operations
        self._at = at
        self._more = more

    def _all(self) -> Mapping[str, Any]:
        place = self._operations.place[self._at]
        if place < 0:
            return self._more
        told = self._operations.body[self._at].attributes[place]
        return {**{key: value for key, value in told.items() if not key.startswith("_")}, **self._more}

    def __getitem__(self, key: str) -> Any:
        return self._all()[key]

    def __iter__(self) -> Any:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self) == dict(other)

    __hash__ = None  # type: ignore[assignment]  # as a dict

    def __repr__(self) -> str:
        return repr(dict(self))


def _prefix(scope: str, steps: Sequence[str]) -> int:
    """Length of the beginning of a scope that the steps of a path make up."""
    length = at = end = 0
    for part in scope.split("/"):
        at += len(part) + 1
        if length < len(steps) and part == steps[length]:
            length += 1
            end = at
    return end


def _plain(values: tuple[Any, ...] | None, shape: tuple[int, ...], dtype: str) -> Any:
    if values is None:
        return {"dtype": dtype, "shape": list(shape)}
    if not shape:
        return values[0] if values else None
    return list(values)
