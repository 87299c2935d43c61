"""Two poolings of the same kind stand in a row.

Bad:   MaxPooling2D(2) -> MaxPooling2D(2)
Good:  MaxPooling2D(4), or a convolution between them
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import POOLING, strides
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(POOLING):
        source = subject.source(node)
        if source is None or subject.op(source) != subject.op(node):
            continue
        if max(strides(subject, source), default=1) > 1 and max(strides(subject, node), default=1) > 1:
            yield Hit((node, source), f"{subject.name(node)} pools what {subject.name(source)} has pooled")


CHECK = Check(
    id="CA035",
    name="pooling-in-a-row",
    severity="info",
    why="One pooling with a larger window does the same in one pass.",
    do="Make one of the two.",
    find=_find,
    manual=__doc__ or "",
)
