"""`Told`: what was taken at one step, and its distributions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.training.histograms import BINS, Distribution, distributions, distributions_of_values
from cutaway.training.step.names import Name
from cutaway.training.step.statistics import COLUMNS

SOME = 32
"""Distributions that are looked at together, which takes less time than one by one, and less memory than all."""

Row = tuple[Name, Distribution, float]
"""What something is of, its distribution, and the last of its moments."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was taken at one step; tensors, which are not looked at in the thread that trains.

    Attributes:
        names: What was taken, for each trace of what took it.
        trace: Which of them.
        counts: Rows of counts.
        moments: Rows of moments.
        values: The values that are not counted, those of each with its last moment behind them.
    """

    names: list[list[Name]]
    trace: Any
    counts: Any
    moments: Any
    values: Any

    @property
    def size(self) -> int:
        """Bytes that it holds."""
        return 4 * (int(self.counts.shape[0] or 0) * (BINS + COLUMNS) + int(self.values.shape[0] or 0))

    def rows(self) -> Iterator[Row]:
        """What was taken. Waits for the tensors."""
        names = self.names[int(self.trace)]
        yield from self._counted([name for name in names if not name.values])
        yield from self._valued([name for name in names if name.values])

    def _counted(self, names: list[Name]) -> Iterator[Row]:
        counts, moments = np.asarray(self.counts), np.asarray(self.moments)
        for begin in range(0, len(names), SOME):
            some = slice(begin, begin + SOME)
            found = distributions(counts[some], moments[some, :-1])
            yield from zip(names[some], found, moments[some, -1].tolist(), strict=True)

    def _valued(self, names: list[Name]) -> Iterator[Row]:
        values, at = np.asarray(self.values), 0
        for begin in range(0, len(names), SOME):
            some = names[begin : begin + SOME]
            ends = np.cumsum([name.values + 1 for name in some])
            part = values[at : at + int(ends[-1])]
            found = distributions_of_values(np.delete(part, ends - 1), [name.values for name in some])
            yield from zip(some, found, part[ends - 1].tolist(), strict=True)
            at += len(part)
