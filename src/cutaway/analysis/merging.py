"""`merge`: two models as one graph: the new one, with what the old one had besides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from cutaway.analysis.differences import Differences, Pair
from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Graph, Weight

STATES = ("equal", "added", "removed", "changed", "fused", "moved")
"""What became of a node, by its code. ``"moved"`` is one that has another name or lies elsewhere, and nothing else."""

EQUAL, ADDED, REMOVED, CHANGED, FUSED, MOVED = range(len(STATES))

HOLDS = 0x80
"""Added to the code of a group in which something changed, but not everything in one and the same way."""

NOWHERE = -(1 << 31)
"""In place of an item: there is none."""


@dataclass(frozen=True, slots=True)
class Merged:
    """Two models as one graph.

    Attributes:
        graph: The new model with what was removed, in the groups where it was; not grouped.
        states: What became of each node of it, a position in `STATES`.
        of_old, of_new: For each node of either model, the node of the merged graph, or ~index of the group, that shows
            it; `NOWHERE` for what another unit computes now and nobody shows.
        groups_of_old, groups_of_new: For each group of either model, the group of the merged graph that it is;
            `NOWHERE` for those of the old one that nothing was removed from.
    """

    graph: Graph
    states: Sequence[int]
    of_old: Sequence[int]
    of_new: Sequence[int]
    groups_of_old: Sequence[int]
    groups_of_new: Sequence[int]


def state_of(pair: Pair) -> int:
    """What became of a unit that is in both models; where it is several things, the first that weighs more."""
    if pair.fused:
        return FUSED
    if pair.changes:
        return CHANGED
    return MOVED if pair.renamed or pair.moved else EQUAL


def merge(old: Graph, new: Graph, found: Differences) -> Merged:
    """Put two models into one graph.

    Nodes of the new model keep their ids. A removed node stands behind what stood before it in the old model, so that
    whatever looks at neighbours finds it where it was.

    Args:
        old: A model.
        new: Another.
        found: What changed from one to the other.
    """
    return _Merger(old, new, found).run()


class _Merger:
    def __init__(self, old: Graph, new: Graph, found: Differences) -> None:
        self._old = old
        self._new = new
        self._found = found
        self._builder = GraphBuilder(new.name, new.format, new.producer)
        self._groups: dict[str, int] = {new.groups.ids[0]: 0, old.groups.ids[0]: 0}
        self._states = bytearray()
        self._of_new = [NOWHERE] * len(new)
        self._of_old = [NOWHERE] * len(old)

    def run(self) -> Merged:
        codes = {unit.item: ADDED for unit in self._found.added}
        codes.update({pair.new.item: state_of(pair) for pair in self._found.pairs})
        new_units = unit_items(self._new, codes)
        old_codes = dict.fromkeys((unit.item for unit in self._found.removed), REMOVED)
        old_codes.update(dict.fromkeys((pair.old.item for pair in self._found.pairs), EQUAL))
        old_units = unit_items(self._old, old_codes)
        gone = [node for node, item in enumerate(old_units) if old_codes.get(item) == REMOVED]
        self._copy_groups(self._new, None)
        self._copy_groups(self._old, {self._old.node_groups[node] for node in gone})
        behind = self._behind(old_units, gone)
        for node in behind.get(-1, ()):
            self._copy_removed(node)
        for node, item in enumerate(new_units):
            self._of_new[node] = self._copy(self._new, node, self._new.names[node], self._new.weights_of(node))
            self._states.append(codes.get(item, EQUAL))
            for removed in behind.get(node, ()):
                self._copy_removed(removed)
        self._connect(set(gone))
        graph = self._builder.build()
        self._find_partners(old_units, graph)
        groups = [[self._groups.get(each, NOWHERE) for each in model.groups.ids] for model in (self._old, self._new)]
        return Merged(graph, self._states, self._of_old, self._of_new, *groups)

    def _behind(self, old_units: Sequence[int], gone: Iterable[int]) -> dict[int, list[int]]:
        """Removed nodes, by the node of the new model that they stand behind; -1 for the first."""
        partner = {pair.old.item: self._nodes_of[pair.new.item][1] for pair in self._found.pairs}
        waiting = set(gone)
        found: dict[int, list[int]] = {}
        last = -1
        for node, item in enumerate(old_units):
            if node in waiting:
                found.setdefault(last, []).append(node)
            else:
                last = partner.get(item, last)
        return found

    @cached_property
    def _nodes_of(self) -> dict[int, tuple[int, int]]:
        """First and last node of each unit of the new model that the old one has too."""
        wanted = {pair.new.item: 0 for pair in self._found.pairs}
        found: dict[int, tuple[int, int]] = {}
        for node, item in enumerate(unit_items(self._new, wanted)):
            found[item] = (found.get(item, (node, node))[0], node)
        return found

    def _copy_removed(self, node: int) -> None:
        name = self._old.names[node]
        place = self._old.groups.ids[self._old.node_groups[node]], name
        if place in self._names or self._old.ids[node] in self._node_ids:
            name = f"{name} (old)"  # the new model has another node of that name or id, which keeps its id
        weights = [
            replace(weight, id=f"{weight.id} (old)") if weight.id in self._weights else weight
            for weight in self._old.weights_of(node)
        ]
        self._of_old[node] = self._copy(self._old, node, name, weights)
        self._states.append(REMOVED)

    @cached_property
    def _names(self) -> set[tuple[str, str]]:
        """Names of the nodes of the new model, with the ids of their groups."""
        ids = self._new.groups.ids
        return {(ids[group], name) for group, name in zip(self._new.node_groups, self._new.names, strict=True)}

    @cached_property
    def _node_ids(self) -> set[str]:
        """Ids of the nodes of the new model."""
        return set(self._new.ids)

    @cached_property
    def _weights(self) -> set[str]:
        """Ids of the weights of the new model."""
        return {weight.id for weight in self._new.weights}

    def _copy(self, graph: Graph, node: int, name: str, weights: Iterable[Weight]) -> int:
        return self._builder.node(
            name, graph.op(node), group=self._groups[graph.groups.ids[graph.node_groups[node]]],
            outputs=graph.outputs_of(node), attributes=graph.attributes[node], weights=weights,
        )  # fmt: skip

    def _copy_groups(self, graph: Graph, wanted: set[int] | None) -> None:
        """Add the groups of a graph, or those around some, that are not there yet."""
        groups = graph.groups
        needed = wanted
        if wanted is not None:
            needed = set()
            for group in wanted:
                while group > 0 and group not in needed:
                    needed.add(group)
                    group = groups.parents[group]
        for index in range(1, len(groups)):
            if groups.ids[index] in self._groups or (needed is not None and index not in needed):
                continue
            name = groups.names[index]
            if groups.ids[index] in self._node_ids:
                name = f"{name} (old)"  # as where a layer came in the place of a model in the model: it keeps its id
            self._groups[groups.ids[index]] = self._builder.group(
                name, parent=self._groups[groups.ids[groups.parents[index]]], kind=groups.kinds[index],
                op=groups.ops.get(index, ""), found_by=groups.found_by.get(index, ""),
                attributes=groups.attributes.get(index, {}),
                weights=[graph.weights[code] for code in groups.weights.get(index, ())],
            )  # fmt: skip

    def _connect(self, gone: set[int]) -> None:
        """Wires of the new model, and those of the old one that begin or end at what was removed."""
        first = dict(enumerate(self._of_old))
        last = dict(first)
        codes = {pair.old.item: pair for pair in self._found.pairs}
        for node, item in enumerate(unit_items(self._old, dict.fromkeys(codes, 0))):
            if item in codes:
                first[node], last[node] = (self._of_new[at] for at in self._nodes_of[codes[item].new.item])
        for edge in self._new.edges():
            source, target = self._of_new[edge.source], self._of_new[edge.target]
            self._builder.connect(source, target, port=edge.port, label=edge.label)
        for edge in self._old.edges():
            ends = last[edge.source], first[edge.target]
            if (edge.source in gone or edge.target in gone) and min(ends) >= 0:
                self._builder.connect(*ends, port=edge.port)
        for port in self._new.inputs:
            self._builder.mark_input(self._of_new[port.node], port.name, port.port)
        for port in self._new.outputs:
            self._builder.mark_output(self._of_new[port.node], port.name, port.port)

    def _find_partners(self, old_units: Sequence[int], graph: Graph) -> None:
        """For nodes of the old model that are not drawn themselves, what is drawn in their place."""
        at_id = {identity: at for at, identity in enumerate(graph.groups.ids)}
        shown: dict[int, int] = {}
        for pair in self._found.pairs:
            item = pair.new.item
            shown[pair.old.item] = self._of_new[item] if item >= 0 else ~at_id[self._new.groups.ids[~item]]
            for unit in pair.fused:
                shown[unit.item] = shown[pair.old.item]
        for node, item in enumerate(old_units):
            if self._of_old[node] == NOWHERE:
                self._of_old[node] = shown.get(item, NOWHERE)


def unit_items(graph: Graph, items: Mapping[int, int]) -> list[int]:
    """For each node of a graph, the unit that it is or lies in, of those that are named.

    Args:
        graph: A model.
        items: Units by item: a node, or ~index of a group.
    """
    groups = graph.groups
    holder = [0] * len(groups)
    for index in range(1, len(groups)):
        holder[index] = holder[groups.parents[index]] or (~index if ~index in items else 0)
    return [
        node if node in items or not holder[group] else holder[group]
        for node, group in enumerate(graph.node_groups)
    ]  # fmt: skip


def group_states(graph: Graph, states: Sequence[int]) -> bytearray:
    """What became of each group: the code of all that it holds, where that is one, else 0 or `HOLDS`.

    Args:
        graph: A merged graph, grouped or not.
        states: Code of each node.
    """
    count = len(graph.groups)
    least, most = [len(STATES)] * count, [0] * count
    for group, state in zip(graph.node_groups, states, strict=True):
        least[group] = min(least[group], state)
        most[group] = max(most[group], state)
    for group in range(count - 1, 0, -1):
        parent = graph.groups.parents[group]
        least[parent] = min(least[parent], least[group])
        most[parent] = max(most[parent], most[group])
    found = bytearray(count)
    for group in range(1, count):
        found[group] = most[group] if least[group] >= most[group] else HOLDS if most[group] else 0
    return found
