"""`Uses`: what each shown operation reads: others that are shown, weights, and settings that tell how it works."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from cutaway.graph.model import Weight
from cutaway.readers.tensorflow.arguments import setting
from cutaway.readers.tensorflow.flow import Folding
from cutaway.readers.tensorflow.inline import Operations
from cutaway.readers.tensorflow.paths import Place
from cutaway.readers.tensorflow.program import Constant
from cutaway.readers.tensorflow.weights import Called, Weights


class Uses:
    """The inputs of shown operations as columns, one row for each in their order.

    Attributes:
        node_of: For each operation, its position among the shown ones; -1 for one that is not shown.
        start, sources, ports: What it reads of other shown operations, in compressed rows by position.
        targets: Position of the reader of each edge.
        weight_start, weight_codes: Weights that it uses, in compressed rows.
        called: Short name and shape of each weight.
        settings: Values of its inputs that are settings, by position.
        carried: Operations that stand for a weight which some shown operation uses.

    Args:
        operations: All of them.
        folding: Which are shown.
        weights: Which are weights.
        members: The shown ones.
        owners: The places that hold them.
    """

    def __init__(
        self,
        operations: Operations,
        folding: Folding,
        weights: Weights,
        members: Sequence[int],
        owners: Sequence[Place],
    ) -> None:
        self._operations = operations
        self._folding = folding
        self._weights = weights
        self.node_of = array("i", [-1]) * len(operations)
        self.start = array("q", [0])
        self.sources, self.ports, self.targets = array("i"), array("i"), array("i")
        self.weight_start, self.weight_codes = array("q", [0]), array("i")
        self.called: list[Called] = []
        self.settings: dict[int, dict[str, Any]] = {}
        self.carried: set[int] = set()
        self._holder = -1
        self._held: set[int] = set()
        self._codes: dict[object, int] = {}
        self._made: list[tuple[int, Sequence[str]]] = []
        self._same: dict[Called, Called] = {}
        self._setting_names: dict[tuple[str, int, int], str] = {}
        for index, at in enumerate(members):
            self.node_of[at] = index
        self._find(members, owners)

    def _find(self, members: Sequence[int], owners: Sequence[Place]) -> None:
        operations, folding, node_of = self._operations, self._folding, self.node_of
        starts, nodes, ports = operations.input_start, operations.input_node, operations.input_port
        data, source = folding.data, folding.source
        to_source, to_port, to_target = self.sources.append, self.ports.append, self.targets.append
        end_row, end_weights = self.start.append, self.weight_start.append
        for index, (at, place) in enumerate(zip(members, owners, strict=True)):
            first, last = starts[at], starts[at + 1]
            for edge in range(first, last):
                node, port = nodes[edge], ports[edge]
                if node < 0:
                    continue
                read = node_of[node]
                if read < 0:
                    node, port = source(node, port)
                    if node < 0:
                        continue
                    read = node_of[node]
                if read >= 0:
                    to_source(read)
                    to_port(port)
                    to_target(index)
                elif not data[node]:
                    self._still(index, at, node, edge - first, last - first, place)
            end_row(len(self.sources))
            end_weights(len(self.weight_codes))

    def _still(self, index: int, at: int, node: int, slot: int, count: int, place: Place) -> None:
        """Take an input that no data flows through."""
        op = self._operations.ops[at]
        found = self._weights.value(node)
        if found is None:
            for carried in self._folding.carried(node):
                self._use(index, carried, op if carried == node else "", slot, place)
            return
        value, is_weight = found
        key = (op, slot, count)
        name = self._setting_names.get(key)
        if name is None:
            name = setting(op, slot, count)
            self._setting_names[key] = name = "" if name == f"input_{slot}" else name
        if is_weight and not name:
            code = self._codes.get(node)
            if code is None:
                called = self._weights.constant_called(node, value, op, slot)
                code = self._new(node, called, (node, place.layers))
                self.carried.add(node)
            self._add(index, code)
        else:
            self.settings.setdefault(index, {})[name or f"input_{slot}"] = _plain(value)

    def _use(self, index: int, node: int, reader: str, slot: int, place: Place) -> None:
        """Note that an operation uses what another stands for."""
        weights = self._weights
        if node in weights:
            self.carried.add(node)
            self._add(index, self.code(node, reader, place.layers, slot))
            return
        variable = weights.variable(node)
        if variable is not None:
            self.settings.setdefault(index, {}).setdefault("resources", []).append(variable.name)

    def _add(self, index: int, code: int) -> None:
        """Give a node a weight, unless it has it."""
        if self._holder != index:
            self._holder = index
            self._held.clear()
        if code not in self._held:
            self._held.add(code)
            self.weight_codes.append(code)

    def code(self, node: int, reader: str = "", layers: Sequence[str] = (), slot: int = 0) -> int:
        """Position of the weight that an operation stands for; that of a new one where nothing used it before."""
        key = self._weights.key(node)
        code = self._codes.get(key)
        if code is None:
            code = self._new(key, self._weights.called(node, reader, slot), (node, layers))
        return code

    def _new(self, key: object, called: Called, made: tuple[int, Sequence[str]]) -> int:
        code = self._codes[key] = len(self.called)
        self.called.append(self._same.setdefault(called, called))
        self._made.append(made)
        return code

    def weights(self) -> list[Weight]:
        """All weights, in the order of their codes."""
        return self._weights.make(self._made, self.called)

    def called_by(self, index: int) -> list[Called]:
        """Short names and shapes of the weights of one shown operation."""
        start, end = self.weight_start[index], self.weight_start[index + 1]
        return [self.called[code] for code in self.weight_codes[start:end]]


def _plain(value: Constant) -> Any:
    if value.values is None:
        return {"dtype": value.dtype, "shape": list(value.shape)}
    if not value.shape:
        return value.values[0] if value.values else None
    return list(value.values)
