"""Text as the shipped font draws it: its width, how to clean it, how to make it fit.

Every text that comes from a model passes through `clean` once, before it is measured or drawn. The font has no
kerning and no ligatures, so a width is a sum over characters: about a microsecond for a name, and nothing for one
that was measured before.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

from cutaway.style.widths import CHARACTERS, SMALL, UNITS, WIDTHS_400, WIDTHS_600

Weight = Literal[400, 600]

FONTS = Path(__file__).with_name("fonts")
FAMILY = "Cutaway Inter"
ELLIPSIS = "…"
NARROW_BOX, WIDE_BOX = "\ue000", "\ue001"
"""Characters that the font draws as empty boxes of the widths that `width` assumes for characters it lacks."""

SMALL_SET = frozenset(CHARACTERS[:SMALL])
FULL_SET = frozenset(CHARACTERS)
GLYPHS: Mapping[str, int] = {char: index + 1 for index, char in enumerate(CHARACTERS)}
"""Glyph of each character in the shipped TrueType files."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SAFE_FORMATS = "\u200c\u200d"  # joiners, which some scripts and emoji are spelled with


class _Advances(dict[str, int]):
    """Advance by character, in units; characters that the font lacks are judged by their width class."""

    def __missing__(self, char: str) -> int:
        if unicodedata.category(char) in ("Mn", "Me", "Cf"):
            return 0
        return UNITS if unicodedata.east_asian_width(char) in "WF" else UNITS * 6 // 10


_ADVANCES: Mapping[int, _Advances] = {
    400: _Advances(zip(CHARACTERS, WIDTHS_400, strict=True)),
    600: _Advances(zip(CHARACTERS, WIDTHS_600, strict=True)),
}


@lru_cache(maxsize=1 << 15)
def _units(text: str, weight: int) -> int:
    return sum(map(_ADVANCES[weight].__getitem__, text))


def width(text: str, size: float, weight: Weight = 400) -> float:
    """Width in px of one line of clean text at a font size in px.

    Characters that the font lacks count 0.6 em, wide East Asian ones and emoji 1 em, combining ones nothing.
    """
    return _units(text, weight) * size / UNITS


def advance(char: str, weight: Weight = 400) -> int:
    """Width of one character in thousandths of an em."""
    return _ADVANCES[weight][char]


def boxed(text: str) -> str:
    """The text with the font's empty boxes in place of what it lacks, for renderers that have no other font."""
    if FULL_SET.issuperset(text):
        return text
    return "".join(char if char in FULL_SET else _box(char) for char in text)


def _box(char: str) -> str:
    units = _ADVANCES[400][char]
    if units == 0:
        return ""
    return WIDE_BOX if units == UNITS else NARROW_BOX


def clean(text: str) -> str:
    """One line of text that is safe to show.

    Line ends become ``↵``, other white space a space; controls, private and unassigned characters and halves of
    surrogate pairs become an empty box; marks that reorder the text around them are taken out, so that a name cannot
    pretend to be another.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_clean_character, text.replace("\r\n", "\n")))


def no_formula(text: str) -> str:
    """A text for a cell of CSV, with a mark before it where a spreadsheet would take it for a formula and run it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _clean_character(char: str) -> str:
    if char in "\n\r\v\f\x85\u2028\u2029":
        return "↵"
    category = unicodedata.category(char)
    if category == "Zs" or char == "\t":
        return " "
    if category == "Cf":
        return char if char in _SAFE_FORMATS else ""
    return NARROW_BOX if category[0] == "C" else char


def fit(text: str, size: float, weight: Weight, max_width: float) -> str:
    """The text where it fits in ``max_width`` px, else its start and end around an ellipsis.

    The end is kept because names of layers differ there. Where not even the ellipsis fits, the result is empty.
    """
    if len(text) < 2_000 and width(text, size, weight) <= max_width:
        return text
    advances = _ADVANCES[weight]
    room = int(max_width * UNITS / size) if size > 0 else 0
    left = room - advances[ELLIPSIS]
    if left < 0:
        return ""
    head, tail = 0, len(text)
    while head < tail:
        at = head if head <= len(text) - tail else tail - 1
        left -= advances[text[at]]
        if left < 0:
            break
        if at == head:
            head += 1
        else:
            tail -= 1
    else:
        return text  # longer than the shortcut above cares to measure, and yet it fits
    while tail < len(text) and unicodedata.combining(text[tail]):
        tail += 1  # a mark that has lost the letter it belongs to
    return text[:head].rstrip() + ELLIPSIS + text[tail:].lstrip()
