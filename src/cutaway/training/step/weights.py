"""`RecordedWeights`: the statistics of a model's weights, taken together between two steps."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

import keras
import numpy as np

from cutaway.training.step.names import Name, name_of
from cutaway.training.step.plan import Plan
from cutaway.training.step.statistics import Measurements, Statistics
from cutaway.training.step.told import Told
from cutaway.training.tensors import can_count, distribution_of


class RecordedWeights:
    """The weights of a model that are recorded.

    Args:
        model: The model.
        plan: Says which.
    """

    def __init__(self, model: Any, plan: Plan) -> None:
        named = [(id, weight) for weight in model.weights if (id := plan.weight_id(weight)) is not None]
        self._weights = [weight for _, weight in named]
        self._in_tensorflow = bool(named) and all(map(can_count, self._weights))
        self._names = [
            name_of("weights", id, weight.shape) if self._in_tensorflow else Name("weights", id) for id, weight in named
        ]

    def told(self) -> Told:
        """Their statistics now."""
        if self._in_tensorflow:
            return Told([self._names], 0, *self._function())
        found = [distribution_of(weight) for weight in self._weights]
        counts = np.array([one.counts for one in found])
        moments = np.array([(one.sum, one.minimum, one.maximum, one.spread, 0.0) for one in found])
        return Told([self._names], 0, counts, moments, np.zeros(0, np.float32))

    @cached_property
    def _function(self) -> Any:
        """All of them in one call of TensorFlow: one call for each would take longer than what it does."""
        import tensorflow as tf

        def measured() -> Statistics:
            measurements = Measurements()
            for name, weight in zip(self._names, self._weights, strict=True):
                measurements.add(name, partial(keras.ops.convert_to_tensor, weight), lambda: 0.0)
            return measurements.stacked()

        return tf.function(measured, autograph=False)
