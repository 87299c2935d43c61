"""`untangle`: groups of two models drawn as one may hold each other up; those that do are opened.

The groups of either model can be drawn closed: nothing that leaves one comes back into it. Those of both together may
not: what was removed can lead out of a group of the new model and back. It is pulled into that group where it ties up
no other, unless that would bury it; removed nodes are taken out of the groups that they tie up; and if all that does
not help, groups are dissolved into those around them, the smallest first, until wires lead one way. Groups that an
author gave stay, also where they make a circle, as scopes do in one model alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from cutaway.analysis.circles import circles
from cutaway.analysis.group_tree import GroupTree
from cutaway.graph.level import flow_order
from cutaway.graph.model import Graph
from cutaway.graph.walk import row_of_each

SMALL_END = 0.25
"""Share of a group that may be parted from it to lie beside what was removed, where that is more than the group."""

Wire = tuple[int, int]
"""Two nodes, the reading one second."""


def untangle(tree: GroupTree, graph: Graph, gone: Collection[int]) -> None:
    """Move removed nodes and dissolve groups until no group that was found leads back into itself.

    Args:
        tree: The groups, which are changed.
        graph: Its nodes. Of wires that make a circle of nodes alone, those that close it are left out.
        gone: Nodes that were removed.
    """
    _Untangler(tree, gone).run(_forward(graph))


def _forward(graph: Graph) -> list[Wire]:
    """The wires of a graph without those that close a circle."""
    wires = list(zip(graph.input_node, row_of_each(graph.input_start), strict=True))
    succ: list[list[int]] = [[] for _ in range(len(graph))]
    pred: list[list[int]] = [[] for _ in range(len(graph))]
    for source, target in wires:
        succ[source].append(target)
        pred[target].append(source)
    place = [0] * len(graph)
    for at, node in enumerate(flow_order(succ, pred)):
        place[node] = at
    return [(source, target) for source, target in wires if place[source] < place[target]]


@dataclass(frozen=True, slots=True)
class _Circle:
    """Items right in one group that lead to each other.

    Attributes:
        around: That group.
        kept: Those with something of the new model.
        gone: Those of which all was removed.
        wires: The wires among and in them, each with the items that its ends are or lie in.
    """

    around: int
    kept: list[int]
    gone: list[int]
    wires: list[tuple[Wire, int, int]]


class _Untangler:
    def __init__(self, tree: GroupTree, gone: Collection[int]) -> None:
        self._tree = tree
        self._gone = gone
        self._taken_out: set[int] = set()  # items, once each
        self._items = [{~group for group in row} for row in tree.children()]
        self._kept = [0] * len(tree.parents)  # nodes of the new model in each group, at any depth
        for node, owner in enumerate(tree.owners):
            self._items[owner].add(node)
            self._kept[owner] += node not in gone
        for group in reversed(tree.outer_first()[1:]):
            self._kept[tree.parents[group]] += self._kept[group]

    def run(self, wires: Sequence[Wire]) -> None:
        """Look at every group, the outer ones first."""
        waiting = [(0, wires)]
        while waiting:
            group, wires = waiting.pop()
            while self._loosen(group, wires):
                pass
            inside: dict[int, list[Wire]] = {}
            for wire, (start, end) in zip(wires, self._lifted(group, wires), strict=True):
                if start == end:
                    inside.setdefault(~start, []).append(wire)
            waiting += inside.items()

    def _lifted(self, group: int, wires: Iterable[Wire]) -> list[Wire]:
        """For wires inside a group, what lies right in it at their ends."""
        owners, parents = self._tree.owners, self._tree.parents
        right_in: dict[int, int] = {}

        def item_at(node: int) -> int:
            owner = owners[node]
            if owner == group:
                return node
            if owner not in right_in:
                path = [owner]
                while parents[path[-1]] != group and path[-1] not in right_in:
                    path.append(parents[path[-1]])
                right_in.update(dict.fromkeys(path, right_in.get(path[-1], ~path[-1])))
            return right_in[owner]

        return [(item_at(source), item_at(target)) for source, target in wires]

    def _loosen(self, group: int, wires: Sequence[Wire]) -> bool:
        """Open up the circles among what lies right in a group; whether there were any that can be."""
        lifted = self._lifted(group, wires)
        circle_of: dict[int, _Circle] = {}
        found = []
        for items in circles(lifted):
            parts: tuple[list[int], list[int]] = ([], [])
            for item in items:
                parts[self._is_gone(item)].append(item)
            found.append(_Circle(group, *parts, []))
            circle_of.update(dict.fromkeys(items, found[-1]))
        for wire, (start, end) in zip(wires, lifted, strict=True):
            circle = circle_of.get(start)
            if circle is not None and circle is circle_of.get(end):
                circle.wires.append((wire, start, end))
        ways = (self._exchange, self._part, self._pull, self._take_out, self._dissolve)
        done = [any(way(circle) for way in ways) for circle in found]  # of each circle the first that works
        return any(done)

    def _exchange(self, circle: _Circle) -> bool:
        """Put a few nodes that lie in no group into the one removed group that they are in the place of."""
        groups = [~item for item in circle.gone if item < 0]
        if len(groups) != 1 or groups[0] not in self._tree.found or any(item < 0 for item in circle.kept):
            return False
        if len(circle.kept) > self._nodes_in(~groups[0]):
            return False
        for item in (*circle.kept, *circle.gone):
            if item >= 0:
                self._move(item, groups[0])
        self._kept[groups[0]] += len(circle.kept)
        return True

    def _part(self, circle: _Circle) -> bool:
        """Part the small end of a group from it, behind or before more removed nodes than the group has itself."""
        group = self._partner(circle)
        if group not in self._tree.found or sum(map(self._nodes_in, circle.gone)) <= self._kept[group]:
            return False
        end = self._smaller_end(group, circle)
        kept = sum(self._kept[~item] if item < 0 else item not in self._gone for item in end)
        if len(end) > SMALL_END * len(self._items[group]) or kept >= self._kept[group]:
            return False
        self._kept[group] -= kept
        for item in end:
            self._move(item, circle.around)
        return True

    def _pull(self, circle: _Circle) -> bool:
        """Put what was removed into the one group of the new model that it makes a circle with."""
        group = self._partner(circle)
        for item in circle.gone if group >= 0 else ():
            self._move(item, group)
        return group >= 0

    def _partner(self, circle: _Circle) -> int:
        """The one group of the new model in a circle of which all else was removed and may be moved; -1 for none."""
        movable = all(item >= 0 or ~item in self._tree.found for item in circle.gone)
        return ~circle.kept[0] if len(circle.kept) == 1 and circle.kept[0] < 0 and movable else -1

    def _smaller_end(self, group: int, circle: _Circle) -> set[int]:
        """What lies right in a group behind all else of a circle, or, if that is less, before it."""
        inside = self._lifted(group, [wire for wire, start, end in circle.wires if start == end == ~group])
        entered = self._lifted(
            group, [(target, target) for (_, target), start, end in circle.wires if start != end == ~group]
        )
        left = self._lifted(
            group, [(source, source) for (source, _), start, end in circle.wires if end != start == ~group]
        )
        behind = _reached({item for item, _ in entered}, inside)
        before = _reached({item for item, _ in left}, [(target, source) for source, target in inside])
        return min(behind, before, key=len)

    def _take_out(self, circle: _Circle) -> bool:
        """Take what was removed out of the groups that it makes a circle of, once each; whether there was any."""
        done = False
        for node in dict.fromkeys(end for wire, start, target in circle.wires if start != target for end in wire):
            if node not in self._gone:
                continue
            item, around = node, self._tree.path(self._tree.owners[node])
            around = around[: around.index(circle.around)]
            for each in around:
                if not self._kept[each]:
                    item = ~each  # all of it was removed: it stays together
            if item in self._taken_out or self._tree.around(item) == circle.around:
                continue
            if all(each in self._tree.found for each in around):
                self._taken_out.add(item)
                self._move(item, circle.around)
                done = True
        return done

    def _dissolve(self, circle: _Circle) -> bool:
        """Put what lies in the smallest groups that were found into the one around them; whether there are any."""
        found = sorted(
            (self._kept[~item], ~item)
            for item in (*circle.kept, *circle.gone)
            if item < 0 and ~item in self._tree.found
        )
        for _, smallest in found[: max(1, len(found) // 4)]:  # several at a time: a look costs the whole level
            for item in list(self._items[smallest]):
                self._move(item, circle.around)
            self._items[circle.around].remove(~smallest)
            self._tree.drop(smallest)
        return bool(found)

    def _is_gone(self, item: int) -> bool:
        """Whether all of it was removed."""
        return item in self._gone if item >= 0 else not self._kept[~item]

    def _nodes_in(self, item: int) -> int:
        """Number of nodes that an item is or holds."""
        count, waiting = 0, [item]
        while waiting:
            each = waiting.pop()
            count += each >= 0
            waiting += self._items[~each] if each < 0 else ()
        return count

    def _move(self, item: int, group: int) -> None:
        self._items[self._tree.around(item)].remove(item)
        self._items[group].add(item)
        self._tree.move(item, group)


def _reached(starts: set[int], wires: Iterable[Wire]) -> set[int]:
    """Some things, and all that these lead to."""
    ahead: dict[int, list[int]] = {}
    for source, target in wires:
        ahead.setdefault(source, []).append(target)
    found, waiting = set(starts), list(starts)
    while waiting:
        new = set(ahead.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found
