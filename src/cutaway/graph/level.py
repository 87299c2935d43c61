"""`Level`: the children of one group with the edges between them, which grouping cuts and contracts.

A grouping step looks at a level and names clusters of its units; `contract` makes one unit of each
cluster and gives the next level. Units stand in flow order: a unit right after what it needs, so that
branches stay together and every run of neighbours can become a cluster without making a cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from cutaway.graph.model import GroupKind


@dataclass(frozen=True, slots=True)
class Unit:
    """A node, a group, or a cluster of units.

    Attributes:
        name: Its name as the author gave it, or as a grouping step chose it.
        op: Operation of a node, class of a group, empty for a cluster.
        auto: Whether the name was made by the framework and says nothing.
        size: Number of nodes in it.
        resolution: Number of positions (height × width, or length) of its last output, where known.
        content: Index of a node, or ~index of a group; None for a cluster.
        parts: Units inside a cluster, in flow order.
        found_by: How a cluster was found.
        kind: What a cluster is: a block, or a stage of blocks.
        boundary: Whether it is an input of the whole model, which never joins a cluster.
    """

    name: str
    op: str
    auto: bool
    size: int
    resolution: int | None
    content: int | None = None
    parts: tuple[Unit, ...] = ()
    found_by: str = ""
    kind: GroupKind = "block"
    boundary: bool = False


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a grouping step proposes: positions in the level that become one unit.

    A ``flat`` cluster takes the parts of the clusters in it, and not those themselves.
    """

    name: str
    members: tuple[int, ...]
    found_by: str
    kind: GroupKind = "block"
    flat: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """Units in flow order, and who reads whom, by position."""

    units: tuple[Unit, ...]
    succ: tuple[tuple[int, ...], ...]
    pred: tuple[tuple[int, ...], ...] = field(repr=False)

    def __len__(self) -> int:
        return len(self.units)


def make_level(units: Sequence[Unit], edges: Iterable[tuple[int, int]]) -> Level:
    """Put units into flow order.

    Args:
        units: In any order.
        edges: Pairs of positions in ``units``; repeated pairs and loops are dropped, cycles are tolerated.
    """
    count = len(units)
    succ: list[dict[int, None]] = [{} for _ in range(count)]
    pred: list[dict[int, None]] = [{} for _ in range(count)]
    for source, target in edges:
        if source != target:
            succ[source][target] = None
            pred[target][source] = None
    order = flow_order([list(row) for row in succ], [list(row) for row in pred])
    place = [0] * count
    for position, unit in enumerate(order):
        place[unit] = position
    return Level(
        units=tuple(units[unit] for unit in order),
        succ=tuple(tuple(sorted(place[other] for other in succ[unit])) for unit in order),
        pred=tuple(tuple(sorted(place[other] for other in pred[unit])) for unit in order),
    )


def flow_order(succ: Sequence[Sequence[int]], pred: Sequence[Sequence[int]]) -> list[int]:
    """Topological order by depth-first search from the ends: every unit right after what it needs.

    Unlike a breadth-first order it keeps the units of a branch side by side. In a cycle, the edge that
    closes it is ignored.
    """
    order: list[int] = []
    state = bytearray(len(succ))  # 0 unseen, 1 waits for its producers, 2 placed
    ends = [unit for unit in range(len(succ)) if not succ[unit]]
    for end in [*ends, *range(len(succ))]:
        if state[end]:
            continue
        stack = [(end, iter(pred[end]))]
        state[end] = 1
        while stack:
            unit, producers = stack[-1]
            for producer in producers:
                if not state[producer]:
                    state[producer] = 1
                    stack.append((producer, iter(pred[producer])))
                    break
            else:
                stack.pop()
                state[unit] = 2
                order.append(unit)
    return order


def induced(level: Level, members: Sequence[int]) -> Level:
    """The members alone, with the edges between them."""
    place = {member: index for index, member in enumerate(members)}
    edges = ((place[a], place[b]) for a in members for b in level.succ[a] if b in place)
    return make_level([level.units[member] for member in members], edges)


def contract(level: Level, clusters: Sequence[Cluster], inside: Callable[[Level], Level] = lambda part: part) -> Level:
    """Make one unit of each cluster; clusters must not overlap.

    Args:
        level: What to contract.
        clusters: Which units become one.
        inside: Cuts the inside of each cluster further.
    """
    if not clusters:
        return level
    owner = list(range(len(level)))
    units: list[Unit | None] = list(level.units)
    for cluster in clusters:
        members = sorted(cluster.members)
        parts = inside(induced(level, members)).units
        if cluster.flat:
            parts = tuple(leaf for part in parts for leaf in (part.parts or (part,)))
        for member in members:
            owner[member] = members[0]
            units[member] = None
        units[members[0]] = Unit(
            name=cluster.name,
            op="",
            auto=False,
            size=sum(part.size for part in parts),
            resolution=level.units[members[-1]].resolution,
            parts=parts,
            found_by=cluster.found_by,
            kind=cluster.kind,
        )
    kept = [position for position, unit in enumerate(units) if unit is not None]
    place = {position: index for index, position in enumerate(kept)}
    edges = (
        (place[owner[source]], place[owner[target]])
        for source in range(len(level))
        for target in level.succ[source]
        if owner[source] != owner[target]
    )
    return make_level([unit for unit in units if unit is not None], edges)


def acyclic(level: Level, clusters: Sequence[Cluster]) -> list[Cluster]:
    """Drop clusters, smallest first, until contracting the others makes no cycle."""
    kept = sorted(clusters, key=lambda cluster: (-len(cluster.members), cluster.members))
    while knotted := _knots(level, kept):
        worst = set(sorted(knotted)[-max(1, len(knotted) // 4) :])  # several at a time: a pass costs the whole level
        kept = [cluster for at, cluster in enumerate(kept) if at not in worst]
    return sorted(kept, key=lambda cluster: cluster.members)


def _knots(level: Level, clusters: Sequence[Cluster]) -> list[int]:
    """Clusters that lie on a cycle of the contracted level, found by peeling off all that is on none."""
    count = len(level)
    owner = list(range(count))
    for index, cluster in enumerate(clusters):
        for member in cluster.members:
            owner[member] = count + index
    succ: dict[int, dict[int, None]] = {unit: {} for unit in owner}
    waiting: dict[int, int] = dict.fromkeys(succ, 0)
    for source in range(count):
        for target in level.succ[source]:
            start, end = owner[source], owner[target]
            if start != end and end not in succ[start]:
                succ[start][end] = None
                waiting[end] += 1
    ready = [unit for unit, left in waiting.items() if not left]
    while ready:
        unit = ready.pop()
        for target in succ[unit]:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return [unit - count for unit, left in waiting.items() if left and unit >= count]
