"""Gradients that vanish on their way to the first layers.

Reads the norms of the gradients of kernels. A kernel that an optimizer changes enough all the same does not count.

Bad:   ten Dense layers with sigmoid in a row
Good:  ReLU or GELU, residual connections, normalisation
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from cutaway.training.checks.finding import Hit, TrainingCheck
from cutaway.training.checks.records import Line, Records, by_other, last_in_a_row, short
from cutaway.training.checks.thresholds import FIRST_LOW, FIRST_TO_LAST_LOW, STEPS_IN_A_ROW, UPDATE_LOW, VANISHED


def _find(records: Records) -> Iterator[Hit]:
    kernels = records.kernels()
    norms = {id: line for id, line in records.of("norm", "gradients") if id in kernels and len(line)}
    if len(norms) < 2:
        return
    last = list(norms.values())[-1]
    hits = []
    for id, line in list(norms.items())[:-1]:
        by_last = by_other(line, last)
        small = (line.values < FIRST_LOW.value) & (by_last < FIRST_TO_LAST_LOW.value)
        root = line.values / math.sqrt(max(1, kernels[id].parameters))
        small |= (root < VANISHED.value) & (line.values > 0) & (by_last < 1)
        small &= _learns_little(records, id, line)
        step = last_in_a_row(line, small, int(STEPS_IN_A_ROW.value))
        if step is not None:
            hits.append((id, step, float(line.values[-1]), float(by_last[-1])))
    if hits:
        id, step, norm, ratio = hits[0]
        more = f", and of {len(hits) - 1} more kernels" if len(hits) > 1 else ""
        where = tuple(dict.fromkeys(owner for hit in hits for owner in records.owner(hit[0])))
        text = f"the gradient of {id}{more} is gone: norm {short(norm)}, {short(ratio)} of that of the last layer"
        yield Hit(where, step, text)


def _learns_little(records: Records, id: str, line: Line) -> npt.NDArray[np.bool_]:
    """Where updates are small too, or not known: optimizers such as Adam make small gradients large."""
    ratios = records.line(f"ratio/updates/{id}")
    known = dict(zip(ratios.steps.tolist(), ratios.values.tolist(), strict=True))
    return np.array([known.get(step, 0.0) < UPDATE_LOW.value for step in line.steps.tolist()], np.bool_)


CHECK = TrainingCheck(
    id="CT002",
    name="vanishing-gradients",
    severity="warning",
    why="The first layers learn next to nothing, and what comes behind them works on what chance made.",
    do=(
        "Try ReLU, GELU or SELU in the place of sigmoid and tanh, a normalisation between the layers, residual "
        "connections, or an initialisation that fits the activation (he_normal for ReLU)."
    ),
    find=_find,
    manual=__doc__ or "",
)
