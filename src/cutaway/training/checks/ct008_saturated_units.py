"""Hidden sigmoid and tanh layers that are saturated.

Reads the share of outputs that lie at the limits of their function. What leaves the model is meant to do so.

Bad:   tanh on inputs of up to 255
Good:  inputs that are scaled, normalisation, ReLU
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.training.checks.finding import Hit, TrainingCheck
from cutaway.training.checks.records import Records, last_in_a_row, plain, share
from cutaway.training.checks.thresholds import SATURATED, STEPS_IN_A_ROW


def _find(records: Records) -> Iterator[Hit]:
    graph = records.graph
    leaving = set() if graph is None else {graph.ids[port.node] for port in graph.outputs}
    for id, line in records.of("saturation", "activations"):
        node = plain(id)
        if node in leaving or _is_softmax(records, node):
            continue
        step = last_in_a_row(line, line.values > SATURATED.value, int(STEPS_IN_A_ROW.value))
        if step is not None:
            yield Hit((node,), step, f"{share(float(line.values[-1]))} of what {node} makes lies at its limits")


def _is_softmax(records: Records, node: str) -> bool:
    graph = records.graph
    if graph is None or node not in graph.ids:
        return False
    at = graph.ids.index(node)
    return graph.op(at) == "Softmax" or "softmax" in str(graph.attributes[at].get("activation", "")).lower()


CHECK = TrainingCheck(
    id="CT008",
    name="saturated-units",
    severity="warning",
    why="At its limits the function is flat: next to no gradient comes through.",
    do="Scale the inputs, try a smaller initialisation, a normalisation before the activation, or ReLU in its place.",
    find=_find,
    manual=__doc__ or "",
)
