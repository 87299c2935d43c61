"""Distributions by the bits of float32: 4,096 bins, the same for all values, at a cost that does not depend on them.

A bin is the sign, the exponent and the three highest bits of the mantissa, so that bins are spaced like logarithms, a
quantile is off by one hundredth, and an outlier, a NaN or an infinite value changes nothing for the others. Zeros,
NaN and infinite values are counted exactly.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.float64]

BINS = 4096
SHIFT = 20
"""Bits of a float32 that a bin does not tell apart."""

_SIGN = BINS // 2
_INFINITE = 255 << 3
"""The bin of infinity; those behind it, up to the sign, are NaN."""

_LARGEST = 64
"""Rows of a histogram that is written: more of them show little more, and take room in each step of each layer."""

_PIECE = 1 << 16
"""Elements that are looked at together: as float64 they stay in the cache of a processor."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """What is known of the values of one tensor at one step.

    Attributes:
        counts: How many lie in each of the `BINS`.
        sum: Sum of the finite ones.
        minimum: The smallest finite one; infinite where there is none.
        maximum: The largest finite one.
        spread: Sum of the squares of the distances of the finite ones from their mean.
        total: Number of values.
        zeros: Number of zeros, with those so small that processors take them for zero.
        infinite: Number of infinite values.
        nan: Number of values that are none.
    """

    counts: Counts
    sum: float
    minimum: float
    maximum: float
    spread: float
    total: int
    zeros: int
    infinite: int
    nan: int

    @property
    def finite(self) -> int:
        """Number of finite values."""
        return self.total - self.infinite - self.nan

    @property
    def squares(self) -> float:
        """Sum of the squares of the finite values."""
        return self.spread + self.sum * self.sum / self.finite if self.finite else 0.0

    @property
    def norm(self) -> float:
        """The Euclidean norm of the finite values."""
        return math.sqrt(self.squares)

    @property
    def deviation(self) -> float:
        """The standard deviation of the finite values; NaN where there is none."""
        return math.sqrt(self.spread / self.finite) if self.finite else float("nan")

    def share_beyond(self, low: float | None, high: float | None) -> float:
        """The share of all values that are below ``low`` or at least ``high``; 0 where there is no value.

        Args:
            low: An edge of a bin, as every power of two and 15/16 of one are, so that the share is exact; None for no
                such limit. Of negative numbers those that are equal to it count too.
            high: Likewise.
        """
        edges, counts = _edges(), _ascending(self.counts[None])[0]
        below = 0 if low is None else counts[: np.searchsorted(edges, low)].sum() + self.counts[_SIGN + _INFINITE]
        above = 0 if high is None else counts[np.searchsorted(edges, high) :].sum() + self.counts[_INFINITE]
        return float(below + above) / self.total if self.total else 0.0

    def repaired(self) -> Distribution:
        """The same, with moments of the bins where those that were taken are not those of finite values.

        That is where NaN or infinite values were among them, or sums beyond float32. Then sums are those of the middles
        of the bins, and extremes the outer edges.
        """
        if all(map(math.isfinite, (self.sum, self.minimum, self.maximum, self.spread))):
            return self
        edges, counts = _edges(), _ascending(self.counts[None])[0]
        filled = np.flatnonzero(counts)
        if not len(filled):
            return replace(self, sum=0.0, minimum=math.inf, maximum=-math.inf, spread=0.0)
        middles = (edges[:-1] + edges[1:]) / 2
        total = self.sum if math.isfinite(self.sum) else float(counts @ middles)
        around = middles - total / self.finite
        low, high = float(edges[filled[0]]), float(edges[filled[-1] + 1])
        return replace(
            self,
            sum=total,
            minimum=self.minimum if math.isfinite(self.minimum) else low,
            maximum=self.maximum if math.isfinite(self.maximum) else high,
            spread=self.spread if math.isfinite(self.spread) else float(counts @ np.square(around)),
        )

    def rows(self) -> Floats:
        """The finite values as TensorBoard shows a histogram; see `histogram_rows`."""
        return histogram_rows([self])[0]


def distributions(counts: Counts, moments: Floats) -> list[Distribution]:
    """Distributions of several tensors.

    Args:
        counts: One row a tensor, of `BINS`.
        moments: One row a tensor: sum, minimum, maximum and spread, which values that are not finite may have spoiled.
    """
    totals = counts.sum(axis=1).tolist()
    zeros = (counts[:, 0] + counts[:, _SIGN]).tolist()
    infinite = (counts[:, _INFINITE] + counts[:, _SIGN + _INFINITE]).tolist()
    positive, negative = counts[:, _INFINITE + 1 : _SIGN], counts[:, _SIGN + _INFINITE + 1 :]
    nan = (positive.sum(axis=1) + negative.sum(axis=1)).tolist()
    rows = zip(counts, moments.tolist(), totals, zeros, infinite, nan, strict=True)
    return [Distribution(row, *told, *numbers).repaired() for row, told, *numbers in rows]


def distribution(values: npt.NDArray[np.generic]) -> Distribution:
    """The distribution of an array, of any type that float32 can hold."""
    with np.errstate(over="ignore"):
        flat = np.ascontiguousarray(values, np.float32).reshape(-1)
    counts = np.bincount(flat.view(np.uint32) >> np.uint32(SHIFT), minlength=BINS)
    if counts[_INFINITE:_SIGN].any() or counts[_SIGN + _INFINITE :].any():
        flat = flat[np.isfinite(flat)]
    total = float(flat.sum(dtype=np.float64))
    spread = _spread(flat, total / len(flat)) if len(flat) else 0.0
    moments = total, float(flat.min(initial=np.inf)), float(flat.max(initial=-np.inf)), spread
    return distributions(counts[None], np.array([moments]))[0]


def distributions_of_values(values: npt.NDArray[np.float32], sizes: Sequence[int]) -> list[Distribution]:
    """Distributions of several small tensors.

    Args:
        values: All their values, one tensor after the other.
        sizes: How many are of each; at least one.
    """
    rows = np.repeat(np.arange(len(sizes)), sizes)
    begins: npt.NDArray[np.int64] = np.cumsum(sizes) - np.array(sizes)
    bins = np.ascontiguousarray(values, np.float32).view(np.uint32) >> np.uint32(SHIFT)
    counts = np.bincount(rows * BINS + bins, minlength=len(sizes) * BINS).reshape(len(sizes), BINS)
    finite = np.isfinite(values)
    some = np.where(finite, values, 0.0).astype(np.float64)
    sums = np.add.reduceat(some, begins)
    means = sums / np.maximum(np.add.reduceat(finite, begins, dtype=np.int64), 1)
    moments = (
        sums,
        np.minimum.reduceat(np.where(finite, values, np.inf), begins),
        np.maximum.reduceat(np.where(finite, values, -np.inf), begins),
        np.add.reduceat(np.square(np.where(finite, some - means[rows], 0.0)), begins),
    )
    return distributions(counts, np.stack(moments, axis=1))


def _spread(flat: npt.NDArray[np.float32], mean: float) -> float:
    """Sum of the squares of distances from the mean, piece by piece, so that no second copy of all is made."""
    pieces = (flat[begin : begin + _PIECE] - np.float64(mean) for begin in range(0, len(flat), _PIECE))
    return math.fsum(float(piece @ piece) for piece in pieces)


def histogram_rows(found: Sequence[Distribution]) -> list[Floats]:
    """The finite values of distributions as TensorBoard shows histograms: rows of left edge, right edge and count.

    Bins without values are one row. Where there are too many rows, neighbours are joined so that half of those that are
    left hold about equally many values, and half are equally many bins: the middle keeps its shape, and the tails their
    ends. The counts still sum to the number of finite values.
    """
    if not found:
        return []
    tensors, begins, before = _begins(_ascending(np.stack([one.counts for one in found])))
    finite = np.array([one.finite for one in found])
    firsts = np.searchsorted(tensors, np.arange(len(found) + 1))
    lengths = np.diff(firsts)
    half, places = _LARGEST // 2, np.arange(len(tensors)) - firsts[tensors]
    by_mass = before * half // np.maximum(finite, 1)[tensors]
    by_place = places * half // lengths[tensors]
    kept = (lengths[tensors] <= _LARGEST) | (places == 0)
    kept[1:] |= (by_mass[1:] != by_mass[:-1]) | (by_place[1:] != by_place[:-1])
    tensors, begins, before = tensors[kept], begins[kept], before[kept]
    rows = np.empty((len(tensors), 3))
    rows[:, 0] = _edges()[begins]
    rows[:-1, 1], rows[:-1, 2] = rows[1:, 0], np.diff(before)
    borders = np.searchsorted(tensors, np.arange(len(found) + 1))
    parts = [rows[begin:end] for begin, end in itertools.pairwise(borders.tolist())]
    for part, one, starts in zip(parts, found, borders.tolist(), strict=False):
        if len(part):
            part[0, 0], part[-1, 1] = one.minimum, one.maximum
            part[-1, 2] = one.finite - before[starts + len(part) - 1]
    return parts


def _begins(counts: Counts) -> tuple[Counts, Counts, Counts]:
    """Where rows of histograms begin: at each bin that holds values, and behind one at a gap before the next.

    Args:
        counts: One row a tensor, ascending.

    Returns:
        The tensors, the bins, and how many values of the tensor lie below.
    """
    tensors, filled = np.nonzero(counts)
    held = counts[tensors, filled]
    upto = np.cumsum(held, dtype=np.int64)
    firsts = np.searchsorted(tensors, np.arange(len(counts)))
    below = upto - held
    offsets = np.append(below, 0)[firsts]  # of tensors without values nothing is looked up
    below -= offsets[tensors]
    gaps = np.flatnonzero((tensors[1:] == tensors[:-1]) & (filled[1:] != filled[:-1] + 1))
    where = gaps + 1
    return (
        np.insert(tensors, where, tensors[gaps]),
        np.insert(filled, where, filled[gaps] + 1),
        np.insert(below, where, below[gaps] + held[gaps]),
    )


@cache
def _edges() -> Floats:
    """The edges of the finite bins, ascending; those of zero are one."""
    positive = (np.arange(1, _INFINITE + 1, dtype=np.uint32) << np.uint32(SHIFT)).view(np.float32).astype(np.float64)
    positive[-1] = float(np.finfo(np.float32).max)  # where infinity begins
    return np.concatenate((-positive[::-1], positive))


def _ascending(counts: Counts) -> Counts:
    """The counts of the finite bins of each row, from the most negative one on."""
    positive = counts[:, 1:_INFINITE]
    negative = counts[:, _SIGN + 1 : _SIGN + _INFINITE][:, ::-1]
    return np.concatenate((negative, counts[:, :1] + counts[:, _SIGN : _SIGN + 1], positive), axis=1)
