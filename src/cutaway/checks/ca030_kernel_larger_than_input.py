"""The window of a convolution or pooling is larger than the map that it moves over.

Bad:   Conv2D(64, 7, padding="same") on 3 × 3
Good:  Conv2D(64, 3, padding="same") on 3 × 3
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import CONVOLUTIONS, POOLING, kernel, map_size, says_window, times, whole_numbers
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(CONVOLUTIONS | POOLING, says_window):
        if "Transpose" in subject.op(node):
            continue
        window, size = kernel(subject, node), map_size(subject, node, subject.read_shape(node))
        steps = whole_numbers(subject.attribute(node, "dilation_rate"))
        if not window or len(window) != len(size):
            continue
        spans = [(each - 1) * (steps[at] if len(steps) == len(window) else 1) + 1 for at, each in enumerate(window)]
        if any(have is not None and span > have for span, have in zip(spans, size, strict=True)):
            text = f"the window of {subject.name(node)} spans {times(spans)}, on a map of {times(size)}"
            yield Hit((node,), text)


CHECK = Check(
    id="CA030",
    name="kernel-larger-than-input",
    severity="warning",
    why="Most of the window lies on padding: those weights multiply zeros only.",
    do="Use a smaller window, or reduce the resolution less before it.",
    find=_find,
    manual=__doc__ or "",
)
