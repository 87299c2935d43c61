"""What the page shows, as a file: drawn by the same code as `plot_model`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from cutaway.drawing.arrange import Arranged, describe
from cutaway.drawing.compose import Marks, compose
from cutaway.drawing.cut import cut
from cutaway.drawing.legend import legend_items
from cutaway.drawing.scene import Box, Paint, Place, Scene, Sheet
from cutaway.errors import OptionError, check_choice
from cutaway.style.theme import Theme

FORMATS = {"svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf"}
"""Forms, and their types."""

WIDEST = 8_000.0
"""Px of a picture at most, in either direction."""

_LEGEND_PER = 1_000.0
"""Px of a picture for which the letters of its legend have their usual size; on a wider one they are larger."""


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


def export(arranged: Arranged, theme: Theme, form: str, view: View | None, marks: Marks | None = None) -> bytes:
    """Draw a view, or the whole model with its legend, as a file.

    Args:
        arranged: The graph with its words and places.
        theme: Colours.
        form: One of `FORMATS`.
        view: What is drawn; None for everything.
        marks: What is marked in it; None for nothing.

    Raises:
        OptionError: There is no such form, the view is no rectangle, or the picture is too large for a bitmap.
        MissingExtra: The form needs a package that is not installed.
    """
    check_choice("format", form, FORMATS)
    scene = _scene(arranged, theme, view, marks or Marks(show_legend=view is None))
    if form == "svg":
        from cutaway.drawing.svg import to_svg

        return to_svg(scene).encode()
    if form == "pdf":
        from cutaway.drawing.pdf import to_pdf

        return to_pdf(scene)
    from cutaway.drawing.png import DEFAULT_DPI, to_png

    whole = view is None
    return to_png(scene, dpi=DEFAULT_DPI if whole else 96.0, may_lower=whole)


def _scene(arranged: Arranged, theme: Theme, view: View | None, marks: Marks) -> Scene:
    graph, nested, labels = arranged.graph, arranged.nested, arranged.labels
    if view is None:
        marks = marks if marks.legend else replace(marks, show_legend=True)
        return compose(graph, nested, labels, theme, marks, describe(graph))
    numbers = (view.x, view.y, view.width, view.height, view.size)
    if not all(map(math.isfinite, numbers)) or min(numbers[2:]) <= 0 or view.height > 100 * view.width:
        raise OptionError(f"view must be x,y,width,height of a rectangle; received {numbers[:4]}")
    if nested.placement_of[view.group] < 0:
        raise OptionError("the group of the view is closed: it has no inside to draw")
    plain = replace(marks, show_legend=False)
    scene = compose(graph, nested, labels, theme, plain, describe(graph), root=view.group)
    width = min(view.size, WIDEST, WIDEST * view.width / view.height)
    scale = width / view.width
    place = Place(len(scene.sheets) - 1, -view.x * scale, -view.y * scale, scale)
    page, legend = _with_legend(scene, Sheet(width, view.height * scale, (place,)), marks)
    return cut(replace(scene, sheets=(*scene.sheets, *legend, page)))


def _with_legend(scene: Scene, page: Sheet, marks: Marks) -> tuple[Sheet, tuple[Sheet, ...]]:
    """A page with the legend of its colours below it, if there is one, and the sheet of that."""
    if not marks.show_legend or not marks.legend:
        return page, ()
    scale = max(1.0, page.width / _LEGEND_PER)
    items, height = legend_items(
        marks.legend, marks.legend_letters, top=12.0, room=page.width / scale, paints=scene.paints, fonts=scene.fonts
    )
    scene.paints.setdefault("under legend", Paint(fill=scene.background or "#ffffff"))
    ground = Box(0.0, page.height, page.width, height * scale, 0.0, "under legend")  # over what is cut off there
    legend = Sheet(page.width / scale, height, tuple(items))
    place = Place(len(scene.sheets), 0.0, page.height, scale)
    return Sheet(page.width, page.height + height * scale, (*page.items, ground, place)), (legend,)
