"""Gradients that are mostly zeros.

Reads the share of zeros in the gradients of kernels, of all layers together; embeddings, of which a step reads a few
rows, do not count.

Bad:   a deep row of narrow ReLU layers after a large step
Good:  LeakyReLU, a normalisation between the layers
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cutaway.training.checks.finding import Hit, TrainingCheck
from cutaway.training.checks.records import Line, Records, last_in_a_row, share
from cutaway.training.checks.thresholds import STEPS_IN_A_ROW, ZERO_GRADIENTS


def _find(records: Records) -> Iterator[Hit]:
    kernels = records.kernels()
    lines = {id: line for id, line in records.of("zeros", "gradients") if id in kernels and len(line)}
    if not lines or not any(True for _ in records.of("dead", "activations")):
        return
    longest = max(lines.values(), key=len)
    same = {id: line for id, line in lines.items() if np.array_equal(line.steps, longest.steps)}
    sizes = np.array([kernels[id].parameters for id in same], np.float64)
    zeros = np.stack([line.values for line in same.values()])
    total = Line(longest.steps, (zeros * sizes[:, None]).sum(0) / sizes.sum())
    step = last_in_a_row(total, total.values >= ZERO_GRADIENTS.value, int(STEPS_IN_A_ROW.value))
    if step is not None:
        worst = max(same, key=lambda one: float(same[one].values[-1]))
        text = f"{share(float(total.values[-1]))} of all gradients are zero since step {step}, most of them in {worst}"
        yield Hit(records.owner(worst), step, text)


CHECK = TrainingCheck(
    id="CT007",
    name="dying-relus",
    severity="warning",
    why="Most weights behind silent ReLUs no longer learn.",
    do="Try a lower learning rate, LeakyReLU or GELU, and a normalisation before the activations.",
    find=_find,
    manual=__doc__ or "",
)
