"""An output ends with softmax or sigmoid in 16 bits.

Bad:   Dense(1000, activation="softmax") with the policy mixed_float16
Good:  Dense(1000) -> Activation("softmax", dtype="float32")
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import activation_of, behind_reshaping
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in sorted(subject.outputs):
        head = behind_reshaping(subject, node)
        if activation_of(subject, head) in ("softmax", "sigmoid") and subject.dtype(head) in ("float16", "bfloat16"):
            yield Hit((head,), f"{subject.name(head)} takes {activation_of(subject, head)} in {subject.dtype(head)}")


CHECK = Check(
    id="CA042",
    name="probabilities-in-half-precision",
    severity="info",
    why="Small probabilities become 0 or lose their last digits, and the loss may overflow.",
    do='Let the last activation have dtype="float32".',
    find=_find,
    manual=__doc__ or "",
)
