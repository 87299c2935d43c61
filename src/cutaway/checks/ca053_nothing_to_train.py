"""A compiled model has weights, and none of them is trained.

Bad:   base.trainable = False, and no layer besides
Good:  base.trainable = False, and a Dense behind it
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    weights = subject.graph.weights
    if subject.compiled.get("loss") and len(weights) and not any(weight.trainable for weight in weights):
        yield Hit((), f"none of {len(weights):,} weights is trained, and the model has a loss")


CHECK = Check(
    id="CA053",
    name="nothing-to-train",
    severity="warning",
    why="fit() runs and nothing changes.",
    do="Add a layer that is trained, or set trainable=True where it should be.",
    find=_find,
    manual=__doc__ or "",
)
