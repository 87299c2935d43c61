"""`diff` and `Comparison`: what changed between two models, as text, as data, and as one drawing of both."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.analysis.compared import Compared
from cutaway.analysis.differences import Change, Pair, differences
from cutaway.analysis.units import named_layers
from cutaway.errors import OptionError
from cutaway.graph.memory import collector_paused
from cutaway.graph.model import Graph
from cutaway.readers import read
from cutaway.readers.pieces import pieces_of
from cutaway.style.measure import clean
from cutaway.whole_files import write_whole

if TYPE_CHECKING:
    from cutaway.picture import Picture
    from cutaway.style.theme import Theme

MOST_NOTES = 4
"""Reasons why something is not counted that the text tells, of each model."""


@dataclass(frozen=True, eq=False)
class Comparison(Compared):
    """What changed from one model to another; printing it shows it.

    Attributes:
        old, new: The models.
        differences: What changed, unit by unit.
    """

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
        if self.values_compared is not None:
            unread = f"; {self.values_unread:,} could not be read" if self.values_unread else ""
            yield f"the values of {self.values_compared:,} weights were compared{unread}"
        for pair in found.changed:
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
            if name == "output_bytes" and None in (here, there):
                continue
            if here != there and not (name == "flops" and before.macs != after.macs):
                yield f"    {label}: {_delta(here, there)}"

    def plot(
        self,
        to_file: str | PathLike[str] | None = None,
        *,
        theme: str | Theme = "light",
        depth: int | None = None,
        unfold: str | int | Iterable[str] | None = None,
    ) -> Picture:
        """Draw both models as one: the new one, with what the old one had besides, coloured by what changed.

        What is drawn stands in the groups of the new model. A group in which something changed has a dot in its corner
        and says how much of it became what.

        Args:
            to_file: Where to save the picture; the extension chooses the format, and ``.html`` is a page to look around
                in, with one drawing or both side by side. None saves nothing.
            theme: As for `plot_model`.
            depth: Levels of nesting that are drawn, as for `plot_model`.
            unfold: What is drawn at full size, as for `plot_model`.

        Raises:
            OptionError: There is no such theme, format or group, or a depth is no number.
            OSError: The file cannot be written.
        """
        from cutaway.drawing.changes import (
            change_counts,
            change_marks,
        )  # drawing takes longer to import than to compare
        from cutaway.formats import writer_for
        from cutaway.picture import draw, layout_options
        from cutaway.style.labels import LabelOptions
        from cutaway.style.theme import theme_named

        chosen = theme_named(theme)
        grouped = self.grouped[0]
        marks = change_marks(grouped, self.merged.states, chosen)
        labels = LabelOptions(names=None, group_counts=change_counts(grouped, self.merged.states))
        options = layout_options(grouped, depth=depth, unfold=unfold)
        picture = draw(grouped, labels, options, marks, chosen, {}, dpi=200.0)
        if to_file is not None and writer_for(Path(to_file).name) == "html":
            from cutaway.explorer.comparing import Comparing
            from cutaway.explorer.page import to_compared_html

            page = to_compared_html(Comparing(self), None if theme == "light" else chosen)
            write_whole(Path(to_file), page)
        elif to_file is not None:
            picture.save(to_file)
        return picture


@collector_paused()
def diff(old: Any, new: Any, *, weights: bool = False) -> Comparison:
    """Compare two models, of whatever formats.

    Args:
        old: Path of a file, a live model, or a `Graph`.
        new: The other.
        weights: Whether the values of weights that both have are read from the files and compared too.

    Returns:
        What changed. Models of different formats are compared layer by layer, and what a converter computes in another
        layer is told as fused.

    Raises:
        ReadError: A file is damaged, unsafe, or in no known format.
        UnbuiltModel: A live model has no shapes yet.
        OptionError: Values are to be compared of a model that is no file.
    """
    before, after = (model if isinstance(model, Graph) else read(model) for model in (old, new))
    found = differences(before, after)
    if not weights:
        return Comparison(before, after, found)
    from cutaway.analysis.value_changes import with_values

    with pieces_of(_file(old)) as read_old, pieces_of(_file(new)) as read_new:
        told = with_values(found, read_old, read_new)
    return Comparison(before, after, told.differences, told.compared, told.unread)


def _file(model: Any) -> str:
    """The path of a model whose values are read."""
    if not isinstance(model, (str, PathLike)):
        raise OptionError(f"weights=True reads the values from files; expected paths, received {type(model).__name__}")
    return str(model)


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
    name = f"{old} -> {new}" if words else old if pair.old.name in named_layers(pair.new) else new
    ops = list(dict.fromkeys((clean(pair.old.op), clean(pair.new.op))))
    yield f"~ {name} ({' -> '.join(ops)})" + (f": {' and '.join(words)}" if words else "")
    for change in pair.changes:
        if (change.what, change.name) == ("weight", "parameters"):
            continue  # the line of their number says the same
        if change.what == "values":
            yield f"    values of {clean(change.name)}: {_gap(change.new)}"
            continue
        yield f"    {_what(change)}: {_value(change.old)} -> {_value(change.new)}"
    if pair.fused:
        yield f"    fused into it: {', '.join(f'{clean(unit.name)} ({clean(unit.op)})' for unit in pair.fused)}"


def _gap(told: dict[str, Any]) -> str:
    """How far the values of two weights are apart."""
    most = told["max_abs_difference"]
    gap = "some are not finite in one of them" if most is None else f"differ by up to {most:.4g}"
    return f"{gap}, {told['different']:,} of {told['of']:,}"


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
