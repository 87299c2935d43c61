"""A frozen layer stands behind layers that are trained.

Bad:   Conv2D -> Conv2D(trainable=False) -> Dense
Good:  Conv2D(trainable=False) -> Conv2D -> Dense
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    graph = subject.graph
    if not graph.format.startswith("keras"):
        return  # in other formats nothing says what is trained
    trained = bytearray(len(graph))
    for node in range(len(graph)):  # producers come first
        own = [weight.trainable for weight in graph.weights_of(node)]
        before = any(trained[source] for source in subject.sources(node))
        trained[node] = before or any(own)
        if not before or not own or any(own) or subject.op(node) == "BatchNormalization":
            continue
        if subject.attribute(node, "trainable") is False:
            yield Hit((node,), f"{subject.name(node)} is frozen, and layers before it are trained")


CHECK = Check(
    id="CA052",
    name="frozen-behind-trainable",
    severity="info",
    why=(
        "Gradients must be computed through it all the same, and it cannot adapt to what comes in new. In "
        "adversarial training that is meant."
    ),
    do="Freeze layers from the input on.",
    find=_find,
    manual=__doc__ or "",
)
