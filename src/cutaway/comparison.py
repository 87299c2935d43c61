"""`diff` and `Comparison`: what changed between two models, as text, as data, and as one drawing of both."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import Any

from cutaway.analysis.differences import Change, Differences, Pair, differences
from cutaway.analysis.parameters import Totals, model_totals
from cutaway.analysis.units import Unit
from cutaway.drawing.compose import Marks
from cutaway.graph.build import GraphBuilder
from cutaway.graph.grouping import group
from cutaway.graph.model import Graph
from cutaway.layout.nesting import LayoutOptions
from cutaway.picture import Picture, draw
from cutaway.readers import read
from cutaway.style.labels import LabelOptions
from cutaway.style.measure import clean
from cutaway.style.theme import Theme, mix, theme_named

SCHEMA = 1
"""Version of the JSON form; it grows when a program that reads the old one could misread the new one."""

_COLOURS = {"added": "#8fd19e", "removed": "#f0a3a3", "changed": "#ffd27f", "fused": "#b7c4f0"}
"""Fills of what is otherwise; they differ in lightness too, and each box says in words what it is."""

_QUIET = 0.12
"""Share of the colour of wires in the boxes of what is the same, which must not draw the eye."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """What changed from one model to another; printing it shows it.

    Attributes:
        old, new: The models.
        differences: What changed, unit by unit.
    """

    old: Graph
    new: Graph
    differences: Differences

    @property
    def equal(self) -> bool:
        """Whether nothing changed."""
        return self.differences.equal

    @cached_property
    def totals(self) -> tuple[Totals, Totals]:
        """Parameters and bytes of the old and the new model."""
        return model_totals(self.old), model_totals(self.new)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        found, (before, after) = self.differences, self.totals
        word = "layers" if found.level == "layer" else "nodes"
        yield f"{clean(self.old.name)} ({self.old.format}) -> {clean(self.new.name)} ({self.new.format})"
        yield f"{'nodes':11} {len(self.old):>15,} -> {len(self.new):,}{_sign(len(self.new) - len(self.old))}"
        for name in ("parameters", "trainable", "bytes"):
            here, there = getattr(before, name), getattr(after, name)
            yield f"{name:11} {here:>15,} -> {there:,}{_sign(there - here)}"
        counts = self.counts()
        told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        yield (
            f"{counts['same']:,} of {len(found.pairs) + len(found.removed):,} {word} are the same"
            if self.equal
            else told
        )
        for pair in found.pairs:
            if not pair.same:
                yield from _pair_lines(pair)
        for mark, units in (("+", found.added), ("-", found.removed)):
            for unit in units:
                size = f", {unit.parameters:,} parameters" if unit.parameters else ""
                yield f"{mark} {clean(unit.id)} ({clean(unit.op)}{size})"

    def counts(self) -> dict[str, int]:
        """How many units are the same, changed, renamed, moved, fused, added and removed; one may be several."""
        counts = Counter(dict.fromkeys(("same", "changed", "renamed", "moved", "fused", "added", "removed"), 0))
        for pair in self.differences.pairs:
            counts["same"] += pair.same
            counts["changed"] += bool(pair.changes)
            counts["renamed"] += pair.renamed
            counts["moved"] += pair.moved
            counts["fused"] += len(pair.fused)
        counts["added"], counts["removed"] = len(self.differences.added), len(self.differences.removed)
        return dict(counts)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain JSON values, of the form that ``docs/contract.md`` describes."""
        found = self.differences
        return {
            "schema": SCHEMA,
            "level": found.level,
            "equal": self.equal,
            "old": _model(self.old, self.totals[0]),
            "new": _model(self.new, self.totals[1]),
            "counts": self.counts(),
            "changed": [_told_pair(pair) for pair in found.pairs if not pair.same],
            "added": [_told(unit) for unit in found.added],
            "removed": [_told(unit) for unit in found.removed],
        }

    def plot(self, to_file: str | PathLike[str] | None = None, *, theme: str | Theme = "light") -> Picture:
        """Draw both models as one: the new one, with what the old one had besides, coloured by what changed.

        Args:
            to_file: Where to save the picture; the extension chooses the format. None saves nothing.
            theme: As for `plot_model`.

        Raises:
            OptionError: There is no such theme or format.
            OSError: The file cannot be written.
        """
        merged, states = _merged(self)
        grouped = group(merged)
        shown = [name for name in _COLOURS if name in states.values()]
        chosen = theme_named(theme)
        quiet = mix(chosen.group_fill, chosen.wire, _QUIET)
        marks = Marks(
            fills={node: _COLOURS.get(states.get(node, ""), quiet) for node in range(len(merged))},
            legend=[(_COLOURS[name], "#475569", name) for name in shown] or None,
        )
        notes = {grouped.ids[node]: state for node, state in states.items()}
        labels = LabelOptions(names=None, annotations=notes)
        picture = draw(grouped, labels, LayoutOptions(), marks, chosen, {}, dpi=200.0)
        if to_file is not None:
            picture.save(to_file)
        return picture


def diff(old: Any, new: Any) -> Comparison:
    """Compare two models, of whatever formats.

    Args:
        old: Path of a file, a live model, or a `Graph`.
        new: The other.

    Returns:
        What changed. Models of different formats are compared layer by layer, and what a converter computes in another
        layer is told as fused.

    Raises:
        ReadError: A file is damaged, unsafe, or in no known format.
        UnbuiltModel: A live model has no shapes yet.
    """
    before, after = (model if isinstance(model, Graph) else read(model) for model in (old, new))
    return Comparison(before, after, differences(before, after))


def to_json(comparison: Comparison) -> str:
    """A comparison as JSON."""
    return json.dumps(comparison.to_dict(), indent=1, default=repr) + "\n"


