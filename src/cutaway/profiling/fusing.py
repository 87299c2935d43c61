"""Operations that TensorFlow made one of several, found in a graph whose operations are known by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cutaway.graph.model import Graph
from cutaway.profiling.landing import Place
from cutaway.profiling.optimes import OpTimes
from cutaway.profiling.runnable import Fusion, Landed

HEAVY = frozenset({"Conv2D", "Conv3D", "DepthwiseConv2dNative", "MatMul", "BatchMatMul", "BatchMatMulV2", "Einsum"})
"""Operations that others are fused into, by their types in TensorFlow."""

_NO_WORK = frozenset({"ReadVariableOp", "Const", "Identity", "_Arg", "_Retval", "Placeholder"})

MOST = 16
"""Operations that become one at most; TensorFlow fuses three or four."""


def fusions_in(graph: Graph, land: Callable[[str], Landed], times: OpTimes) -> Mapping[str, Fusion]:
    """What became one, by the name of the operation that ran.

    The fused operation bears the name of the last; those right before it that did not run are in it, and its time is
    that of the heavy one among them.

    Args:
        graph: The graph.
        land: Where an operation belongs.
        times: What ran.
    """
    own = (
        name for name, kind in times.kinds.items() if kind not in _NO_WORK
    )  # a weight that is read runs all the same
    ran = {place.at for name in own if (place := land(name).place) is not None and place.kind == "node"}
    found = {}
    for name, kind in times.kinds.items():
        place = land(name).place
        if "Fused" not in kind or place is None or place.kind != "node" or graph.op(place.at) in HEAVY:
            continue
        parts = _before(graph, place.at, ran)
        heavy = next((node for node in parts if graph.op(node) in HEAVY), None)
        if heavy is not None:
            others = [place.at, *parts[: parts.index(heavy)]]
            found[name] = Fusion(Place("node", heavy), tuple(Place("node", node) for node in others))
    return found


def _before(graph: Graph, node: int, ran: set[int]) -> list[int]:
    """Nodes on the way to a node that did not run themselves, the nearest first."""
    found: list[int] = []
    waiting = [node]
    while waiting and len(found) < MOST:
        here = waiting.pop(0)
        for at in range(graph.input_start[here], graph.input_start[here + 1]):
            source = graph.input_node[at]
            if source not in ran and source not in found:
                found.append(source)
                waiting.append(source)
    return found
