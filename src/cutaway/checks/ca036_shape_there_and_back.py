"""Two layers change a shape and change it back.

Bad:   Reshape((49, 64)) -> Reshape((7, 7, 64)), Permute((2, 1)) -> Permute((2, 1))
Good:  neither of them
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import whole_numbers
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_RESHAPES = ("Reshape", "Flatten", "RESHAPE")
_TRANSPOSES = ("Permute", "Transpose", "TRANSPOSE")


def _find(subject: Subject) -> Iterator[Hit]:
    for ops in (_RESHAPES, _TRANSPOSES):
        for node in subject.of(ops):
            source = subject.source(node)
            if source is None or subject.op(source) not in ops:
                continue
            before, after = subject.read_shape(source), subject.shape(node)
            back = before is not None and before == after and before.count(None) < 2
            if back and (ops is _RESHAPES or _inverse(subject, source, node)):
                yield Hit((source, node), f"{subject.name(node)} undoes what {subject.name(source)} did")


def _inverse(subject: Subject, first: int, second: int) -> bool:
    """Whether one permutation takes back the other; False where they are not told."""
    orders = []
    for node in (first, second):
        if subject.op(node) == "Permute":
            orders.append([0, *whole_numbers(subject.attribute(node, "dims"))])
        else:
            said = subject.attribute(node, "perm")
            orders.append(list(whole_numbers(subject.attribute(node, "axes") if said is None else said)))
    there, back = orders
    if not there or sorted(there) != list(range(len(there))) or len(back) != len(there):
        return False
    return [there[at] if 0 <= at < len(there) else -1 for at in back] == list(range(len(there)))


CHECK = Check(
    id="CA036",
    name="shape-there-and-back",
    severity="info",
    why="Nothing is changed; where the layout in memory changes, it costs time twice.",
    do="Remove both.",
    find=_find,
    manual=__doc__ or "",
)
