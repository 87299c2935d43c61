"""Layers most of whose units are silent.

Reads the share of units, or channels, of a ReLU that are at zero for a whole batch. An error where all of them are.

Bad:   a bias that a large step made very negative
Good:  LeakyReLU, GELU, he_normal, a lower learning rate
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.training.checks.finding import Hit, TrainingCheck
from cutaway.training.checks.records import Records, last_in_a_row, plain, share
from cutaway.training.checks.thresholds import DEAD_UNITS, STEPS_IN_A_ROW


def _find(records: Records) -> Iterator[Hit]:
    for id, line in records.of("dead", "activations"):
        step = last_in_a_row(line, line.values > DEAD_UNITS.value, int(STEPS_IN_A_ROW.value))
        if step is not None:
            dead = float(line.values[-1])
            text = f"{share(dead)} of the units of {plain(id)} are silent since step {step}"
            yield Hit((plain(id),), step, text, "error" if dead == 1 else None)


CHECK = TrainingCheck(
    id="CT006",
    name="dead-units",
    severity="warning",
    why="A silent unit gets no gradient, so that it stays silent: the layer is narrower than it looks.",
    do="Try a lower learning rate, he_normal, biases that begin at zero, or LeakyReLU, ELU or GELU.",
    find=_find,
    manual=__doc__ or "",
)
