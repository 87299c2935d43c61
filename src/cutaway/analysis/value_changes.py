"""Values of weights that two models have otherwise, read in pieces, so that no weight is in memory as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cutaway.analysis.differences import Change, Differences, Pair
from cutaway.analysis.units import Unit
from cutaway.graph.model import Weight

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Read = Callable[[Weight, int, int], NDArray[np.generic] | None]

PIECE = 1 << 20
"""Elements of each of two weights that are in memory at once: 8 MB as numbers of 64 bits."""

_NUMBERS = ("float", "bfloat", "int", "uint", "bool")


@dataclass(frozen=True, slots=True)
class ValueChanges:
    """Differences with those of values.

    Attributes:
        differences: What changed, where a weight of other values is a change ``"values"``, whose ``new`` is
            ``{"max_abs_difference", "different", "of"}``: the greatest difference of two values (None where one is
            NaN or infinite and the other is not), how many differ, and of how many.
        compared: How many weights were compared.
        unread: How many could not be read.
    """

    differences: Differences
    compared: int
    unread: int


def with_values(found: Differences, read_old: Read, read_new: Read) -> ValueChanges:
    """Compare the values of weights that both models have, with the same shape.

    Args:
        found: What changed otherwise.
        read_old: Values of a weight of the old model from an element up to before another, in one dimension; None
            where they cannot be read.
        read_new: The same of the new model.
    """
    known: dict[tuple[str, str], Any] = {}
    unread: set[tuple[str, str]] = set()

    def compared(pair: Pair) -> Pair:
        changes = []
        for old, new in paired_weights(pair.old, pair.new):
            key = (old.id, new.id)
            if key not in known:
                known[key] = value_gap(old, new, read_old, read_new)
            if known[key] is None:
                unread.add(key)
            elif known[key]["different"]:
                changes.append(Change("values", new.name, None, known[key]))
        return replace(pair, changes=(*pair.changes, *changes)) if changes else pair

    pairs = tuple(compared(pair) for pair in found.pairs)
    changed = tuple(pair for pair in pairs if not pair.same)
    return ValueChanges(replace(found, pairs=pairs, changed=changed), len(known) - len(unread), len(unread))


def paired_weights(old: Unit, new: Unit) -> Iterator[tuple[Weight, Weight]]:
    """Weights of one name and shape; a name that a unit has twice says nothing."""
    sides = [{(weight.name, weight.shape): weight for weight in unit.weights} for unit in (old, new)]
    counts = [Counter((weight.name, weight.shape) for weight in unit.weights) for unit in (old, new)]
    for key, weight in sides[0].items():
        other = sides[1].get(key)
        if other is not None and counts[0][key] == counts[1][key] == 1 and _comparable(weight, other):
            yield weight, other


def _comparable(one: Weight, other: Weight) -> bool:
    """Whether the numbers of two weights mean the same: those of a quantised one do not."""
    floats = ["float" in weight.dtype for weight in (one, other)]
    return (one.dtype == other.dtype or all(floats)) and one.dtype.startswith(_NUMBERS)


def value_gap(old: Weight, new: Weight, read_old: Read, read_new: Read) -> dict[str, Any] | None:
    """How far the values of two weights of one shape are apart, as `ValueChanges` tells it; None where one is unread.

    Args:
        old: A weight of the old model.
        new: Its partner in the new one.
        read_old: As for `with_values`.
        read_new: The same.
    """
    import numpy as np

    most, different, finite = 0.0, 0, True
    for start in range(0, old.parameters, PIECE):
        stop = min(start + PIECE, old.parameters)
        pieces = [read_old(old, start, stop), read_new(new, start, stop)]
        if pieces[0] is None or pieces[1] is None:
            return None
        here, there = (np.asarray(piece, np.float64) for piece in pieces)
        other = (here != there) & ~(np.isnan(here) & np.isnan(there))
        count = int(np.count_nonzero(other))
        if count:
            different += count
            with np.errstate(invalid="ignore", over="ignore"):
                gap = float(np.abs(here[other] - there[other]).max())
            finite = finite and bool(np.isfinite(gap))
            most = max(most, gap) if finite else most
    return {"max_abs_difference": most if finite else None, "different": different, "of": old.parameters}
