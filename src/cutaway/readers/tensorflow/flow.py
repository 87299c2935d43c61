"""Which operations are the model, and which its plumbing.

The model is what data flows through. What is computed from constants, variables and shapes alone (reading a
variable, the scale of a batch normalisation, the shape for a reshape) is folded into the operation that uses
it, and so are operations that hand on what they get. Variables become weights of their readers.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Sequence
from typing import Protocol

from cutaway.readers.tensorflow.inline import LOOP_VARIABLE, Operations, Value

RESOURCE = "VarHandleOp"

VARIABLES = frozenset({RESOURCE, "VariableV2", "Variable", "AutoReloadVariable", "_VarHandlesOp"})
"""Operations that stand for a variable."""

TABLES = frozenset({
    "HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2", "MutableDenseHashTableV2",
    "AnonymousHashTable", "AnonymousMutableHashTable", "SimpleMLCreateModelResource", "LMDBDataset",
})  # fmt: skip
"""Operations that stand for a resource other than a variable."""

PASSING = frozenset({"Identity", "IdentityN", "StopGradient", "PreventGradient", "Snapshot", "ReadVariableOp",
                     "DebugIdentity", "DebugIdentityV2", "PlaceholderWithDefault", "RefIdentity"})  # fmt: skip
"""Operations that hand on their input."""

_OF_SHAPE = frozenset({"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike", "VarIsInitializedOp",
                       "TensorListElementShape", "VariableShape"})  # fmt: skip
_CONSTANTS = frozenset({"Const", "NoOp", "ImmutableConst", "HostConst"}) | VARIABLES | TABLES
_RANDOM = ("Random", "TruncatedNormal", "Multinomial", "ParameterizedTruncatedNormal")


def is_constant(op: str) -> bool:
    """Whether an operation stands for a constant, a variable or another resource."""
    return op in _CONSTANTS


def carries_data(operations: Operations, sources: Collection[int]) -> bytearray:
    """For each operation, whether it depends on what the model is given, on chance, or on a turn of a loop.

    Args:
        operations: All of them.
        sources: Operations that data comes from for sure, such as the arguments of the entered function.
    """
    count = len(operations)
    kinds = {op: _kind(op) for op in set(operations.ops)}
    data = bytearray(count)
    for node in sources:
        data[node] = 1
    starts, nodes = operations.input_start.tolist(), operations.input_node.tolist()
    carried = {node: value[0] for node, value in operations.loops}
    changed = True
    while changed:  # once for graphs without cycles; once more for each loop inside a loop
        changed = False
        backwards = bool(carried)
        start = 0
        for at, op in enumerate(operations.ops):
            end = starts[at + 1]
            if not data[at]:
                kind = kinds[op]
                if kind == "random" or (kind == "" and start == end):
                    data[at] = 1
                elif kind != "shape" and kind != "constant":
                    for source in nodes[start:end]:
                        if source >= at:
                            backwards = True
                        if source >= 0 and data[source]:
                            data[at] = 1
                            break
                    else:
                        if at in carried and carried[at] >= 0 and data[carried[at]]:
                            data[at] = 1
                changed |= bool(data[at]) and backwards
            start = end
        if not backwards:
            break
    return data


def _kind(op: str) -> str:
    if op in _OF_SHAPE:
        return "shape"
    if op in _CONSTANTS:
        return "constant"
    if op == LOOP_VARIABLE:
        return "loop"
    return "random" if op.startswith(_RANDOM) or "Random" in op else ""


class SupportsGetItem(Protocol):
    """A column of layers."""

    def __getitem__(self, at: int, /) -> object: ...


class Folding:
    """Decides which operations are shown, and what the others give to those.

    Args:
        operations: All of them.
        data: For each, whether data flows through it.
        layers: For each, the key of the layer that it belongs to.
        weights: Variables, and constants that stand for some.
        results: What the model returns; an operation that makes one is shown if it computes anything.
        alone: Operations that are shown although they hand on their input: all that is left of a layer.
    """

    def __init__(
        self,
        operations: Operations,
        data: bytearray,
        layers: SupportsGetItem,
        weights: Container[object],
        results: Sequence[Value],
        alone: Collection[int],
    ) -> None:
        self._operations = operations
        self._ops = operations.ops
        self._starts = operations.input_start
        self._nodes = operations.input_node
        self._ports = operations.input_port
        self._layers = layers
        self._weights = weights
        self._carried: dict[int, tuple[int, ...]] = {}
        self._open: set[int] = set()
        self.data = data
        self.shown = bytearray(len(operations))
        passing = {op for op in set(self._ops) if op in PASSING}
        for at, op in enumerate(self._ops):
            if data[at] and (op not in passing or at in alone or self._starts[at] == self._starts[at + 1]):
                self.shown[at] = 1
        self._show_results(results)
        self._show_weighted()

    def source(self, node: int, port: int) -> Value:
        """What makes a value, beyond the operations that hand it on."""
        seen = 0
        while node >= 0 and not self.shown[node] and self._ops[node] in PASSING:
            edge = self._starts[node] + (port if self._ops[node] == "IdentityN" else 0)
            if edge >= self._starts[node + 1] or seen > len(self._ops):
                break
            node, port = self._nodes[edge], self._ports[edge]
            seen += 1
        return node, port

    def carried(self, node: int) -> tuple[int, ...]:
        """Constants, variables and tables from which a folded operation is computed, in order, each once."""
        known = self._carried
        if node in known:
            return known[node]
        stack = [node]
        while stack:
            at = stack[-1]
            if at in known:
                stack.pop()
                continue
            if is_constant(self._ops[at]):
                known[at] = (at,)
                stack.pop()
                continue
            inputs = [] if self._is_of_shape(at) else [
                source for source in self._nodes[self._starts[at] : self._starts[at + 1]]
                if source >= 0 and not self.data[source] and not self.shown[source]
            ]  # fmt: skip
            waiting = [source for source in inputs if source not in known]
            if waiting and at not in self._open:
                self._open.add(at)
                stack.extend(waiting)
                continue
            self._open.discard(at)
            known[at] = tuple(dict.fromkeys(found for source in inputs for found in known.get(source, ())))
            stack.pop()
        return known[node]

    def _is_of_shape(self, at: int) -> bool:
        return self._ops[at] in _OF_SHAPE

    def _show_results(self, results: Sequence[Value]) -> None:
        for node, port in results:
            source, _ = self.source(node, port)
            if source >= 0:
                self.shown[source] = 1

    def _show_weighted(self) -> None:
        """Operations on weights alone whose value goes to another layer, such as an embedding of positions."""
        starts, nodes, layers, data = self._starts, self._nodes, self._layers, self.data
        for at in range(len(self._ops) - 1, -1, -1):  # readers first: what is shown here may have such inputs itself
            if not self.shown[at]:
                continue
            for edge in range(starts[at], starts[at + 1]):
                source, _ = self.source(nodes[edge], 0)
                if source < 0 or data[source] or self.shown[source] or is_constant(self._ops[source]):
                    continue
                if self._has_weight(source) and layers[source] and layers[source] != layers[at]:
                    self.shown[source] = 1

    def _has_weight(self, node: int) -> bool:
        return any(found in self._weights for found in self.carried(node))
