"""Lines over the box of what is not there, so that colour need not tell it."""

from __future__ import annotations

from cutaway.layout.problem import Segment

STEP = 7.0
"""Px from one line to the next, along the edge."""


def hatching(x: float, y: float, width: float, height: float) -> tuple[Segment, ...]:
    """Lines that rise to the right at 45 degrees, within a rectangle.

    Args:
        x: Its left edge, in px.
        y: Its upper edge.
        width: From its left to its right edge.
        height: From its upper to its lower edge.
    """
    found: list[Segment] = []
    at = STEP
    while at < width + height:
        left, right = max(0.0, at - height), min(at, width)  # where the line x + y = at enters and leaves
        found.append(("M", round(x + left, 2), round(y + at - left, 2)))
        found.append(("L", round(x + right, 2), round(y + at - right, 2)))
        at += STEP
    return tuple(found)
