"""NaN or infinite values.

Reads the counts of NaN and infinite values of activations, gradients, updates and weights, and the loss; says in which
layer and at which step they appeared first: forwards by the order of the layers, backwards against it. Of weights that
were recorded by epoch alone, as TensorBoard's callback does, it is the epoch.

Bad:   exp of large numbers; log of zero; float16 without a scale of the loss
Good:  keras.ops.logsumexp, from_logits=True, keras.mixed_precision with its LossScaleOptimizer
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cutaway.training.checks.finding import Hit, TrainingCheck
from cutaway.training.checks.records import Records, plain, short

_KINDS = ("activations", "gradients", "updates", "weights")
_WORDS = {"nan": "NaN", "infinite": "infinite values", "not_finite": "NaN or infinite values"}


def _find(records: Records) -> Iterator[Hit]:
    found: list[tuple[int, int, int, str, str, str, str]] = []
    order = records.order()
    for turn, kind in enumerate(_KINDS):
        for statistic in _WORDS:
            for id, line in records.of(statistic, kind):
                some = np.flatnonzero(line.values > 0)
                if len(some):
                    place = order.get(plain(id), len(order))
                    place = -place if kind == "gradients" else place
                    step, when = records.moment(line, int(line.steps[some[0]]))
                    found.append((step, turn, place, statistic, kind, plain(id), when))
    if found:
        step, _, _, statistic, kind, id, when = min(found)
        where = (id,) if kind == "activations" else records.owner(id)
        is_data = kind == "activations" and records.op(id) == "InputLayer"
        holder = f"the data that {id} gets" if is_data else f"the {kind} of {id}"
        yield Hit(where, step, f"{_WORDS[statistic]} in {holder}, the first at {when}")
        return
    losses = records.losses()
    odd = np.flatnonzero(~np.isfinite(losses.values))
    if len(odd):
        step, when = records.moment(losses, int(losses.steps[odd[0]]))
        yield Hit((), step, f"the loss is {short(float(losses.values[odd[0]]))} since {when}")


CHECK = TrainingCheck(
    id="CT001",
    name="not-finite",
    severity="error",
    why="From here on every weight that such a value reaches becomes NaN, and the training is lost.",
    do=(
        "Where the data hold them, clean the data. Else try a lower learning rate and clipnorm= in the optimizer; look "
        "for exp, log, divisions and square roots in that layer and in the loss."
    ),
    find=_find,
    manual=__doc__ or "",
)
