"""A layer is far narrower than what comes before and after it.

Bad:   Dense(512) -> Dense(1, activation="relu") -> Dense(10)
Good:  Dense(512) -> Dense(128, activation="relu") -> Dense(10)
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import DROPOUT, is_pure_activation
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_SHARE = 32
_BETWEEN = 4
"""Activations and dropouts that are skipped on the way to the next layer."""


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(("Dense",)):
        width = subject.attribute(node, "units")
        source, readers = subject.read_shape(node), subject.readers(node)
        if not isinstance(width, int) or node in subject.outputs or len(readers) != 1 or not source:
            continue
        behind = readers[0]
        for _ in range(_BETWEEN):
            following = subject.readers(behind)
            passes = is_pure_activation(subject, behind) or subject.op(behind) in DROPOUT
            if not passes or behind in subject.outputs or len(following) != 1:
                break
            behind = following[0]
        if subject.op(behind) != "Dense":
            continue
        before, after = source[-1], subject.attribute(behind, "units")
        if isinstance(before, int) and isinstance(after, int):
            if width == 1 and before > 1:
                text = f"{subject.name(node)} leaves one value of {before:,} for {subject.name(behind)}"
                yield Hit((node,), text, "warning")
            elif _SHARE * width <= min(before, after):
                yield Hit((node,), f"{subject.name(node)} has {width:,} units between {before:,} and {after:,}")


CHECK = Check(
    id="CA039",
    name="narrow-layer",
    severity="info",
    why=(
        "All that the layers behind it can know passes through these few values. In an autoencoder that is meant; "
        "elsewhere it rarely is."
    ),
    do="Make it wider. One unit between two layers is nearly always a mistake.",
    find=_find,
    manual=__doc__ or "",
)
