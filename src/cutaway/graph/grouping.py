"""Groups for flat models: from names, then from structure, so that the top of any model is an outline.

What the author nested stays as it is. A group with more children than a person takes in at a glance is
cut further, by the most trustworthy evidence that it offers: names, regions between bottlenecks,
repetition, resolution. Each new group says how it was found.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cutaway.graph.level import Cluster, Level, Unit, acyclic, contract, make_level
from cutaway.graph.model import Graph, GroupColumns, GroupKind, Shape
from cutaway.graph.names import clusters_by_name, is_auto
from cutaway.graph.regions import (
    clusters_by_region,
    clusters_by_repetition,
    clusters_by_resolution,
    ends,
    equal_runs,
)
from cutaway.graph.walk import depths, leaf_counts, lift

READABLE = 12
"""Children that are read at a glance; a group of so many is never cut."""

NESTED = 24
"""The same for a group that the author made: its children are a choice already."""

OUTLINE = 16
"""Boxes on the top level above which neighbours are joined into stages."""

NAMED = 0.4
"""Share of the units that names must cover before they are trusted over structure."""

LARGEST = 20_000
"""Children above which a group is not searched for structure: a list, not an architecture."""

PAGE = 256
"""Children above which what is left of a level is cut into pages of neighbours, so that it can be drawn with its wires
and looked through; no architecture that a person made has so many neighbours."""

PAGED = 120_000
"""Children up to which a level is cut into pages; a longer list stays one."""


def group(graph: Graph) -> Graph:
    """Return the graph with groups for what its author left flat.

    Args:
        graph: Any graph; one whose groups are all small comes back as it is.

    Returns:
        A graph that shares all columns with the first but those of the nesting.
    """
    called = _called(graph.groups)
    large = [
        index for index, size in enumerate(_child_counts(graph))
        if (PAGE if called[index] else NESTED if index else READABLE) < size <= PAGED
    ]  # fmt: skip
    if not large:
        return graph
    plans: dict[int, tuple[Unit, ...]] = {}
    for index, level in _levels(graph, large).items():
        if len(level) <= LARGEST:
            cut = level if called[index] else _divide(level) if index == 0 else _divide_inside(level)
        else:
            cut = level
        cut = _in_pages(cut)
        if len(cut) < len(level):
            plans[index] = cut.units
    return _regroup(graph, plans) if plans else graph


def paged(graph: Graph) -> Graph:
    """Return the graph with pages of neighbours in each group that has too many children to be drawn, if any has."""
    large = [index for index, size in enumerate(_child_counts(graph)) if PAGE < size <= PAGED]
    plans = {index: _in_pages(level).units for index, level in _levels(graph, large).items()} if large else {}
    return _regroup(graph, plans) if plans else graph


def _child_counts(graph: Graph) -> list[int]:
    """Number of nodes and groups right in each group."""
    counts = [0] * len(graph.groups)
    for owner in graph.node_groups:
        counts[owner] += 1
    for parent in graph.groups.parents[1:]:
        counts[parent] += 1
    return counts


def _called(groups: GroupColumns) -> list[bool]:
    """For each group, whether it is or lies in the body of a function, a loop or a branch: those show what is run."""
    called = [kind == "function" for kind in groups.kinds]
    for index in range(1, len(called)):
        called[index] = called[index] or called[groups.parents[index]]
    return called


def _divide(level: Level) -> Level:
    """The whole model cut into an outline."""
    clusters = clusters_by_name(level, counters=1, top=True)
    covered = sum(len(cluster.members) for cluster in clusters)
    if clusters and covered >= NAMED * len(level):
        level = contract(level, [*clusters, *_leftovers(level, clusters)], _divide_named)
    else:
        level = _by_structure(level)
    level = contract(level, ends(level))
    if len(level) > OUTLINE:
        level = contract(level, acyclic(level, clusters_by_resolution(level, same_word=True)))
    if len(level) > OUTLINE:
        level = contract(level, equal_runs(level))
    return level


def _divide_named(level: Level, counters: int = 2) -> Level:
    """The inside of a cluster that names found: one counter more of the names, then single words."""
    if len(level) <= READABLE:
        return level
    clusters = clusters_by_name(level, counters=counters, top=False)
    return contract(level, clusters, lambda part: _divide_named(part, counters + 1))


def _divide_inside(level: Level) -> Level:
    """The inside of a group that the author made, such as a nested model."""
    clusters = clusters_by_name(level, counters=1, top=False)
    covered = sum(len(cluster.members) for cluster in clusters)
    if covered >= NAMED * len(level):
        return contract(level, clusters, _divide_named)
    return _by_structure(level)


def _by_structure(level: Level) -> Level:
    clusters = clusters_by_region(level)
    if len(clusters) == 1 and len(clusters[0].members) > len(level) // 2:
        clusters = []  # one region that is nearly everything, as in a U-Net
    level = contract(level, clusters)
    if len(level) > READABLE:
        level = contract(level, clusters_by_repetition(level))
    if len(level) > READABLE and not clusters:
        level = contract(level, clusters_by_resolution(level, same_word=False))
    return level


def _in_pages(level: Level) -> Level:
    """A level of very many units, cut into pages of neighbours until it can be taken in; also inside its units."""
    units = tuple(replace(unit, parts=_paged(unit.parts)) if len(unit.parts) > PAGE else unit for unit in level.units)
    level = replace(level, units=units)
    while len(level) > PAGE:
        level = contract(level, _pages(level.units))
    return level


def _paged(parts: tuple[Unit, ...]) -> tuple[Unit, ...]:
    """Parts of a unit, in flow order, as pages."""
    while len(parts) > PAGE:
        parts = tuple(
            Unit(
                page.name, "", False, sum(parts[at].size for at in page.members), parts[page.members[-1]].resolution,
                parts=tuple(parts[at] for at in page.members), found_by=page.found_by, kind="stage",
            )
            for page in _pages(parts)
        )  # fmt: skip
    return parts


def _pages(units: Sequence[Unit]) -> list[Cluster]:
    """Neighbours in flow order, as many to a page as there are pages, but no more than a person looks through."""
    size = min(PAGE // 4, max(READABLE, math.isqrt(len(units))))
    pages = []
    for start in range(0, len(units), size):
        members = tuple(range(start, min(start + size, len(units))))
        first, last = units[members[0]].name.split(" … ")[0], units[members[-1]].name.split(" … ")[-1]
        pages.append(Cluster(f"{first} … {last}", members, f"a page of {len(members)} neighbours", "stage"))
    return pages


def _leftovers(level: Level, clusters: Sequence[Cluster]) -> list[Cluster]:
    """Regions among what the names left loose, where that is much."""
    taken = {member for cluster in clusters for member in cluster.members}
    if len(level) - len(taken) <= READABLE:
        return []
    found = [cluster for cluster in clusters_by_region(level) if taken.isdisjoint(cluster.members)]
    kept = acyclic(level, [*clusters, *found])
    return [cluster for cluster in found if cluster in kept]


def _levels(graph: Graph, large: Sequence[int]) -> dict[int, Level]:
    """One level for each large group: its children, and the edges lifted to them."""
    wanted = set(large)
    parents = graph.groups.parents
    depth = depths(parents)
    owner = graph.node_groups
    units: dict[int, list[Unit]] = {index: [] for index in large}
    place: dict[tuple[int, int], int] = {}
    boundary = {port.node for port in graph.inputs}
    for node, group_index in enumerate(owner):
        if group_index in wanted:
            place[group_index, node] = len(units[group_index])
            units[group_index].append(_node_unit(graph, node, node in boundary))
    leaves = leaf_counts(graph)
    lasts = _last_nodes(graph)
    for child in range(1, len(graph.groups)):
        if parents[child] in wanted:
            place[parents[child], ~child] = len(units[parents[child]])
            units[parents[child]].append(_group_unit(graph, child, leaves[child], lasts[child]))
    edges: dict[int, list[tuple[int, int]]] = {index: [] for index in large}
    for source, target in _edges_in(graph, wanted):
        meeting, start, end = lift(parents, depth, owner, source, target)
        if meeting in wanted and start != end:
            edges[meeting].append((place[meeting, start], place[meeting, end]))
    exits = {index: make_level(units[index], edges[index]) for index in large}
    return {index: _with_resolutions(level) for index, level in exits.items()}


def _edges_in(graph: Graph, wanted: set[int]) -> Iterator[tuple[int, int]]:
    """Edges that may meet in a wanted group: all but those that stay inside one child of the nearest one."""
    parents = graph.groups.parents
    region = [0] * len(parents)  # the child of the nearest wanted group above; equal ones meet below it
    for index in range(1, len(parents)):
        region[index] = index if parents[index] in wanted else region[parents[index]]
    for index in wanted:
        region[index] = -1 - index  # nodes right in a wanted group meet anybody there
    regions = [region[owner] for owner in graph.node_groups]
    starts, sources = graph.input_start.tolist(), graph.input_node.tolist()
    for target, here in enumerate(regions):
        for source in sources[starts[target] : starts[target + 1]]:
            if here < 0 or regions[source] != here:
                yield source, target


def _node_unit(graph: Graph, node: int, boundary: bool) -> Unit:
    name, op = graph.names[node], graph.op(node)
    return Unit(name, op, is_auto(name, op), 1, resolution(graph.tensor(node, 0).shape), node, boundary=boundary)


def _group_unit(graph: Graph, index: int, leaves: int, last: int) -> Unit:
    groups = graph.groups
    op = groups.ops.get(index, "")
    size = resolution(graph.tensor(last, 0).shape) if groups.kinds[index] == "layer" and last >= 0 else None
    return Unit(groups.names[index], op, is_auto(groups.names[index], op), leaves, size, ~index)


def _last_nodes(graph: Graph) -> list[int]:
    """The last node in each group, at any depth; -1 for an empty one. Nodes stand in the order of the data."""
    last = [-1] * len(graph.groups)
    for node, owner in enumerate(graph.node_groups):
        last[owner] = node
    parents = graph.groups.parents
    for index in range(len(last) - 1, 0, -1):
        last[parents[index]] = max(last[parents[index]], last[index])
    return last


def _with_resolutions(level: Level) -> Level:
    """Give groups the resolution of the unit after them, where their own is unknown."""
    units = list(level.units)
    for at in range(len(units) - 2, -1, -1):
        content = units[at].content
        if content is not None and content < 0 and level.succ[at]:
            units[at] = replace(units[at], resolution=units[level.succ[at][0]].resolution)
    return replace(level, units=tuple(units))


def resolution(shape: Shape | None) -> int | None:
    """Number of positions of a feature map or sequence: all dimensions but the batch and the channels."""
    if shape is None or len(shape) < 3 or None in shape[1:-1]:
        return None
    return math.prod(size for size in shape[1:-1] if size)


def _regroup(graph: Graph, plans: Mapping[int, Sequence[Unit]]) -> Graph:
    """New columns of the nesting: the old groups and, between them, the clusters, parents first."""
    return _Regrouping(graph, plans).run()


class _Regrouping:
    def __init__(self, graph: Graph, plans: Mapping[int, Sequence[Unit]]) -> None:
        self._graph = graph
        self._plans = plans
        old = graph.groups
        self._names: list[str] = []
        self._kinds: list[GroupKind] = []
        self._ids: list[str] = []
        self._parents = array("i")
        self._found_by: dict[int, str] = {}
        self._owner = list(graph.node_groups)
        self._new_parent: dict[int, int] = {}
        self._taken = {graph.ids[node] for node, owner in enumerate(self._owner) if owner in plans}
        self._taken.update(old.ids[index] for index in range(1, len(old)) if old.parents[index] in plans)

    def run(self) -> Graph:
        old = self._graph.groups
        moved = [0] * len(old)
        for index in range(len(old)):
            parent = self._new_parent.get(index, -1 if index == 0 else moved[old.parents[index]])
            moved[index] = self._append(old.names[index], old.kinds[index], parent, old.ids[index])
            for unit in self._plans.get(index, ()):
                self._place(unit, moved[index])
        owners = zip(self._owner, self._graph.node_groups, strict=True)
        columns = GroupColumns(
            ids=tuple(self._ids),
            names=tuple(self._names),
            kinds=tuple(self._kinds),
            parents=self._parents,
            ops={moved[index]: op for index, op in old.ops.items()},
            found_by=self._found_by | {moved[index]: words for index, words in old.found_by.items()},
            attributes={moved[index]: found for index, found in old.attributes.items()},
            weights={moved[index]: codes for index, codes in old.weights.items()},
        )
        node_groups = array("i", [new if before in self._plans else moved[before] for new, before in owners])
        return replace(self._graph, groups=columns, node_groups=node_groups)

    def _append(self, name: str, kind: GroupKind, parent: int, identity: str) -> int:
        self._names.append(name)
        self._kinds.append(kind)
        self._ids.append(identity)
        self._parents.append(parent)
        return len(self._names) - 1

    def _place(self, unit: Unit, parent: int) -> None:
        """Put a unit of a plan into its new parent; a cluster becomes a group."""
        if unit.content is None:
            prefix = self._ids[parent]
            identity = self._fresh(f"{prefix}/{unit.name}" if prefix else unit.name)
            index = self._append(unit.name, unit.kind, parent, identity)
            self._found_by[index] = unit.found_by
            for part in unit.parts:
                self._place(part, index)
        elif unit.content >= 0:
            self._owner[unit.content] = parent
        else:
            self._new_parent[~unit.content] = parent

    def _fresh(self, wanted: str) -> str:
        identity, count = wanted, 1
        while identity in self._taken:
            count += 1
            identity = f"{wanted}@{count}"
        self._taken.add(identity)
        return identity
