"""Dropout stands right before BatchNormalization.

Bad:   Dropout(0.5) -> BatchNormalization
Good:  BatchNormalization -> ReLU -> Dropout(0.5)
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import DROPOUT, activation_of, is_pure_activation
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(("BatchNormalization",)):
        source = subject.source(node)
        while source is not None and activation_of(subject, source) and is_pure_activation(subject, source):
            source = subject.source(source)
        if source is not None and subject.op(source) in DROPOUT and subject.attribute(source, "rate"):
            yield Hit((source, node), f"{subject.name(source)} stands before {subject.name(node)}")


CHECK = Check(
    id="CA021",
    name="dropout-before-normalization",
    severity="info",
    why=(
        "Dropout changes the variance while training only, so that the averages which BatchNormalization keeps do "
        "not fit when the model is used."
    ),
    do="Put the dropout behind the last BatchNormalization.",
    find=_find,
    manual=__doc__ or "",
)
