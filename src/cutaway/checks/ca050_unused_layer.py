"""A layer has weights, and is never called.

Bad:   self.extra = Dense(64) in __init__, which call() does not use
Good:  each layer that is made is called
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    graph = subject.graph
    if not graph.format.startswith("keras"):
        return  # elsewhere the names of weights do not tell whose they are
    called = {*graph.ids, *graph.groups.ids}
    for group, codes in graph.groups.weights.items():
        if graph.groups.kinds[group] not in ("root", "model"):
            continue
        owners: dict[str, int] = {}
        for weight in map(graph.weights.__getitem__, codes):
            owner = weight.id.rpartition("/")[0]
            if owner and owner not in called:
                owners[owner] = owners.get(owner, 0) + weight.parameters
        for owner, count in owners.items():
            yield Hit((~group,), f"{owner} is never called, and has {count:,} parameters")


CHECK = Check(
    id="CA050",
    name="unused-layer",
    severity="info",
    why="It is stored, loaded and counted, and does nothing.",
    do="Remove it, or call it.",
    find=_find,
    manual=__doc__ or "",
)
