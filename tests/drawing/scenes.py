"""Tiny scenes, made by hand, for the tests of the renderers."""

from __future__ import annotations

from cutaway.drawing.scene import Anchor, Box, Font, Item, Paint, Path, Place, Scene, Sheet, Text
from cutaway.style.measure import width

PAINTS = {
    "box": Paint("#cfe0f5", "#5b84b1", 1.0),
    "odd name<": Paint("#ffdddd", "#aa3333", 1.5, (4.0, 2.0)),
    "wire": Paint(None, "#445566", 1.3, (), True),
}
FONTS = {
    "op": Font(12, 600, "#223344", "middle"),
    "name": Font(10, 400, "#667788", "start"),
    "end": Font(10, 400, "#667788", "end"),
}

HOSTILE = [
    "<b>&\"'",
    "</text><script>alert(1)</script>",
    "]]>",
    "two\nlines",
    "null\x00 bell\x07 escape\x1b[31m",
    "half of a pair \ud800",
    "not a character \uffff",
    "emoji 😀 👩\u200d💻",
    "right to left שלום مرحبا",
    "override \u202etxt.exe",
    "漢字",
    "x" * 10_000,
    "",
    " two  spaces ",
    "(brackets) \\ and \\)",
]


def text(x: float, y: float, content: str, font: str = "name") -> Text:
    return Text(x, y, content, font, width(content, FONTS[font].size, FONTS[font].weight))


def scene(*items: Item, size: tuple[float, float] = (200, 100), below: tuple[Sheet, ...] = (), note: str = "") -> Scene:
    return Scene((*below, Sheet(*size, items)), PAINTS, FONTS, "#ffffff", "A tiny scene", note)


# two boxes, one above the other, joined by an arrow
PAIR = Sheet(
    120,
    100,
    (
        Box(10, 10, 100, 30, 5, "box", "net/first", "first: (None, 8)"),
        text(60, 30, "Dense", "op"),
        Path((("M", 60, 40), ("C", 60, 48, 60, 50, 60, 58)), "wire"),
        Box(10, 58, 100, 30, 5, "odd name<", "net/second"),
        text(16, 77, "µ × second"),
    ),
)

# a frame that holds the pair twice, once at half its size
FRAME = Sheet(300, 140, (Box(2, 2, 296, 136, 8, "box", "net"), Place(0, 10, 20, 1.0), Place(0, 160, 20, 0.5)))

# the frame twice, an arrow between, the pair once more and far too small to see
NESTED = scene(
    Place(1, 20, 20, 1.0),
    Place(1, 340, 20, 1.0),
    Path((("M", 320, 90), ("L", 340, 90)), "wire"),
    Place(0, 20, 180, 0.04),
    text(680, 190, "end of the page", "end"),
    size=(700, 200),
    below=(PAIR, FRAME),
)

ANCHORS: tuple[Anchor, ...] = ("start", "middle", "end")
