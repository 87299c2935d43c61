"""Two non-linear activations stand in a row.

Bad:   Dense(activation="relu") -> ReLU, Dense(activation="softmax") -> Softmax
Good:  Dense -> ReLU
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import activating, activation_of, is_pure_activation
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_PAIRS_THAT_ARE_MEANT = {("softplus", "tanh"), ("relu", "relu6"), ("tanh", "relu")}


def _find(subject: Subject) -> Iterator[Hit]:
    for node in activating(subject):
        if not is_pure_activation(subject, node):
            continue
        source = subject.source(node)
        if source is None or subject.same_layer(node, source):
            continue
        before, after = activation_of(subject, source), activation_of(subject, node)
        if not before or not after or (before, after) in _PAIRS_THAT_ARE_MEANT:
            continue
        yield Hit((node, source), f"{subject.name(node)} applies {after} to the {before} of {subject.name(source)}")


CHECK = Check(
    id="CA010",
    name="activations-in-a-row",
    severity="warning",
    why=(
        "The second changes little or spoils what the first made: softmax of softmax is nearly uniform, sigmoid "
        "of relu never falls below 0.5."
    ),
    do="Keep one of them.",
    find=_find,
    manual=__doc__ or "",
)
