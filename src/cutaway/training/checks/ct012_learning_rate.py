"""Signs of a learning rate that is too high: steps that overshoot, a loss that grows, an accuracy that swings.

Reads the norm of what steps change in kernels by the norms of these, of most kernels together; compares the loss of the
last stretch, or before it became infinite or NaN, with that of the first; counts swings of the accuracy from epoch to
epoch. The first of these that is so is told.

Bad:   SGD(5.0)
Good:  a rate of a third of the one at which the loss begins to grow
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cutaway.training.checks.ct009_loss_not_falling import stretches
from cutaway.training.checks.finding import Hit, TrainingCheck
from cutaway.training.checks.overshooting import overshot
from cutaway.training.checks.records import Floats, Records, short
from cutaway.training.checks.thresholds import LOSS_RISE, LOSS_WINDOW, SWING, SWINGS


def _find(records: Records) -> Iterator[Hit]:
    yield from next(filter(None, (list(sign(records)) for sign in (_overshooting, _growing, _swinging))), [])


def _overshooting(records: Records) -> Iterator[Hit]:
    if found := overshot(records):
        first = min(found, key=lambda kernel: (not kernel.wild, kernel.step))
        where = tuple(dict.fromkeys(owner for kernel in found for owner in records.owner(kernel.id)))
        step, ratio = ("a step changes", "times its norm") if first.wild else ("steps change", "of its norm")
        others = "1 more kernel" if len(found) == 2 else f"{len(found) - 1:,} more kernels"
        text = f"{step} {first.id} by {short(first.ratio)} {ratio}, and {others} too much"
        yield Hit(where, first.step, text, "error" if any(kernel.wild for kernel in found) else None)


def _growing(records: Records) -> Iterator[Hit]:
    losses = records.losses()
    broken = np.flatnonzero(~np.isfinite(losses.values))
    last = int(broken[0]) - 1 if len(broken) else -1
    if last > 0 and losses.values[last] > LOSS_RISE.value * abs(losses.values[0]):
        step, when = records.moment(losses, int(losses.steps[last]))
        first, grown = short(float(losses.values[0])), short(float(losses.values[last]))
        yield Hit((), step, f"the loss grows from {first} to {grown} at {when}, and is no number then", "error")
        return
    found = stretches(losses)
    if found is not None and found[1] > LOSS_RISE.value * abs(found[0]):
        step, when = records.moment(losses, int(losses.steps[-1]))
        yield Hit((), step, f"the loss grows: {short(found[1])} at {when}, {short(found[0])} at the start", "error")


def _swinging(records: Records) -> Iterator[Hit]:
    for tag, line in sorted(records.train.items()):
        if tag.startswith("epoch_") and tag.endswith(("accuracy", "acc")) and len(line) >= LOSS_WINDOW.value:
            swings = _swings(line.values)
            if swings >= SWINGS.value * len(line):
                step, _ = records.moment(line, int(line.steps[-1]))
                yield Hit((), step, f"{tag[6:]} swings up and down: {swings} times in {len(line)} epochs")


def _swings(values: Floats) -> int:
    """How often it falls from a peak to the next valley by as much as counts."""
    turns = np.flatnonzero(np.diff(np.sign(np.diff(values)))) + 1
    extremes = values[turns]
    return int((extremes[:-1] - extremes[1:] >= SWING.value).sum())


CHECK = TrainingCheck(
    id="CT012",
    name="learning-rate",
    severity="warning",
    why="Each step overshoots, so that the training does not settle.",
    do="Divide the learning rate by 3 to 10, warm it up, or take larger batches.",
    find=_find,
    manual=__doc__ or "",
)
