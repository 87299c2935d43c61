"""Updates that are too large or too small for their weights.

Reads the norm of what each step changes in a kernel by the norm of the kernel. An error where it is beyond what any
training needs, else a warning. Where steps are too large for most kernels, CT012 tells it: the learning rate is the
cause, and no layer.

Bad:   SGD(10.0), or Adam(1e-8)
Good:  a ratio of about 1e-3
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cutaway.training.checks.finding import Hit, TrainingCheck
from cutaway.training.checks.overshooting import overshot
from cutaway.training.checks.records import Line, Records, short
from cutaway.training.checks.thresholds import UPDATE_GONE, UPDATE_HIGH, UPDATE_LOW, UPDATE_STEPS, UPDATE_WILD


def _find(records: Records) -> Iterator[Hit]:
    kernels = records.kernels().keys() - {kernel.id for kernel in overshot(records)}
    for id, line in records.of("ratio", "updates"):
        if id in kernels and len(line):
            yield from _judged(records, id, line)


def _judged(records: Records, id: str, line: Line) -> Iterator[Hit]:
    where = records.owner(id)
    wild = np.flatnonzero(line.values > UPDATE_WILD.value)
    if len(wild):
        at = int(wild[0])
        yield Hit(
            where, int(line.steps[at]), f"a step changes {id} by {short(line.values[at])} times its norm", "error"
        )
        return
    if len(line) < UPDATE_STEPS.value:
        return
    middle = float(np.median(line.values))
    first = int(line.steps[0])
    if 0 < middle < UPDATE_GONE.value:
        yield Hit(where, first, f"steps change {id} by {short(middle)} of its norm: it stands still", "error")
    elif 0 < middle < UPDATE_LOW.value:
        yield Hit(where, first, f"steps change {id} by {short(middle)} of its norm, which is little")
    elif middle > UPDATE_HIGH.value:
        yield Hit(where, first, f"steps change {id} by {short(middle)} of its norm, which is much")


CHECK = TrainingCheck(
    id="CT004",
    name="update-ratio",
    severity="warning",
    why="Steps that are too large jump over what they look for; such that are too small never arrive.",
    do="Change the learning rate by the factor that is missing to about 1e-3; where one layer alone is so, look at it.",
    find=_find,
    manual=__doc__ or "",
)
