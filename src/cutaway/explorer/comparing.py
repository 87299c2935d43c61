"""Two models in the explorer: a chart of both as one, one of each, and what joins them.

The page draws one of them, or the old and the new one side by side; the container of `Comparing.container` tells it
what became of every node, which node of one chart is which of another, and what changed.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal

from cutaway.analysis.compared import Compared
from cutaway.analysis.differences import Pair, differences
from cutaway.analysis.merging import (
    ADDED,
    CHANGED,
    FUSED,
    MOVED,
    NOWHERE,
    REMOVED,
    STATES,
    group_states,
    state_of,
    unit_items,
)
from cutaway.analysis.units import Unit
from cutaway.drawing.changes import change_counts
from cutaway.explorer.chart import LABELS, MOST_COUNTED, Chart, arranged
from cutaway.explorer.compared_sums import group_sums, seen_in
from cutaway.explorer.container import Container
from cutaway.explorer.contract import Compare, Live
from cutaway.explorer.findings import MOST_EMBEDDED, Settings, in_part, look
from cutaway.explorer.text import shown, to_json
from cutaway.graph.contract import plain
from cutaway.graph.model import Graph
from cutaway.overlays.overlay import Overlay, carried
from cutaway.style.changes import CHANGES, change_fill, change_stroke
from cutaway.style.theme import THEMES, Theme

if TYPE_CHECKING:
    from cutaway.checks.finding import Finding

Side = Literal["both", "old", "new"]
SIDES: tuple[Side, ...] = ("both", "old", "new")
"""The charts, in the order of their numbers."""

MOST_TOLD = 20_000
"""Changes that are told in full; of further ones the page knows the name and the kind."""


class Comparing:
    """Two models as the page sees them.

    Args:
        compared: The models, as their readers made them, with what changed.

    Attributes:
        compared: The same.
        arranged: The charts' graphs with words and places, in the order of `SIDES`.
    """

    def __init__(self, compared: Compared) -> None:
        self.compared = compared
        both, old, new = compared.grouped
        labels = replace(LABELS, group_counts=change_counts(both, compared.merged.states))
        self.arranged = (arranged(both, labels), arranged(old), arranged(new))
        self._container: list[bytes] | None = None

    @classmethod
    def of(cls, old: Graph, new: Graph) -> Comparing:
        """Compare two models."""
        return cls(Compared(old, new, differences(old, new)))

    def charts(
        self,
        live: Live,
        settings: Settings,
        theme: Theme | None = None,
        lay: Callable[[Graph], Overlay] | None = None,
    ) -> list[Chart]:
        """The charts, in the order of `SIDES`; their numbers and heads are those that whoever keeps them gives.

        Args:
            live: What the page may ask for.
            settings: Gives how the new model was compiled, for the checks.
            theme: Theme that was chosen; None leaves the choice to the page.
            lay: Lays a table of the caller's over the new model, which colours what is in it; None where there is none.

        Raises:
            OptionError: The table names nothing in the new model.
        """
        both, old, new = self.arranged
        overlay = None if lay is None else lay(new.graph)
        of_new = Chart(new, live, theme, find=_finder(new.graph, settings), overlay=overlay)
        of_both = None if overlay is None else carried(overlay, both.graph, self._in_both)
        return [
            Chart(
                both,
                live,
                theme,
                find=lambda: in_part(of_new.found(), both.graph),
                overlay=of_both,
                counted=self.seen[1],
            ),
            Chart(old, live, theme, find=_finder(old.graph, dict)),
            of_new,
        ]

    def head(self, side: Side, first: int) -> Compare:
        """What the head of a chart says of the comparison.

        Args:
            side: Which of the charts.
            first: Number of the first chart.
        """
        compared = self.compared
        told = compared.to_totals()
        return {
            "side": side,
            "charts": [first + at for at in range(len(SIDES))],
            "names": [shown(graph.name) for graph in (compared.old, compared.new)],
            "formats": [graph.format for graph in (compared.old, compared.new)],
            "level": compared.differences.level,
            "counts": compared.counts(),
            "totals": [(name, before, after) for name, (before, after) in told.items()],
            "notCounted": [[shown(note) for note in spent.notes] for spent in compared.spending],
            "looks": {
                state: {"letter": look.letter, "says": look.says, "fills": _colours(state, change_fill),
                        "strokes": _colours(state, change_stroke)}
                for state, look in CHANGES.items()
            },
            "quiet": _colours("equal", change_fill),
            "quietStroke": _colours("equal", change_stroke),
            "states": list(STATES),
        }  # fmt: skip

    def container(self) -> list[bytes]:
        """What became of everything, and which item of one chart is which of another; made once."""
        if self._container is None:
            made = Container()
            self._states(made)
            self._partners(made)
            self._sums(made)
            self._changes(made)
            self._container = made.pieces()
        return self._container

    @cached_property
    def states(self) -> tuple[Sequence[int], ...]:
        """What became of each node, a position in `STATES`, by chart."""
        compared, found = self.compared, self.compared.differences
        codes_old = {unit.item: REMOVED for unit in found.removed}
        codes_new = {unit.item: ADDED for unit in found.added}
        for pair in found.pairs:
            codes_old[pair.old.item] = codes_new[pair.new.item] = state_of(pair)
            codes_old.update((unit.item, FUSED) for unit in pair.fused)
        return (
            compared.merged.states,
            [codes_old.get(item, 0) for item in unit_items(compared.old, codes_old)],
            [codes_new.get(item, 0) for item in unit_items(compared.new, codes_new)],
        )

    def _states(self, made: Container) -> None:
        for side, each, states in zip(SIDES, self.arranged, self.states, strict=True):
            made.numbers(f"{side}_state", "u8", states)
            made.numbers(f"{side}_group_state", "u8", group_states(each.graph, states))

    def _partners(self, made: Container) -> None:
        merged = self.compared.merged
        both, *sides = (each.graph for each in self.arranged)
        for side, graph, nodes in zip(SIDES[1:], sides, (merged.of_old, merged.of_new), strict=True):
            to_both = [self._regrouped(item) for item in nodes]
            back = [NOWHERE] * len(both)
            for node in sorted(range(len(to_both)), key=self._swallowed(side).__contains__):
                item = to_both[node]
                if item >= 0 and back[item] == NOWHERE:
                    back[item] = node
            made.numbers(f"{side}_node", "i32", to_both)
            made.numbers(f"{side}_group", "i32", group_partners(graph, to_both, both))
            made.numbers(f"both_{side}_node", "i32", back)
            made.numbers(f"both_{side}_group", "i32", group_partners(both, back, graph))

    def _sums(self, made: Container) -> None:
        if max(map(len, self.seen)) > MOST_COUNTED:
            return
        for side, seen, spending in zip(SIDES[1:], self.seen, self.compared.spending, strict=True):
            for name, values in group_sums(seen, spending).items():
                made.numbers(f"both_{side}_{name}", "f64", values)

    @cached_property
    def seen(self) -> tuple[Graph, Graph]:
        """The old model and the new one, each in the groups of the chart of both."""
        compared, merged = self.compared, self.compared.merged

        def chart_items(items: Sequence[int]) -> list[int]:
            return [self._regrouped(item) for item in items]

        def chart_groups(groups: Sequence[int]) -> list[int]:
            return [self._regrouped(at if at == NOWHERE else ~at) for at in groups]

        both = self.arranged[0].graph
        return (
            seen_in(both, compared.old, chart_items(merged.of_old), chart_groups(merged.groups_of_old)),
            seen_in(both, compared.new, chart_items(merged.of_new), chart_groups(merged.groups_of_new)),
        )

    def _swallowed(self, side: Side) -> set[int]:
        """Nodes that something else computes now: they are shown in its place, but do not stand for it."""
        if side != "old":
            return set()
        fused = {unit.item: FUSED for pair in self.compared.differences.changed for unit in pair.fused}
        return {node for node, item in enumerate(unit_items(self.compared.old, fused)) if item in fused}

    def pair_of(self, item: int) -> Pair | None:
        """The layer or operation of both models that an item of the merged chart is; None for any other item.

        Args:
            item: A node, or ~index of a group.
        """
        return self._pairs.get(item)

    @cached_property
    def _pairs(self) -> Mapping[int, Pair]:
        """Pairs by their item in the merged chart."""
        merged, ids = self.compared.merged, self.compared.new.groups.ids
        at_id = {identity: at for at, identity in enumerate(self.arranged[0].graph.groups.ids)}
        found = {}
        for pair in self.compared.differences.pairs:
            item = pair.new.item
            if item >= 0:
                found[merged.of_new[item]] = pair
            elif (group := at_id.get(ids[~item])) is not None:
                found[~group] = pair
        return found

    def _in_both(self, place: int) -> int | None:
        """The item of the merged chart that stands for a node, or group as ~index, of the new one."""
        merged = self.compared.merged
        found = self._regrouped(merged.of_new[place]) if place >= 0 else self._groups_of_new[~place]
        return None if found == NOWHERE else found if place >= 0 else ~found

    @cached_property
    def _groups_of_new(self) -> Sequence[int]:
        """For each group of the new chart, the group of the merged one that shows it; `NOWHERE` for none."""
        to_both = [self._regrouped(item) for item in self.compared.merged.of_new]
        return group_partners(self.arranged[2].graph, to_both, self.arranged[0].graph)

    def _regrouped(self, item: int) -> int:
        """An item of the merged graph in the grouped one, whose groups have other numbers."""
        if item >= 0 or item == NOWHERE:
            return item
        if self._group_at is None:
            self._group_at = {identity: at for at, identity in enumerate(self.arranged[0].graph.groups.ids)}
        return ~self._group_at[self.compared.merged.graph.groups.ids[~item]]

    _group_at: dict[str, int] | None = None

    def _changes(self, made: Container) -> None:
        rows = sorted(self._rows(), key=lambda row: (row[1] if row[1] >= 0 else row[5], row[0]))
        made.numbers("change_kind", "u8", (kind for kind, *_ in rows))
        made.numbers("change_item", "i32", (item for _, item, *_ in rows))
        made.numbers("change_old", "i32", (old for _, _, old, *_ in rows))
        made.numbers("change_new", "i32", (new for _, _, _, new, *_ in rows))
        compared = self.compared
        texts = []
        for at, (kind, _, _, _, found, _) in enumerate(rows):
            if at < MOST_TOLD:
                told = compared.told(found, removed=bool(kind & 1 << REMOVED))
                told = told if isinstance(found, Pair) else {"old" if kind & 1 << REMOVED else "new": told}
            else:
                unit = found.new if isinstance(found, Pair) else found
                told = {"old" if kind & 1 << REMOVED else "new": {"id": unit.id, "name": unit.name, "op": unit.op}}
            texts.append(to_json(_cleaned(plain(told))))
        made.texts("change", texts)

    def _rows(self) -> list[tuple[int, int, int, int, Pair | Unit, int]]:
        """Kinds as bits, item in the merged chart, in the old one and the new one, what was found, and its place."""
        compared, merged, found = self.compared, self.compared.merged, self.compared.differences
        firsts = [_first_nodes(graph) for graph in (compared.old, compared.new)]
        ids = [{identity: at for at, identity in enumerate(each.graph.groups.ids)} for each in self.arranged]

        def row(kind: int, old: Unit | None, new: Unit | None, what: Pair | Unit) -> tuple[Any, ...]:
            unit, side = (new, 1) if new is not None else (old, 0)
            if unit is None:
                raise AssertionError("a change is one of the old model or of the new one")
            of = (merged.of_old, merged.of_new)[side]
            place = of[unit.item if unit.item >= 0 else firsts[side][~unit.item]]
            item = place if unit.item >= 0 else ~ids[0].get(unit.id, -1)
            items = [
                NOWHERE if each is None else each.item if each.item >= 0 else ~ids[at][each.id]
                for at, each in ((1, old), (2, new))
            ]
            return kind, item, *items, what, place

        rows = [row(1 << ADDED, None, unit, unit) for unit in found.added]
        rows += [row(1 << REMOVED, unit, None, unit) for unit in found.removed]
        for pair in found.changed:
            kind = bool(pair.changes) << CHANGED | bool(pair.fused) << FUSED | (pair.renamed or pair.moved) << MOVED
            rows.append(row(kind, pair.old, pair.new, pair))
        return rows


def group_partners(graph: Graph, nodes: Sequence[int], other: Graph) -> array[int]:
    """For each group of a graph, the group of another that shows most of what is in it; `NOWHERE` for none.

    Each node votes for the group around its partner, and each group, once it has one, for the group around that.

    Args:
        graph: A grouped graph.
        nodes: For each of its nodes, the item of the other graph that shows it.
        other: That graph, grouped.
    """
    votes: list[Counter[int]] = [Counter() for _ in range(len(graph.groups))]
    for node, item in enumerate(nodes):
        if item == NOWHERE:
            continue
        around = other.node_groups[item] if item >= 0 else ~item
        votes[graph.node_groups[node]][around] += 1
    by_id = {identity: at for at, identity in enumerate(other.groups.ids)}
    found = array("i", [NOWHERE]) * len(votes)
    for at in range(len(votes) - 1, 0, -1):
        if votes[at]:
            best = max(votes[at].values())
            same = by_id.get(graph.groups.ids[at], -1)
            winners = [each for each, count in votes[at].items() if count == best]
            found[at] = same if same in winners else min(winners)
            around = other.groups.parents[found[at]]
            votes[graph.groups.parents[at]][max(around, 0)] += 1
        elif graph.groups.ids[at] in by_id:
            found[at] = by_id[graph.groups.ids[at]]
    found[0] = 0
    return found


def _finder(graph: Graph, settings: Settings) -> Callable[[], list[Finding]] | None:
    """Looks for flaws, in models that are not too large to be looked at without being asked."""
    return None if len(graph) > MOST_EMBEDDED else partial(look, graph, settings)


def _first_nodes(graph: Graph) -> list[int]:
    """The first node of each group, at any depth; -1 for an empty one."""
    found = [-1] * len(graph.groups)
    for node in range(len(graph) - 1, -1, -1):
        found[graph.node_groups[node]] = node
    for at in range(len(found) - 1, 0, -1):
        parent = graph.groups.parents[at]
        if found[at] >= 0 and (found[parent] < 0 or found[at] < found[parent]):
            found[parent] = found[at]
    return found


def _cleaned(value: Any, name: str = "") -> Any:
    """JSON whose texts are safe to show; ids stay what they are, since programs look for them."""
    if isinstance(value, str):
        return value if name in ("id", "group") else shown(value)
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    if isinstance(value, dict):
        return {shown(key): _cleaned(each, key) for key, each in value.items()}
    return value


def _colours(state: str, colour: Any) -> dict[str, str]:
    return {name: colour(theme, state) for name, theme in THEMES.items()}
