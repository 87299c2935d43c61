"""`diff` and `Comparison`: what changed between two models, as text, as data, and as one drawing of both."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any

from cutaway.analysis.differences import Change, Differences, Pair, differences
from cutaway.analysis.merging import Merged, merge
from cutaway.analysis.parameters import Totals, model_totals
from cutaway.analysis.spending import Spending, Spent
from cutaway.analysis.units import Unit
from cutaway.graph.memory import collector_paused
from cutaway.graph.model import Graph
from cutaway.readers import read
from cutaway.style.measure import clean

if TYPE_CHECKING:
    from cutaway.picture import Picture
    from cutaway.style.theme import Theme

SCHEMA = 1
"""Version of the JSON form; it grows when a program that reads the old one could misread the new one."""

MOST_NOTES = 4
"""Reasons why something is not counted that the text tells, of each model."""


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

    @cached_property
    def spending(self) -> tuple[Spending, Spending]:
        """What one example costs in the old and the new model."""
        return Spending(self.old), Spending(self.new)

    @cached_property
    def merged(self) -> Merged:
        """Both models as one graph."""
        return merge(self.old, self.new, self.differences)

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
        yield from self._cost_lines()
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
                yield from self._delta_lines(pair)
        spent = self.spending
        for mark, units, costs in (("+", found.added, spent[1]), ("-", found.removed, spent[0])):
            for unit in units:
                macs = costs.of(unit).macs
                size = f", {unit.parameters:,} parameters" if unit.parameters else ""
                yield f"{mark} {clean(unit.id)} ({clean(unit.op)}{size}{f', {macs:,} MACs' if macs else ''})"

    def _cost_lines(self) -> Iterator[str]:
        before, after = (each.total for each in self.spending)
        for name, label in (("macs", "MACs"), ("flops", "FLOPs"), ("activation_bytes", "activations")):
            here, there = getattr(before, name), getattr(after, name)
            yield f"{label:11} {here:>15,} -> {there:,}{_sign(there - here)}"
        for word, spending in zip(("old", "new"), self.spending, strict=True):
            for note in spending.notes[:MOST_NOTES]:
                yield f"{word}: {clean(note)}"
            if len(spending.notes) > MOST_NOTES:
                yield f"{word}: and {len(spending.notes) - MOST_NOTES:,} more that are not counted"

    def _delta_lines(self, pair: Pair) -> Iterator[str]:
        """Parameters and cost of a unit, where they are otherwise."""
        if pair.old.parameters != pair.new.parameters:
            yield f"    parameters: {_delta(pair.old.parameters, pair.new.parameters)}"
        before, after = self.costs(pair)
        for name, label in (("macs", "MACs"), ("flops", "FLOPs"), ("output_bytes", "bytes of outputs")):
            here, there = getattr(before, name), getattr(after, name)
            if here != there and not (name == "flops" and before.macs != after.macs):
                yield f"    {label}: {_delta(here, there)}"

    def costs(self, pair: Pair) -> tuple[Spent, Spent]:
        """What a unit costs in the old model, with what is fused into it in the new one, and what in the new."""
        before, after = self.spending
        return before.of(pair.old, *pair.fused), after.of(pair.new)

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
            "old": _model(self.old, self.totals[0], self.spending[0]),
            "new": _model(self.new, self.totals[1], self.spending[1]),
            "counts": self.counts(),
            "changed": [self.told(pair) for pair in found.pairs if not pair.same],
            "added": [_told(unit, self.spending[1]) for unit in found.added],
            "removed": [_told(unit, self.spending[0]) for unit in found.removed],
        }

    def told(self, found: Pair | Unit, *, removed: bool = False) -> dict[str, Any]:
        """What happened to a unit, as plain JSON values: an entry of ``changed``, ``added`` or ``removed``."""
        if isinstance(found, Unit):
            return _told(found, self.spending[0 if removed else 1])
        before, after = self.spending
        return {
            "old": _told(found.old, before, *found.fused),
            "new": _told(found.new, after),
            "renamed": found.renamed,
            "moved": found.moved,
            "changes": [
                {"what": change.what, "name": change.name, "old": change.old, "new": change.new}
                for change in found.changes
            ],
            "fused": [_told(unit, before) for unit in found.fused],
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
        from cutaway.compared_picture import draw_both  # drawing takes longer to import than to compare

        picture = draw_both(self.merged, theme)
        if to_file is not None:
            picture.save(to_file)
        return picture


@collector_paused()
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


def _delta(here: int | None, there: int | None) -> str:
    told = ["unknown" if each is None else f"{each:,}" for each in (here, there)]
    change = "" if here is None or there is None else _sign(there - here)
    return f"{told[0]} -> {told[1]}{change}"


def _model(graph: Graph, totals: Totals, spending: Spending) -> dict[str, Any]:
    spent = spending.total
    return {
        "name": graph.name, "format": graph.format, "producer": graph.producer, "nodes": len(graph),
        "edges": graph.edge_count, "parameters": totals.parameters, "trainable_parameters": totals.trainable,
        "weight_bytes": totals.bytes, "macs": spent.macs, "flops": spent.flops,
        "activation_bytes": spent.activation_bytes, "not_counted": list(spending.notes),
    }  # fmt: skip


def _told(unit: Unit, spending: Spending, *with_it: Unit) -> dict[str, Any]:
    spent = spending.of(unit, *with_it)
    return {
        "id": unit.id, "name": unit.name, "op": unit.op, "group": unit.place, "parameters": unit.parameters,
        "macs": spent.macs, "flops": spent.flops, "output_bytes": spent.output_bytes,
    }  # fmt: skip
