"""Kernels that steps change far too much, most of them at once: the learning rate, and not one layer, is the cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cutaway.training.checks.ct013_poor_initialisation import poor_kernels
from cutaway.training.checks.records import Records
from cutaway.training.checks.thresholds import MOST_KERNELS, UPDATE_HIGH, UPDATE_STEPS, UPDATE_WILD


@dataclass(frozen=True, slots=True)
class Overshot:
    """A kernel that steps change too much.

    Attributes:
        id: Of the kernel.
        step: Since when.
        ratio: Norm of an update by that of the kernel: of that step where it is wild, else the median of the first.
        wild: Whether one step alone is beyond what any training needs.
    """

    id: str
    step: int
    ratio: float
    wild: bool


def overshot(records: Records) -> list[Overshot]:
    """The kernels that steps change too much; none where they are few, so that the cause lies in these.

    Kernels that begin poorly do not count: of such that are too small any step changes much.
    """
    poor = {kernel.id for kernel in poor_kernels(records)}
    kernels = records.kernels().keys() - poor
    lines = {id: line for id, line in records.of("ratio", "updates") if id in kernels and len(line)}
    found = []
    for id, line in lines.items():
        wild = np.flatnonzero(line.values > UPDATE_WILD.value)
        first = line.values[: int(UPDATE_STEPS.value)]
        if len(wild):
            found.append(Overshot(id, int(line.steps[wild[0]]), float(line.values[wild[0]]), True))
        elif len(first) == UPDATE_STEPS.value and np.median(first) > UPDATE_HIGH.value:
            found.append(Overshot(id, int(line.steps[0]), float(np.median(first)), False))
    return found if len(lines) > 1 and len(found) > MOST_KERNELS.value * len(lines) else []
