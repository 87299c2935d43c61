"""All values of a matrix or kernel are the same.

Bad:   kernel that is 0 everywhere
Good:  kernel that was initialised at random
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_SMALL = 16
"""Weights of fewer values may be the same by chance."""


def _find(subject: Subject) -> Iterator[Hit]:
    for look in subject.looks:
        if look.same is not None and len(look.weight.shape) > 1 and look.size >= _SMALL:
            yield Hit((look.node,), f"all {look.size:,} values of {look.weight.id} are {look.same:g}")


CHECK = Check(
    id="CA071",
    name="constant-weight",
    severity="warning",
    why="Units with the same weights compute the same and get the same gradients: they never become different.",
    do=(
        "Look at the initializer, and whether the weights were loaded. A kernel of zeros at the start of a "
        "residual branch may be meant."
    ),
    find=_find,
    manual=__doc__ or "",
    reads_values=True,
)
