"""How often each group is run: the body of a loop once for every turn, where their number can be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cutaway.analysis.calls import Size
from cutaway.graph.model import Graph

_LOOPS = frozenset({"While", "StatelessWhile", "WHILE"})
_BRANCHES = frozenset({"If", "StatelessIf", "IF", "Case", "StatelessCase"})
_READ, _TAKEN_APART = "TensorListGetItem", "TensorListFromTensor"


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
        sizes: Size of every output tensor, as of `tensor_sizes`.
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
    """Turns of the loops that read a list step by step: as many as it has, if all their lists agree."""
    parents = graph.groups.parents
    found: dict[int, set[int]] = {}
    for node in range(len(graph)):
        if graph.op(node) != _READ:
            continue
        first = graph.input_start[node]
        source = graph.input_node[first] if first < graph.input_start[node + 1] else node
        group = graph.node_groups[node]
        while group > 0 and group not in loops:
            group = parents[group]
        if group <= 0 or graph.op(source) != _TAKEN_APART:
            continue
        at = graph.input_start[source]
        taken = graph.input_node[at] if at < graph.input_start[source + 1] else source
        size = sizes[graph.output_start[taken] + max(0, graph.input_port[at])]
        found.setdefault(group, set()).add(size[0] if size else -1)
    return {group: min(each) for group, each in found.items() if len(each) == 1 and min(each) >= 0}
