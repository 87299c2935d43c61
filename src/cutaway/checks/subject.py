"""`Subject`: a model as checks look at it. What several checks need is worked out once, when the first asks for it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from cutaway.checks.weight_values import Look, looks
from cutaway.graph.model import CONTROL, Graph, Shape, Weight

if TYPE_CHECKING:
    from cutaway.checks.weight_values import Values

_NOTHING: Mapping[str, Any] = {}


def words(text: str) -> frozenset[str]:
    """The words of a text: names of operations, without a quote around each."""
    return frozenset(text.split())


_MOST_CONFIGURED = 1 << 16
"""Kinds of nodes whose configuration is kept: in a graph of a million nodes, each may be one by itself."""

_SIDE_EFFECTS = words(
    "NoOp CALL_ONCE HASHTABLE_IMPORT LookupTableInsertV2 Abort "
    "Assert Print PrintV2 PyFunc EagerPyFunc PyFuncStateless SaveV2 RestoreV2 WriteFile Exit NextIteration "
    "Assign AssignAdd AssignSub AssignVariableOp AssignAddVariableOp AssignSubVariableOp ScatterUpdate "
    "ASSIGN_VARIABLE HashTableV2 LookupTableImportV2 InitializeTableV2 InitializeTableFromTextFileV2 "
    "WriteScalarSummary WriteSummary ScalarSummary HistogramSummary MergeSummary ImageSummary QueueEnqueueV2 "
    "QueueCloseV2 TensorArrayCloseV3 StackCloseV2 MergeV2Checkpoints Send _Send _Retval"
)
"""Operations that do something even though nobody reads what they make."""


class Subject:
    """A model, with what checks ask about it. Nodes are indices; edges without a tensor are left out.

    Args:
        graph: The model.
        compiled: How it was compiled, as Keras writes it; empty where that is not known.
        values: Gives the values of a weight, or None where they cannot be read; None where they are not to be read.
    """

    def __init__(
        self,
        graph: Graph,
        compiled: Mapping[str, Any] = _NOTHING,
        values: Callable[[Weight], Values | None] | None = None,
    ) -> None:
        self.graph = graph
        self.compiled = compiled
        self.values = values
        self._configured: dict[int, Mapping[str, Any]] = {}

    @cached_property
    def outputs(self) -> frozenset[int]:
        """Nodes that make an output of the model."""
        return frozenset(port.node for port in self.graph.outputs)

    @cached_property
    def inputs(self) -> frozenset[int]:
        """Nodes that are an input of the model."""
        return frozenset(port.node for port in self.graph.inputs)

    @cached_property
    def _by_op(self) -> dict[str, list[int]]:
        found: list[list[int]] = [[] for _ in self.graph.ops]
        for node, code in enumerate(self.graph.op_codes):
            found[code].append(node)
        return dict(zip(self.graph.ops, found, strict=True))

    def of(self, ops: Iterable[str], so: Callable[[Subject, int], bool] | None = None) -> list[int]:
        """Nodes of some operations, in their order.

        Args:
            ops: The operations.
            so: What must be so of a node, which its operation and its attributes decide alone: asked once of each kind.
        """
        rows = [self._by_op[op] for op in ops if op in self._by_op]
        found = rows[0] if len(rows) == 1 else sorted(node for row in rows for node in row)
        if so is None:
            return found
        kinds = self.graph.kinds
        asked = {kind: so(self, kind) for kind in {kinds[node] for node in found}}
        return [node for node in found if asked[kinds[node]]]

    @cached_property
    def looks(self) -> Sequence[Look]:
        """What is known about the values of the weights; nothing where they are not to be read."""
        return () if self.values is None else tuple(looks(self.graph, self.values))

    @property
    def has_interface(self) -> bool:
        """Whether the file says what the outputs of the model are; of a bare graph of operations they are guessed."""
        return bool(self.outputs) and self.graph.format not in ("graph_def", "meta_graph", "events")

    @property
    def ops(self) -> Iterable[str]:
        """The operations that there are."""
        return self._by_op.keys()

    @cached_property
    def _sources(self) -> tuple[Sequence[int], Sequence[int]]:
        """Edges with tensors in compressed rows: starts by reading node, and the nodes that are read."""
        graph = self.graph
        if CONTROL not in graph.input_port:
            return graph.input_start, graph.input_node
        start, nodes = array("q", [0]), array("q")
        first = 0
        for end in graph.input_start[1:]:
            for at in range(first, end):
                if graph.input_port[at] != CONTROL:
                    nodes.append(graph.input_node[at])
            start.append(len(nodes))
            first = end
        return start, nodes

    @cached_property
    def _readers(self) -> tuple[Sequence[int], Sequence[int]]:
        """The same edges the other way round."""
        starts, sources = self._sources
        counts = [0] * (len(self.graph) + 1)
        for source in sources:
            counts[source + 1] += 1
        start = list(accumulate(counts))
        free, readers = start[:], [0] * len(sources)
        for node in range(len(self.graph)):
            for at in range(starts[node], starts[node + 1]):
                source = sources[at]
                readers[free[source]] = node
                free[source] += 1
        return start, readers

    def sources(self, node: int) -> Sequence[int]:
        """Nodes that a node reads, in the order of its arguments."""
        start, nodes = self._sources
        return nodes[start[node] : start[node + 1]]

    def readers(self, node: int) -> Sequence[int]:
        """Nodes that read a node, one for every edge."""
        start, nodes = self._readers
        return nodes[start[node] : start[node + 1]]

    def source(self, node: int) -> int | None:
        """The node that a node reads, where it is one and nobody else, the world included, reads that."""
        start, nodes = self._sources
        first = start[node]
        if start[node + 1] != first + 1:
            return None
        found = nodes[first]
        read = self._readers[0]
        return None if found in self.outputs or read[found + 1] != read[found] + 1 else found

    def op(self, node: int) -> str:
        """Class of the layer or kind of the operation."""
        return self.graph.op(node)

    def name(self, node: int) -> str:
        """Id of a node, for a text."""
        return self.graph.ids[node]

    def attributes(self, node: int) -> Mapping[str, Any]:
        """All that a node was configured with, decoded once for all nodes of its kind."""
        kind = self.graph.kinds[node]
        found = self._configured.get(kind)
        if found is None:
            found = self.graph.attributes[node]
            if not isinstance(found, dict):
                found = dict(found.items())
            if len(self._configured) < _MOST_CONFIGURED:
                self._configured[kind] = found
        return found

    def attribute(self, node: int, name: str) -> Any:
        """What a node was configured with; None where it does not say."""
        return self.attributes(node).get(name)

    def shape(self, node: int, port: int = 0) -> Shape | None:
        """Shape of an output; None where even the rank is unknown."""
        return self.graph.tensor(node, port).shape

    def dtype(self, node: int) -> str:
        """Element type of the first output, or an empty text."""
        return self.graph.tensor(node, 0).dtype or ""

    def read_shape(self, node: int, slot: int = 0) -> Shape | None:
        """Shape of what a node reads; None where it is unknown."""
        graph = self.graph
        at = graph.input_start[node] + slot
        if at >= graph.input_start[node + 1]:
            return None
        return graph.tensor(graph.input_node[at], graph.input_port[at]).shape

    @cached_property
    def useful(self) -> bytearray:
        """1 for each node that an output of the model, or an operation with an effect of its own, depends on."""
        graph = self.graph
        found = bytearray(len(graph))
        effects = self.of(op for op in self.ops if op.removeprefix("Flex") in _SIDE_EFFECTS)
        waiting = [*self.outputs, *effects, *self._of_functions()]
        for node in waiting:
            found[node] = 1
        while waiting:  # edges of control count here: what must have run before is of use
            node = waiting.pop()
            for at in range(graph.input_start[node], graph.input_start[node + 1]):
                source = graph.input_node[at]
                if not found[source]:
                    found[source] = 1
                    waiting.append(source)
        return found

    def _of_functions(self) -> list[int]:
        """Nodes in bodies of functions: what calls the function reads their results, which no edge tells."""
        groups = self.graph.groups
        inside = [kind == "function" for kind in groups.kinds]
        for index in range(1, len(groups)):
            inside[index] = inside[index] or inside[groups.parents[index]]
        if not any(inside):
            return []
        return [node for node, group in enumerate(self.graph.node_groups) if inside[group]]

    @cached_property
    def in_layer(self) -> list[int]:
        """For each group, the outermost layer around it or itself that is opened into operations; 0 for none."""
        groups = self.graph.groups
        found = [0] * len(groups)
        for index in range(1, len(groups)):
            around = found[groups.parents[index]]
            found[index] = around or (index if groups.kinds[index] == "layer" else 0)
        return found

    def same_layer(self, first: int, second: int) -> bool:
        """Whether two nodes lie in one opened layer, whose inside its user did not write."""
        owner = self.graph.node_groups
        held = self.in_layer[owner[first]]
        return held != 0 and held == self.in_layer[owner[second]]
