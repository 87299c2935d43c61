"""Kernels that begin too large, too small, or all the same.

Reads the standard deviations of kernels in the first steps, by what Glorot's and He's rules give for their fans. Where
steps before the first record may have made what it shows, as a learning rate that is too high does, nothing is told.

Bad:   kernel_initializer=RandomNormal(stddev=5.0), or "zeros"
Good:  the default, glorot_uniform; he_normal before ReLU
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from cutaway.graph.model import Weight
from cutaway.training.checks.finding import Hit, TrainingCheck
from cutaway.training.checks.records import Line, Records, short
from cutaway.training.checks.thresholds import INITIAL_MOVED, INITIAL_RATIO, INITIAL_STEPS


@dataclass(frozen=True, slots=True)
class Poor:
    """A kernel that begins poorly.

    Attributes:
        id: Of the kernel.
        step: The first that was recorded.
        what: What is the matter, in words.
    """

    id: str
    step: int
    what: str


def poor_kernels(records: Records) -> Iterator[Poor]:
    """The kernels that begin too large, too small, or all the same, as far as their beginning is known."""
    for id, weight in records.kernels().items():
        line = records.line(f"std/weights/{id}")
        if not len(line) or line.by_epoch or line.steps[0] > INITIAL_STEPS.value or not _is_kernel(weight):
            continue
        step, deviation = int(line.steps[0]), _before(records, weight, float(line.values[0]))
        low, high = _usual(weight, deviation)
        if deviation == 0:
            yield Poor(id, step, f"all values of {id} are equal, so that its units learn the same")
        elif _moved_far(records, weight, line):
            continue
        elif high < 1 / INITIAL_RATIO.value:
            text = f"{id} begins with a deviation of {short(deviation)}, {short(1 / high)} times smaller than usual"
            yield Poor(id, step, text)
        elif low > INITIAL_RATIO.value:
            text = f"{id} begins with a deviation of {short(deviation)}, {short(low)} times larger than usual"
            yield Poor(id, step, text)


def _find(records: Records) -> Iterator[Hit]:
    for kernel in poor_kernels(records):
        yield Hit(records.owner(kernel.id), kernel.step, kernel.what)


def _moved_far(records: Records, weight: Weight, line: Line) -> bool:
    """Whether the steps before the first record may have made what it shows.

    They are taken to have changed the kernel as much as the first that was recorded; where updates were not recorded,
    as much as its deviation changes from there to the next record.
    """
    before = int(line.steps[0]) - 1
    ratios = records.line(f"ratio/updates/{weight.id}")
    if before < 1:
        return False
    if len(ratios):
        change = float(ratios.values[0])
    elif len(line) > 1:
        steps = int(line.steps[1] - line.steps[0])
        change = abs(float(line.values[1] - line.values[0])) / float(line.values[0]) / steps if line.values[0] else 0.0
    else:
        return False
    return not before * change < INITIAL_MOVED.value  # nor where it is NaN


def _before(records: Records, weight: Weight, after: float) -> float:
    """The deviation before the first step, by its update, where that was recorded; else after it."""
    update, ratio = (records.line(f"{name}/updates/{weight.id}") for name in ("norm", "ratio"))
    if not len(update) or not len(ratio) or not (ratio.values[0] > 0 and update.steps[0] == ratio.steps[0]):
        return after
    return float(update.values[0] / ratio.values[0]) / math.sqrt(weight.parameters)


def _is_kernel(weight: Weight) -> bool:
    return "kernel" in weight.name.lower()


def _usual(weight: Weight, deviation: float) -> tuple[float, float]:
    """A deviation by those of LeCun's rule, 1/sqrt(fan in), and of Glorot's, sqrt(2/(fan in + fan out)), in order."""
    *field, entering, leaving = weight.shape
    area = math.prod(field)
    if "depthwise" in weight.name.lower():
        entering = 1
    rules = (math.sqrt(area * entering), math.sqrt(area * (entering + leaving) / 2))
    found = sorted(deviation * rule for rule in rules)
    return found[0], found[1]


CHECK = TrainingCheck(
    id="CT013",
    name="poor-initialisation",
    severity="warning",
    why="What layers make grows or shrinks from one to the next, and so do the gradients on their way back.",
    do="Take the initialisation that Keras has by default, or he_normal before ReLU and lecun_normal before SELU.",
    find=_find,
    manual=__doc__ or "",
)
