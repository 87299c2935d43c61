"""Gradients that explode on their way to the first layers.

Reads the norms of the gradients of kernels.

Bad:   weights that begin ten times too large, in many layers
Good:  he_normal, normalisation, keras.optimizers.Adam(clipnorm=1.0)
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.training.checks.finding import Hit, TrainingCheck
from cutaway.training.checks.records import Records, by_other, short
from cutaway.training.checks.thresholds import EXPLODED, EXPLODED_ALONE, FIRST_TO_LAST_HIGH


def _find(records: Records) -> Iterator[Hit]:
    kernels = records.kernels()
    norms = {id: line for id, line in records.of("norm", "gradients") if id in kernels and len(line)}
    if not norms:
        return
    last = list(norms.values())[-1]
    hits = []
    for id, line in norms.items():
        by_last = by_other(line, last)
        large = (line.values > EXPLODED.value) & (by_last > FIRST_TO_LAST_HIGH.value)
        large |= line.values > EXPLODED_ALONE.value
        if large.any():
            at = int(large.argmax())
            hits.append((int(line.steps[at]), id, float(line.values[at]), float(by_last[at])))
    if hits:
        step, id, norm, ratio = min(hits)
        where = tuple(dict.fromkeys(owner for hit in hits for owner in records.owner(hit[1])))
        yield Hit(
            where, step, f"the gradient of {id} has norm {short(norm)}, {short(ratio)} times that of the last layer"
        )


CHECK = TrainingCheck(
    id="CT003",
    name="exploding-gradients",
    severity="warning",
    why="One such step throws the weights far away from where they were; the loss jumps, or becomes NaN.",
    do="Try clipnorm=1.0 in the optimizer, a lower learning rate, a normalisation, and a smaller initialisation.",
    find=_find,
    manual=__doc__ or "",
)
