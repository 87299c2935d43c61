"""An output of the model is the result of dropout.

Bad:   Dense(10) -> Dropout(0.5) as the output
Good:  Dropout(0.5) -> Dense(10)
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import CONVOLUTIONS, DENSE, DROPOUT, is_pure_activation
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in sorted(subject.outputs):
        head = node
        if is_pure_activation(subject, node) and len(subject.sources(node)) == 1:
            head = subject.sources(node)[0]
        if subject.op(head) not in DROPOUT or not subject.attribute(head, "rate"):
            continue
        source = subject.source(head)
        if source is not None and subject.op(source) in DENSE | CONVOLUTIONS:
            yield Hit((head,), f"the output {subject.name(node)} is what {subject.name(head)} leaves of it")


CHECK = Check(
    id="CA023",
    name="dropout-at-the-end",
    severity="warning",
    why="While training, answers are set to 0 at random: the loss is noise that no weight can lower.",
    do="Put the dropout before the last layer.",
    find=_find,
    manual=__doc__ or "",
)
