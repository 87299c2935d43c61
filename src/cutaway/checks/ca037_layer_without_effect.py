"""A layer passes on what it gets.

Bad:   Dropout(0), Activation("linear"), ZeroPadding2D(0), UpSampling2D(1), Reshape to the shape that is there
Good:  none of them
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import DROPOUT, POOLING, kernel, strides, whole_numbers
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for op in ("Activation", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "Reshape", "Concatenate", *DROPOUT):
        for node in subject.of((op,)):
            if _idle(subject, op, node):
                yield Hit((node,), f"{subject.name(node)} ({op}) changes nothing")
    for node in subject.of(("UpSampling1D", "UpSampling2D", "UpSampling3D")):
        if set(whole_numbers(subject.attribute(node, "size"))) == {1}:
            yield Hit((node,), f"{subject.name(node)} enlarges by 1")
    for node in subject.of(POOLING):
        if set(kernel(subject, node)) == {1} and set(strides(subject, node)) == {1}:
            yield Hit((node,), f"{subject.name(node)} pools windows of 1")


def _idle(subject: Subject, op: str, node: int) -> bool:
    if op == "Activation":
        return node not in subject.outputs and bool(subject.attribute(node, "activation") == "linear")
    if op in DROPOUT:
        return bool(subject.attribute(node, "rate") == 0)
    if op == "Concatenate":
        return len(subject.sources(node)) == 1
    shape = subject.shape(node)
    return shape is not None and shape == subject.read_shape(node) and None not in shape[1:]


CHECK = Check(
    id="CA037",
    name="layer-without-effect",
    severity="info",
    why="It stands in the way of whoever reads the model, and may cost a copy.",
    do="Remove it, or set what was forgotten.",
    find=_find,
    manual=__doc__ or "",
)
