"""A layer that merges several tensors gets the same one more than once.

Bad:   x -> add, x -> add
Good:  x -> add, x -> dense -> add
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_MERGES = ("Add", "Subtract", "Average", "Maximum", "Minimum", "Concatenate", "CONCATENATION", "ConcatV2")


def _find(subject: Subject) -> Iterator[Hit]:
    graph = subject.graph
    for node in subject.of(_MERGES):
        start, end = graph.input_start[node], graph.input_start[node + 1]
        if end - start < 2 or (subject.op(node) != "Concatenate" and end - start > 2):
            continue
        read = {(graph.input_node[at], graph.input_port[at]) for at in range(start, end)}
        if len(read) == 1:
            other = subject.name(graph.input_node[start])
            yield Hit((node,), f"{subject.name(node)} ({subject.op(node)}) gets {other} {end - start} times")


CHECK = Check(
    id="CA006",
    name="merge-with-itself",
    severity="warning",
    why=(
        "Adding a tensor to itself doubles it, joining it to itself repeats it: nothing is gained. Most often one "
        "of the edges should come from elsewhere."
    ),
    do="Connect the other branch, or remove the layer.",
    find=_find,
    manual=__doc__ or "",
)
