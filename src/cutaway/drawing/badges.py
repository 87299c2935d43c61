"""`draw_badge`: the mark of a finding at the corner of a box, told apart by its shape and sign, not by colour alone."""

from __future__ import annotations

import math

from cutaway.drawing.scene import Box, Item, Paint, Path

RADIUS = 6.0
"""Px from the middle of a badge to its border."""

_FILLS = ("#dc2626", "#f59e0b", "#2563eb")
_SIGNS = ("#ffffff", "#1e1b16", "#ffffff")
_STROKES = (
    ((-0.38, -0.38, 0.38, 0.38), (0.38, -0.38, -0.38, 0.38)),
    ((0.0, -0.42, 0.0, 0.2), (0.0, 0.46, 0.0, 0.74)),
    ((0.0, -0.08, 0.0, 0.56), (0.0, -0.6, 0.0, -0.32)),
)
"""The signs, as lines in a badge of radius 1: a cross, "!" and "i"."""


def draw_badge(items: list[Item], paints: dict[str, Paint], severity: int, right: float, top: float, rim: str) -> None:
    """Draw a badge over the upper right corner of a box: an octagon, a triangle or a disc.

    Args:
        items: Get the badge.
        paints: Those of the scene, which get what is missing.
        severity: 0 error, 1 warning, 2 info.
        right: The corner, in px.
        top: The same.
        rim: Colour around the badge, that of the paper.
    """
    x, y, r = right - RADIUS * 0.5, top + RADIUS * 0.25, RADIUS
    shape, sign = f"badge {severity}", f"sign {severity}"
    paints.setdefault(shape, Paint(fill=_FILLS[severity], stroke=rim, width=1.2))
    paints.setdefault(sign, Paint(stroke=_SIGNS[severity], width=r * 0.3))
    if severity == 2:
        items.append(Box(round(x - r, 2), round(y - r, 2), 2 * r, 2 * r, r, shape))
    elif severity == 1:
        items.append(_polygon(x, y + r * 0.2, r * 1.4, 3, -math.pi / 2, shape))
    else:
        items.append(_polygon(x, y, r * 1.08, 8, math.pi / 8, shape))
    for from_x, from_y, to_x, to_y in _STROKES[severity]:
        start, end = (x + from_x * r, y + from_y * r), (x + to_x * r, y + to_y * r)
        items.append(Path((("M", *_short(start)), ("L", *_short(end))), sign))


def _polygon(x: float, y: float, radius: float, count: int, turn: float, paint: str) -> Path:
    angles = (turn + 2 * math.pi * at / count for at in range(count))
    points = [_short((x + radius * math.cos(angle), y + radius * math.sin(angle))) for angle in angles]
    return Path((("M", *points[0]), *(("L", *point) for point in points[1:]), ("Z",)), paint)


def _short(point: tuple[float, float]) -> tuple[float, float]:
    return round(point[0], 2), round(point[1], 2)
