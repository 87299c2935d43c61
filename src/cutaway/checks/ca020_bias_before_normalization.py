"""A layer adds a bias, and BatchNormalization takes it away again.

Bad:   Conv2D(64, 3) -> BatchNormalization
Good:  Conv2D(64, 3, use_bias=False) -> BatchNormalization
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import CONVOLUTIONS, DENSE, activation_of
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(("BatchNormalization",)):
        source = subject.source(node)
        if source is None or subject.op(source) not in DENSE | CONVOLUTIONS or activation_of(subject, source):
            continue
        if subject.attribute(source, "use_bias") and _centers_channels(subject, node):
            yield Hit((source, node), f"{subject.name(node)} takes away the bias of {subject.name(source)}")


def _centers_channels(subject: Subject, node: int) -> bool:
    """Whether the mean is taken by channel, which is the last axis here."""
    axis = subject.attribute(node, "axis")
    rank = len(subject.shape(node) or ())
    return axis in (-1, [-1]) or (rank > 0 and axis in (rank - 1, [rank - 1]))


CHECK = Check(
    id="CA020",
    name="bias-before-normalization",
    severity="info",
    why="The mean is subtracted, and the bias with it: it has no effect, and costs parameters and time.",
    do="Say use_bias=False.",
    find=_find,
    manual=__doc__ or "",
)
