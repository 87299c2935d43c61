"""Trainable weights that no step changes.

Reads the norms of updates; of weights that no optimizer is given, or that were recorded by epoch alone, their own
norms, means and deviations.

Bad:   a layer behind keras.ops.stop_gradient, or behind an argmax
Good:  trainable=False where it is meant
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cutaway.training.checks.finding import Hit, TrainingCheck
from cutaway.training.checks.records import Line, Records, last_in_a_row
from cutaway.training.checks.thresholds import STEPS_IN_A_ROW

_LEAST = int(STEPS_IN_A_ROW.value)


def _find(records: Records) -> Iterator[Hit]:
    weights = records.weights()
    for id, line, since in _still(records):
        weight = weights.get(id)
        if weight is None or weight.trainable:
            step, when = records.moment(line, since)
            yield Hit(records.owner(id), step, f"{id} has not changed since {when}")


def _still(records: Records) -> Iterator[tuple[str, Line, int]]:
    updates = dict(records.of("norm", "updates"))
    for id, line in updates.items():
        step = last_in_a_row(line, line.values == 0, _LEAST)
        if step is not None:
            yield id, line, step
    for id, line in records.of("norm", "weights"):
        if id in updates:
            continue
        lines = [line, records.line(f"mean/weights/{id}"), records.line(f"std/weights/{id}")]
        if len({len(one) for one in lines}) == 1 and len(line) >= _LEAST:
            same = np.all([np.append(False, np.diff(one.values) == 0) for one in lines], axis=0)
            step = last_in_a_row(line, same, _LEAST)
            if step is not None:
                yield id, line, step


CHECK = TrainingCheck(
    id="CT005",
    name="unchanged-weights",
    severity="warning",
    why="The layer is trained and learns nothing: no gradient reaches it, or it is zero.",
    do=(
        "Look for what has no gradient between it and the loss: stop_gradient, argmax, rounding, a cast to whole "
        "numbers, silent ReLUs; or set trainable=False, if it is meant."
    ),
    find=_find,
    manual=__doc__ or "",
)
