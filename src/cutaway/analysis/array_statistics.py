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
        self.read += len(values)
        self.zeros += int((values == 0).sum())
        if values.dtype.kind == "f":
            self.nan += int(np.isnan(values).sum())
            self.posinf += int(np.isposinf(values).sum())
            self.neginf += int(np.isneginf(values).sum())
            values = values[np.isfinite(values)]
        count = len(values)
        if not count:
            return
        exact = values.astype(np.float64)
        mean = float(exact.mean())
        apart = mean - self.mean
        total = self.finite + count
        self.squares += float(((exact - mean) ** 2).sum()) + apart * apart * self.finite * count / total
        self.mean += apart * count / total
        self.norm = math.hypot(self.norm, float(np.linalg.norm(exact)))
        self.low, self.high = min(self.low, float(exact.min())), max(self.high, float(exact.max()))
        self.finite = total

    @property
    def deviation(self) -> float:
        """Standard deviation of the finite values; 0 of none."""
        return math.sqrt(self.squares / self.finite) if self.finite else 0.0
