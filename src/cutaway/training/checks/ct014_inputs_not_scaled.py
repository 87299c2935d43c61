"""Inputs that are not scaled.

Reads mean and deviation of what enters the model. Whole numbers, such as ids, do not count; neither does an input that
only layers read that scale it themselves.

Bad:   pixels from 0 to 255, amounts of money
Good:  Rescaling(1/255), Normalization, (x - mean) / deviation
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cutaway.training.checks.finding import Hit, TrainingCheck
from cutaway.training.checks.records import Records, plain, short
from cutaway.training.checks.thresholds import INPUT_MEAN, INPUT_SPREAD

_SCALING = frozenset({"BatchNormalization", "Cast", "CategoryEncoding", "Discretization", "Embedding", "Hashing",
                      "IntegerLookup", "LayerNormalization", "Normalization", "Rescaling"})  # fmt: skip


def _find(records: Records) -> Iterator[Hit]:
    graph = records.graph
    if graph is None:
        return
    readers: dict[int, set[str]] = {}
    for edge in graph.edges():
        readers.setdefault(edge.source, set()).add(graph.op(edge.target))
    inputs = {graph.ids[port.node]: port.node for port in graph.inputs}
    for id, means in records.of("mean", "activations"):
        node = inputs.get(plain(id))
        spreads = records.line(f"std/activations/{id}")
        if node is None or not len(means) or len(spreads) != len(means) or readers.get(node, set()) <= _SCALING:
            continue
        mean, spread = float(np.mean(means.values)), float(np.mean(spreads.values))
        far = abs(mean) > INPUT_MEAN.value and abs(mean) > 3 * spread
        wide = spread > INPUT_SPREAD.value
        narrow = 0 < spread < 1 / INPUT_SPREAD.value**2 and abs(mean) < 1 / INPUT_SPREAD.value
        if far or wide or narrow:
            text = f"{plain(id)} has a mean of {short(mean)} and a deviation of {short(spread)}; expected about 0 and 1"
            yield Hit((plain(id),), int(means.steps[0]), text)


CHECK = TrainingCheck(
    id="CT014",
    name="inputs-not-scaled",
    severity="warning",
    why="Large inputs make large gradients in the first layer alone: the learning rate fits it or the others.",
    do="Scale before, or with a Rescaling or an adapted Normalization layer at the start of the model.",
    find=_find,
    manual=__doc__ or "",
)
