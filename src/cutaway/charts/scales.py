"""Scales: numbers to px along an axis, and the ticks that tell them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cutaway.charts.canvas import LABEL_SIZE
from cutaway.style.measure import width

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_NARROWEST = 4.0  # px between the words of two ticks


@dataclass(frozen=True, slots=True)
class Linear:
    """Numbers from ``low`` to ``high`` along the px from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a number stands."""
        span = (self.high - self.low) or 1.0
        return self.start + (value - self.low) / span * (self.end - self.start)


@dataclass(frozen=True, slots=True)
class Logarithmic:
    """Powers of ten from ``low`` to ``high``, both positive, along the px from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a positive number stands."""
        span = math.log10(self.high / self.low) or 1.0
        return self.start + math.log10(value / self.low) / span * (self.end - self.start)

    def decades(self) -> list[float]:
        """Powers of ten on the axis."""
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        return [10.0**power for power in range(first, last + 1)]


def ticks(high: float, most: int) -> list[float]:
    """Round numbers from 0 up to a positive one, at most so many steps; the last is not above it."""
    if not 0 < high < math.inf:
        return [0.0]
    raw = high / max(1, most)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * each for each in _STEPS if power * each >= raw * (1 - 1e-9))
    return [at * step for at in range(int(high / step + 1e-9) + 1)]


def spread(scale: Linear | Logarithmic, values: list[float], words: list[str]) -> list[int]:
    """Positions of ticks along a horizontal axis whose words do not run into each other, the first kept."""
    kept: list[int] = []
    edge = -math.inf
    for at, (value, text) in enumerate(zip(values, words, strict=True)):
        half = width(text, LABEL_SIZE) / 2
        if scale.at(value) - half >= edge + _NARROWEST:
            kept.append(at)
            edge = scale.at(value) + half
    return kept
