"""Curves from series: split where they go back, smoothed over all of their points, thinned to the pixels of a chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

_ALL_UP_TO = 4
"""Points for each pixel up to which none is left out."""

_BLOCK = 64
"""Points that are smoothed by one product of matrices."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of one stretch of a series in which x never goes back.

    Attributes:
        places: Which values of the series they are.
        total: Number of values of the stretch that lie in the range; more than ``places`` where some are left out.
    """

    places: Places
    total: int


def in_order(files: Places) -> Places | None:
    """The order in which the values of a series are drawn: file by file; None where they are in it already.

    While two writers write into one folder, what they write is read in turns.
    """
    return None if not len(files) or (np.diff(files) >= 0).all() else np.argsort(files, kind="stable")


def stretches(x: Floats) -> list[tuple[int, int]]:
    """Begins and ends of the stretches of a series: a new one begins where x goes back.

    That is so after a crash and a resume from an older state, where a second writer begins, and, where x is a time,
    after the clock of the machine was set back.

    Args:
        x: The x of all values, shape (n,).
    """
    if not len(x):
        return []
    back = (np.flatnonzero(~(x[1:] >= x[:-1])) + 1).tolist()
    return list(zip([0, *back], [*back, len(x)], strict=True))


def smoothed(values: Floats, weight: float) -> Floats:
    """Values smoothed as TensorBoard does it: an exponential moving average, corrected for its beginning at zero.

    ``s = w * s + (1 - w) * y`` and ``s / (1 - w**n)`` over the finite values; the others stay as they are and are not
    counted, and a series of one single value stays as it is (`classicSmoothing` of TensorBoard's line chart).

    Args:
        values: The values, shape (n,).
        weight: From 0, which changes nothing, to below 1.
    """
    finite = np.isfinite(values)
    kept = values[finite]
    if weight <= 0 or len(kept) < 2 or (kept == kept[0]).all():
        return values
    averages = _decayed((1 - weight) * kept, weight) / (1 - weight ** np.arange(1, len(kept) + 1, dtype=np.float64))
    if len(kept) == len(values):
        return averages
    result = values.copy()
    result[finite] = averages
    return result


def _decayed(values: Floats, weight: float) -> Floats:
    """``s[i] = weight * s[i - 1] + values[i]``, within blocks by a matrix, then what each carries on."""
    count = len(values)
    if count <= _BLOCK:
        block = values[None, :]
    else:
        block = np.zeros((-(-count // _BLOCK), _BLOCK))
        block.reshape(-1)[:count] = values
    size = block.shape[1]
    distance = np.arange(size)[None, :] - np.arange(size)[:, None]
    powers = np.where(distance >= 0, weight ** np.maximum(distance, 0), 0.0)
    sums = block @ powers
    if len(sums) > 1:
        carried = _decayed(np.ascontiguousarray(sums[:-1, -1]), weight**size)
        sums[1:] += carried[:, None] * weight ** np.arange(1, size + 1)[None, :]
    result: Floats = sums.reshape(-1)[:count]
    return result


def thinned(
    x: Floats, drawn: Sequence[Floats], begin: int, end: int, view: tuple[float, float], pixels: int, *, log: bool
) -> Curve:
    """The points of a stretch that a chart of some pixels needs: of each pixel the least and the greatest.

    A point that is not finite is kept for each pixel and kind, and one point on either side of the view, to which its
    line runs. Where there are few points in the view, all are kept.

    Args:
        x: The x of the whole series, in the stretch never going back, shape (n,).
        drawn: The values that are drawn over x: those of the series, and those smoothed.
        begin: Where the stretch begins.
        end: Where it ends.
        view: The range of x that is shown.
        pixels: Pixels of that range.
        log: Whether x is shown on a logarithmic scale.
    """
    inside = x[begin:end]
    first = begin + int(np.searchsorted(inside, view[0], "left"))
    last = begin + int(np.searchsorted(inside, view[1], "right"))
    total = last - first
    before, behind = max(begin, first - 1), min(end, last + 1)
    if total <= _ALL_UP_TO * pixels:
        return Curve(np.arange(before, behind), total)
    columns = _columns(x[first:last], view, pixels, log=log)
    kept = _odd(drawn[0][first:last], columns)
    for values in drawn:
        kept += [_least(values[first:last], columns), _least(-values[first:last], columns)]
    ends = np.array([0, total - 1])
    places = np.unique(np.concatenate([*kept, ends])) + first
    outside = np.array([place for place in (before, behind - 1) if not first <= place < last], np.int64)
    return Curve(np.unique(np.concatenate([places, outside])), total)


def _columns(x: Floats, view: tuple[float, float], pixels: int, *, log: bool) -> Places:
    """The pixel of each x."""
    low, high = view
    if log and high > 0:
        low = low if low > 0 else float(x[x > 0].min(initial=high))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.log(np.maximum(x, low) / low) / max(np.log(high / low), 1e-300)
    else:
        share = (x - low) / max(high - low, 1e-300)
    found: Places = np.clip(share * pixels, 0, pixels - 1).astype(np.int64)
    return found


def _least(values: Floats, columns: Places) -> Places:
    """The place of the least finite value of each column."""
    filled = np.where(np.isfinite(values), values, np.inf)
    begins = np.flatnonzero(np.diff(columns, prepend=-1))
    counts = np.diff(begins, append=len(columns))
    least = np.repeat(np.minimum.reduceat(filled, begins), counts)
    found = np.flatnonzero((filled == least) & np.isfinite(values))
    places: Places = found[np.flatnonzero(np.diff(columns[found], prepend=-1))]
    return places


def _odd(values: Floats, columns: Places) -> list[Places]:
    """Places of one NaN, one infinite and one negatively infinite value for each column that has some."""
    kinds = (np.isnan(values), values == np.inf, values == -np.inf)
    found = [np.flatnonzero(kind) for kind in kinds]
    return [places[np.flatnonzero(np.diff(columns[places], prepend=-1))] for places in found]
