"""`TracedPlaces`: from the operations of a function whose calls were followed to the layers of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutaway.graph.model import Graph
from cutaway.profiling.calls import Traced
from cutaway.profiling.fusing import HEAVY, MOST
from cutaway.profiling.landing import CallPlaces, Place
from cutaway.profiling.optimes import OpTimes
from cutaway.profiling.runnable import Fusion, Landed

_NO_WORK = {"Const", "Placeholder", "ReadVariableOp", "VarHandleOp", "Identity", "NoOp", "_Arg"}


class TracedPlaces:
    """Where the operations of a function belong in the graph of the model that it runs.

    Args:
        graph: The model as it was read, before it is grouped.
        traced: Whose each operation is.
    """

    def __init__(self, graph: Graph, traced: Traced) -> None:
        own: dict[int, list[Any]] = {}
        for name, owner in traced.owners.items():
            if owner.phase == "forward":
                own.setdefault(id(owner.frame), []).append(traced.operations[name])
        self._traced = traced
        self._places = CallPlaces(graph, traced.root, own, traced.updates)

    def knows(self, name: str) -> bool:
        """Whether an operation is one of the function's."""
        return self._traced.owner(name) is not None

    def land(self, name: str) -> Landed:
        """Where an operation belongs, by its name in a trace."""
        traced, owner = self._traced, self._traced.owner(name)
        if owner is None or owner.frame is traced.root:
            return Landed(None, "forward" if owner is None else owner.phase)
        of = traced.gradient_of.get(name)
        return Landed(self._places.of(owner.frame, traced.around(name) if of is None else [of]), owner.phase)

    def fusions(self, times: OpTimes) -> Mapping[str, Fusion]:
        """What ran as one operation: those before it that did not run themselves."""
        found = {}
        for name, kind in times.kinds.items():
            operation = self._traced.operations.get(name)
            if operation is None or kind == operation.type or "Fused" not in kind:
                continue
            parts = _absorbed(operation, times)
            heavy = next((each for each in parts if each.type in HEAVY), operation)
            place = self._place(heavy)
            others = dict.fromkeys(self._place(each) for each in (operation, *parts))
            if place is not None:
                found[name] = Fusion(place, tuple(each for each in others if each is not None and each != place))
        return found

    def _place(self, operation: Any) -> Place | None:
        owner = self._traced.owners.get(operation.name)
        return None if owner is None or owner.frame is self._traced.root else self._places.of(owner.frame, [operation])


def _absorbed(operation: Any, times: OpTimes) -> list[Any]:
    """The operations right before one that did not run themselves and do work."""
    found: list[Any] = []
    waiting = [operation]
    while waiting and len(found) < MOST:
        for tensor in waiting.pop().inputs:
            maker = tensor.op
            if maker.name not in times.kinds and maker.type not in _NO_WORK and maker not in found:
                found.append(maker)
                waiting.append(maker)
    return found
