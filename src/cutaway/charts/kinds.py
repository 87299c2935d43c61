"""The kinds of charts: one function that draws any of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from cutaway.charts.layers import QUANTITIES, Ledger, Quantity
from cutaway.charts.roofline import Machine, roofline
from cutaway.charts.stages import stages
from cutaway.charts.timeline import timeline
from cutaway.charts.treemap import treemap
from cutaway.drawing.scene import Scene
from cutaway.errors import check_choice
from cutaway.style.theme import Theme

Kind = Literal["treemap", "memory", "roofline", "stages"]
KINDS: tuple[Kind, ...] = get_args(Kind)

SIZE = (880.0, 520.0)
"""Width and height in px of a chart that nobody asked to be otherwise."""


def draw_chart(
    held: Ledger,
    kind: Kind,
    theme: Theme,
    size: tuple[float, float] = SIZE,
    *,
    group: int = 0,
    quantity: Quantity = "parameters",
    machine: Machine | None = None,
    times: Mapping[int, float] | None = None,
) -> Scene:
    """Draw a chart.

    Args:
        held: The model.
        kind: One of `KINDS`.
        theme: Colours.
        size: Width and height in px.
        group: Group that is shown; 0 for the model.
        quantity: What the areas of a treemap are proportional to, one of `QUANTITIES`.
        machine: What bounds the layers of a roofline; None for a machine that is assumed.
        times: Measured seconds by position in `Ledger.layers`, for a roofline.

    Raises:
        OptionError: There is no such kind or quantity.
    """
    check_choice("kind", kind, KINDS)
    check_choice("by", quantity, QUANTITIES)
    if kind == "treemap":
        return treemap(held, theme, size, group=group, quantity=quantity)
    if kind == "memory":
        return timeline(held, theme, size, group=group)
    if kind == "roofline":
        return roofline(held, theme, size, group=group, machine=machine or Machine(), times=times)
    return stages(held, theme, size, group=group)
