"""A validation loss that rises while the training loss falls.

Reads both losses by epoch.

Bad:   a model of a million weights for a hundred examples
Good:  EarlyStopping(restore_best_weights=True), dropout, augmentation
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cutaway.training.checks.finding import Hit, TrainingCheck
from cutaway.training.checks.records import Records, short
from cutaway.training.checks.thresholds import OVERFIT_EPOCHS, OVERFIT_GAP, OVERFIT_RISE


def _find(records: Records) -> Iterator[Hit]:
    train, validation = records.line("epoch_loss"), records.line("epoch_loss", validation=True)
    both = np.intersect1d(train.steps, validation.steps)
    if not len(both):
        return
    ours = train.values[np.isin(train.steps, both)][-len(both) :]
    theirs = validation.values[np.isin(validation.steps, both)][-len(both) :]
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()) or len(ours) != len(theirs):
        return
    best = int(theirs.argmin())
    gap = (theirs[-1] - ours[-1]) / abs(ours[-1]) if ours[-1] else np.inf
    rise = (theirs[-1] - theirs[best]) / abs(theirs[best]) if theirs[best] else 0.0
    late = len(theirs) - 1 - best >= OVERFIT_EPOCHS.value
    if late and gap > OVERFIT_GAP.value and rise > OVERFIT_RISE.value and ours[-1] < ours[best]:
        step, when = records.moment(train, int(both[best]))
        text = f"the validation loss rises since {when}, from {short(theirs[best])} to {short(theirs[-1])}"
        yield Hit((), step, f"{text}, while the training loss falls to {short(ours[-1])}")


CHECK = TrainingCheck(
    id="CT011",
    name="overfitting",
    severity="warning",
    why="The model learns its examples by heart, and gets worse at what it has not seen.",
    do="Take the weights of that epoch (EarlyStopping), and try more data, augmentation, dropout or a smaller model.",
    find=_find,
    manual=__doc__ or "",
)
