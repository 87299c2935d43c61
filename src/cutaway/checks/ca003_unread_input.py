"""An input of the model is read by no layer.

Bad:   a -> out, b      (nobody reads the input b)
Good:  a b -> out
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in sorted(subject.inputs):
        if subject.has_interface and not subject.readers(node) and node not in subject.outputs:
            yield Hit((node,), f"no layer reads the input {subject.name(node)}")


CHECK = Check(
    id="CA003",
    name="unread-input",
    severity="warning",
    why="Whoever calls the model must hand in data that changes nothing; most often an edge is missing.",
    do="Use it, or remove it from the inputs of the model.",
    find=_find,
    manual=__doc__ or "",
)
