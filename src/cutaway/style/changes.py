"""How what became of a layer looks in a drawing of two models: a colour, and a letter for who cannot tell colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cutaway.style.theme import Theme, mix


@dataclass(frozen=True, slots=True)
class ChangeLook:
    """The look of one state.

    Attributes:
        letter: What stands in the corner of a box.
        colour: Its hue, "#rrggbb".
        says: The state in words, for a legend.
    """

    letter: str
    colour: str
    says: str


CHANGES: Mapping[str, ChangeLook] = {
    "added": ChangeLook("+", "#1b9e77", "added"),
    "removed": ChangeLook("\u2212", "#d5682f", "removed"),
    "changed": ChangeLook("~", "#e6b000", "changed"),
    "fused": ChangeLook("&", "#3b8ed0", "computes what was fused into it"),
    "moved": ChangeLook("\u2192", "#8a63c8", "renamed or moved"),
}
"""By state. Hues after Okabe and Ito, "Color Universal Design" (2008); they differ in lightness too, in this order:
yellow, blue, orange, green, violet."""

_SHARE = {"light": 0.45, "dark": 0.5}
_QUIET = 0.10


def change_fill(theme: Theme, state: str) -> str:
    """Fill of a box of a state; what is equal is quiet, so that it does not draw the eye.

    Args:
        theme: Colours of the drawing.
        state: A key of `CHANGES`, or ``"equal"``.
    """
    if state not in CHANGES:
        return mix(theme.group_fill, theme.wire, _QUIET)
    background = theme.background or "#ffffff"
    return mix(background, CHANGES[state].colour, _SHARE["dark" if theme.name == "dark" else "light"])


def change_stroke(theme: Theme, state: str) -> str:
    """Border of such a box."""
    return mix(CHANGES[state].colour, theme.text, 0.25) if state in CHANGES else theme.group_stroke
