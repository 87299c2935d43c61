"""Checks of a training: vanishing and exploding gradients, dead units, a loss that does not fall, and their kin.

One module a check; ``thresholds`` holds all numbers with their sources, ``records`` what a training has recorded,
``watch`` looks while it runs, ``logs`` afterwards.

In: `Records`. Out: `TrainingFinding`s.
May import: `cutaway.graph`, `cutaway.errors`, and readers of logs in `cutaway.training`; no framework.
"""

from __future__ import annotations

from cutaway.training.checks import (
    ct001_not_finite,
    ct002_vanishing_gradients,
    ct003_exploding_gradients,
    ct004_update_ratio,
    ct005_unchanged_weights,
    ct006_dead_units,
    ct007_dying_relus,
    ct008_saturated_units,
    ct009_loss_not_falling,
    ct010_plateau,
    ct011_overfitting,
    ct012_learning_rate,
    ct013_poor_initialisation,
    ct014_inputs_not_scaled,
)
from cutaway.training.checks.finding import TrainingCheck

TRAINING_CHECKS: tuple[TrainingCheck, ...] = (
    ct001_not_finite.CHECK,
    ct002_vanishing_gradients.CHECK,
    ct003_exploding_gradients.CHECK,
    ct004_update_ratio.CHECK,
    ct005_unchanged_weights.CHECK,
    ct006_dead_units.CHECK,
    ct007_dying_relus.CHECK,
    ct008_saturated_units.CHECK,
    ct009_loss_not_falling.CHECK,
    ct010_plateau.CHECK,
    ct011_overfitting.CHECK,
    ct012_learning_rate.CHECK,
    ct013_poor_initialisation.CHECK,
    ct014_inputs_not_scaled.CHECK,
)
"""Every check of a training, by id."""
