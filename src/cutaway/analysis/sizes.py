"""Sizes of all tensors as numbers: the batch and other free lengths filled in, or every size anew for other inputs.

What a model says of its own shapes is trusted as long as its inputs have the sizes that it was made for; where they
do not, and where it says nothing, the rules of layers and operations answer. What neither knows stays unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cutaway.analysis.calls import Call, Size, Unknown
from cutaway.analysis.order import execution_order
from cutaway.analysis.size_rules import CELLS, CHANGES_FRONT, KEEPS_FRONT, layer_size, operation_sizes
from cutaway.errors import OptionError
from cutaway.graph.model import NO_TENSOR, Graph, Shape, Tensor

ShapeRule = Callable[[str, Mapping[str, Any], Sequence[Tensor]], Sequence[Tensor]]
"""Class of a Keras layer or operation, its configuration, what it reads → what it makes; raises without a rule."""

MOST_ELEMENTS = 1 << 60
"""A tensor that claims more elements than this is none that a machine can hold; its size counts as unknown."""

_WRAPPER = "TimeDistributed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What is fed to the model.

    Attributes:
        batch: Length of every free batch axis.
        shapes: Shape of some inputs, by name or id of their node, the batch included; None in one keeps its length.
        rule: Answers for Keras layers; None where sizes that the file states are enough.
    """

    batch: int = 1
    shapes: Mapping[str, Shape] | None = None
    rule: ShapeRule | None = None

    def __post_init__(self) -> None:
        if type(self.batch) is not int or self.batch < 1:
            raise OptionError(f"batch must be a whole number from 1; received {self.batch!r}")
        if not isinstance(self.shapes, Mapping | None):
            raise OptionError(f"shapes must be a mapping from inputs to their shapes; received {self.shapes!r:.80}")


class SizedCalls(NamedTuple):
    """Sizes of all tensors, and the calls that make them.

    Attributes:
        sizes: Size of every output tensor, by position among the graph's outputs; None where it is unknown.
        calls: One call of each sort, by its node: the first in execution order.
        sorts: For each node, that node: of its kind, and one that reads the same sizes.
    """

    sizes: list[Size | None]
    calls: dict[int, Call]
    sorts: list[int]


def sized_calls(graph: Graph, setting: Setting) -> SizedCalls:
    """Find the sizes of all tensors, looking at one call of each sort.

    Raises:
        OptionError: A shape is given for an input that is not there, or does not fit it.
    """
    return _Filler(graph, setting).run()


def input_nodes(graph: Graph) -> dict[str, int]:
    """Nodes through which data comes in, by every name that a user may know them by."""
    found: dict[str, int] = {}
    nodes = [port.node for port in graph.inputs] or [
        node for node in range(len(graph)) if graph.op(node) in ("InputLayer", "Input", "Placeholder")
    ]
    names = {port.node: port.name for port in graph.inputs}
    for node in nodes:
        for name in (graph.ids[node], graph.names[node], names.get(node, "")):
            if name:
                found.setdefault(name, node)
    return found


