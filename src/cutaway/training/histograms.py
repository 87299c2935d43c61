"""Distributions by the bits of float32: 4,096 bins, the same for all values, at a cost that does not depend on them.

A bin is the sign, the exponent and the three highest bits of the mantissa, so that bins are spaced like logarithms, a
quantile is off by one hundredth, and an outlier, a NaN or an infinite value changes nothing for the others. Zeros,
NaN and infinite values are counted exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BINS = 4096
SHIFT = 20
"""Bits of a float32 that a bin does not tell apart."""

_SIGN = BINS // 2
_INFINITE = 255 << 3
"""The bin of infinity; those behind it, up to the sign, are NaN."""

_LARGEST = 64
"""Rows of a histogram that is written: more of them show little more, and take room in each step of each layer."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """What is known of the values of one tensor at one step.

    Attributes:
        counts: How many lie in each of the `BINS`.
        sum: Sum of the finite ones.
        squares: Sum of their squares.
        minimum: The smallest finite one; infinite where there is none.
        maximum: The largest finite one.
        spread: Sum of the squares of their distances from their mean; NaN where it was not taken.
    """

    counts: Counts
    sum: float
    squares: float
    minimum: float
    maximum: float
    spread: float = float("nan")

    @property
    def total(self) -> int:
        """Number of values."""
        return int(self.counts.sum())

    @property
    def zeros(self) -> int:
        """Number of zeros, with those so small that processors take them for zero."""
        return int(self.counts[0] + self.counts[_SIGN])

    @property
    def infinite(self) -> int:
        """Number of infinite values."""
        return int(self.counts[_INFINITE] + self.counts[_SIGN + _INFINITE])

    @property
    def nan(self) -> int:
        """Number of values that are none."""
        return int(self.counts[_INFINITE + 1 : _SIGN].sum() + self.counts[_SIGN + _INFINITE + 1 :].sum())

    @property
    def finite(self) -> int:
        """Number of finite values."""
        return self.total - self.infinite - self.nan

    @property
    def norm(self) -> float:
        """The Euclidean norm of the finite values."""
        return math.sqrt(self.squares)

    @property
    def deviation(self) -> float:
        """The standard deviation of the finite values; NaN where there is none."""
        if not (finite := self.finite):
            return float("nan")
        variance = self.spread / finite
        return math.sqrt(
            variance if math.isfinite(variance) else max(self.squares / finite - (self.sum / finite) ** 2, 0)
        )

    def share_beyond(self, low: float | None, high: float | None) -> float:
        """The share of all values that are below ``low`` or at least ``high``; 0 where there is no value.

        Args:
            low: An edge of a bin, as every power of two and 15/16 of one are, so that the share is exact; None for no
                such limit. Of negative numbers those that are equal to it count too.
            high: Likewise.
        """
        edges, counts = _ascending(self.counts)
        below = 0 if low is None else counts[: np.searchsorted(edges, low)].sum() + self.counts[_SIGN + _INFINITE]
        above = 0 if high is None else counts[np.searchsorted(edges, high) :].sum() + self.counts[_INFINITE]
        return float(below + above) / self.total if self.total else 0.0

    def repaired(self) -> Distribution:
        """The same, with moments of the bins where those that were taken are not those of finite values.

        That is where NaN or infinite values were among them, or sums beyond float32. Then sums are those of the middles
        of the bins, and extremes the outer edges.
        """
        if all(map(math.isfinite, (self.sum, self.squares, self.minimum, self.maximum))):
            return self
        edges, counts = _ascending(self.counts)
        filled = np.flatnonzero(counts)
        if not len(filled):
            return replace(self, sum=0.0, squares=0.0, minimum=math.inf, maximum=-math.inf, spread=0.0)
        middles = (edges[:-1] + edges[1:]) / 2
        total = self.sum if math.isfinite(self.sum) else float(counts @ middles)
        around = middles - total / int(counts.sum())
        low, high = float(edges[filled[0]]), float(edges[filled[-1] + 1])
        return replace(
            self,
            sum=total,
            squares=float(counts @ np.square(middles)),
            minimum=self.minimum if math.isfinite(self.minimum) else low,
            maximum=self.maximum if math.isfinite(self.maximum) else high,
            spread=self.spread if math.isfinite(self.spread) else float(counts @ np.square(around)),
        )

    def rows(self) -> Floats:
        """The finite values as TensorBoard shows a histogram: rows of left edge, right edge and count.

        Bins without values are one row. Where there are too many rows, neighbours are joined so that half of those
        that are left hold about equally many values, and half are equally many bins: the middle keeps its shape, and
        the tails their ends. The counts still sum to the number of finite values.
        """
        edges, counts = _ascending(self.counts)
        filled = np.flatnonzero(counts)
        if not len(filled):
            return np.zeros((0, 3))
        first, last = int(filled[0]), int(filled[-1]) + 1
        holds = counts[first:last] > 0
        starts = holds.copy()
        starts[1:] |= holds[:-1]
        begins = first + np.flatnonzero(starts)
        if len(begins) > _LARGEST:
            before = np.cumsum(counts)[begins - 1]  # nothing lies below the first
            total, half = int(counts.sum()), _LARGEST // 2
            before[0] = 0
            by_mass, by_place = before * half // total, np.arange(len(begins)) * half // len(begins)
            kept = np.ones(len(begins), np.bool_)
            kept[1:] = (by_mass[1:] != by_mass[:-1]) | (by_place[1:] != by_place[:-1])
            begins = begins[kept]
        rows = np.empty((len(begins), 3))
        rows[:, 0] = edges[begins]
        rows[:-1, 1] = rows[1:, 0]
        rows[0, 0], rows[-1, 1] = self.minimum, self.maximum
        rows[:, 2] = np.add.reduceat(counts[:last], begins)
        return rows


def distribution(values: npt.NDArray[np.generic]) -> Distribution:
    """The distribution of an array, of any type that float32 can hold."""
    with np.errstate(over="ignore"):
        flat = np.ascontiguousarray(values, np.float32).reshape(-1)
    counts = np.bincount(flat.view(np.uint32) >> np.uint32(SHIFT), minlength=BINS)
    finite = flat[np.isfinite(flat)].astype(np.float64)
    return Distribution(
        counts.astype(np.int64),
        float(finite.sum()),
        float(np.square(finite).sum()),
        float(finite.min(initial=np.inf)),
        float(finite.max(initial=-np.inf)),
        float(np.square(finite - finite.mean()).sum()) if len(finite) else 0.0,
    )


@cache
def _edges() -> Floats:
    """The edges of the finite bins, ascending; those of zero are one."""
    positive = (np.arange(1, _INFINITE + 1, dtype=np.uint32) << np.uint32(SHIFT)).view(np.float32).astype(np.float64)
    positive[-1] = float(np.finfo(np.float32).max)  # where infinity begins
    return np.concatenate((-positive[::-1], positive))


def _ascending(counts: Counts) -> tuple[Floats, Counts]:
    """The edges and counts of the finite bins, from the most negative one on."""
    positive = counts[1:_INFINITE]
    negative = counts[_SIGN + 1 : _SIGN + _INFINITE][::-1]
    return _edges(), np.concatenate((negative, counts[:1] + counts[_SIGN : _SIGN + 1], positive))
