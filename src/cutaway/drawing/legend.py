"""`legend_items`: rows of coloured boxes with words beside them, as many rows as the width needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cutaway.drawing.scene import Box, Font, Item, Paint, Text
from cutaway.style.labels import NAME_SIZE
from cutaway.style.measure import width
from cutaway.style.theme import readable_on

LETTER_SIZE = 10.0
"""Size of the letter in a box, in px."""

_ROW = 20.0
_BOX = 12.0
_LEFT = 22.0


def legend_items(
    entries: Sequence[tuple[str, str, str]],
    letters: Mapping[str, str],
    *,
    top: float,
    room: float,
    paints: dict[str, Paint],
    fonts: dict[str, Font],
) -> tuple[list[Item], float]:
    """The items of a legend, and where it ends.

    Args:
        entries: Colour, border and words of each.
        letters: Letter in the box of an entry, by its words.
        top: Where it begins, in px.
        room: Width of the page, in px.
        paints: Those of the scene, which get what is missing.
        fonts: Likewise; ``"legend"`` is the font of the words.
    """
    items: list[Item] = []
    x, y = _LEFT, top
    for colour, stroke, text in entries:
        letter = letters.get(text)
        step = _BOX + 5.0 + width(text, NAME_SIZE, 400) + 16.0
        if x + step > room - 6.0 and x > _LEFT:
            x, y = _LEFT, y + _ROW
        paint = f"legend {colour}"
        paints.setdefault(paint, Paint(fill=colour, stroke=stroke))
        items.append(Box(round(x, 2), y, _BOX, _BOX, 3.0, paint))
        if letter is not None:
            fonts.setdefault("key", Font(LETTER_SIZE, 600, readable_on(colour), "middle"))
            middle = round(x + _BOX / 2, 2)
            items.append(Text(middle, y + 9.8, letter, "key", width(letter, LETTER_SIZE, 600)))
        items.append(Text(round(x + _BOX + 5.0, 2), y + 9.6, text, "legend", width(text, NAME_SIZE, 400)))
        x += step
    return items, y + _BOX + 16.0
