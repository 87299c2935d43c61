"""What the page shows, as a file: drawn by the same code as `plot_model`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from cutaway.drawing.arrange import Arranged, describe
from cutaway.drawing.compose import Marks, compose
from cutaway.drawing.cut import cut
from cutaway.drawing.scene import Place, Scene, Sheet
from cutaway.errors import OptionError, check_choice
from cutaway.style.theme import Theme

FORMATS = {"svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf"}
"""Forms, and their types."""

WIDEST = 8_000.0
"""Px of a picture at most, in either direction."""


@dataclass(frozen=True, slots=True)
class View:
    """A rectangle of the drawing.

    Attributes:
        group: Group in whose inside it lies.
        x, y, width, height: Where, in the coordinates of that inside.
        size: Width of the picture in px.
    """

    group: int
    x: float
    y: float
    width: float
    height: float
    size: float


def export(arranged: Arranged, theme: Theme, form: str, view: View | None) -> bytes:
    """Draw a view, or the whole model with its legend, as a file.

    Args:
        arranged: The graph with its words and places.
        theme: Colours.
        form: One of `FORMATS`.
        view: What is drawn; None for everything.

    Raises:
        OptionError: There is no such form, the view is no rectangle, or the picture is too large for a bitmap.
        MissingExtra: The form needs a package that is not installed.
    """
    check_choice("format", form, FORMATS)
    scene = _scene(arranged, theme, view)
    if form == "svg":
        from cutaway.drawing.svg import to_svg

        return to_svg(scene).encode()
    if form == "pdf":
        from cutaway.drawing.pdf import to_pdf

        return to_pdf(scene)
    from cutaway.drawing.png import DEFAULT_DPI, to_png

    whole = view is None
    return to_png(scene, dpi=DEFAULT_DPI if whole else 96.0, may_lower=whole)


def _scene(arranged: Arranged, theme: Theme, view: View | None) -> Scene:
    graph, nested, labels = arranged.graph, arranged.nested, arranged.labels
    if view is None:
        return compose(graph, nested, labels, theme, Marks(), describe(graph))
    numbers = (view.x, view.y, view.width, view.height, view.size)
    if not all(map(math.isfinite, numbers)) or min(numbers[2:]) <= 0 or view.height > 100 * view.width:
        raise OptionError(f"view must be x,y,width,height of a rectangle; received {numbers[:4]}")
    if nested.placement_of[view.group] < 0:
        raise OptionError("the group of the view is closed: it has no inside to draw")
    scene = compose(graph, nested, labels, theme, Marks(show_legend=False), describe(graph), root=view.group)
    width = min(view.size, WIDEST, WIDEST * view.width / view.height)
    scale = width / view.width
    place = Place(len(scene.sheets) - 1, -view.x * scale, -view.y * scale, scale)
    return cut(replace(scene, sheets=(*scene.sheets, Sheet(width, view.height * scale, (place,)))))
