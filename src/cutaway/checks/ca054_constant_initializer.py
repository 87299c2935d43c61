"""A kernel starts with the same value everywhere.

Bad:   Dense(64, kernel_initializer="zeros")
Good:  Dense(64)
Also:  zeros right before a model's output, an Add or a Multiply are a usual start for a branch, and an info.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_LAYERS = ("Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv3D", "LSTM", "GRU", "SimpleRNN")
_CONSTANT = ("zeros", "ones", "constant")
_JOINS = ("Add", "Multiply", "Subtract", "Concatenate")


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(_LAYERS):
        said = subject.attribute(node, "kernel_initializer")
        if isinstance(said, dict):
            said = said.get("class_name") or next(iter(said), None)
        if not isinstance(said, str) or said.lower() not in _CONSTANT:
            continue
        ends = node in subject.outputs or any(subject.op(reader) in _JOINS for reader in subject.readers(node))
        text = f"the kernel of {subject.name(node)} starts with {said.lower()}"
        yield Hit((node,), text, "info" if ends and said.lower() == "zeros" else None)


CHECK = Check(
    id="CA054",
    name="constant-initializer",
    severity="warning",
    why="Units that start equal get equal gradients and stay equal: the layer learns as if it had one unit.",
    do="Take the default initializer, or another that draws at random.",
    find=_find,
    manual=__doc__ or "",
)
