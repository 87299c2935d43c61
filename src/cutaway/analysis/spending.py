"""`Spending`: what one example costs in a model, asked by the units that two models are compared by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cutaway.analysis.cost import Cost, cost, roll_up
from cutaway.analysis.memory import activations
from cutaway.analysis.units import Unit
from cutaway.graph.model import Graph


@dataclass(frozen=True, slots=True)
class Spent:
    """What units cost together; None where one of their nodes cannot be counted.

    Attributes:
        macs: Multiply-accumulates.
        flops: Operations.
        output_bytes: Bytes of the tensors that the first unit makes; None for a layer that is shown with its
            operations.
    """

    macs: int | None
    flops: int | None
    output_bytes: int | None


@dataclass(frozen=True, slots=True)
class TotalSpent:
    """What a model costs: the sums of what is counted, and bytes of activations that are alive at once at most."""

    macs: int
    flops: int
    activation_bytes: int


class Spending:
    """The cost of one example in one model, counted when it is first asked for.

    Args:
        graph: The model, as its reader made it.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    @cached_property
    def _cost(self) -> tuple[list[int], list[int], list[int]]:
        """MACs, FLOPs and nodes that are not counted, of all nodes and then of all groups."""
        spent = self._counted
        missing = [0] * len(self._graph)
        for each in spent.uncounted:
            for node in each.nodes:
                missing[node] = 1
        macs, flops, lost = ([*each, *roll_up(self._graph, each)] for each in (spent.macs, spent.flops, missing))
        return macs, flops, lost

    @cached_property
    def _counted(self) -> Cost:
        return cost(self._graph)

    @cached_property
    def total(self) -> TotalSpent:
        """What the whole model costs."""
        spent = self._counted
        return TotalSpent(spent.total_macs, spent.total_flops, activations(self._graph, spent.sizes).peak)

    @property
    def macs_of_nodes(self) -> Sequence[int]:
        """MACs of each node; 0 where they cannot be counted."""
        return self._counted.macs

    @cached_property
    def notes(self) -> list[str]:
        """What the sums leave out or had to assume, in words for the user."""
        return self._counted.notes()

    def of(self, first: Unit, *others: Unit) -> Spent:
        """What some units cost together."""
        (macs, flops, lost), made = self._cost, self._counted.output_bytes
        rows = [unit.item if unit.item >= 0 else len(self._graph) + ~unit.item for unit in (first, *others)]
        outputs = made[first.item] if first.item >= 0 else None
        if any(lost[row] for row in rows):
            return Spent(None, None, outputs)
        return Spent(sum(macs[row] for row in rows), sum(flops[row] for row in rows), outputs)
