"""A weight belongs to no layer that is called.

Bad:   a layer is made in __init__ and never called
Good:  each layer that is made is called
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    graph = subject.graph
    if not graph.outputs:
        return  # weights alone: who calls them is not known
    used = set(graph.weight_codes).union(*graph.groups.weights.values())
    for code in range(len(graph.weights)):
        if code not in used:
            weight = graph.weights[code]
            yield Hit((), f"no layer uses {weight.id} ({weight.parameters:,} parameters)")


CHECK = Check(
    id="CA050",
    name="unused-weight",
    severity="info",
    why="It is stored, loaded and counted, and does nothing.",
    do="Remove it, or call the layer that owns it.",
    find=_find,
    manual=__doc__ or "",
)
