"""Two layers of the same kind that need not be done twice stand in a row: normalizations, dropouts.

Bad:   BatchNormalization -> BatchNormalization
Good:  BatchNormalization -> ReLU
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import DROPOUT
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_ONCE = ("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization", "UnitNormalization")


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of((*_ONCE, *DROPOUT)):
        source = subject.source(node)
        if source is not None and subject.op(source) == subject.op(node) and not subject.same_layer(node, source):
            yield Hit((node, source), f"{subject.name(node)} repeats what {subject.name(source)} did")


CHECK = Check(
    id="CA024",
    name="repeated-normalization",
    severity="warning",
    why="The second has nothing to do that the first has not done.",
    do="Remove one of them.",
    find=_find,
    manual=__doc__ or "",
)
