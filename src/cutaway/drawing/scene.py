"""`Scene`: a resolved picture of three primitives in a tree of scaled sheets.

Layout, theme and folding are settled before a scene is made; a renderer only walks it. Equal parts of a
model share one `Sheet`, which several `Place`s show at their own spot and scale, so the scene grows with
what is different in a model and not with what is there.

Lengths are in px at scale 1 (96 px = 1 inch), x to the right, y down, the origin at the sheet's top left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Paint:
    """How boxes and paths look; colours are ``"#rrggbb"``, None paints nothing.

    Attributes:
        fill, stroke: Colours.
        width: Stroke width in px.
        dash: Lengths of dashes and gaps in px, empty for a solid line.
        arrow: Whether a path of this paint ends in an arrowhead.
    """

    fill: str | None = None
    stroke: str | None = None
    width: float = 1.0
    dash: tuple[float, ...] = ()
    arrow: bool = False


@dataclass(frozen=True, slots=True)
class Font:
    """How text looks: size in px, weight 400 or 600, colour, and which end of the text stands at its x."""

    size: float
    weight: Literal[400, 600]
    fill: str
    anchor: Anchor = "start"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with round corners. `paint` is a key of `Scene.paints`; `key` names the node or group, if any."""

    x: float
    y: float
    width: float
    height: float
    radius: float
    paint: str
    key: str = ""
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text on its baseline. `font` is a key of `Scene.fonts`; `width` is its measured width in px."""

    x: float
    y: float
    content: str
    font: str
    width: float


@dataclass(frozen=True, slots=True)
class Path:
    """A line of straight and cubic pieces, beginning with a move.

    Attributes:
        segments: ``("M", x, y)``, ``("L", x, y)``, ``("C", x1, y1, x2, y2, x, y)``, or ``("Z",)``.
        paint: Key of `Scene.paints`.
    """

    segments: tuple[tuple[str | float, ...], ...]
    paint: str


@dataclass(frozen=True, slots=True)
class Place:
    """Shows `Scene.sheets[sheet]` with its origin at (x, y), scaled."""

    sheet: int
    x: float
    y: float
    scale: float


Item = Box | Text | Path | Place


@dataclass(frozen=True, slots=True)
class Sheet:
    """Items in drawing order, in a coordinate system of their own."""

    width: float
    height: float
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """A whole picture.

    Attributes:
        sheets: Every sheet stands after the sheets that it places; the last one is the picture itself.
        paints, fonts: What the items' keys mean.
        background: Colour behind everything, or None for transparent.
        title: Plain words for screen readers and metadata.
        note: What the picture leaves out, in words, or an empty string.
    """

    sheets: tuple[Sheet, ...]
    paints: dict[str, Paint]
    fonts: dict[str, Font]
    background: str | None
    title: str
    note: str = ""

    @property
    def width(self) -> float:
        """Width of the picture in px."""
        return self.sheets[-1].width

    @property
    def height(self) -> float:
        """Height of the picture in px."""
        return self.sheets[-1].height

    def flat(self, smallest: float = 0.0) -> Iterator[tuple[Item, float, float, float]]:
        """Walk all items in drawing order with their origin and scale on the page.

        Args:
            smallest: Sheets whose scaled height is below this many px are left out.

        Yields:
            ``(item, x, y, scale)``; never a `Place`, which is walked into.
        """
        stack: list[tuple[Iterator[Item], float, float, float]] = [(iter(self.sheets[-1].items), 0.0, 0.0, 1.0)]
        while stack:
            items, x, y, scale = stack[-1]
            item = next(items, None)
            if item is None:
                stack.pop()
            elif isinstance(item, Place):
                sheet = self.sheets[item.sheet]
                if sheet.height * scale * item.scale >= smallest:
                    place = (iter(sheet.items), x + item.x * scale, y + item.y * scale, scale * item.scale)
                    stack.append(place)
            else:
                yield item, x, y, scale
