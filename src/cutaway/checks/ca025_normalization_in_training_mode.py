"""BatchNormalization of an exported graph runs as it does in training.

Bad:   FusedBatchNormV3(is_training=True)
Good:  FusedBatchNormV3(is_training=False)
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_OPS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "_FusedBatchNormEx")


def _find(subject: Subject) -> Iterator[Hit]:
    if any("ApplyGradient" in op or "ApplyAdam" in op or "ApplyMomentum" in op for op in subject.ops):
        return  # a graph that trains
    for node in subject.of(_OPS):
        if subject.attribute(node, "is_training") is True:
            yield Hit((node,), f"{subject.name(node)} has is_training=True")
    for node in subject.of(("BatchNormalization",)):
        if subject.attribute(node, "training") is True:
            yield Hit((node,), f"{subject.name(node)} is always called with training=True")


CHECK = Check(
    id="CA025",
    name="normalization-in-training-mode",
    severity="warning",
    why=(
        "It normalizes with the mean of the batch at hand: the answer for one example depends on the others, and "
        "differs for batches of one."
    ),
    do="Export the function that calls the model with training=False. A graph that is for training has it so.",
    find=_find,
    manual=__doc__ or "",
)
