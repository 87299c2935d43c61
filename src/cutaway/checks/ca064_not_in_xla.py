"""Operations of the graph are none that XLA compiles.

Bad:   LookupTableFindV2, StringJoin, CropAndResize, ResizeBicubic in what is compiled with jit_compile=True
Good:  the look-up before the compiled function, ResizeBilinear inside it

Looked at in graphs of operations, and for the layers of Keras that look words up. The list is that of the kernels that
TensorFlow itself has for XLA.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject
from cutaway.checks.xla_ops import NOT_IN_XLA

_LAYERS = frozenset({"TextVectorization", "StringLookup", "IntegerLookup"})
"""Layers of Keras whose operations are among those."""

_NO_GRAPHS_OF_TENSORFLOW = ("tflite", "tfjs")


def _find(subject: Subject) -> Iterator[Hit]:
    if subject.graph.format in _NO_GRAPHS_OF_TENSORFLOW:
        return
    for op in sorted(subject.ops):
        if op not in NOT_IN_XLA and op not in _LAYERS:
            continue
        nodes = [node for node in subject.of((op,)) if subject.useful[node]]
        if nodes:
            more = f" and {len(nodes) - 1:,} more" if len(nodes) > 1 else ""
            yield Hit(tuple(nodes), f"{subject.name(nodes[0])} ({op}){more} cannot be compiled by XLA")


CHECK = Check(
    id="CA064",
    name="not-in-xla",
    severity="info",
    why="A function with jit_compile=True that holds them fails when it is called; on a TPU the model does not run.",
    do="Keep them out of what is compiled: before it, behind it, or replaced by operations that XLA has.",
    find=_find,
    manual=__doc__ or "",
)
