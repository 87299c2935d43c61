"""An output of the model depends on none of its inputs.

Bad:   x -> hidden, constant -> out
Good:  x -> hidden -> out
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject, words

_SOURCES = words(
    "IteratorGetNext ParseExample ParseExampleV2 ReadVariableOp VariableV2 VarHandleOp VAR_HANDLE READ_VARIABLE "
    "ReadFile"
)


def _find(subject: Subject) -> Iterator[Hit]:
    if not subject.inputs or not subject.has_interface:
        return
    graph = subject.graph
    waiting = [*subject.inputs, *subject.of(_SOURCES), *_random(subject)]
    reached = bytearray(len(graph))
    for node in waiting:
        reached[node] = 1
    while waiting:
        for reader in subject.readers(waiting.pop()):
            if not reached[reader]:
                reached[reader] = 1
                waiting.append(reader)
    for node in sorted(subject.outputs):
        if not reached[node]:
            yield Hit((node,), f"the output {subject.name(node)} does not depend on any input")


def _random(subject: Subject) -> Iterator[int]:
    """What differs from call to call without an input."""
    for op in subject.ops:
        if "Random" in op or "Iterator" in op:
            yield from subject.of((op,))


CHECK = Check(
    id="CA004",
    name="constant-output",
    severity="warning",
    why="It is the same for every input, so it tells nothing.",
    do="Find the edge that is missing on the way to it.",
    find=_find,
    manual=__doc__ or "",
)
