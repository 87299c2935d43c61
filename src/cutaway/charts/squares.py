"""Squarified treemaps: a rectangle divided in proportion to numbers, into pieces that are as square as can be.

The algorithm of Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000): rows along the shorter side, each of which
takes the next number as long as that makes its worst piece more square.
"""

from __future__ import annotations

from collections.abc import Sequence

Rectangle = tuple[float, float, float, float]
"""x, y, width, height."""


def squarify(values: Sequence[float], within: Rectangle) -> list[Rectangle]:
    """Divide a rectangle.

    Args:
        values: Positive numbers, the largest first.
        within: What is divided.

    Returns:
        A piece for each number, whose area is its share of the whole.
    """
    x, y, wide, high = within
    total = float(sum(values))
    found: list[Rectangle] = []
    at = 0
    while at < len(values):
        short = min(wide, high)
        scale = wide * high / total if total > 0 else 0.0
        end, sum_, worst = at, 0.0, float("inf")
        while end < len(values):
            now = sum_ + values[end] * scale
            ratio = _worst(values[at] * scale, values[end] * scale, now, short)
            if ratio > worst:
                break
            end, sum_, worst = end + 1, now, ratio
        thick = sum_ / short if short > 0 else 0.0
        along = 0.0
        for value in values[at:end]:
            long = value * scale / thick if thick > 0 else 0.0
            found.append((x, y + along, thick, long) if high <= wide else (x + along, y, long, thick))
            along += long
        if high <= wide:
            x, wide = x + thick, max(0.0, wide - thick)
        else:
            y, high = y + thick, max(0.0, high - thick)
        total -= sum(values[at:end])
        at = end
    return found


def _worst(largest: float, smallest: float, total: float, short: float) -> float:
    """The worst proportion in a row of pieces."""
    if total <= 0 or smallest <= 0 or short <= 0:
        return float("inf") if total > 0 else 0.0
    return max(short * short * largest / (total * total), total * total / (short * short * smallest))
