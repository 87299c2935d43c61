"""All values of a matrix or kernel are the same.

Bad:   kernel that is 0 everywhere
Good:  kernel that was initialised at random
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.analysis.ops import family
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_MULTIPLYING = ("dense", "convolution", "recurrent", "embedding", "attention", "operation")
_SMALL = 16
"""Weights of fewer values may be the same by chance."""


def _find(subject: Subject) -> Iterator[Hit]:
    for look in subject.looks:
        if look.same is None or len(look.weight.shape) < 2 or look.size < _SMALL:
            continue
        multiplies = family(subject.op(look.node)) in _MULTIPLYING
        if multiplies and not look.weight.id.lower().endswith(("bias", "zeros", "zeros_1")):
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
