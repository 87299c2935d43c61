"""`Sums`: what is told about the values of an array, taken piece by piece and never lost to a NaN."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(slots=True)
class Sums:
    """Running sums over pieces of one array; mean and deviations are joined so that no digits are lost.

    Attributes:
        read: Elements so far.
        finite: Those of them that are neither NaN nor infinite; `mean`, `norm`, `low` and `high` are of these alone.
        squares: Sum of their squared distances from the mean.
    """

    read: int = 0
    finite: int = 0
    mean: float = 0.0
    squares: float = 0.0
    norm: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    zeros: int = 0
    nan: int = 0
    posinf: int = 0
    neginf: int = 0

    def add(self, values: Array) -> None:
        """Take one piece."""
        self.join(_of_piece(values))

    def join(self, other: Sums) -> None:
        """Take the values of others, which stand behind those that are here.

        The same pieces in the same order give the same numbers, to the last bit. The formula for squares is that of
        Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
        """
        self.read += other.read
        self.zeros += other.zeros
        self.nan += other.nan
        self.posinf += other.posinf
        self.neginf += other.neginf
        if not other.finite:
            return
        apart = other.mean - self.mean
        total = self.finite + other.finite
        self.squares += other.squares + apart * apart * self.finite * other.finite / total
        self.mean += apart * other.finite / total
        self.norm = math.hypot(self.norm, other.norm)
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.finite = total

    @property
    def deviation(self) -> float:
        """Standard deviation of the finite values; 0 of none."""
        return math.sqrt(self.squares / self.finite) if self.finite else 0.0


def _of_piece(values: Array) -> Sums:
    sums = Sums(read=len(values), zeros=int((values == 0).sum()))
    if values.dtype.kind == "f":
        sums.nan = int(np.isnan(values).sum())
        sums.posinf = int(np.isposinf(values).sum())
        sums.neginf = int(np.isneginf(values).sum())
        values = values[np.isfinite(values)]
    sums.finite = len(values)
    if sums.finite:
        exact = values.astype(np.float64)
        sums.mean = float(exact.mean())
        sums.squares = float(((exact - sums.mean) ** 2).sum())
        sums.norm = float(np.linalg.norm(exact))
        sums.low, sums.high = float(exact.min()), float(exact.max())
    return sums
