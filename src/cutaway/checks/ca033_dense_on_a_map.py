"""A dense layer right before the end works on each place of a map by itself.

Bad:   Conv2D -> Dense(10, activation="softmax") as the output, Conv2D -> Dense(64) -> Flatten
Good:  Conv2D -> GlobalAveragePooling2D -> Dense(10, activation="softmax")
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import is_pure_activation, times
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(("Dense",)):
        shape = subject.read_shape(node)
        if shape is None or len(shape) < 4:
            continue
        ends = [node, *(reader for reader in subject.readers(node) if is_pure_activation(subject, reader))]
        behind = [reader for end in ends for reader in subject.readers(end)]
        if not subject.outputs.isdisjoint(ends) or any(subject.op(reader) == "Flatten" for reader in behind):
            text = f"{subject.name(node)} gets a map of {times(shape[1:])} that was not flattened"
            yield Hit((node,), text)


CHECK = Check(
    id="CA033",
    name="dense-on-a-map",
    severity="warning",
    why=(
        "Dense acts on the last dimension only. The output has an answer for every pixel instead of one for the image."
    ),
    do=(
        "Put Flatten or a global pooling before it. Where an answer for every pixel is meant, a convolution of 1 "
        "× 1 says so."
    ),
    find=_find,
    manual=__doc__ or "",
)