def to_text(comparison: Comparison) -> str:
    """A comparison as text, a line for each change."""
    return f"{comparison}\n"


FORMATS = {"text": to_text, "json": to_json}
"""Forms in which a comparison is written."""


def _sign(change: int) -> str:
    return f" ({change:+,})" if change else ""


def _pair_lines(pair: Pair) -> Iterator[str]:
    old, new = clean(pair.old.id), clean(pair.new.id)
    words = [word for word, is_so in (("renamed", pair.renamed), ("moved", pair.moved)) if is_so]
    name = f"{old} -> {new}" if pair.renamed or pair.moved else new
    yield f"~ {name} ({clean(pair.new.op)})" + (f": {' and '.join(words)}" if words else "")
    for change in pair.changes:
        yield f"    {_what(change)}: {_value(change.old)} -> {_value(change.new)}"
    if pair.fused:
        yield f"    fused into it: {', '.join(f'{clean(unit.name)} ({clean(unit.op)})' for unit in pair.fused)}"


def _what(change: Change) -> str:
    if change.what == "attribute":
        return clean(change.name)
    return f"{change.what} {clean(change.name)}" if change.name else change.what


def _value(value: Any) -> str:
    text = clean(str(value) if not isinstance(value, float) else f"{value:g}")
    return text if len(text) <= 80 else f"{text[:77]}..."


def _model(graph: Graph, totals: Totals) -> dict[str, Any]:
    return {
        "name": graph.name, "format": graph.format, "producer": graph.producer, "nodes": len(graph),
        "edges": graph.edge_count, "parameters": totals.parameters, "trainable_parameters": totals.trainable,
        "weight_bytes": totals.bytes,
    }  # fmt: skip


def _told(unit: Unit) -> dict[str, Any]:
    return {"id": unit.id, "name": unit.name, "op": unit.op, "group": unit.place, "parameters": unit.parameters}


def _told_pair(pair: Pair) -> dict[str, Any]:
    return {
        "old": _told(pair.old),
        "new": _told(pair.new),
        "renamed": pair.renamed,
        "moved": pair.moved,
        "changes": [
            {"what": change.what, "name": change.name, "old": change.old, "new": change.new} for change in pair.changes
        ],
        "fused": [_told(unit) for unit in pair.fused],
    }


def _merged(comparison: Comparison) -> tuple[Graph, Mapping[int, str]]:
    """The new model with what was removed, in the groups where it was, and the state of each node that is otherwise."""
    old, new, found = comparison.old, comparison.new, comparison.differences
    builder = GraphBuilder(new.name, new.format, new.producer)
    groups = {new.groups.ids[0]: 0}
    _copy_groups(builder, new, groups)
    states: dict[int, str] = {}
    item_state = {unit.item: "added" for unit in found.added}
    item_state.update({pair.new.item: "fused" if pair.fused else "changed" for pair in found.pairs if not pair.same})
    gone = {unit.item for unit in found.removed}
    holders_new, holders_old = _holders(new, item_state), _holders(old, gone)
    for node in range(len(new)):
        made = _copy_node(builder, new, node, groups[new.groups.ids[new.node_groups[node]]])
        state = item_state.get(node) or item_state.get(~holders_new[new.node_groups[node]])
        if state is not None:
            states[made] = state
    partner = {pair.old.item: pair.new.item for pair in found.pairs}
    place: dict[int, int] = {
        old_item: new_item for old_item, new_item in partner.items() if min(old_item, new_item) >= 0
    }
    removed = [
        node for node in range(len(old))
        if node in gone or ~holders_old[old.node_groups[node]] in gone
    ]  # fmt: skip
    if removed:
        _copy_groups(builder, old, groups, {old.node_groups[node] for node in removed})
    for node in removed:
        place[node] = _copy_node(builder, old, node, groups[old.groups.ids[old.node_groups[node]]])
        states[place[node]] = "removed"
    for edge in new.edges():
        builder.connect(edge.source, edge.target, port=edge.port, label=edge.label)
    is_removed = set(removed)
    for edge in old.edges():
        if (edge.source in is_removed or edge.target in is_removed) and edge.source in place and edge.target in place:
            builder.connect(place[edge.source], place[edge.target], port=edge.port)
    return builder.build(), states


def _holders(graph: Graph, items: object) -> list[int]:
    """For each group, itself or the group around it that is a unit; 0 for none."""
    wanted = set(items) if isinstance(items, (set, dict)) else set()
    found = [0] * len(graph.groups)
    for index in range(1, len(graph.groups)):
        found[index] = found[graph.groups.parents[index]] or (index if ~index in wanted else 0)
    return found


def _copy_groups(builder: GraphBuilder, graph: Graph, known: dict[str, int], wanted: set[int] | None = None) -> None:
    """Add the groups of a graph, or those around some, that are not there yet."""
    groups = graph.groups
    needed = None
    if wanted is not None:
        needed = set(wanted)
        for index in sorted(wanted, reverse=True):
            while index > 0:
                needed.add(index)
                index = groups.parents[index]
    known.setdefault(groups.ids[0], 0)
    for index in range(1, len(groups)):
        if groups.ids[index] in known or (needed is not None and index not in needed):
            continue
        view = graph.group(index)
        known[view.id] = builder.group(
            view.name, parent=known[groups.ids[view.parent]], kind=view.kind, op=view.op, attributes=view.attributes
        )


def _copy_node(builder: GraphBuilder, graph: Graph, node: int, group: int) -> int:
    view = graph.nodes[node]
    return builder.node(
        view.name, view.op, group=group, outputs=view.outputs, attributes=view.attributes, weights=view.weights
    )
