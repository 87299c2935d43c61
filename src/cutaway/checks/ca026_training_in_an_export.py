"""A graph that is for use holds operations of training: dropout, gradients, updates of an optimizer.

Bad:   SavedModel whose serving function has RandomUniform -> GreaterEqual -> SelectV2, or ResourceApplyAdam
Good:  SavedModel whose serving function was traced with training=False
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_EXPORTS = ("saved_model", "graph_def", "tflite", "tfjs")
_MARKS = ("ApplyGradientDescent", "ApplyAdam", "ApplyMomentum", "ApplyRMSProp", "ApplyAdagrad", "ApplyFtrl")


def _find(subject: Subject) -> Iterator[Hit]:
    graph = subject.graph
    if graph.format not in _EXPORTS:
        return
    ops = [op for op in subject.ops if op.endswith(_MARKS) or op.endswith("Grad") or "Backprop" in op[-16:]]
    updates = [node for node in subject.of(ops) if not subject.op(node).startswith("Conv")]
    if updates:
        names = ", ".join(sorted({subject.op(node) for node in updates})[:4])
        yield Hit(tuple(updates), f"{len(updates):,} operations compute or apply gradients: {names}", "info")
        return
    dropped = [
        node
        for node in subject.of(("RandomUniform", "StatelessRandomUniformV2", "RANDOM_UNIFORM"))
        if "dropout" in subject.name(node).lower() and "/cond" not in subject.name(node)
    ]
    for node in dropped:
        yield Hit((node,), f"{subject.name(node)} drops values at random")


CHECK = Check(
    id="CA026",
    name="training-in-an-export",
    severity="warning",
    why="Answers are random or weights change with every call, and what is computed for training costs time.",
    do="Export the inference function alone.",
    find=_find,
    manual=__doc__ or "",
)
