"""Shown operations, their places and weights, written into a `GraphBuilder` column by column.

A graph of a million operations has half a million nodes: what is done for each is a line in a loop here, what is done
for a place or for a kind of operation may cost more.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutaway.graph.build import Columns, GraphBuilder
from cutaway.graph.model import GroupKind, Tensor
from cutaway.graph.on_demand import AllOnDemand, SharedOnDemand
from cutaway.readers.tensorflow.entry import Variable
from cutaway.readers.tensorflow.flow import Folding
from cutaway.readers.tensorflow.inline import Operations
from cutaway.readers.tensorflow.judge import Judge
from cutaway.readers.tensorflow.layers import OPERATORS, operator_name
from cutaway.readers.tensorflow.op_outputs import OutputBudget, output_tensors
from cutaway.readers.tensorflow.paths import Place
from cutaway.readers.tensorflow.shown_attributes import OperationAttributes
from cutaway.readers.tensorflow.uses import Uses
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
        variables: What operations stand for that come from outside the graph.
    """

    operations: Operations
    folding: Folding
    weights: Weights
    classes: Mapping[str, str]
    inputs: Mapping[int, str]
    input_kind: str
    numbered: bool
    variables: Mapping[int, Variable]


class Writer:
    """Writes nodes, groups and edges.

    Args:
        found: What was found out.
        root: The place around all.
        members: All shown operations, in order.
        owners: The place that holds each.
    """

    def __init__(self, found: Findings, root: Place, members: Sequence[int], owners: Sequence[Place]) -> None:
        self._found = found
        self._operations = found.operations
        self._root = root
        self._members = members
        self._uses = Uses(found.operations, found.folding, found.weights, members, owners)
        self._settings: dict[int, dict[str, Any]] = self._uses.settings
        self._prefixes: dict[tuple[str, Place], int] = {}
        self._group_names: list[str] = []
        self._group_kinds: list[GroupKind] = []
        self._group_parents: list[int] = []
        self._group_ops: dict[int, str] = {}
        self._group_before: list[int] = []
        merged = self._merge_single_calls(root) if len(found.operations.regions) > 1 else {}
        self._owners = [merged.get(place, place) for place in owners] if merged else owners

    def write(self, builder: GraphBuilder) -> None:
        """Write all of it."""
        outputs, output_of = self._outputs()
        judge = Judge(self._operations, self._uses, lambda node: outputs[output_of[node]], self._found.classes)
        for place in self._root.walk():
            if isinstance(place.step, str) and place.around is not None:
                judge.judge(place)
        names, ops, groups = self._nodes()
        uses = self._uses
        unread = self._unread()
        builder.fill(
            Columns(
                group_names=self._group_names,
                group_kinds=self._group_kinds,
                group_parents=self._group_parents,
                group_ops=self._group_ops,
                group_before=self._group_before,
                names=names,
                ops=ops,
                node_groups=groups,
                outputs=outputs,
                output_of=output_of,
                weights=AllOnDemand(uses.weights, len(uses.called)),
                weight_start=uses.weight_start,
                weight_codes=uses.weight_codes,
                root_weights=unread,
                attributes=SharedOnDemand(len(names), self._attributes, self._same_attributes),
                sources=uses.sources,
                ports=uses.ports,
                targets=uses.targets,
            )
        )
        for variable, value in self._operations.loops:
            source, port = self._found.folding.source(*value) if value[0] >= 0 else value
            start, end = self.node(source), self.node(variable)
            if start is not None and end is not None:
                builder.connect(start, end, port=port, label="next")

    def node(self, operation: int) -> int | None:
        """The node that an operation became; None where it is not shown."""
        found = self._uses.node_of[operation] if operation >= 0 else -1
        return found if found >= 0 else None

    def _merge_single_calls(self, root: Place) -> dict[Place, Place]:
        """Take functions of one operation out of their groups: they were made for a compiler, not for a reader."""
        regions = self._operations.regions
        merged: dict[Place, Place] = {}
        taken: dict[Place, list[int]] = {}
        for place in list(root.walk()):
            step, around = place.step, place.around
            if not isinstance(step, int) or around is None or place.parts or len(place.members) != 1:
                continue
            if regions[step].op or regions[regions[step].parent].op:  # a loop, a branch, or the inside of one
                continue
            taken.setdefault(around, []).extend(place.members)
            del around.parts[step]
            merged[place] = around
        for place, members in taken.items():
            place.members = sorted((*place.members, *members))
        return merged

    def _outputs(self) -> tuple[list[tuple[Tensor, ...]], list[int]]:
        """Distinct rows of output tensors, and which of them each node has."""
        operations, budget = self._operations, OutputBudget()
        ops, bodies, places = operations.ops, operations.body, operations.place
        rows: dict[tuple[Tensor, ...], int] = {}
        known: dict[tuple[str, int, int], int] = {}
        found = []
        for at in self._members:
            body, place = bodies[at], places[at]
            key = (ops[at], id(body), body.attributes.code(place))
            row = known.get(key)
            if row is None:
                tensors = tuple(budget.cut(output_tensors(body, place, budget.most())))
                row = rows.setdefault(tensors, len(rows))
                if key[2] >= 0 and not budget.counts(tensors):
                    known[key] = row
            found.append(row)
        return list(rows), found

    def _unread(self) -> tuple[int, ...]:
        """Variables that the model is given and nothing reads: they are part of it all the same."""
        shown, read = self._found.folding.shown, self._uses.carried
        return tuple(
            self._uses.code(node) for node, variable in self._found.variables.items()
            if variable.kind == "variable" and node not in read and not shown[node]
        )  # fmt: skip

    def _group(self, place: Place, before: int) -> int:
        """The group of a place, made with those around it when it is first needed: by the node at ``before``."""
        if place.group >= 0 or place.around is None:
            return place.group
        parent = self._group(place.around, before)
        kind: GroupKind = "scope"
        op = place.kind
        if isinstance(place.step, int):
            kind, op = "function", self._operations.regions[place.step].op
        elif op in _MODELS:
            kind = "model"
        elif place.members or op:
            kind = "layer"
        self._group_names.append(place.shown)
        self._group_kinds.append(kind)
        self._group_parents.append(parent)
        self._group_before.append(before)
        place.group = len(self._group_names)
        if op:
            self._group_ops[place.group] = op
        return place.group

    def _nodes(self) -> tuple[list[str], list[str], list[int]]:
        """Names, operations and groups of all nodes."""
        operations, inputs, numbered = self._operations, self._found.inputs, self._found.numbered
        all_names, all_ops = operations.names, operations.ops
        names, ops, groups = [], [], []
        for index, (at, place) in enumerate(zip(self._members, self._owners, strict=True)):
            op, full = all_ops[at], all_names[at]
            if at in inputs:
                group, name, op = 0, inputs[at], self._found.input_kind
            elif place.single and place.around is not None:
                group, name = self._group(place.around, index), place.shown
                told = {"operation": full}
                if place.kind and place.kind != op:
                    told["kind"], op = op, place.kind
                self._tell(index, told)
            else:
                group = place.group
                if group < 0:
                    group = self._group(place, index)
                name = self._relative(full, at, place)
                if numbered and op in OPERATORS and (place.around is None or (place.parts and not place.kind)):
                    self._tell(index, {"operation": full, "kind": op})
                    name, op = operator_name(op, name), OPERATORS[op]
            names.append(name)
            ops.append(op)
            groups.append(group)
        return names, ops, groups

    def _tell(self, index: int, told: dict[str, Any]) -> None:
        self._settings.setdefault(index, {}).update(told)

    def _attributes(self, index: int) -> Mapping[str, Any]:
        return OperationAttributes(self._operations, self._members[index], self._settings.get(index, _NOTHING))

    def _same_attributes(self) -> Iterator[Hashable | None]:
        """What nodes have in common whose attributes are equal."""
        bodies, places, settings = self._operations.body, self._operations.place, self._settings
        for index, at in enumerate(self._members):
            place, attributes = places[at], bodies[at].attributes
            code = attributes.code(place) if place >= 0 else -1
            if code < 0:
                yield None
            else:
                told = settings.get(index)
                yield id(attributes), code, attributes.device(place), None if told is None else repr(told)

    def _relative(self, name: str, at: int, place: Place) -> str:
        """The name of an operation without the scopes that are the groups around it."""
        scope = name.rpartition("/")[0]
        if not scope:
            return name
        key = (scope, place)
        length = self._prefixes.get(key)
        if length is None:
            within = self._within_call(scope, self._operations.region[at])
            length = self._prefixes[key] = max(_prefix(scope, place.scopes), within)
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


def _prefix(scope: str, steps: Sequence[str]) -> int:
    """Length of the beginning of a scope that the steps of a path make up."""
    length = at = end = 0
    for part in scope.split("/"):
        at += len(part) + 1
        if length < len(steps) and part == steps[length]:
            length += 1
            end = at
    return end
