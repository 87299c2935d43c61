"""`Store`: arrays in memory up to a budget, beyond it in temporary files, beyond that as statistics alone."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.analysis.array_statistics import Sums

Array = np.ndarray[Any, np.dtype[Any]]

MEMORY = 256 << 20
"""Bytes of outputs that are held in memory: those of a usual image model for one image, some 50 MB, several times."""

DISK = 8 << 30
"""Bytes of outputs in temporary files; of what comes after them only statistics are kept."""

BINS = 64
STEP = 1 << 22
"""Elements that are looked at at once."""


@dataclass(slots=True)
class Kept:
    """One array that was kept, and what is known of its values.

    Attributes:
        shape: Its dimensions.
        dtype: Name of its element type.
        sums: Statistics of all of its values.
        array: The values, in memory or in a file; None where there was no room for them.
        histogram: Edges and counts, where there are no values to take them of any more.
    """

    shape: tuple[int, ...]
    dtype: str
    sums: Sums
    array: Array | None
    histogram: tuple[Array, Array] | None = field(default=None, repr=False)


class Store:
    """Keeps arrays.

    Args:
        memory: Bytes that are held in memory.
        disk: Bytes that are held in temporary files, which are gone with the store.

    Attributes:
        in_memory: Bytes held in memory.
        on_disk: Bytes in files.
    """

    def __init__(self, memory: int = MEMORY, disk: int = DISK) -> None:
        self._memory = memory
        self._disk = disk
        self._folder: Path | None = None
        self._known: dict[int, tuple[Array, Kept]] = {}
        self._files = 0
        self.in_memory = 0
        self.on_disk = 0

    def keep(self, values: Array) -> Kept:
        """Keep an array and count what is in it; the very same one is kept once."""
        known = self._known.get(id(values))
        if known is not None:
            return known[1]
        sums = sums_of(values)
        room = values.nbytes
        if self.in_memory + room <= self._memory:
            self.in_memory += room
            kept = Kept(values.shape, str(values.dtype), sums, values)
            self._known[id(values)] = (values, kept)  # alive, so that its identity stays its own
            return kept
        if self.on_disk + room <= self._disk and room < self._free():
            self.on_disk += room
            return Kept(values.shape, str(values.dtype), sums, self._spill(values))
        return Kept(values.shape, str(values.dtype), sums, None, histogram_of(values, sums))

    def _free(self) -> int:
        """Bytes that may still be written: half of what the disk has, so that others are not without."""
        return shutil.disk_usage(self._folder or tempfile.gettempdir()).free // 2

    def _spill(self, values: Array) -> Array:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="cutaway-outputs-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._files += 1
        path = self._folder / f"{self._files}.npy"
        np.save(path, values, allow_pickle=False)
        loaded: Array = np.load(path, mmap_mode="r", allow_pickle=False)
        return loaded


def sums_of(values: Array) -> Sums:
    """Statistics of all values of an array, taken a piece at a time."""
    sums = Sums()
    flat = values.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, flat.size, STEP):
            sums.add(flat[start : start + STEP])
    return sums


def histogram_of(values: Array, sums: Sums, bins: int = BINS) -> tuple[Array, Array]:
    """Edges and counts of the finite values, in equal steps from the least to the greatest; empty where there are none.

    Args:
        values: The array.
        sums: Its statistics.
        bins: Number of steps.
    """
    low, high = sums.low, sums.high
    if not sums.finite or not np.isfinite(high - low):
        return np.zeros(0), np.zeros(0, np.int64)
    if low == high:  # as NumPy does, so that there is a width
        low, high = low - 0.5, high + 0.5
    counts = np.zeros(bins, np.int64)
    flat = values.reshape(-1)
    for start in range(0, flat.size, STEP):
        piece = flat[start : start + STEP].astype(np.float64)
        counts += np.histogram(piece[np.isfinite(piece)], bins, (low, high))[0]
    return np.linspace(low, high, bins + 1), counts
