"""`GroupTree`: a nesting that is still being made, of which nodes and groups may be moved."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cutaway.graph.model import Graph, GroupColumns, GroupKind


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """A group that no author gave.

    Attributes:
        id: The id that it gets where nobody else has it.
        name, kind, found_by: What `Group` says.
    """

    id: str
    name: str
    kind: GroupKind
    found_by: str


class GroupTree:
    """Who lies in what. An item is a node, or ~index of a group.

    Args:
        graph: Its own groups come first, with their indices; they can be moved, but never dissolved.

    Attributes:
        parents: Group around each group; -1 for the root.
        owners: Group around each node.
        found: The groups that were added, by index; those that are not in it any more were dissolved.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.parents = list(graph.groups.parents)
        self.owners = list(graph.node_groups)
        self.found: dict[int, FoundGroup] = {}

    def add(self, parent: int, found: FoundGroup) -> int:
        """Add a group; returns its index."""
        self.parents.append(parent)
        self.found[len(self.parents) - 1] = found
        return len(self.parents) - 1

    def drop(self, group: int) -> None:
        """Take away a group that was added, in which nothing lies any more."""
        del self.found[group]
        self.parents[group] = -1

    def around(self, item: int) -> int:
        """The group that an item lies in."""
        return self.owners[item] if item >= 0 else self.parents[~item]

    def move(self, item: int, group: int) -> None:
        """Put an item into another group."""
        if item >= 0:
            self.owners[item] = group
        else:
            self.parents[~item] = group

    def path(self, group: int) -> list[int]:
        """A group and those around it, the root last."""
        found = []
        while group >= 0:
            found.append(group)
            group = self.parents[group]
        return found

    def lowest(self, one: int, other: int) -> int:
        """The innermost group that holds two groups, which may be one of them."""
        around = set(self.path(one))
        while other not in around:
            other = self.parents[other]
        return other

    def children(self) -> list[list[int]]:
        """The groups right in each group."""
        found: list[list[int]] = [[] for _ in self.parents]
        for group, parent in enumerate(self.parents):
            if parent >= 0:
                found[parent].append(group)
        return found

    def outer_first(self) -> list[int]:
        """All groups, each before those in it, and right behind the one around it or what that holds."""
        children, order, waiting = self.children(), [], [0]
        while waiting:
            group = waiting.pop()
            order.append(group)
            waiting += reversed(children[group])
        return order

    def build(self) -> Graph:
        """The graph with these groups, parents first."""
        groups, order = self._graph.groups, self.outer_first()
        place = {group: at for at, group in enumerate(order)}
        ids, found = self._fresh_ids(order), self.found
        columns = GroupColumns(
            ids=tuple(ids[group] for group in order),
            names=tuple(found[at].name if at in found else groups.names[at] for at in order),
            kinds=tuple(found[at].kind if at in found else groups.kinds[at] for at in order),
            parents=array("i", [place.get(self.parents[group], -1) for group in order]),
            ops={place[at]: op for at, op in groups.ops.items()},
            found_by={place[at]: words for at, words in self._found_by().items()},
            attributes={place[at]: said for at, said in groups.attributes.items()},
            weights={place[at]: codes for at, codes in groups.weights.items()},
        )
        return replace(self._graph, groups=columns, node_groups=array("i", map(place.__getitem__, self.owners)))

    def _found_by(self) -> dict[int, str]:
        return {**self._graph.groups.found_by, **{at: found.found_by for at, found in self.found.items()}}

    def _fresh_ids(self, order: Sequence[int]) -> dict[int, str]:
        """Ids of all groups: what was found gives way to what was there."""
        ids = dict(enumerate(self._graph.groups.ids))
        taken = {*ids.values(), *self._graph.ids}
        for group in sorted(self.found):
            wanted = identity = self.found[group].id
            count = 1
            while identity in taken:
                count += 1
                identity = f"{wanted}@{count}"
            taken.add(identity)
            ids[group] = identity
        return {group: ids[group] for group in order}
