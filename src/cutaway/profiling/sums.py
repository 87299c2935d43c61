"""Times of operations as times of nodes and groups: added up, their median and spread taken, scaled to the whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from cutaway.graph.model import Graph
from cutaway.profiling.landing import Place
from cutaway.profiling.optimes import Floats, OpTimes
from cutaway.profiling.runnable import PHASES, Fusion, Landed

MOST_LOST = 8


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of nodes and groups, scaled; a group has the sum of all that is in it.

    Attributes:
        nodes, groups: The median over the runs, by index.
        node_spread, group_spread: Half of what lies between the quartiles.
        node_phases, group_phases: The median by index and phase, in the order of `PHASES`.
        landed: Share of the time of all operations that is on a layer.
        raw_share: Time of all operations as they were measured, as a share of the whole model's.
        whole: Seconds of one run of the whole.
        lost: Operations that no layer made, with their share, the slowest first.
        fused: Nodes and groups whose work ran within another, with the place of that.
    """

    nodes: Floats
    groups: Floats
    node_spread: Floats
    group_spread: Floats
    node_phases: Floats
    group_phases: Floats
    landed: float
    raw_share: float
    whole: float
    lost: tuple[tuple[str, float], ...] = ()
    fused: Mapping[Place, Place] = field(default_factory=dict)


def add_up(
    graph: Graph,
    times: OpTimes,
    land: Callable[[str], Landed],
    fusions: Mapping[str, Fusion],
    whole: float | None,
) -> Spent:
    """Add up the times of operations.

    Args:
        graph: The graph whose nodes and groups are meant by the places.
        times: The times.
        land: Where an operation belongs.
        fusions: What became one operation.
        whole: Seconds of a run that nobody looked at, which the figures are scaled to; None where there was none.
    """
    runs = len(times.total)
    by_node = np.zeros((len(graph), len(PHASES), runs))
    by_group = np.zeros((len(graph.groups), len(PHASES), runs))
    lost: dict[str, Floats] = {}
    for name, seconds in times.seconds.items():
        found, fusion = land(name), fusions.get(name)
        place = found.place if fusion is None else fusion.place
        if place is None or place == Place("group", 0):
            lost[name] = seconds
        else:
            (by_node if place.kind == "node" else by_group)[place.at, PHASES.index(found.phase)] += seconds
    nodes, own = by_node.sum(axis=1), by_group.sum(axis=1)
    missing = {name: float(np.median(seconds)) for name, seconds in lost.items()}
    of_nodes, of_own = np.median(nodes, axis=1), np.median(own, axis=1)
    total = float(of_nodes.sum() + of_own.sum()) + sum(missing.values())
    scale = 1.0 if whole is None or not total else whole / total
    return Spent(
        nodes=of_nodes * scale,
        groups=_rolled_up(graph, of_nodes, of_own) * scale,
        node_spread=_spread(nodes) * scale,
        group_spread=_spread(_rolled_up(graph, nodes, own)) * scale,
        node_phases=np.median(by_node, axis=2) * scale,
        group_phases=_rolled_up(graph, np.median(by_node, axis=2), np.median(by_group, axis=2)) * scale,
        landed=1 - sum(missing.values()) / total if total else 0.0,
        raw_share=float(np.median(times.total)) / whole if whole else 1.0,
        whole=total if whole is None else whole,
        lost=tuple(sorted(((name, each / total) for name, each in missing.items()), key=_by_share)[:MOST_LOST]),
        fused={other: each.place for each in fusions.values() for other in each.others},
    )


def _by_share(pair: tuple[str, float]) -> tuple[float, str]:
    return -pair[1], pair[0]


def _rolled_up(graph: Graph, nodes: Floats, own: Floats) -> Floats:
    """Sums over each group with all that it holds; rows are nodes and groups."""
    groups = own.copy()
    np.add.at(groups, np.asarray(graph.node_groups, dtype=np.intp), nodes)
    parents = graph.groups.parents
    for group in range(len(parents) - 1, 0, -1):  # a parent stands before its children
        groups[parents[group]] += groups[group]
    return groups


def moved(before: Graph, after: Graph) -> Callable[[Place], Place]:
    """From the places of a graph to those of the same with further groups: nodes stay, groups are found by their id."""
    ids = {identity: at for at, identity in enumerate(after.groups.ids)}
    groups = [ids.get(identity, 0) for identity in before.groups.ids]
    return lambda place: place if place.kind == "node" else Place("group", groups[place.at])


def _spread(times: Floats) -> Floats:
    if not times.shape[0]:
        return np.zeros(0)
    low, high = np.percentile(times, (25, 75), axis=1)
    spread: Floats = (high - low) / 2
    return spread
