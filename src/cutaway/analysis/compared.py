"""`Compared`: two models with all that changed from one to the other, as plain data."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cutaway.analysis.differences import Differences, Pair
from cutaway.analysis.merged_groups import group_together
from cutaway.analysis.merging import Merged, merge
from cutaway.analysis.parameters import Totals, model_totals
from cutaway.analysis.spending import Spending, Spent
from cutaway.analysis.units import Unit
from cutaway.graph.model import Graph

SCHEMA = 1
"""Version of the JSON form; it grows when a program that reads the old one could misread the new one."""


@dataclass(frozen=True, eq=False)
class Compared:
    """What changed from one model to another.

    Attributes:
        old, new: The models.
        differences: What changed, unit by unit.
        values_compared: How many weights were compared by value; None where that was not asked for.
        values_unread: How many could not be read.
    """

    old: Graph
    new: Graph
    differences: Differences
    values_compared: int | None = None
    values_unread: int = 0

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

    @cached_property
    def grouped(self) -> tuple[Graph, Graph, Graph]:
        """Both as one graph, the old model and the new one, in groups to draw them in."""
        return group_together(self.merged, self.old, self.new)

    def costs(self, pair: Pair) -> tuple[Spent, Spent]:
        """What a unit costs in the old model, with what is fused into it in the new one, and what in the new."""
        before, after = self.spending
        return before.of(pair.old, *pair.fused), after.of(pair.new)

    def counts(self) -> dict[str, int]:
        """How many units are the same, changed, renamed, moved, fused, added and removed; one may be several."""
        counts = Counter(dict.fromkeys(("same", "changed", "renamed", "moved", "fused", "added", "removed"), 0))
        counts["same"] = len(self.differences.pairs) - len(self.differences.changed)
        for pair in self.differences.changed:
            counts["changed"] += bool(pair.changes)
            counts["renamed"] += pair.renamed
            counts["moved"] += pair.moved
            counts["fused"] += len(pair.fused)
        counts["added"], counts["removed"] = len(self.differences.added), len(self.differences.removed)
        return dict(counts)

    def to_totals(self) -> dict[str, tuple[int, int]]:
        """Sums over the old and the new model, by name."""
        (before, after), (spent, later) = self.totals, (each.total for each in self.spending)
        return {
            "nodes": (len(self.old), len(self.new)),
            "parameters": (before.parameters, after.parameters),
            "weight_bytes": (before.bytes, after.bytes),
            "macs": (spent.macs, later.macs),
            "flops": (spent.flops, later.flops),
            "activation_bytes": (spent.activation_bytes, later.activation_bytes),
        }

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
            "values": None
            if self.values_compared is None
            else {"compared": self.values_compared, "unread": self.values_unread},
            "changed": [self.told(pair) for pair in found.changed],
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
