"""Facts about nodes by name, each a function of the graph and its cost: what tables may be asked to show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from cutaway.analysis.cost import Cost, tensor_bytes
from cutaway.analysis.memory import activations
from cutaway.analysis.receptive_field import Axis, Field, receptive_fields
from cutaway.graph.model import Graph

Fact = int | float | bool | tuple[float, ...] | None
"""A number, one for each spatial axis, or None where there is nothing to tell."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a fact is made from.

    Attributes:
        graph: The model.
        cost: What it costs.
        precision: Type that all floats are held in; None for those of the model.
    """

    graph: Graph
    cost: Cost
    precision: str | None = None


_LARGEST = 10**300
"""Elements that a field is told to have at most: a float holds no more."""

Column = Callable[[Asked], Sequence[Fact]]


def _flops(asked: Asked) -> Sequence[Fact]:
    return _counted(asked.cost, asked.cost.flops)


def _traffic(asked: Asked) -> Sequence[Fact]:
    return [asked.cost.traffic(node) for node in range(len(asked.graph))]


def _intensity(asked: Asked) -> Sequence[Fact]:
    groups, runs = asked.graph.node_groups, asked.cost.turns.of_groups
    found = [asked.cost.intensity(node, max(1, runs[group])) for node, group in enumerate(groups)]
    return _counted(asked.cost, found)


def _counted(spent: Cost, column: Sequence[Fact]) -> Sequence[Fact]:
    found = list(column)
    for each in spent.uncounted:
        for node in each.nodes:
            found[node] = None
    return found


def _made(asked: Asked) -> Sequence[Fact]:
    size, starts = tensor_bytes(asked.graph, asked.cost.sizes, asked.precision), asked.graph.output_start
    return [sum(size[starts[node] : starts[node + 1]]) for node in range(len(asked.graph))]


def _alive(asked: Asked) -> Sequence[Fact]:
    memory = activations(asked.graph, asked.cost.sizes, precision=asked.precision)
    found: list[Fact] = [None] * len(asked.graph)
    for node, size in zip(memory.order, memory.alive, strict=True):
        found[node] = size
    return found


def _of_fields(told: Callable[[Field], Fact]) -> Column:
    def column(asked: Asked) -> Sequence[Fact]:
        fields = receptive_fields(asked.graph, asked.cost.sizes)
        return [None if field is None else told(field) for field in fields]

    return column


def _lengths(of: Callable[[Axis], Fraction]) -> Callable[[Field], Fact]:
    return lambda field: tuple(float(min(of(axis), Fraction(_LARGEST))) for axis in field.axes)


NODE_FACTS: Mapping[str, Column] = {
    "flops": _flops,
    "traffic": _traffic,
    "intensity": _intensity,
    "activation_bytes": _made,
    "alive_bytes": _alive,
    "receptive_field": _of_fields(_lengths(lambda axis: axis.size)),
    "stride": _of_fields(_lengths(lambda axis: axis.stride)),
    "aligned": _of_fields(lambda field: field.aligned),
}
"""Name → a column by node.

``traffic`` are the bytes that a run reads and writes, ``intensity`` the FLOPs for each of them; ``activation_bytes``
those of the tensors that a node makes, ``alive_bytes`` all that are there while it runs. ``receptive_field`` and
``stride`` are in elements of the input, along each spatial axis; ``aligned`` says whether the paths that met agree.
"""


def fact_words(value: Fact) -> str:
    """A fact in a cell of a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " × ".join(f"{each:g}" for each in value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
