"""`group_together`: two models, and both as one, in groups: those of the new model, with what is left of the old.

Who knows the new model finds it again: in the drawing of both its groups stand as in a drawing of it alone. A group of
the old model that is gone as a whole, or nearly, stays one. Whatever else was removed goes where the rest of its group
went, or, where that is nowhere, between what it stood between. Groups that an author gave stay what they are.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import reduce

from cutaway.analysis.group_tree import FoundGroup, GroupTree
from cutaway.analysis.merging import NOWHERE, REMOVED, Merged
from cutaway.analysis.untangling import untangle
from cutaway.graph.grouping import group, paged
from cutaway.graph.level import flow_order
from cutaway.graph.model import Graph
from cutaway.graph.walk import leaf_counts, row_of_each

MOSTLY = 0.75
"""Share of a group from which on what was removed of it stays together, where the rest is in no one group."""


def group_together(merged: Merged, old: Graph, new: Graph) -> tuple[Graph, Graph, Graph]:
    """Group two models, and both as one.

    Args:
        merged: Both as one graph.
        old: The old model, as its reader made it.
        new: The new one, likewise.

    Returns:
        The merged graph, the old model and the new one with groups to draw them in.
    """
    before, after = group(old), group(new)
    tree = GroupTree(merged.graph)
    _place_new(tree, merged, new, after)
    gone = {at for at, state in enumerate(merged.states) if state == REMOVED}
    if gone:
        _OldModel(tree, merged, old, before).place()
        untangle(tree, merged.graph, gone)
    return paged(tree.build()), before, after


def _place_new(tree: GroupTree, merged: Merged, new: Graph, grouped: Graph) -> None:
    """Give what the new model has the groups that it has there."""
    place = [0]
    authors, parents = _authors(new, grouped), grouped.groups.parents
    for at in range(1, len(authors)):
        around = place[parents[at]]
        known = authors[at] != NOWHERE
        place.append(merged.groups_of_new[authors[at]] if known else tree.add(around, _found(grouped, at)))
        tree.move(~place[at], around)
    for node, owner in zip(merged.of_new, grouped.node_groups, strict=True):
        tree.move(node, place[owner])


def _authors(model: Graph, grouped: Graph) -> array[int]:
    """For each group of a grouped model, the group that it is of the model itself; `NOWHERE` for what was found."""
    found = array("i", [NOWHERE]) * len(grouped.groups)
    ids, at = model.groups.ids, 0
    for place, identity in enumerate(grouped.groups.ids):
        if at < len(ids) and identity == ids[at]:  # grouping keeps the order of those that are there
            found[place] = at
            at += 1
    return found


def _found(grouped: Graph, at: int) -> FoundGroup:
    groups = grouped.groups
    return FoundGroup(groups.ids[at], groups.names[at], groups.kinds[at], groups.found_by.get(at, ""))


class _OldModel:
    """Puts what was removed into a nesting that has all of the new model."""

    def __init__(self, tree: GroupTree, merged: Merged, old: Graph, grouped: Graph) -> None:
        self._tree = tree
        self._merged = merged
        self._grouped = grouped
        self._authors = _authors(old, grouped)
        self._gone = [node for node, at in enumerate(merged.of_old) if at >= 0 and merged.states[at] == REMOVED]
        self._shown = [self._holder(item) for item in merged.of_old]
        self._place = [0] * len(grouped.groups)

    def place(self) -> None:
        """Find a place for every group of the old model and for every node that was removed."""
        self._place_groups()
        between = self._between()
        for node in self._gone:
            around = self._place[self._grouped.node_groups[node]]
            inner = between.get(node, around)
            at = self._merged.of_old[node]
            self._tree.move(at, inner if around in self._tree.path(inner) else around)

    def _holder(self, item: int) -> int:
        """The group in which something that is still there is shown; `NOWHERE` for what nobody shows."""
        return item if item == NOWHERE else self._tree.owners[item] if item >= 0 else ~item

    def _place_groups(self) -> None:
        groups, merged = self._grouped.groups, self._merged
        lost, sizes, votes = self._losses(), leaf_counts(self._grouped), self._votes()
        of_new, holders, outlines = set(merged.groups_of_new), set(groups.parents), set(self._tree.parents)
        bounds = [0] * len(groups)  # the group of an author around each, out of which nothing is taken
        for at in range(1, len(groups)):
            around = self._place[at] = self._place[groups.parents[at]]
            bound = bounds[at] = bounds[groups.parents[at]]
            author = self._authors[at]
            if not lost[at]:
                continue  # nobody asks for its place
            if author != NOWHERE:
                self._place[at] = bounds[at] = merged.groups_of_old[author]
                if self._place[at] not in of_new:
                    self._tree.move(~self._place[at], around)
                continue
            elsewhere = self._counterpart(votes[at], bound)
            mostly = lost[at] >= MOSTLY * sizes[at] and at not in holders and around in outlines
            if lost[at] < sizes[at] and elsewhere not in (around, bound):
                self._place[at] = elsewhere
            elif lost[at] == sizes[at] or mostly:
                self._place[at] = self._tree.add(around, _found(self._grouped, at))

    def _losses(self) -> list[int]:
        """How many nodes of each group of the old model were removed."""
        lost = [0] * len(self._place)
        for node in self._gone:
            lost[self._grouped.node_groups[node]] += 1
        for at in range(len(lost) - 1, 0, -1):
            lost[self._grouped.groups.parents[at]] += lost[at]
        return lost

    def _votes(self) -> list[Counter[int]]:
        """Where that which is still there of each group of the old model is shown."""
        votes: list[Counter[int]] = [Counter() for _ in self._place]
        gone = set(self._gone)
        for node, (owner, holder) in enumerate(zip(self._grouped.node_groups, self._shown, strict=True)):
            if node not in gone and holder != NOWHERE:
                votes[owner][holder] += 1
        for at in range(len(votes) - 1, 0, -1):
            votes[self._grouped.groups.parents[at]].update(votes[at])
        return votes

    def _counterpart(self, votes: Counter[int], around: int) -> int:
        """The innermost group, of one and those in it, where most that is still there of an old group lies."""
        held: Counter[int] = Counter()
        half = votes.total() / 2
        for holder, count in votes.items():
            path = self._tree.path(holder)
            if around in path:
                held.update(dict.fromkeys(path[: path.index(around)], count))
        most = {at for at, count in held.items() if count > half}  # each lies in the next
        return next(iter(most - {self._tree.parents[at] for at in most}), around)

    def _between(self) -> dict[int, int]:
        """For each removed node, the innermost group around all that is next to it of what is still there."""
        graph = self._grouped
        place = {node: at for at, node in enumerate(self._gone)}
        sources: list[list[int]] = [[] for _ in place]  # among the removed ones
        readers: list[list[int]] = [[] for _ in place]
        above: list[list[int]] = [[] for _ in place]  # groups of what is still there
        below: list[list[int]] = [[] for _ in place]
        for source, target in zip(graph.input_node, row_of_each(graph.input_start), strict=True):
            start, end = place.get(source), place.get(target)
            if start is not None and end is not None:
                sources[end].append(start)
                readers[start].append(end)
            elif end is not None and self._shown[source] != NOWHERE:
                above[end].append(self._shown[source])
            elif start is not None and self._shown[target] != NOWHERE:
                below[start].append(self._shown[target])
        order = flow_order(readers, sources)
        met = self._spread(order, sources, above), self._spread(order[::-1], readers, below)
        inputs = {port.node for port in graph.inputs}
        found = {}
        for node, ends in zip(self._gone, zip(*met, strict=True), strict=True):
            group_around = self._common(each for each in ends if each is not None)
            if group_around is not None and node not in inputs:  # which stand outside of all groups
                found[node] = group_around
        return found

    def _spread(
        self, order: Iterable[int], sources: Sequence[Sequence[int]], own: Sequence[Sequence[int]]
    ) -> list[int | None]:
        """For each removed node, the innermost group around all that its own wires and those of its sources lead to."""
        found: list[int | None] = [None] * len(own)
        for at in order:
            behind = [each for each in (found[source] for source in sources[at]) if each is not None]
            found[at] = self._common([*own[at], *behind])
        return found

    def _common(self, groups: Iterable[int]) -> int | None:
        """The innermost group around several; None for none."""
        several = set(groups)
        return reduce(self._tree.lowest, several) if several else None
