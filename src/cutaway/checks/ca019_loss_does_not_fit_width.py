"""A loss over classes gets an output of one value.

Bad:   Dense(1, activation="sigmoid") with "categorical_crossentropy"
Good:  Dense(1, activation="sigmoid") with "binary_crossentropy"
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.losses import heads
from cutaway.checks.subject import Subject

_OVER_CLASSES = ("categorical_crossentropy", "sparse_categorical_crossentropy", "categorical_hinge")


def _find(subject: Subject) -> Iterator[Hit]:
    for head in heads(subject):
        if head.loss in _OVER_CLASSES and head.width == 1:
            yield Hit((head.layer,), f"the output {subject.name(head.node)} has one value, and its loss is {head.loss}")


CHECK = Check(
    id="CA019",
    name="loss-does-not-fit-width",
    severity="error",
    why="With a single class there is nothing to tell apart: the loss is 0 or nonsense whatever the model says.",
    do="Use a binary loss for one value, or as many units as there are classes.",
    find=_find,
    manual=__doc__ or "",
)
