"""A convolution with a window of even size keeps the size of its map.

Bad:   Conv2D(64, 4, padding="same")
Good:  Conv2D(64, 3, padding="same")
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import CONVOLUTIONS, kernel, says_window, strides, times
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(CONVOLUTIONS, says_window):
        window = kernel(subject, node)
        if not any(size % 2 == 0 for size in window) or "Transpose" in subject.op(node):
            continue
        if subject.attribute(node, "padding") == "same" and set(strides(subject, node)) == {1}:
            yield Hit((node,), f"the window of {subject.name(node)} is {times(window)}, with padding to the same size")


CHECK = Check(
    id="CA032",
    name="even-kernel",
    severity="info",
    why=(
        "The window has no middle: the result is shifted by half a pixel against the input, which shows where "
        "both are added."
    ),
    do="Use an odd size, unless it is meant.",
    find=_find,
    manual=__doc__ or "",
)
