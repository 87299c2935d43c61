"""`GraphBuilder`: readers append, `build()` checks once and freezes."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any

from cutaway.graph.model import CONTROL, Graph, GroupColumns, GroupKind, Port, Tensor, Weight

_NO_ATTRIBUTES: Mapping[str, Any] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """Many groups and nodes at once, for readers of graphs of a million nodes.

    Attributes:
        group_names, group_kinds: One entry a group; the first becomes group 1.
        group_parents: Group around each.
        group_ops: Class of the layer that a group is, by its index, where it is one.
        group_before: For each group, number of the nodes that were there before it: of two that want the same id, the
            one that was there first has it.
        names, ops, node_groups: One entry a node.
        outputs: Distinct rows of output tensors.
        output_of: For each node, the position of its row.
        weights: All weights, each once.
        weight_start, weight_codes: Weights of each node in compressed rows.
        root_weights: Weights of the model as a whole that no node has.
        attributes: Of each node.
        sources, ports, targets: Edges by reading node, in argument order.
    """

    group_names: list[str]
    group_kinds: list[GroupKind]
    group_parents: list[int]
    group_ops: dict[int, str]
    group_before: list[int]
    names: list[str]
    ops: list[str]
    node_groups: list[int]
    outputs: Sequence[tuple[Tensor, ...]]
    output_of: list[int]
    weights: Sequence[Weight]
    weight_start: array[int]
    weight_codes: array[int]
    root_weights: tuple[int, ...]
    attributes: Sequence[Mapping[str, Any]]
    sources: array[int]
    ports: array[int]
    targets: array[int]


class GraphBuilder:
    """Collects nodes, edges, groups and weights in any order, and makes a `Graph` of them.

    Ids are made here from names and position: ``group/name``, and ``group/name@2`` for the second of the
    same name in the same group, so equal input gives equal ids.

    Args:
        name: Name of the model.
        format: Name of the reader.
        producer: Program that wrote the model.
    """

    def __init__(self, name: str, format: str, producer: str = "") -> None:
        self.name = name
        self.format = format
        self.producer = producer
        self.warnings: list[str] = []
        self._ids: list[str] = []
        self._names: list[str] = []
        self._op_table: dict[str, int] = {}
        self._op_codes = array("i")
        self._node_groups = array("i")
        self._attributes: list[Mapping[str, Any]] = []
        self._columns: Columns | None = None
        self._tensor_table: dict[Tensor, int] = {}
        self._output_start = array("q", [0])
        self._output_codes = array("i")
        self._weight_start = array("q", [0])
        self._weight_codes = array("i")
        self._weight_table: dict[str, int] = {}
        self._weights: list[Weight] = []
        self._sources = array("i")
        self._ports = array("i")
        self._targets = array("i")
        self._labels: dict[int, str] = {}
        self._group_ids: list[str] = [""]
        self._group_names: list[str] = [name]
        self._group_kinds: list[GroupKind] = ["root"]
        self._parents = array("i", [-1])
        self._group_ops: dict[int, str] = {}
        self._found_by: dict[int, str] = {}
        self._group_attributes: dict[int, Mapping[str, Any]] = {}
        self._group_weights: dict[int, tuple[int, ...]] = {}
        self._taken: dict[str, int] = {"": 1}  # the id of the root
        self._inputs: list[Port] = []
        self._outputs: list[Port] = []

    def __len__(self) -> int:
        return len(self._names)

    def fill(self, columns: Columns) -> None:
        """Add all groups and nodes of an empty builder at once; edges may be added to them, but no nodes and weights.

        Raises:
            ValueError: The builder is not empty.
        """
        if self._names or len(self._group_names) > 1:
            raise ValueError(f"only an empty builder is filled; this one has {len(self._names)} nodes")
        self._columns = columns
        self._name_all(columns)
        self._group_names += columns.group_names
        self._group_kinds += columns.group_kinds
        self._parents.extend(columns.group_parents)
        self._group_ops.update(columns.group_ops)
        self._names = columns.names
        table = self._op_table
        self._op_codes.extend([table.setdefault(op, len(table)) for op in columns.ops])
        self._node_groups.extend(columns.node_groups)
        tensors = self._tensor_table
        rows = [tuple([tensors.setdefault(tensor, len(tensors)) for tensor in row]) for row in columns.outputs]
        lengths = list(map(len, rows))
        self._output_start.extend(accumulate(map(lengths.__getitem__, columns.output_of)))
        self._output_codes.extend(chain.from_iterable(map(rows.__getitem__, columns.output_of)))
        self._weight_start, self._weight_codes = columns.weight_start, columns.weight_codes
        if columns.root_weights:
            self._group_weights[0] = columns.root_weights
        self._sources, self._ports, self._targets = columns.sources, columns.ports, columns.targets

    def _name_all(self, columns: Columns) -> None:
        """Give ids to all groups and nodes."""
        ids = [""]
        for name, parent in zip(columns.group_names, columns.group_parents, strict=True):
            prefix = ids[parent]
            ids.append(f"{prefix}/{name}" if prefix else name)
        prefixes = [f"{each}/" if each else "" for each in ids]
        nodes = [prefixes[group] + name for group, name in zip(columns.node_groups, columns.names, strict=True)]
        taken = dict.fromkeys(ids, 1)
        taken.update(dict.fromkeys(nodes, 1))
        if len(taken) == len(ids) + len(nodes):
            self._group_ids, self._ids, self._taken = ids, nodes, taken
            return
        groups = list(zip(columns.group_names, columns.group_parents, columns.group_before, strict=True))
        groups.reverse()
        for at, (name, group) in enumerate(zip(columns.names, columns.node_groups, strict=True)):
            while groups and groups[-1][2] <= at:
                title, parent, _ = groups.pop()
                self._group_ids.append(self._unique(title, parent))
            self._ids.append(self._unique(name, group))
        for title, parent, _ in reversed(groups):
            self._group_ids.append(self._unique(title, parent))

    def group(
        self,
        name: str,
        *,
        parent: int = 0,
        kind: GroupKind = "scope",
        op: str = "",
        found_by: str = "",
        attributes: Mapping[str, Any] = _NO_ATTRIBUTES,
        weights: Iterable[Weight] = (),
    ) -> int:
        """Add a group inside ``parent`` and return its index. The root, 0, is there already."""
        index = len(self._group_names)
        self._group_ids.append(self._unique(name, parent))
        self._group_names.append(name)
        self._group_kinds.append(kind)
        self._parents.append(parent)
        self.describe_group(index, op=op, found_by=found_by, attributes=attributes, weights=weights)
        return index

    def describe_group(
        self,
        index: int,
        *,
        op: str = "",
        found_by: str = "",
        attributes: Mapping[str, Any] = _NO_ATTRIBUTES,
        weights: Iterable[Weight] = (),
    ) -> None:
        """Say more about a group that is there already, the root included."""
        codes = tuple(self._weight_code(weight) for weight in weights)
        if op:
            self._group_ops[index] = op
        if found_by:
            self._found_by[index] = found_by
        if attributes:
            self._group_attributes[index] = attributes
        if codes:
            self._group_weights[index] = codes

    def node(
        self,
        name: str,
        op: str,
        *,
        group: int = 0,
        outputs: Sequence[Tensor] = (Tensor(),),
        attributes: Mapping[str, Any] = _NO_ATTRIBUTES,
        weights: Iterable[Weight] = (),
    ) -> int:
        """Add a node and return its index. A weight is shared by handing in one with the same id again."""
        index = len(self._names)
        self._ids.append(self._unique(name, group))
        self._names.append(name)
        self._op_codes.append(self._op_table.setdefault(op, len(self._op_table)))
        self._node_groups.append(group)
        self._attributes.append(attributes)
        table = self._tensor_table
        for tensor in outputs:
            self._output_codes.append(table.setdefault(tensor, len(table)))
        self._output_start.append(len(self._output_codes))
        for weight in weights:
            self._weight_codes.append(self._weight_code(weight))
        self._weight_start.append(len(self._weight_codes))
        return index

    def connect(self, source: int, target: int, *, port: int = 0, label: str = "") -> None:
        """Add an edge from ``source``'s output ``port`` to the next free input slot of ``target``.

        Args:
            source: Node that makes the tensor; may be added later.
            target: Node that reads it.
            port: Output port, or `CONTROL` for a control edge.
            label: Name of the argument that receives it, unless it is the first.
        """
        if label:
            self._labels[len(self._sources)] = label
        self._sources.append(source)
        self._ports.append(port)
        self._targets.append(target)

    def mark_input(self, node: int, name: str = "", port: int = 0) -> None:
        """Say that a node's output is an input of the whole model."""
        self._inputs.append(Port(node, port, name))

    def mark_output(self, node: int, name: str = "", port: int = 0) -> None:
        """Say that a node's output is an output of the whole model."""
        self._outputs.append(Port(node, port, name))

    def build(self) -> Graph:
        """Check all that was added, and freeze it.

        Raises:
            ValueError: An edge, a port of the interface or a group names a node or group that is not there.
        """
        self._check()
        start, order = _rows(self._targets, len(self._names))
        groups = GroupColumns(
            ids=tuple(self._group_ids),
            names=tuple(self._group_names),
            kinds=tuple(self._group_kinds),
            parents=self._parents,
            ops=self._group_ops,
            found_by=self._found_by,
            attributes=self._group_attributes,
            weights=self._group_weights,
        )
        return Graph(
            name=self.name,
            format=self.format,
            producer=self.producer,
            ids=tuple(self._ids),
            names=tuple(self._names),
            ops=tuple(self._op_table),
            op_codes=self._op_codes,
            node_groups=self._node_groups,
            groups=groups,
            input_start=start,
            input_node=array("i", map(self._sources.__getitem__, order)),
            input_port=array("i", map(self._ports.__getitem__, order)),
            input_labels=self._labels_at(order),
            output_start=self._output_start,
            output_codes=self._output_codes,
            tensors=tuple(self._tensor_table),
            weight_start=self._weight_start,
            weight_codes=self._weight_codes,
            weights=tuple(self._weights) if self._columns is None else self._columns.weights,
            attributes=tuple(self._attributes) if self._columns is None else self._columns.attributes,
            inputs=tuple(self._inputs),
            outputs=tuple(self._outputs),
            warnings=tuple(self.warnings),
        )

    def _unique(self, name: str, group: int) -> str:
        prefix = self._group_ids[group]
        wanted = f"{prefix}/{name}" if prefix else name
        count = self._taken.get(wanted, 0) + 1
        self._taken[wanted] = count
        if count == 1:
            return wanted
        candidate = f"{wanted}@{count}"
        while candidate in self._taken:  # somebody named a layer "x@2"
            count += 1
            candidate = f"{wanted}@{count}"
        self._taken[wanted] = count
        self._taken[candidate] = 1
        return candidate

    def _weight_code(self, weight: Weight) -> int:
        code = self._weight_table.setdefault(weight.id, len(self._weights))
        if code == len(self._weights):
            self._weights.append(weight)
        return code

    def _labels_at(self, order: Sequence[int]) -> dict[int, str]:
        if not self._labels:
            return {}
        return {at: self._labels[edge] for at, edge in enumerate(order) if edge in self._labels}

    def _check(self) -> None:
        nodes, groups = len(self._names), len(self._group_names)
        for what, column, low, high in (
            ("an edge starts at node", self._sources, 0, nodes),
            ("an edge ends at node", self._targets, 0, nodes),
            ("an edge leaves port", self._ports, CONTROL, 1 << 30),
            ("a node lies in group", self._node_groups, 0, groups),
            ("the interface names node", [port.node for port in self._inputs + self._outputs], 0, nodes),
        ):
            if len(column) and not (low <= min(column) and max(column) < high):
                wrong = min(column) if min(column) < low else max(column)
                raise ValueError(f"{what} {wrong}; expected {low} up to {high - 1}")
        for index in range(1, groups):
            if not 0 <= self._parents[index] < index:
                raise ValueError(f"group {index} has parent {self._parents[index]}; expected an earlier group")


def _rows(targets: array[int], nodes: int) -> tuple[array[int], Sequence[int]]:
    """Row starts and a stable order of edges by target. Edges already in order, the usual case, are not sorted."""
    counts = [0] * (nodes + 1)
    ordered, last = True, -1
    for target in targets:
        counts[target + 1] += 1
        ordered = ordered and target >= last
        last = target
    start = array("q", accumulate(counts))
    if ordered:
        return start, range(len(targets))
    return start, sorted(range(len(targets)), key=targets.__getitem__)
