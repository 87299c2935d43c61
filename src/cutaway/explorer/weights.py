"""Values of weights, for the inspector: statistics, histogram, a slice to look at, the array as a file.

All of it reads the file by range, a piece at a time, and keeps no values.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cutaway.analysis.array_statistics import Sums
from cutaway.errors import OptionError
from cutaway.explorer.container import Container
from cutaway.explorer.weights_contract import WeightChannels, WeightHistogram, WeightSliceHeader, WeightStats
from cutaway.graph.model import Weight
from cutaway.readers import locate
from cutaway.readers.source import Source
from cutaway.readers.values import read_values

Array = np.ndarray[Any, np.dtype[Any]]

STEP = 1 << 22
"""Elements that are read at once: 16 MB of the usual type, which NumPy goes through in some 10 ms."""

MOST_READ = 1 << 27
"""Elements of which statistics are taken; of a larger weight, evenly spread pieces are read."""

MOST_CHANNELS = 4_096
LARGEST_SIDE = 256
"""Rows and columns of a slice that are sent at most; a screen shows no more of a heat map."""


class Values:
    """Reads the values of one model's weights. Safe to ask from several threads.

    Args:
        path: The model, as it was given to `cutaway.read`.
        weights: Its weights.
    """

    def __init__(self, path: str, weights: Sequence[Weight]) -> None:
        self._path = path
        self._weights = weights
        self._source: Source | None = None
        self._known: dict[int, WeightStats] = {}

    def stats(self, code: int) -> WeightStats:
        """Numbers about the values of a weight.

        Raises:
            CutawayError: They cannot be read; the message says why.
        """
        found = self._known.get(code)
        if found is None:
            with np.errstate(over="ignore", invalid="ignore"):
                found = self._known[code] = self._stats(code)
        return found

    def histogram(self, code: int, bins: int) -> WeightHistogram:
        """How many values are how large; raises as `stats`."""
        stats = self.stats(code)
        low, high = stats["min"], stats["max"]
        if low is None or high is None or not math.isfinite(high - low):
            return {"code": code, "edges": [], "counts": [], "read": 0}
        if low == high:  # as NumPy does, so that there is a width
            low, high = low - 0.5, high + 0.5
        counts = np.zeros(bins, np.int64)
        for _, values in self._sample(self._weights[code]):
            finite = values[np.isfinite(values)]
            counts += np.histogram(finite, bins, (low, high))[0]
        edges = np.linspace(low, high, bins + 1)
        return {"code": code, "edges": edges.tolist(), "counts": counts.tolist(), "read": stats["read"]}

    def slice(self, code: int, rows: int, columns: int, at: Sequence[int]) -> list[bytes]:
        """Two dimensions of a weight at fixed places in all others, made smaller where it is large.

        Args:
            code: Which weight.
            rows: Dimension that runs down; -1 for none, where there is only one.
            columns: Dimension that runs to the right; -1 for none.
            at: Place in each dimension; those of the two are ignored.

        Raises:
            OptionError: There are no such dimensions or places.
            CutawayError: The values cannot be read.
        """
        weight = self._weights[code]
        _check_slice(weight.shape, rows, columns, at)
        low, high = self._reduced(weight, rows, columns, at)
        size = (weight.shape[rows] if rows >= 0 else 1, weight.shape[columns] if columns >= 0 else 1)
        header: WeightSliceHeader = {
            "code": code,
            "axes": (rows, columns),
            "fixed": [-1 if axis in (rows, columns) else place for axis, place in enumerate(at)],
            "size": size,
            "rows": low.shape[0],
            "columns": low.shape[1],
        }
        made = Container()
        for name, plane in (("low", low), ("high", high)):
            made.made(name, "f32", plane.astype("<f4").tobytes(), plane.size)
        return made.pieces({**header})

    def npy(self, code: int) -> tuple[int, Iterator[bytes]]:
        """The array as an ``.npy`` file: its size, and its pieces."""
        weight = self._weights[code]
        first = self._read(weight, 0, min(STEP, weight.parameters))
        head = io.BytesIO()
        description = {"descr": np.lib.format.dtype_to_descr(first.dtype), "fortran_order": False}
        np.lib.format.write_array_header_1_0(head, {**description, "shape": weight.shape})

        def pieces() -> Iterator[bytes]:
            yield head.getvalue()
            yield first.tobytes()
            for start in range(STEP, weight.parameters, STEP):
                piece = self._read(weight, start, min(start + STEP, weight.parameters))
                yield piece.tobytes()

        return len(head.getvalue()) + weight.parameters * first.dtype.itemsize, pieces()

    def _read(self, weight: Weight, start: int, stop: int) -> Array:
        if self._source is None:
            self._source = locate(self._path)
        return read_values(self._source, weight, start, stop)

    def _sample(self, weight: Weight) -> Iterator[tuple[int, Array]]:
        """Pieces of a weight, with where they begin: all of it, or some, evenly spread."""
        starts = range(0, weight.parameters, STEP)
        kept = min(MOST_READ // STEP, len(starts))
        for number in range(kept):
            start = starts[number * len(starts) // kept]
            values = self._read(weight, start, min(start + STEP, weight.parameters))
            if values.dtype.kind == "c":
                raise OptionError(f"{weight.id!r} holds complex numbers, of which no statistics are made")
            yield start, values

    def _stats(self, code: int) -> WeightStats:
        weight = self._weights[code]
        sums = Sums()
        channels = _Channels.of(weight.shape)
        for start, values in self._sample(weight):
            sums.add(values)
            if channels is not None:
                channels.add(start, values)
        return found(sums, code, weight.parameters, channels if sums.read == weight.parameters else None)

    def _reduced(self, weight: Weight, rows: int, columns: int, at: Sequence[int]) -> tuple[Array, Array]:
        """The least and the greatest value in each field of the smaller slice."""
        shape = weight.shape
        free = sorted(axis for axis in (rows, columns) if axis >= 0)
        outer = free[0] if free else len(shape)
        block = math.prod(shape[outer + 1 :])  # elements of one step along the outer of the two
        base = sum(at[axis] * math.prod(shape[axis + 1 :]) for axis in range(outer))
        length = shape[outer] if free else 1
        width = shape[free[1]] if len(free) > 1 else 1
        grid = _Grid(length, width)
        inner = tuple(slice(None) if axis in free else at[axis] for axis in range(outer + 1, len(shape)))
        step = max(1, STEP // max(1, block))
        for first in range(0, length, step):
            last = min(first + step, length)
            values = self._read(weight, base + first * block, base + last * block)
            grid.add(first, values.reshape(last - first, *shape[outer + 1 :])[(slice(None), *inner)].reshape(-1, width))
        turned = bool(free) and rows != free[0]
        return (grid.low.T, grid.high.T) if turned else (grid.low, grid.high)


def _check_slice(shape: tuple[int, ...], rows: int, columns: int, at: Sequence[int]) -> None:
    wanted = [axis for axis in (rows, columns) if axis >= 0]
    if len(at) != len(shape) or any(not 0 <= place < max(size, 1) for place, size in zip(at, shape, strict=False)):
        raise OptionError(f"at must be a place in each dimension of {shape}; received {list(at)}")
    if len(set(wanted)) != len(wanted) or any(axis >= len(shape) for axis in wanted) or 0 in shape:
        raise OptionError(f"rows and columns must be two dimensions of {shape}; received {rows} and {columns}")


class _Grid:
    """A slice that is made smaller while it is read, with the least and greatest values kept."""

    def __init__(self, length: int, width: int) -> None:
        rows, columns = min(length, LARGEST_SIDE), min(width, LARGEST_SIDE)
        self._row_of = np.arange(length) * rows // length
        self._starts = -(-np.arange(columns) * width // columns)
        self.low = np.full((rows, columns), np.nan)
        self.high = np.full((rows, columns), np.nan)

    def add(self, first: int, block: Array) -> None:
        """Take some rows, of which one is the first."""
        rows = self._row_of[first : first + len(block)]
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        for plane, choose in ((self.low, np.fmin), (self.high, np.fmax)):
            narrow = choose.reduceat(block.astype(np.float64), self._starts, axis=1)
            few = choose.reduceat(narrow, starts, axis=0)
            plane[rows[starts]] = choose(plane[rows[starts]], few)


class _Channels:
    """Least, greatest and mean value by position in one dimension."""

    def __init__(self, axis: int, count: int) -> None:
        self.axis = axis
        self._low = np.full(count, np.nan)
        self._high = np.full(count, np.nan)
        self._sum = np.zeros(count)
        self._finite = np.zeros(count, np.int64)

    @classmethod
    def of(cls, shape: tuple[int, ...]) -> _Channels | None:
        """The channels of a weight: the last dimension that is one; None where there are none, or too many."""
        axis = max((axis for axis, size in enumerate(shape) if size > 1), default=-1)
        if len(shape) < 2 or axis < 0 or 0 in shape or shape[axis] > MOST_CHANNELS:
            return None
        return cls(axis, shape[axis])

    def add(self, start: int, values: Array) -> None:
        """Take a piece; behind the dimension are only such of one element, so that channels alternate."""
        count = len(self._low)
        before = start % count
        table = np.full((-(-(before + len(values)) // count), count), np.nan)
        flat = table.reshape(-1)
        flat[before : before + len(values)] = values
        flat[~np.isfinite(flat)] = np.nan
        self._low = np.fmin(self._low, np.fmin.reduce(table))
        self._high = np.fmax(self._high, np.fmax.reduce(table))
        self._sum += np.nansum(table, axis=0)
        self._finite += np.isfinite(table).sum(axis=0)

    def found(self) -> WeightChannels:
        """The numbers, null where a channel has no finite value."""
        mean = self._sum / self._finite
        return {
            "axis": self.axis,
            "min": [_known(value) for value in self._low.tolist()],
            "max": [_known(value) for value in self._high.tolist()],
            "mean": [_known(value) for value in mean.tolist()],
        }


def found(sums: Sums, code: int, count: int, channels: _Channels | None) -> WeightStats:
    """The numbers; those that would be infinite, as of values near the largest number there is, are missing."""
    some = sums.finite > 0
    return {
        "code": code,
        "count": count,
        "read": sums.read,
        "min": sums.low if some else None,
        "max": sums.high if some else None,
        "mean": _known(sums.mean) if some else None,
        "std": _known(sums.deviation) if some else None,
        "norm": _known(sums.norm) if some else None,
        "zeros": sums.zeros,
        "nan": sums.nan,
        "posinf": sums.posinf,
        "neginf": sums.neginf,
        "channels": channels.found() if channels is not None else None,
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
