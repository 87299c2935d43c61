"""A grid for groups with too many children to follow a wire: in flow order, row by row, without wires."""

from __future__ import annotations

import math

from cutaway.layout.problem import Inside, Placement

_GAP = 16.0


def lay_out_grid(inside: Inside, aspect: float, margin: float) -> Placement:
    """Place the children in rows of equal cells.

    Args:
        inside: Children; their wires are not drawn.
        aspect: Wished width / height.
        margin: Px between the border and the cells.
    """
    width = max((child.width for child in inside.children), default=0.0) + _GAP
    height = max((child.height for child in inside.children), default=0.0) + _GAP
    count = len(inside.children)
    columns = max(1, min(count, round(math.sqrt(count * aspect * height / width)))) if count else 1
    rows = -(-count // columns) if count else 0
    boxes = tuple(
        (
            round(margin + (position % columns) * width, 2),
            round(margin + (position // columns) * height, 2),
            child.width,
            child.height,
        )
        for position, child in enumerate(inside.children)
    )
    full_width = 2 * margin + columns * width - _GAP
    full_height = 2 * margin + rows * height - _GAP
    middle = (full_width / 2, margin)
    return Placement(
        flow="down",
        rows=1,
        width=round(full_width, 2),
        height=round(full_height, 2),
        boxes=boxes,
        wires=(),
        ins=(middle,) * inside.pins_in,
        outs=((full_width / 2, full_height - margin),) * inside.pins_out,
        crossings=0,
    )
