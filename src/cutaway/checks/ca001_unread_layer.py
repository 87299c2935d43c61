"""A layer is computed, but nobody reads what it makes, and it is no output of the model.

Bad:   x -> hidden -> out, hidden -> extra    (nobody reads extra)
Good:  x -> hidden -> out
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    if not subject.has_interface:
        return
    useful = subject.useful
    for node in range(len(subject.graph)):
        if useful[node] or node in subject.inputs or subject.readers(node):
            continue
        if any(not useful[source] for source in subject.sources(node)):
            continue  # the end of a branch, of which another check tells
        if subject.graph.outputs_of(node):
            yield Hit((node,), f"nobody reads what {subject.name(node)} ({subject.op(node)}) makes")


CHECK = Check(
    id="CA001",
    name="unread-layer",
    severity="warning",
    why="It costs time and memory with every call, and its weights are never trained.",
    do="Remove it, or make it an output of the model; if something should read it, an edge is missing.",
    find=_find,
    manual=__doc__ or "",
)
