"""A pooling has nothing left to pool.

Bad:   GlobalAveragePooling2D(keepdims=True) -> MaxPooling2D(1), MaxPooling2D(2) on 1 × 1
Good:  MaxPooling2D(2) on 8 × 8
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import GLOBAL_POOLING, POOLING, map_size, times
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(POOLING | GLOBAL_POOLING):
        size = map_size(subject, node, subject.read_shape(node))
        if size and all(each == 1 for each in size):
            yield Hit((node,), f"{subject.name(node)} pools a map of {times(size)}")


CHECK = Check(
    id="CA034",
    name="pooling-of-one",
    severity="info",
    why="It passes on what it gets, or throws away what is there.",
    do="Remove it, or reduce the resolution less before it.",
    find=_find,
    manual=__doc__ or "",
)
