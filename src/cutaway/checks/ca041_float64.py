"""A model of narrower numbers computes with float64 in places.

Bad:   float32 -> Cast(float64) -> MatMul
Good:  float32 all the way
Also:  a model that is float64 throughout has one info.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    graph = subject.graph
    wide = {code for code, tensor in enumerate(graph.tensors) if tensor.dtype == "float64"}
    if not wide:
        return
    nodes = [
        node
        for node in range(len(graph))
        if any(code in wide for code in graph.output_codes[graph.output_start[node] : graph.output_start[node + 1]])
    ]
    if not nodes:
        return
    told = f"{len(nodes):,} layers make float64" if len(nodes) > 1 else "one layer makes float64"
    narrow = sum(subject.dtype(node) == "float32" for node in range(len(graph)) if node not in subject.inputs)
    if narrow < len(nodes) or any(node in subject.inputs for node in nodes):
        yield Hit(tuple(nodes), told, "info")
    else:
        first = ", ".join(subject.name(node) for node in nodes[:3])
        yield Hit(tuple(nodes), f"{told}: {first}{', …' if len(nodes) > 3 else ''}")


CHECK = Check(
    id="CA041",
    name="float64",
    severity="warning",
    why=(
        "float64 is many times slower on accelerators and takes twice the memory, and often slips in with a "
        "constant of NumPy."
    ),
    do="Cast the constant, or what brings float64 in, to float32.",
    find=_find,
    manual=__doc__ or "",
)
