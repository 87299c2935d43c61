"""Shown operations, their places and weights, written into a `GraphBuilder`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import GroupKind, Tensor, Weight
from cutaway.readers.tensorflow.arguments import is_setting, setting
from cutaway.readers.tensorflow.flow import Folding
from cutaway.readers.tensorflow.inline import Operations, Value
from cutaway.readers.tensorflow.layers import OPERATORS, Cluster, layer_class, operator_name
from cutaway.readers.tensorflow.op_outputs import OutputBudget, output_tensors
from cutaway.readers.tensorflow.paths import Place
from cutaway.readers.tensorflow.weights import Weights

_MODELS = frozenset({"Functional", "Model", "Sequential"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that is known when the graph is written.

    Attributes:
        operations: All of them.
        folding: Which are shown.
        weights: What variables and constants are.
        classes: Classes of layers by name, from a configuration in the file.
        inputs: Names of operations that bring data.
        input_kind: What those are shown as.
        numbered: Whether Keras 3 made the graph, so that single operations have its names.
    """

    operations: Operations
    folding: Folding
    weights: Weights
    classes: Mapping[str, str]
    inputs: Mapping[int, str]
    input_kind: str
    numbered: bool


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
        self._edges: dict[int, list[Value]] = {}
        self._used: dict[int, dict[str, Weight]] = {}
        self._settings: dict[int, dict[str, Any]] = {}
        self._outputs: dict[tuple[str, int], tuple[Mapping[str, Any], tuple[Tensor, ...]]] = {}
        self._budget = OutputBudget()
        self._judged: dict[object, str] = {}
        self._node_of: dict[int, int] = {}
        self._prefixes: dict[tuple[str, int], int] = {}
        self.carried: set[int] = set()
        """Variables and constants that are weights of some node."""

    def write(self, root: Place, members: Sequence[int], owners: Sequence[Place]) -> None:
        """Write all shown operations, ``members``, each in the place that holds it."""
        for at, place in zip(members, owners, strict=True):
            self._use(at, place)
        merged = self._merge_single_calls(root)
        owners = [merged.get(id(place), place) for place in owners] if merged else owners
        for place in root.walk():
            if isinstance(place.step, str) and place.around is not None:
                self._judge(place)
        node_of, write_node = self._node_of, self._write_node
        for at, place in zip(members, owners, strict=True):
            node_of[at] = write_node(at, place)
        connect = self._builder.connect
        for at, edges in self._edges.items():
            target = node_of[at]
            for node, port in edges:
                connect(node_of[node], target, port=port)
        for node, value in self._operations.loops:
            source, port = self._found.folding.source(*value) if value[0] >= 0 else value
            if source in node_of and node in node_of:
                connect(node_of[source], node_of[node], port=port, label="next")

    def _merge_single_calls(self, root: Place) -> dict[int, Place]:
        """Take functions of one operation out of their groups: they were made for a compiler, not for a reader."""
        regions = self._operations.regions
        merged: dict[int, Place] = {}
        for place in list(root.walk()):
            step, around = place.step, place.around
            if not isinstance(step, int) or around is None or place.parts or len(place.members) != 1:
                continue
            if regions[step].op or regions[regions[step].parent].op:  # a loop, a branch, or the inside of one
                continue
            around.members = sorted((*around.members, *place.members))
            del around.parts[step]
            merged[id(place)] = around
        return merged

    def node(self, operation: int) -> int | None:
        """The node that an operation became; None where it is not shown."""
        return self._node_of.get(operation)

    def _tensors(self, at: int) -> tuple[Tensor, ...]:
        body, place = self._operations.body[at], self._operations.place[at]
        if place < body.arguments:
            return output_tensors(body, place)
        told = body.attributes[place]  # one object for all operations whose attributes are alike
        key = (self._operations.ops[at], id(told))
        known = self._outputs.get(key)
        if known is None:
            known = self._outputs[key] = (told, output_tensors(body, place, self._budget.most()))
        return known[1]

    def _use(self, at: int, place: Place) -> None:
        """Find what an operation reads: others that are shown, weights, and settings that tell how it works."""
        operations, folding, weights = self._operations, self._found.folding, self._found.weights
        shown, data = folding.shown, folding.data
        start, end = operations.input_start[at], operations.input_start[at + 1]
        edges: list[Value] = []
        for edge in range(start, end):
            node, port = operations.input_node[edge], operations.input_port[edge]
            if node >= 0 and not shown[node]:
                node, port = folding.source(node, port)
            if node < 0:
                continue
            if shown[node]:
                edges.append((node, port))
            elif not data[node]:
                op, slot, count = operations.ops[at], edge - start, end - start
                told = weights.constant(node)
                if told is not None and (node not in weights or is_setting(op, slot, count)):
                    settings = self._settings.setdefault(at, {})
                    settings[setting(op, slot, count)] = _plain(told.values, told.shape, told.dtype)
                    continue
                for carried in folding.carried(node):
                    self._use_carried(carried, node, at, slot, place)
        if edges:
            self._edges[at] = edges

    def _weights_of(self, at: int) -> Iterable[Weight]:
        used = self._used.get(at)
        return used.values() if used else ()

    def _use_carried(self, carried: int, through: int, at: int, slot: int, place: Place) -> None:
        weights = self._found.weights
        if carried in weights:
            reader = self._operations.ops[at] if carried == through else ""
            self.carried.add(carried)
            made = weights.weight(carried, reader, place.layers, slot)
            self._used.setdefault(at, {})[made.id] = made
            return
        variable = weights.variable(carried)
        if variable is not None:
            self._settings.setdefault(at, {}).setdefault("resources", []).append(variable.name)

    def _judge(self, place: Place) -> None:
        """Find the class of a place's layer, and whether one node says all of it."""
        operations, members, parts = self._operations, place.members, place.parts
        looped = any(isinstance(step, int) for step in parts)
        inside = [at for below in place.walk() for at in below.members] if looped else members
        place.single = len(members) == 1 and not parts
        cluster = Cluster(
            name=place.shown,
            ops=[operations.ops[at] for at in members],
            names=[operations.names[at] for at in members],
            weights={weight.name: weight.shape for at in inside for weight in self._weights_of(at)},
            parts=[part.shown for part in parts.values()] if parts else (),
            rank=self._rank_of_input(members[0]) if len(members) == 1 else None,
        )
        key = cluster.key
        found = self._judged.get(key)
        if found is None:
            found = self._judged[key] = layer_class(cluster, self._found.classes)
        place.kind = found

    def _rank_of_input(self, at: int) -> int | None:
        edges = self._edges.get(at)
        if not edges:
            return None
        node, port = edges[0]
        tensors = self._tensors(node)
        shape = tensors[port].shape if port < len(tensors) else None
        return len(shape) if shape is not None else None

    def _group(self, place: Place) -> int:
        """The group of a place, made with those around it when it is first needed."""
        if place.group >= 0 or place.around is None:
            return place.group
        parent = self._group(place.around)
        kind: GroupKind = "scope"
        op = place.kind
        if isinstance(place.step, int):
            kind, op = "function", self._operations.regions[place.step].op
        elif op in _MODELS:
            kind = "model"
        elif place.members or op:
            kind = "layer"
        place.group = self._builder.group(place.shown, parent=parent, kind=kind, op=op)
        return place.group

    def _write_node(self, at: int, place: Place) -> int:
        operations = self._operations
        op, full = operations.ops[at], operations.names[at]
        more = self._settings.get(at)
        name = self._found.inputs.get(at)
        if name is not None:
            group, op = 0, self._found.input_kind
        elif place.single and place.around is not None:
            group, name = self._group(place.around), place.shown
            more = {**(more or {}), "operation": full}
            if place.kind and place.kind != op:
                more["kind"] = op
                op = place.kind
        else:
            group = place.group if place.group >= 0 else self._group(place)
            name = self._relative(full, operations.region[at], place)
            if self._found.numbered and op in OPERATORS and (place.around is None or (place.parts and not place.kind)):
                more = {**(more or {}), "operation": full, "kind": op}
                name, op = operator_name(op, name), OPERATORS[op]
        return self._builder.node(
            name, op, group=group, outputs=self._budget.cut(self._tensors(at)), weights=self._weights_of(at),
            attributes=OperationAttributes(operations, at, more or _NOTHING),
        )  # fmt: skip

    def _relative(self, name: str, region: int, place: Place) -> str:
        """The name of an operation without the scopes that are the groups around it."""
        scope = name.rpartition("/")[0]
        if not scope:
            return name
        key = (scope, id(place))
        length = self._prefixes.get(key)
        if length is None:
            length = self._prefixes[key] = max(_prefix(scope, place.scopes), self._within_call(scope, region))
        return name[length:]

    def _within_call(self, scope: str, region: int) -> int:
        """Length of the beginning of a scope that is the name of the call around it."""
        while region > 0:
            call = self._operations.regions[region]
            if call.caller and f"{scope}/".startswith(f"{call.caller}/"):
                return len(call.caller) + 1
            region = call.parent
        return 0


_NOTHING: Mapping[str, Any] = {}


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
