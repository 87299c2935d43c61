"""An operation of TensorFlow Lite that the standard interpreter does not have.

Bad:   FlexErf, a custom operation
Good:  operations that are built in
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    if subject.graph.format != "tflite":
        return
    flex = subject.of([op for op in subject.ops if op.startswith("Flex")])
    for node in flex:
        yield Hit((node,), f"{subject.name(node)} ({subject.op(node)}) is an operation of TensorFlow")
    for node in subject.of([op for op in subject.ops if op == "CUSTOM" or op.startswith("CUSTOM ")]):
        yield Hit((node,), f"{subject.name(node)} is a custom operation")


CHECK = Check(
    id="CA062",
    name="not-in-tflite",
    severity="info",
    why=(
        "The program that runs the model must bring it along (Select TensorFlow Ops, or code of its own), and it "
        "runs on no accelerator."
    ),
    do="Replace it before converting, or ship what it needs.",
    find=_find,
    manual=__doc__ or "",
)
