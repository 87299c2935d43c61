"""A weight holds values that are no numbers, or infinite.

Bad:   kernel with NaN
Good:  kernel with finite values
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for look in subject.looks:
        if look.wrong:
            text = f"{look.wrong:,} of {look.size:,} values of {look.weight.id} are NaN or infinite"
            yield Hit((look.node,), text)


CHECK = Check(
    id="CA070",
    name="weights-not-finite",
    severity="error",
    why="All that is computed from it is NaN.",
    do="Go back to a checkpoint before training diverged; lower the learning rate, or clip gradients.",
    find=_find,
    manual=__doc__ or "",
    reads_values=True,
)
