"""When the tensors of a step are measured: each as soon as it is there, or all at its end, where a flag says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from cutaway.training.step.names import Name
from cutaway.training.step.statistics import Measurements, Statistics, nothing

Make = Callable[[], Any]


class Measuring(Protocol):
    """Measures what a step has."""

    def take(self, name: Name, tensor: Make, extra: Make) -> None:
        """Measure a tensor, and a number that stands beside its moments."""

    def in_turn(self, name: Name, tensor: Any) -> Any:
        """A tensor that was taken last, as what comes after it may use it."""

    def guarded(self, make: Make, empty: Make) -> Any:
        """What is made where the step is recorded, or what stands for it where it is not."""

    def statistics(self) -> Statistics:
        """What is told of all that was taken."""


class AtOnce:
    """For a step that is recorded whenever it runs.

    What uses a tensor waits until it is measured. So a tensor lives about as long as it does without: otherwise what a
    normalisation makes for the activation behind it would wait for its turn, in all layers at once.
    """

    def __init__(self) -> None:
        self._measurements = Measurements()

    def take(self, name: Name, tensor: Make, extra: Make) -> None:
        """Measure it now."""
        self._measurements.add(name, tensor, extra)

    def in_turn(self, name: Name, tensor: Any) -> Any:
        """The tensor, behind its measurement."""
        return self._measurements.behind(name, tensor)

    def guarded(self, make: Make, empty: Make) -> Any:
        """What is made."""
        del empty
        return make()

    def statistics(self) -> Statistics:
        """What is told of all."""
        return self._measurements.stacked()


class WhereFlagged:
    """For a step that is recorded where a flag is set: a condition for each tensor would cost all other steps more.

    Args:
        flag: A variable.
    """

    def __init__(self, flag: Any) -> None:
        self._flag = flag
        self._waiting: list[tuple[Name, Make, Make]] = []

    def take(self, name: Name, tensor: Make, extra: Make) -> None:
        """Measure it at the end."""
        self._waiting.append((name, tensor, extra))

    def in_turn(self, name: Name, tensor: Any) -> Any:
        """The tensor, as it is."""
        del name
        return tensor

    def guarded(self, make: Make, empty: Make) -> Any:
        """What the flag says."""
        import tensorflow as tf

        return tf.cond(self._flag, make, empty)

    def statistics(self) -> Statistics:
        """What is told of all, which is of no tensors where the flag is not set."""

        def measured() -> Statistics:
            measurements = Measurements()
            for name, tensor, extra in self._waiting:
                measurements.add(name, tensor, extra)
            return measurements.stacked()

        counts, moments, values = self.guarded(measured, nothing)
        return counts, moments, values
