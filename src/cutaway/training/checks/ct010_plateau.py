"""A training loss that fell, and has stood still since.

Reads the loss by epoch. A loss of next to nothing, by its beginning, does not count: there is nothing left to learn.

Bad:   fifty more epochs at the same learning rate
Good:  keras.callbacks.ReduceLROnPlateau, keras.callbacks.EarlyStopping
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cutaway.training.checks.finding import Hit, TrainingCheck
from cutaway.training.checks.records import Records, short
from cutaway.training.checks.thresholds import LOSS_FALL, PLATEAU_BETTER, PLATEAU_EPOCHS


def _find(records: Records) -> Iterator[Hit]:
    line = records.line("epoch_loss")
    size = int(PLATEAU_EPOCHS.value)
    if len(line) < size + 2 or not np.isfinite(line.values).all():
        return
    before, since = float(line.values[:-size].min()), float(line.values[-size:].min())
    first = float(line.values[0])
    fell, has_left = before < (1 - LOSS_FALL.value) * first, before > LOSS_FALL.value * first
    if fell and has_left and since > before - PLATEAU_BETTER.value:
        step, when = records.moment(line, int(line.steps[-size - 1]))
        yield Hit((), step, f"the loss is no better than {short(before)} since {when}")


CHECK = TrainingCheck(
    id="CT010",
    name="plateau",
    severity="info",
    why="Further epochs like these change little.",
    do="Try a lower learning rate from there on (ReduceLROnPlateau), or stop (EarlyStopping).",
    find=_find,
    manual=__doc__ or "",
)
