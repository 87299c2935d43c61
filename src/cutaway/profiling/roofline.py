"""The roofline: what a machine can do at best, and what therefore bounds a layer.

A layer that does ``flops`` operations and moves ``bytes`` cannot take less than ``max(flops / peak, bytes /
bandwidth)``: Williams, Waterman, Patterson, "Roofline: an insightful visual performance model", CACM 52 (4), 2009.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Bound = Literal["compute", "memory", "overhead", ""]

OVERHEAD = 0.1
"""A layer that attains less than this part of what its roof allows is bound by neither: starting operations, waiting
for threads and layouts that do not fit take its time. The number is a choice of ours, not a law."""

_SIDE = 1024
_COPIED = 64 << 20
"""Bytes that are copied: more than the caches of a processor hold, and less than 0.1 s of work."""

_REPEATS = 7


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What a machine can do at best.

    Attributes:
        peak: Operations of float32 in a second.
        bandwidth: Bytes of main memory in a second, read and written.
        source: Where the numbers come from, in words.
    """

    peak: float
    bandwidth: float
    source: str = "given"

    @property
    def ridge(self) -> float:
        """Operations for each byte from which on a layer is bound by compute."""
        return self.peak / self.bandwidth

    def least(self, flops: float, moved: float) -> float:
        """The seconds that a layer takes at least."""
        return max(flops / self.peak, moved / self.bandwidth)

    def bound(self, flops: float, moved: float, seconds: float) -> Bound:
        """What bounds a layer that took some time; nothing where it took none, or nothing is known of it."""
        if seconds <= 0 or (not flops and not moved):
            return ""
        if self.least(flops, moved) < OVERHEAD * seconds:
            return "overhead"
        return "compute" if flops / self.peak >= moved / self.bandwidth else "memory"


def measured(product: Callable[[Any, Any], Any] | None = None) -> Ceiling:
    """Measure the ceiling of this machine, in less than a second: the best of some products and of some copies.

    Args:
        product: Multiplies two matrices and waits for the result; NumPy's where None.
    """
    return Ceiling(_peak(product or np.matmul), _bandwidth(), "measured")


def _peak(product: Callable[[Any, Any], Any]) -> float:
    numbers = np.random.default_rng(0)
    one, two = (numbers.standard_normal((_SIDE, _SIDE), dtype=np.float32) for _ in range(2))
    product(one, two)
    return 2.0 * _SIDE**3 / min(_seconds(lambda: product(one, two)) for _ in range(_REPEATS))


def _bandwidth() -> float:
    """Bytes read and written in a second while all processors copy."""
    threads = max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    part = _COPIED // threads // 4
    pairs = [(np.ones(part, np.float32), np.zeros(part, np.float32)) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:

        def copy() -> None:
            list(pool.map(lambda pair: np.copyto(pair[1], pair[0]), pairs))

        copy()
        return 2.0 * 4 * part * threads / min(_seconds(copy) for _ in range(_REPEATS))


def _seconds(run: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    run()
    return max(time.perf_counter() - begun, 1e-9)
