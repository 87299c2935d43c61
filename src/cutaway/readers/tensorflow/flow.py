"""Which operations are the model, and which its plumbing.

The model is what data flows through. What is computed from constants, variables and shapes alone (reading a
variable, the scale of a batch normalisation, the shape for a reshape) is folded into the operation that uses
it, and so are operations that hand on what they get. Variables become weights of their readers.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Sequence
from typing import Protocol

from cutaway.readers.tensorflow.inline import LOOP_VARIABLE, Operations, Value
from cutaway.readers.tensorflow.op_kinds import CONSTANTS, PASSING

_OF_SHAPE = frozenset({"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike", "VarIsInitializedOp",
                       "TensorListElementShape", "VariableShape"})  # fmt: skip
_MOST_LISTED = 200_000
_FEW_LISTED = 16
"""Constants and variables that are listed for all folded operations in sum, and for each operation beyond that: in a
chain of sums of constants the list of each is longer than that of the one before. Large models list some thousand."""

_EFFECTS = ("Assign", "ResourceScatter", "Scatter", "Print", "LookupTableInsert", "LookupTableImport", "WriteFile")
"""Operations that are there for what they do and not for what they give."""

_RANDOM = ("Random", "TruncatedNormal", "Multinomial", "ParameterizedTruncatedNormal")


def is_constant(op: str) -> bool:
    """Whether an operation stands for a constant, a variable or another resource."""
    return op in CONSTANTS


def carries_data(operations: Operations, sources: Collection[int]) -> bytearray:
    """For each operation, whether it depends on what the model is given, on chance, or on a turn of a loop.

    Args:
        operations: All of them.
        sources: Operations that data comes from for sure, such as the arguments of the entered function.
    """
    kinds = {op: _kind(op) for op in set(operations.ops)}
    data = bytearray(len(operations))
    for node in sources:
        data[node] = 1
    starts, nodes = operations.input_start.tolist(), operations.input_node.tolist()
    carried = {node: value[0] for node, value in operations.loops if value[0] >= 0}
    late: dict[int, list[int]] = {}
    start = 0
    for at, op in enumerate(operations.ops):
        end = starts[at + 1]
        if not data[at]:
            kind = kinds[op]
            if kind == "random" or (kind == "" and start == end):
                data[at] = 1
            elif kind != "shape" and kind != "constant":
                for source in nodes[start:end]:
                    if source >= 0 and data[source]:
                        data[at] = 1
                        break
                else:
                    for source in (*nodes[start:end], carried.get(at, -1)):
                        if source >= 0:
                            late.setdefault(source, []).append(at)
        start = end
    _spread(data, late)
    return data


def _spread(data: bytearray, readers: dict[int, list[int]]) -> None:
    """Mark what reads marked operations: for loops, and graphs whose operations stand before what they read."""
    waiting = [node for node in readers if data[node]]
    while waiting:
        for reader in readers.get(waiting.pop(), ()):
            if not data[reader]:
                data[reader] = 1
                waiting.append(reader)


def _kind(op: str) -> str:
    if op in _OF_SHAPE:
        return "shape"
    if op in CONSTANTS:
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
        self._listed = 0
        self._sources: dict[Value, Value] = {}
        self._open: set[int] = set()
        self.data = data
        self.shown = bytearray(len(operations))
        passing = {op for op in set(self._ops) if op in PASSING}
        for at, op in enumerate(self._ops):
            if data[at] and (op not in passing or at in alone or self._starts[at] == self._starts[at + 1]):
                self.shown[at] = 1
        self._show_results(results)
        self._show_weighted()
        self._hide_unread(results)

    def source(self, node: int, port: int) -> Value:
        """What makes a value, beyond the operations that hand it on."""
        passed: dict[Value, None] = {}
        ops, starts, known = self._ops, self._starts, self._sources
        while node >= 0 and not self.shown[node] and ops[node] in PASSING:
            several = ops[node] == "IdentityN"
            edge = starts[node] + (port if several else 0)
            here = (node, port if several else 0)
            if edge >= starts[node + 1] or here in passed:  # it gets nothing, or what it gives itself
                break
            if here in known:
                node, port = known[here]
                break
            passed[here] = None
            node, port = self._nodes[edge], self._ports[edge]
        for here in passed:
            known[here] = (node, port)
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
            known[at] = self._union(inputs)
            stack.pop()
        return known[node]

    def _union(self, inputs: Sequence[int]) -> tuple[int, ...]:
        """What several operations are computed from; once that has become very much in sum, the first of each only."""
        most = None if self._listed < _MOST_LISTED else _FEW_LISTED
        known = self._carried
        found = tuple(dict.fromkeys(each for source in inputs for each in known.get(source, ())[:most]))[:most]
        self._listed += len(found)
        return found

    def _is_of_shape(self, at: int) -> bool:
        return self._ops[at] in _OF_SHAPE

    def _hide_unread(self, results: Sequence[Value]) -> None:
        """Hide what makes no result: steps of which only the shape is taken, outputs that the caller drops."""
        starts, nodes, ops = self._starts, self._nodes, self._ops
        reached = bytearray(len(ops))
        waiting = [node for node, _ in results if node >= 0]
        waiting += [at for at, op in enumerate(ops) if self.shown[at] and op.startswith(_EFFECTS)]
        following: dict[int, list[int]] = {}
        for variable, value in self._operations.loops:
            following.setdefault(variable, []).append(value[0])
        while waiting:
            at = waiting.pop()
            if at < 0 or reached[at]:
                continue
            reached[at] = 1
            waiting += following.get(at, ())
            if self.data[at] or self.shown[at]:
                waiting += nodes[starts[at] : starts[at + 1]]
        for at in range(len(ops)):
            if not reached[at] and self.shown[at]:
                self.shown[at] = 0

    def _show_results(self, results: Sequence[Value]) -> None:
        for node, port in results:
            source, _ = self.source(node, port)
            if source >= 0:
                self.shown[source] = 1

    def _show_weighted(self) -> None:
        """Operations on weights alone whose value goes to another layer, such as an embedding of positions."""
        starts, nodes, layers, data = self._starts, self._nodes, self._layers, self.data
        constants = {op for op in set(self._ops) if is_constant(op)}
        still = bytearray([op in constants for op in self._ops])
        for at in range(len(self._ops) - 1, -1, -1):  # readers first: what is shown here may have such inputs itself
            if not self.shown[at]:
                continue
            for node in nodes[starts[at] : starts[at + 1]]:
                if node < 0 or data[node] or still[node]:
                    continue
                source, _ = self.source(node, 0)
                if source < 0 or data[source] or self.shown[source] or is_constant(self._ops[source]):
                    continue
                if self._has_weight(source) and layers[source] and layers[source] != layers[at]:
                    self.shown[source] = 1

    def _has_weight(self, node: int) -> bool:
        return any(found in self._weights for found in self.carried(node))
