"""Two equal convolutions stand in a row with nothing between them.

Bad:   Conv2D(64, 3) -> Conv2D(64, 3)
Good:  Conv2D(64, 3, activation="relu") -> Conv2D(64, 3)
Also:  1 × 7 before 7 × 1, or a depthwise convolution before one of 1 × 1, are factorised ones and are not told.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import is_linear, kernel
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_PLAIN = ("Conv1D", "Conv2D", "Conv3D", "CONV_2D", "CONV_3D")


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(_PLAIN):
        source = subject.source(node)
        if source is None or subject.op(source) != subject.op(node) or not is_linear(subject, source):
            continue
        window = _window(subject, node)
        if window and window == _window(subject, source) and max(window) > 1:
            yield Hit((source, node), f"no activation between {subject.name(source)} and {subject.name(node)}")


def _window(subject: Subject, node: int) -> tuple[int, ...]:
    weights = subject.graph.weights_of(node)
    return kernel(subject, node) or (weights[0].shape[1:-1] if weights else ())


CHECK = Check(
    id="CA012",
    name="convolutions-in-a-row",
    severity="info",
    why="Without an activation the two are one convolution with a larger kernel.",
    do="Put an activation between them, unless a larger kernel is what is meant.",
    find=_find,
    manual=__doc__ or "",
)
