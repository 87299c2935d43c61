"""The activation of an output and its loss do not fit together.

Bad:   Dense(10) with "categorical_crossentropy", Dense(10, activation="sigmoid") with "sparse_categorical_crossentropy"
Good:  Dense(10, activation="softmax") with "categorical_crossentropy", Dense(10) with from_logits=True
Also:  softmax with "mean_squared_error" is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.losses import heads
from cutaway.checks.subject import Subject

_EXPECTED = {
    "categorical_crossentropy": "softmax", "sparse_categorical_crossentropy": "softmax",
    "categorical_focal_crossentropy": "softmax", "binary_crossentropy": "sigmoid",
    "binary_focal_crossentropy": "sigmoid",
}  # fmt: skip
_OF_DISTANCE = ("mean_squared_error", "mean_absolute_error", "huber")


def _find(subject: Subject) -> Iterator[Hit]:
    for head in heads(subject):
        expected, activation = _EXPECTED.get(head.loss), head.activation
        name = subject.name(head.node)
        if expected is None:
            if head.loss in _OF_DISTANCE and activation == "softmax":
                text = f"the output {name} ends with softmax, and its loss is {head.loss}"
                yield Hit((head.layer,), text, "warning")
            continue
        if activation is None or head.from_logits:
            continue
        if activation == "":
            yield Hit((head.layer,), f"the output {name} is linear, and {head.loss} expects {expected}")
        elif activation not in ("sigmoid", "softmax", "hard_sigmoid"):
            yield Hit((head.layer,), f"the output {name} ends with {activation}, and {head.loss} expects {expected}")
        elif expected == "softmax" and activation != "softmax" and head.width != 1:
            yield Hit((head.layer,), f"the output {name} ends with {activation}, and {head.loss} expects softmax")
        elif expected == "sigmoid" and activation == "softmax":
            text = f"the output {name} ends with softmax, and {head.loss} expects sigmoid"
            yield Hit((head.layer,), text, "warning")


CHECK = Check(
    id="CA017",
    name="loss-does-not-fit-activation",
    severity="error",
    why=(
        "The loss takes what it gets for probabilities. Of numbers that are none it makes nonsense, or NaN, and "
        "training goes astray."
    ),
    do="Let the output end with the activation that the loss expects, or say from_logits=True where it is linear.",
    find=_find,
    manual=__doc__ or "",
)
