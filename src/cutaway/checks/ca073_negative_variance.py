"""A variance that BatchNormalization keeps is negative.

Bad:   moving_variance with -0.2
Good:  moving_variance of 0 or more
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for look in subject.looks:
        if look.negative and look.weight.name.endswith("moving_variance"):
            yield Hit((look.node,), f"{look.negative:,} of {look.size:,} values of {look.weight.id} are negative")


CHECK = Check(
    id="CA073",
    name="negative-variance",
    severity="error",
    why="The square root of it is NaN, and so is the output.",
    do="Look at how the weights were averaged, quantised or loaded; their order may be wrong.",
    find=_find,
    manual=__doc__ or "",
    reads_values=True,
)
