"""A loss with from_logits=True gets probabilities.

Bad:   Dense(10, activation="softmax") with CategoricalCrossentropy(from_logits=True)
Good:  Dense(10) with CategoricalCrossentropy(from_logits=True)
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.losses import heads
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for head in heads(subject):
        if head.from_logits and head.activation in ("softmax", "sigmoid"):
            text = f"{head.loss}(from_logits=True) gets the {head.activation} of {subject.name(head.layer)}"
            yield Hit((head.layer,), text)


CHECK = Check(
    id="CA018",
    name="from-logits-behind-activation",
    severity="error",
    why="Softmax or sigmoid is applied twice: probabilities are pressed together, and training is slow or stops.",
    do="Leave out the activation, or from_logits=True.",
    find=_find,
    manual=__doc__ or "",
)
