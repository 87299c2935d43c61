"""Curves from series: split where they go back, smoothed over all of their points, thinned to the pixels of a chart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]

_ALL_UP_TO = 4
"""Points for each pixel up to which none is left out."""

_NOTHING = math.log(2.0**-55)
"""Logarithm of what changes nothing where it is taken from 1."""

_SMALLEST = 1e-6
"""Where a logarithmic axis begins whose least x is 0, as a part of its end."""

_BLOCK = 32
"""Points that are smoothed by one product of matrices."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of one stretch of a series in which x never goes back.

    Attributes:
        places: Which values of the series they are.
        inside: Begin and end of the values of the stretch that lie in the range; more than ``places`` where some are
            left out.
    """

    places: Places
    inside: slice


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
    kept = values if finite.all() else values[finite]
    if weight <= 0 or len(kept) < 2 or (kept == kept[0]).all():
        return values
    averages = _decayed((1 - weight) * kept, weight)
    counted = min(len(kept), math.ceil(_NOTHING / math.log(weight)))  # behind it the correction is 1
    averages[:counted] /= 1 - weight ** np.arange(1, counted + 1, dtype=np.float64)
    if len(kept) == len(values):
        return averages
    result = values.copy()
    result[finite] = averages
    return result


def _decayed(values: Floats, weight: float) -> Floats:
    """``s[i] = weight * s[i - 1] + values[i]``, within blocks by a matrix, then what each carries on."""
    count = len(values)
    block = np.zeros((-(-count // _BLOCK), _BLOCK))
    block.reshape(-1)[:count] = values
    powers, carries = _powers(weight)
    sums = block @ powers
    if len(sums) > 1:
        sums[1:] += _decayed(sums[:-1, -1], weight**_BLOCK)[:, None] * carries
    result: Floats = sums.reshape(-1)[:count]
    return result


@lru_cache(maxsize=64)
def _powers(weight: float) -> tuple[Floats, Floats]:
    """How much of each value of a block is in each sum of it, and how much of what was carried into the block."""
    distance = np.arange(_BLOCK)[None, :] - np.arange(_BLOCK)[:, None]
    return np.where(distance >= 0, weight ** np.maximum(distance, 0), 0.0), weight ** np.arange(1.0, _BLOCK + 1)


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
        return Curve(np.arange(before, behind), slice(first, last))
    begins = _begins(x[first:last], view, pixels, log=log)
    kept: Marks = np.zeros(behind - before, np.bool_)
    kept[[0, first - before, last - before - 1, -1]] = True
    counts = np.diff(begins, append=total)
    for values in drawn:
        _keep(kept[first - before : last - before], values[first:last], begins, counts)
    return Curve(before + np.flatnonzero(kept), slice(first, last))


@lru_cache(maxsize=64)
def borders(view: tuple[float, float], pixels: int, *, log: bool) -> Floats:
    """Where pixels begin and end, in values of x."""
    low, high = view
    if not log or high <= 0:
        return np.linspace(low, high, pixels + 1)
    low = low if low > 0 else high * _SMALLEST
    return np.geomspace(low, high, pixels + 1)


def _begins(x: Floats, view: tuple[float, float], pixels: int, *, log: bool) -> Places:
    """The first place of each pixel that has points."""
    found = np.searchsorted(x, borders(view, pixels, log=log)[1:-1], "left")
    begins = np.concatenate(([0], found))
    return begins[(np.diff(begins, prepend=-1) > 0) & (begins < len(x))]


def _keep(kept: Marks, values: Floats, begins: Places, counts: Places) -> None:
    """Mark of each pixel the least and the greatest finite value, and one of each kind that is not finite.

    Args:
        kept: What is marked.
        values: The values.
        begins: The first place of each pixel.
        counts: Number of values of each.
    """
    finite = np.isfinite(values)
    whole = bool(finite.all())
    for of, worst in ((np.minimum, np.inf), (np.maximum, -np.inf)):
        filled = values if whole else np.where(finite, values, worst)
        found = filled == np.repeat(of.reduceat(filled, begins), counts)
        _keep_first(kept, found if whole else found & finite, begins)
    if not whole:
        for kind in (np.isnan(values), values == np.inf, values == -np.inf):
            _keep_first(kept, kind, begins)


def _keep_first(kept: Marks, found: Marks, begins: Places) -> None:
    """Mark the first place of each pixel at which something was found."""
    if np.count_nonzero(found) <= len(begins):  # there are hardly two in one pixel
        kept |= found
        return
    places = np.flatnonzero(found)
    pixel = np.searchsorted(begins, places, "right")
    kept[places[np.diff(pixel, prepend=-1) > 0]] = True
