"""How often each group is run: the body of a loop once for every turn, where their number can be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cutaway.analysis.calls import Size
from cutaway.graph.model import Graph

_LOOPS = frozenset({"While", "StatelessWhile", "WHILE"})
_BRANCHES = frozenset({"If", "StatelessIf", "IF", "Case", "StatelessCase"})
_READ, _TAKEN_APART = "TensorListGetItem", "TensorListFromTensor"
_READS = frozenset({_READ, "GATHER"})


@dataclass(frozen=True, slots=True)
class Turns:
    """How often what is in each group is run.

    Attributes:
        of_groups: Number of runs, by index of the group; a loop in a loop multiplies.
        unknown: Loops of an unknown number of turns, of which one is counted.
        branches: Conditions of which each branch is counted, though one of them is run.
    """

    of_groups: Sequence[int]
    unknown: tuple[str, ...]
    branches: tuple[str, ...]


def turns(graph: Graph, sizes: Sequence[Size | None]) -> Turns:
    """Count the runs of each group.

    Args:
        graph: The model.
        sizes: Size of every output tensor, as of `sized_calls`.
    """
    groups = graph.groups
    loops = {group for group, op in groups.ops.items() if op in _LOOPS}
    branches = tuple(sorted(groups.ids[group] for group, op in groups.ops.items() if op in _BRANCHES))
    unknown = []
    if "LoopCond" in graph.ops:
        used = set(graph.op_codes)
        conditions = graph.ops.index("LoopCond")
        if conditions in used:
            unknown = [graph.ids[node] for node, code in enumerate(graph.op_codes) if code == conditions]
    lengths = _lengths(graph, sizes, loops) if loops else {}
    found = [1] * len(groups)
    for group in range(1, len(groups)):
        found[group] = found[groups.parents[group]]
        if group in loops:
            length = lengths.get(group)
            if length is None:
                unknown.append(groups.ids[group])
            else:
                found[group] *= length
    return Turns(found, tuple(unknown), branches)


def _lengths(graph: Graph, sizes: Sequence[Size | None], loops: set[int]) -> dict[int, int]:
    """Turns of the loops that read a list or an array step by step: as many as it has, if all of them agree."""
    parents = graph.groups.parents
    found: dict[int, set[int]] = {}
    for node in range(len(graph)):
        if graph.op(node) not in _READS:
            continue
        group = graph.node_groups[node]
        while group > 0 and group not in loops:
            group = parents[group]
        if group > 0 and (read := _read_step_by_step(graph, node, group)) is not None:
            size = sizes[read]
            found.setdefault(group, set()).add(size[0] if size else -1)
    return {group: min(each) for group, each in found.items() if len(each) == 1 and min(each) >= 0}


def _read_step_by_step(graph: Graph, node: int, loop: int) -> int | None:
    """Position of the tensor from outside of a loop of which ``node`` takes one element at each turn."""
    edges = graph.inputs_of(node)
    if not edges or edges[0].port < 0 or _inside(graph, edges[0].source, loop):
        return None
    source = edges[0].source
    if graph.op(node) == _READ:
        if graph.op(source) != _TAKEN_APART or not graph.inputs_of(source):
            return None
        edge = graph.inputs_of(source)[0]
        return graph.output_start[edge.source] + max(0, edge.port)
    counts = len(edges) > 1 and graph.op(edges[1].source) == "LoopVariable"
    return graph.output_start[source] + edges[0].port if counts and not graph.attributes[node].get("axis") else None


def _inside(graph: Graph, node: int, loop: int) -> bool:
    group = graph.node_groups[node]
    while group > loop:  # a parent stands before its children
        group = graph.groups.parents[group]
    return group == loop
