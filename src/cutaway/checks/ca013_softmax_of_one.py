"""Softmax runs over a single value, which makes it 1 whatever comes in.

Bad:   Dense(1, activation="softmax")
Good:  Dense(1, activation="sigmoid"), Dense(2, activation="softmax")
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import activating
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in activating(subject, "softmax", "log_softmax"):
        shape = subject.shape(node)
        axis = subject.attribute(node, "axis")
        if not shape or (axis is not None and axis not in (-1, [-1], len(shape) - 1)):
            continue
        if shape[-1] == 1:
            yield Hit((node,), f"{subject.name(node)} takes softmax over the last dimension of {shape}, which is 1")


CHECK = Check(
    id="CA013",
    name="softmax-of-one",
    severity="error",
    why="The output is always 1 and its gradient always 0: the model cannot learn.",
    do="Use sigmoid for one probability, or as many units as there are classes.",
    find=_find,
    manual=__doc__ or "",
)
