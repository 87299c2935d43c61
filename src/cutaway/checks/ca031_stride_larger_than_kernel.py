"""A window moves on by more than its own size.

Bad:   Conv2D(64, 3, strides=4)
Good:  Conv2D(64, 3, strides=2)
Also:  windows of 1 × 1 that skip are a usual shortcut, and are not told.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import CONVOLUTIONS, POOLING, kernel, says_window, strides, times
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(CONVOLUTIONS | POOLING, says_window):
        window, steps = kernel(subject, node), strides(subject, node)
        if not window or len(window) != len(steps) or max(window) == 1 or "Transpose" in subject.op(node):
            continue
        if any(step > span for step, span in zip(steps, window, strict=True)):
            yield Hit((node,), f"{subject.name(node)} moves a window of {times(window)} on by {times(steps)}")


CHECK = Check(
    id="CA031",
    name="stride-larger-than-kernel",
    severity="warning",
    why="What lies between two windows is never read: information is thrown away.",
    do="Use a smaller stride or a larger window.",
    find=_find,
    manual=__doc__ or "",
)
