"""Two dense layers stand in a row with no activation between them.

Bad:   Dense(64) -> Dense(10)
Good:  Dense(64, activation="relu") -> Dense(10)
Also:  Dense(8) -> Dense(512) is meant where the middle is at most half as wide as both ends: a factorised matrix.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import is_linear
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(("Dense", "FULLY_CONNECTED")):
        source = subject.source(node)
        while source is not None and subject.op(source) in ("Flatten", "Identity", "Dropout"):
            source = subject.source(source)
        if source is None or subject.op(source) not in ("Dense", "FULLY_CONNECTED") or not is_linear(subject, source):
            continue
        ends, middle = (_width(subject, node), _read_width(subject, source)), _width(subject, source)
        if middle and all(end and 2 * middle <= end for end in ends):
            continue
        text = f"no activation between {subject.name(source)} and {subject.name(node)}"
        yield Hit((source, node), text)


def _width(subject: Subject, node: int) -> int | None:
    shape = subject.shape(node)
    return shape[-1] if shape else None


def _read_width(subject: Subject, node: int) -> int | None:
    shape = subject.read_shape(node)
    return shape[-1] if shape else None


CHECK = Check(
    id="CA011",
    name="linear-layers-in-a-row",
    severity="warning",
    why="Together they compute what one of them could compute alone: depth and weights are wasted.",
    do="Put an activation between them, or keep one of them.",
    find=_find,
    manual=__doc__ or "",
)
