"""More than half of all values are dropped.

Bad:   Dropout(0.8)
Good:  Dropout(0.3)
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import DROPOUT
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(DROPOUT):
        rate = subject.attribute(node, "rate")
        if isinstance(rate, int | float) and 0.5 < rate <= 1:
            text = f"{subject.name(node)} drops {rate:.0%} of all values"
            yield Hit((node,), text, "warning" if rate >= 0.9 else None)


CHECK = Check(
    id="CA022",
    name="high-dropout",
    severity="info",
    why="Little is left to learn from; from 0.9 on training hardly moves.",
    do="Take a rate of 0.5 or less. Was the share to keep meant, as in TensorFlow 1?",
    find=_find,
    manual=__doc__ or "",
)
