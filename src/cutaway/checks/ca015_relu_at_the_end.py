"""An output of the model ends with relu.

Bad:   Dense(1, activation="relu") as the output
Good:  Dense(1), or Dense(1, activation="softplus")
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import DENSE, activation_of, behind_reshaping, is_pure_activation
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in sorted(subject.outputs):
        head = behind_reshaping(subject, node)
        if activation_of(subject, head) != "relu":
            continue
        layer = head
        if is_pure_activation(subject, head) and subject.sources(head):
            layer = subject.sources(head)[0]
        if subject.op(layer) in DENSE:
            yield Hit((head,), f"the output {subject.name(node)} ends with relu")


CHECK = Check(
    id="CA015",
    name="relu-at-the-end",
    severity="info",
    why="It can never be negative, and where it is 0 its gradient is 0 too: such a unit may stop learning for good.",
    do="Leave the output linear, or use softplus where it must be positive. Features for another model may end so.",
    find=_find,
    manual=__doc__ or "",
)
