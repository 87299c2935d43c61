"""A dense layer behind Flatten holds most of the model's parameters.

Bad:   Flatten of 7 × 7 × 512 -> Dense(4096)      (103 million parameters)
Good:  GlobalAveragePooling2D -> Dense(4096)
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_LARGE = 1_000_000


def _find(subject: Subject) -> Iterator[Hit]:
    found = []
    for node in subject.of(("Dense",)):
        source = subject.source(node)
        while source is not None and subject.op(source) == "Dropout":
            source = subject.source(source)
        if source is not None and subject.op(source) == "Flatten":
            count = sum(weight.parameters for weight in subject.graph.weights_of(node))
            if count >= _LARGE and len(subject.read_shape(source) or ()) > 3:
                found.append((node, count))
    if not found:
        return
    whole = sum(weight.parameters for weight in subject.graph.weights)
    for node, count in found:
        if 2 * count > whole:
            yield Hit((node,), f"{subject.name(node)} holds {count:,} of {whole:,} parameters")


CHECK = Check(
    id="CA038",
    name="wide-layer-behind-flatten",
    severity="info",
    why="It is most of what must be stored and loaded, ties the model to one size of input, and learns by heart.",
    do="Put a global pooling in place of Flatten, or reduce the map before.",
    find=_find,
    manual=__doc__ or "",
)
