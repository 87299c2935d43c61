"""A branch of several layers never meets an output of the model.

Bad:   x -> a -> out, x -> b -> c     (nobody reads c)
Good:  x -> a -> add -> out, x -> b -> c -> add
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    if not subject.has_interface:
        return
    useful = subject.useful
    seen: set[int] = set()
    for node in range(len(subject.graph)):
        if useful[node] or node in seen:
            continue
        branch = _branch(subject, node)
        seen |= branch
        nodes = sorted(branch - subject.inputs)
        if len(nodes) > 1:
            ends = [each for each in nodes if not subject.readers(each)]
            told = f"; it ends at {subject.name(ends[0])}" if ends else ""
            yield Hit(tuple(nodes), f"{len(nodes):,} layers from {subject.name(nodes[0])} on lead to no output{told}")


def _branch(subject: Subject, start: int) -> set[int]:
    """All nodes without use that hang together with one."""
    found, waiting = {start}, [start]
    while waiting:
        node = waiting.pop()
        for other in (*subject.sources(node), *subject.readers(node)):
            if not subject.useful[other] and other not in found:
                found.add(other)
                waiting.append(other)
    return found


CHECK = Check(
    id="CA002",
    name="dead-branch",
    severity="warning",
    why="All of it is computed for nothing, and its weights are never trained.",
    do="Join its end to the rest, or remove the branch where it begins.",
    find=_find,
    manual=__doc__ or "",
)
