"""A hidden layer ends with softmax.

Bad:   Dense(64, activation="softmax") -> Dense(10)
Good:  Dense(64, activation="relu") -> Dense(10, activation="softmax")
Also:  softmax that is multiplied with something is attention or a gate, and is not told.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import CONVOLUTIONS, DENSE, activating
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_LAYERS = DENSE | CONVOLUTIONS


def _find(subject: Subject) -> Iterator[Hit]:
    for node in activating(subject, "softmax"):
        if node in subject.outputs or subject.op(node) not in _LAYERS:
            continue
        readers = subject.readers(node)
        if readers and all(subject.op(reader) in _LAYERS or subject.op(reader) == "Flatten" for reader in readers):
            yield Hit(
                (node,), f"{subject.name(node)} ends with softmax, and {subject.name(readers[0])} goes on from it"
            )


CHECK = Check(
    id="CA014",
    name="softmax-inside",
    severity="warning",
    why="Its values add up to 1, so nearly all of them are near 0: little passes on, and gradients vanish.",
    do="Use relu, gelu or another activation for hidden layers.",
    find=_find,
    manual=__doc__ or "",
)
