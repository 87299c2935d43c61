"""A loss that does not fall.

Compares the loss of the last stretch with that of the first.

Bad:   labels that do not fit the examples; a learning rate of 1e-9
Good:  a loss that falls on one batch that is shown again and again
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.training.checks.finding import Hit, TrainingCheck
from cutaway.training.checks.records import Line, Records, short
from cutaway.training.checks.thresholds import LOSS_FALL, LOSS_RISE, LOSS_VALUES, LOSS_WINDOW


def stretches(losses: Line) -> tuple[float, float] | None:
    """Mean loss of the first and of the last stretch; None where there are too few values, or some are not finite."""
    size = int(LOSS_WINDOW.value)
    if len(losses) < LOSS_VALUES.value:
        return None
    first, last = float(losses.values[:size].mean()), float(losses.values[-size:].mean())
    return (first, last) if abs(first) < float("inf") and abs(last) < float("inf") else None


def _find(records: Records) -> Iterator[Hit]:
    losses = records.losses()
    found = stretches(losses)
    if found is None:
        return
    first, last = found
    if first - last < LOSS_FALL.value * abs(first) and last <= LOSS_RISE.value * abs(first):
        step, when = records.moment(losses, int(losses.steps[-1]))
        yield Hit((), step, f"the loss is {short(last)} at {when}, and was {short(first)} at the start")


CHECK = TrainingCheck(
    id="CT009",
    name="loss-not-falling",
    severity="warning",
    why="The model does not learn what it is trained for.",
    do=(
        "See whether it can learn a single batch by heart; if not, look at labels, loss and last activation; "
        "if so, change the learning rate by factors of 3."
    ),
    find=_find,
    manual=__doc__ or "",
)
