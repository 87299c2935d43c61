"""Memory: how many bytes of activations are alive while each node runs, and what training holds besides.

A tensor is alive from the node that makes it until the last that reads it; an output of the model, until the end.
What only hands on or reshapes its input makes no copy. Nothing is computed in place, no scratch space of a kernel is
counted: the peak is what a runtime needs that frees each tensor as soon as it can.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from cutaway.analysis.calls import Size
from cutaway.analysis.cost import tensor_bytes
from cutaway.analysis.order import execution_order
from cutaway.errors import OptionError
from cutaway.graph.model import CONTROL, Graph, Weight
from cutaway.graph.walk import row_of_each

_VIEWS = (
    "Reshape Flatten Identity StopGradient PreventGradient Snapshot Squeeze ExpandDims Dropout SpatialDropout1D "
    "SpatialDropout2D SpatialDropout3D GaussianDropout GaussianNoise AlphaDropout ActivityRegularization Masking "
    "EnsureShape RESHAPE SQUEEZE EXPAND_DIMS"
)

VIEWS = frozenset(_VIEWS.split())
"""Operations that hand on their first input, in its shape or another one."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Activations over one run.

    Attributes:
        order: Nodes in the order they are run in.
        alive: Bytes that are alive while each of them runs, in that order.
        peak: The most of them, while the nodes run that it is looked for among; 0 where there are none.
        at: Node that runs at the peak; -1 where there are none.
        tensors: What is alive then, as ``(node, port, bytes)``, the largest first.
        unknown: Number of tensors whose size is unknown; they are not in the sums.
    """

    order: Sequence[int]
    alive: Sequence[int]
    peak: int
    at: int
    tensors: tuple[tuple[int, int, int], ...]
    unknown: int


def activations(
    graph: Graph, sizes: Sequence[Size | None], *, precision: str | None = None, among: Container[int] | None = None
) -> Memory:
    """Follow the activations over the execution order.

    Args:
        graph: The model.
        sizes: Size of every output tensor, as `Cost.sizes`.
        precision: Type that all floats are held in; None for those of the model.
        among: Nodes that the peak is looked for among; None for all.
    """
    order = execution_order(graph)
    step = [0] * len(graph)
    for at, node in enumerate(order):
        step[node] = at
    holder = _holders(graph, order)
    size = tensor_bytes(graph, sizes, precision)
    born, dies = _lives(graph, holder, step)
    change = [0] * (len(graph) + 1)
    for place, own in enumerate(holder):
        if own == place:
            change[born[place]] += size[place]
            change[dies[place] + 1] -= size[place]
    alive, total = [], 0
    for each in change[:-1]:
        total += each
        alive.append(total)
    steps = range(len(alive)) if among is None else [at for at, node in enumerate(order) if node in among]
    if not steps:
        return Memory(order, alive, 0, -1, (), 0)
    top = max(steps, key=alive.__getitem__)
    there = [
        place for place, own in enumerate(holder) if own == place and size[place] and born[place] <= top <= dies[place]
    ]
    there.sort(key=lambda place: (-size[place], place))
    maker = list(row_of_each(graph.output_start))
    tensors = tuple((maker[place], place - graph.output_start[maker[place]], size[place]) for place in there)
    return Memory(order, alive, alive[top], order[top], tensors, sum(each is None for each in sizes))


def _holders(graph: Graph, order: Sequence[int]) -> list[int]:
    """For each output tensor, the one in whose memory it lies: its own, or that of what it is a view of."""
    starts = graph.output_start
    found = list(range(len(graph.output_codes)))
    views = [op in VIEWS for op in graph.ops]
    for node in order:
        first = graph.input_start[node]
        if not views[graph.op_codes[node]] or first == graph.input_start[node + 1] or starts[node] == starts[node + 1]:
            continue
        port, source = graph.input_port[first], graph.input_node[first]
        if port != CONTROL and starts[source] + port < starts[source + 1]:
            found[starts[node]] = found[starts[source] + port]
    return found


def _lives(graph: Graph, holder: Sequence[int], step: Sequence[int]) -> tuple[list[int], list[int]]:
    """The first and last step at which each tensor is there."""
    starts, last = graph.output_start, len(graph) - 1
    born = [step[node] for node in row_of_each(starts)]
    dies = list(born)
    for node, source, place in zip(row_of_each(graph.input_start), graph.input_node, graph.input_places, strict=True):
        if place < 0:
            continue
        own = holder[place]
        # what a loop reads from its last turn stays until its end
        until = step[node] if step[node] >= step[source] else last
        if dies[own] < until:
            dies[own] = until
    for port_ in graph.outputs:
        place = starts[port_.node] + max(0, port_.port)
        if place < starts[port_.node + 1]:
            dies[holder[place]] = last
    return born, dies


SLOTS: Mapping[str, int] = {
    "sgd": 0, "momentum": 1, "rmsprop": 1, "adagrad": 1, "lion": 1, "adam": 2, "adamw": 2, "adamax": 2, "nadam": 2,
    "adadelta": 2, "ftrl": 2, "lamb": 2, "amsgrad": 3,
}  # fmt: skip
"""Optimizer → numbers that it keeps for each parameter; ``"momentum"`` is SGD with momentum, ``"amsgrad"`` Adam's."""


@dataclass(frozen=True, slots=True)
class TrainingMemory:
    """An estimate of what one step of training holds.

    Attributes:
        weights: Bytes of all weights, trained or not.
        gradients: Bytes of the gradients of those that are trained.
        optimizer: Bytes of what the optimizer keeps for them.
        activations: Bytes of all activations of the forward pass, which the backward pass reads again.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations


def training(
    graph: Graph, sizes: Sequence[Size | None], *, optimizer: str = "adam", precision: str | None = None
) -> TrainingMemory:
    """Estimate the memory of one step of training.

    Args:
        graph: The model.
        sizes: Size of every output tensor at the batch that is trained with, as `Cost.sizes`.
        optimizer: One of `SLOTS`.
        precision: Type that activations are held in, as of a mixed policy; weights, gradients and the optimizer's
            numbers keep that of the weights.

    Raises:
        OptionError: An unknown optimizer.
    """
    if optimizer not in SLOTS:
        raise OptionError(f"optimizer must be one of {', '.join(SLOTS)}; received {optimizer!r}")
    used = set(graph.weight_codes).union(*graph.groups.weights.values())
    weights: list[Weight] = [graph.weights[code] for code in sorted(used)]
    learnt = sum(weight.bytes for weight in weights if weight.trainable)
    held = tensor_bytes(graph, sizes, precision)
    holder = _holders(graph, execution_order(graph))
    kept = sum(size for place, size in enumerate(held) if holder[place] == place)
    return TrainingMemory(sum(weight.bytes for weight in weights), learnt, SLOTS[optimizer] * learnt, kept)
