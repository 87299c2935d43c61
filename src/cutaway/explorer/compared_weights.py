"""Values of the weights that two models both have: numbers about each, and how far they are apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from cutaway.analysis.compared import Compared
from cutaway.analysis.differences import Pair
from cutaway.analysis.value_changes import paired_weights, value_gap
from cutaway.errors import CutawayError
from cutaway.explorer.text import shown
from cutaway.explorer.weights import MOST_READ, Values
from cutaway.explorer.weights_contract import ComparedWeight, ComparedWeights, WeightSummary
from cutaway.graph.model import Weight
from cutaway.readers.pieces import pieces_of

MOST_WEIGHTS = 24
"""Weights of one layer that are told: the most that a layer of Keras has, and some."""


def once(weights: Sequence[Weight]) -> list[Weight]:
    """Those whose name no other has; of several of one name nobody can tell which is which."""
    counts = Counter(weight.name for weight in weights)
    return [weight for weight in weights if counts[weight.name] == 1]


class WeightPairs:
    """Answers about the weights of layers that are in both models. Safe to ask from several threads.

    Args:
        compared: The models, as their readers made them.
        old, new: Their paths.
    """

    def __init__(self, compared: Compared, old: str, new: str) -> None:
        self._sides = [
            (Values(path, graph.weights), {weight.id: code for code, weight in enumerate(graph.weights)})
            for path, graph in ((old, compared.old), (new, compared.new))
        ]
        self._paths = (old, new)

    def of(self, pair: Pair) -> ComparedWeights:
        """The weights of a layer, as far as they can be read."""
        alike = {new.id for _, new in paired_weights(pair.old, pair.new)}
        before, after = ({weight.name: weight for weight in once(unit.weights)} for unit in (pair.old, pair.new))
        found = [(before[name], new) for name, new in after.items() if name in before]
        with pieces_of(self._paths[0]) as read_old, pieces_of(self._paths[1]) as read_new:
            gaps = [
                value_gap(old, new, read_old, read_new) if new.id in alike and old.parameters <= MOST_READ else None
                for old, new in found[:MOST_WEIGHTS]
            ]
        told = [self._told(old, new, gap) for (old, new), gap in zip(found, gaps, strict=False)]
        return {"weights": told, "left_out": max(0, len(found) - MOST_WEIGHTS)}

    def _told(self, old: Weight, new: Weight, gap: dict[str, Any] | None) -> ComparedWeight:
        return {
            "name": shown(new.name),
            "count": new.parameters,
            "old": self._summary(0, old),
            "new": self._summary(1, new),
            "largest": None if gap is None else gap["max_abs_difference"],
            "different": None if gap is None else gap["different"],
        }

    def _summary(self, side: int, weight: Weight) -> WeightSummary | None:
        values, codes = self._sides[side]
        try:
            stats = values.stats(codes[weight.id])
        except CutawayError:
            return None
        return {
            "shape": list(weight.shape), "min": stats["min"], "max": stats["max"], "mean": stats["mean"],
            "std": stats["std"], "zeros": stats["zeros"], "nan": stats["nan"],
        }  # fmt: skip
