"""What the renderers share: how a number is written, how long an arrowhead is, which sheets are shown how often."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from cutaway.drawing.scene import Paint, Path, Place, Scene

ARROW_LENGTH = 5.2
"""Length of an arrowhead in px for a line 1 px wide; it grows by one px for every px of the line."""
ARROW_HALF_WIDTH = 2.2
_NEAR = 1e-9  # px between points that give no direction


def arrow_size(paint: Paint) -> tuple[float, float]:
    """Length and half width, in px, of the arrowhead that ends a path of this paint."""
    return ARROW_LENGTH + paint.width, ARROW_HALF_WIDTH + paint.width / 2


def arrow_head(path: Path, paint: Paint) -> tuple[tuple[float, float], ...]:
    """Corners of the arrowhead at the end of a path, its tip first."""
    points = [
        (float(x), float(y)) for _, *values in path.segments for x, y in zip(values[::2], values[1::2], strict=True)
    ]
    tip = points[-1]
    before = next((point for point in reversed(points[:-1]) if math.dist(point, tip) > _NEAR), (tip[0], tip[1] - 1.0))
    away = math.dist(before, tip)
    along = ((tip[0] - before[0]) / away, (tip[1] - before[1]) / away)
    length, half = arrow_size(paint)
    base = (tip[0] - along[0] * length, tip[1] - along[1] * length)
    sides = ((base[0] - sign * along[1] * half, base[1] + sign * along[0] * half) for sign in (1, -1))
    return (tip, *sides)


@lru_cache(maxsize=1 << 14)
def number(value: float) -> str:
    """A length in px, rounded to a tenth, as short as it can be written."""
    text = f"{value:.1f}"
    if text.endswith(".0"):
        text = text[:-2]
    return "0" if text == "-0" else text


def fine_number(value: float) -> str:
    """A scale or another factor, rounded to four digits after the point, as short as it can be written."""
    return f"{value:.4f}".rstrip("0").rstrip(".") or "0"


def uses(scene: Scene) -> Sequence[int]:
    """How many places show each sheet; 0 for one that cannot be reached from the picture."""
    count = [0] * len(scene.sheets)
    count[-1] = 1
    for index in range(len(scene.sheets) - 1, -1, -1):
        if count[index]:
            for item in scene.sheets[index].items:
                if isinstance(item, Place):
                    count[item.sheet] += 1
    return count