class _Filler:
    def __init__(self, graph: Graph, setting: Setting) -> None:
        self._graph = graph
        self._setting = setting
        self.sizes: list[Size | None] = [None] * len(graph.output_codes)
        self._changed = bytearray(len(graph))
        self._layers = _of_layers(graph)
        self._given = self._checked()
        self._steps = self._wrapped() if self._given else {}
        batch = setting.batch
        self._known = [_filled(tensor.shape, batch) for tensor in graph.tensors]
        self._open = [tensor.shape is None or None in tensor.shape for tensor in graph.tensors]

    def run(self) -> SizedCalls:
        graph, sizes, given, labels = self._graph, self.sizes, self._given, self._graph.input_labels
        kinds = range(len(graph)) if self._layers else graph.kinds
        places, first, starts = graph.input_places, graph.input_start.tolist(), graph.output_start.tolist()
        known: dict[Hashable, Call] = {}
        sorts = [0] * len(graph)
        for node in execution_order(graph):
            start, end = first[node], first[node + 1]
            read = tuple([sizes[place] if place >= 0 else place for place in places[start:end]])
            said = tuple(map(labels.get, range(start, end))) if labels else None
            about = (self._affected(node), node if node in given else None) if given else None
            sort = (kinds[node], read, said, about)
            call = known.get(sort)
            if call is None:
                told = [sizes[place] if place >= 0 else None for place in places[start:end] if place != NO_TENSOR]
                call = known[sort] = Call(graph, sizes, node, told)
                self._fill(call)
            else:
                same = call.node
                sizes[starts[node] : starts[node + 1]] = sizes[starts[same] : starts[same + 1]]
                self._changed[node] = self._changed[same]
            sorts[node] = call.node
        return SizedCalls(sizes, {call.node: call for call in known.values()}, sorts)

    def _fill(self, call: Call) -> None:
        """Sizes of what one node makes."""
        graph, node = self._graph, call.node
        if self._given and self._affected(node):
            self._derive(call, trusted=False)
            return
        sure = True
        for at in range(graph.output_start[node], graph.output_start[node + 1]):
            code = graph.output_codes[at]
            self.sizes[at] = self._known[code]
            if self._open[code] and (self._known[code] is None or not self._layers):
                sure = False
        if not sure and not self._in_front(call):
            self._derive(call, trusted=True)

    def _in_front(self, call: Call) -> bool:
        """Fill in the first axis of the only output from the input, where that is all that is free; whether it is."""
        graph, at = self._graph, self._graph.output_start[call.node]
        filled = self._known[graph.output_codes[at]]
        if not filled or graph.output_start[call.node + 1] != at + 1 or call.op not in KEEPS_FRONT:
            return False
        read = call.known_inputs
        if not read or not read[0]:
            return False
        self.sizes[at] = (read[0][0], *filled[1:])
        return True

    def _checked(self) -> dict[int, Size]:
        shapes = self._setting.shapes or {}
        inputs = input_nodes(self._graph)
        found = {}
        for name, shape in shapes.items():
            if name not in inputs:
                listed = ", ".join(repr(each) for each in list(inputs)[:12]) or "none"
                raise OptionError(f"a shape is given for the input {name!r}; this model has {listed}")
            node = inputs[name]
            outputs = self._graph.outputs_of(node)
            declared = outputs[0].shape if outputs else None
            if declared is not None and len(declared) != len(shape):
                raise OptionError(f"input {name!r} has {len(declared)} axes, {declared}; received {tuple(shape)}")
            filled = [
                (declared[at] if declared is not None else None) if length is None else length
                for at, length in enumerate(shape)
            ]
            if filled and filled[0] is None:
                filled[0] = self._setting.batch
            if not all(type(length) is int and 0 < length < 1 << 40 for length in filled):
                raise OptionError(f"the shape of input {name!r} must be whole numbers from 1; received {tuple(shape)}")
            found[node] = tuple(length for length in filled if length is not None)
        return found

    def _wrapped(self) -> dict[int, int]:
        """How many wrappers around each group hand on one step at a time, where there are any."""
        groups = self._graph.groups
        found: dict[int, int] = {}
        for group in range(1, len(groups)):
            deep = found.get(groups.parents[group], 0) + (groups.ops.get(group) == _WRAPPER)
            if deep:
                found[group] = deep
        return found

    def _affected(self, node: int) -> bool:
        """Whether the node has, or reads, other sizes than the model was made for."""
        if node in self._given:
            return True
        graph, changed = self._graph, self._changed
        first, last = graph.input_start[node], graph.input_start[node + 1]
        return any(changed[graph.input_node[at]] for at in range(first, last))

    def _derive(self, call: Call, *, trusted: bool) -> None:
        """Sizes by rule; what is declared fills in, and has the last word where it is ``trusted``."""
        graph, node = self._graph, call.node
        start = graph.output_start[node]
        made = self._by_rule(call)
        for at in range(start, graph.output_start[node + 1]):
            declared = graph.tensors[graph.output_codes[at]].shape
            found = made[at - start] if at - start < len(made) else None
            if found is not None and (min(found, default=1) < 0 or _too_large(found)):
                found = None
            if trusted:
                loose = None if call.op in CHANGES_FRONT else self._known[graph.output_codes[at]]
                found = _joined(declared, found, loose)
            self.sizes[at] = found
            if not trusted and (found is None or not _fits(found, declared, self._setting.batch)):
                self._changed[node] = True

    def _by_rule(self, call: Call) -> Sequence[Size | None]:
        if call.node in self._given:
            return [self._given[call.node]]
        try:
            if not self._layers:
                return operation_sizes(call)
            return self._by_layer_rule(call)
        except (Unknown, ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError):
            return []

    def _by_layer_rule(self, call: Call) -> Sequence[Size | None]:
        graph, node = self._graph, call.node
        if call.op in CELLS or call.op in ("EinsumDense", "DotProductAttention"):
            ranks = [None if tensor.shape is None else len(tensor.shape) for tensor in graph.outputs_of(node)]
            return layer_size(call, ranks)
        if self._setting.rule is None:
            return []
        deep = self._steps.get(graph.node_groups[node], 0)
        inputs = call.inputs
        steps = inputs[0][1 : 1 + deep] if inputs else ()
        dtypes = [graph.tensor(edge.source, edge.port).dtype for edge in graph.inputs_of(node)]
        read = [Tensor((size[0], *size[1 + deep :]), dtype) for size, dtype in zip(inputs, dtypes, strict=False)]
        made = self._setting.rule(call.op, call.attributes, read)
        return [_complete(tensor.shape, steps) for tensor in made]


def _of_layers(graph: Graph) -> bool:
    """Whether the nodes are Keras layers, in whose shapes only the batch is free in front; not operations."""
    if graph.format.startswith("keras"):
        return True
    return graph.format == "tfjs" and any("trainable" in graph.attributes[at] for at in range(min(4, len(graph))))


def _filled(shape: Shape | None, batch: int) -> Size | None:
    """``shape`` with the batch in front; None where another length is free."""
    if shape is None or None in shape[1:]:
        return None
    size = tuple(batch if length is None else length for length in shape)
    return None if _too_large(size) else size


def _too_large(size: Size) -> bool:
    total = 1
    for length in size:
        total *= length
        if total > MOST_ELEMENTS:
            return True
    return False


def _complete(shape: Shape | None, steps: Size) -> Size | None:
    if shape is None or None in shape:
        return None
    known = tuple(length for length in shape if length is not None)
    return (*known[:1], *steps, *known[1:]) if steps else known


def _joined(declared: Shape | None, found: Size | None, filled: Size | None) -> Size | None:
    """What is declared, its free lengths as found; with the batch in front where nothing fitting is found."""
    if found is None:
        return filled
    if declared is None:
        return found
    if len(declared) != len(found):
        return filled
    return tuple(one if length is None else length for length, one in zip(declared, found, strict=True))


def _fits(found: Size, declared: Shape | None, batch: int) -> bool:
    """Whether a size is one that the model would have without other inputs."""
    if declared is None or len(declared) != len(found):
        return False
    return all(
        length == (batch if at == 0 and wanted is None else wanted)
        for at, (length, wanted) in enumerate(zip(found, declared, strict=True))
    )
