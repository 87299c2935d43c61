"""Themes: the colours of a picture. The default palette is safe for colour-blind readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cutaway.analysis.ops import FAMILIES
from cutaway.errors import check_choice


@dataclass(frozen=True, kw_only=True, slots=True)
class Theme:
    """Colours as ``"#rrggbb"``.

    Attributes:
        name: Its key in `THEMES`.
        background: Behind everything; None for transparent.
        families: Fill and stroke of a box, by family of its operation.
        group_fill, group_stroke: A group's box.
        wire: Wires and arrowheads.
        text, name_text: First line and further lines in a box.
        title, count: Title of a group, and what stands at its right.
        highlight: Frame of what the caller points at.
        scale: Colours of a scale of values, from low to high.
    """

    name: str
    background: str | None
    families: Mapping[str, tuple[str, str]]
    group_fill: str
    group_stroke: str
    wire: str
    text: str
    name_text: str
    title: str
    count: str
    highlight: str
    scale: tuple[str, ...]


def mix(colour: str, other: str, share: float) -> str:
    """``share`` of the second colour in the first."""
    one = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    two = [int(other[at : at + 2], 16) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(one, two, strict=True))


# Hues after Okabe and Ito, "Color Universal Design" (2008), which stay apart for all common kinds of colour blindness;
# families that stand side by side in models differ in lightness too.
_HUES = {
    "input": "#475569",
    "convolution": "#3b8ed0",
    "dense": "#4f5bd5",
    "normalization": "#b8a24a",
    "activation": "#d5682f",
    "pooling": "#b0659a",
    "merge": "#16976d",
    "attention": "#0f8f9c",
    "recurrent": "#8a5fc0",
    "embedding": "#c2527f",
    "shape": "#8d8577",
    "regularization": "#9aa3af",
    "preprocessing": "#6f8f4e",
    "operation": "#7c8797",
}
_SCALE = ("#fde725", "#7ad151", "#22a884", "#2a788e", "#414487", "#440154")  # viridis, high is dark


def _families(background: str, fill: float, stroke: float, toward: str) -> dict[str, tuple[str, str]]:
    return {family: (mix(_HUES[family], background, fill), mix(_HUES[family], toward, stroke)) for family in FAMILIES}


def _greys() -> dict[str, tuple[str, str]]:
    """Lightness alone tells families apart, from dark text on light grey."""
    steps = {family: 0.72 + 0.26 * index / (len(FAMILIES) - 1) for index, family in enumerate(FAMILIES)}
    return {family: (mix("#000000", "#ffffff", share), "#555555") for family, share in steps.items()}


THEMES: Mapping[str, Theme] = {
    "light": Theme(
        name="light",
        background="#ffffff",
        families=_families("#ffffff", 0.72, 0.05, "#ffffff"),
        group_fill="#f8fafc",
        group_stroke="#94a3b8",
        wire="#64748b",
        text="#1e293b",
        name_text="#475569",
        title="#0f172a",
        count="#64748b",
        highlight="#dc2626",
        scale=_SCALE,
    ),
    "dark": Theme(
        name="dark",
        background="#0f172a",
        families=_families("#0f172a", 0.62, 0.1, "#ffffff"),
        group_fill="#172136",
        group_stroke="#475569",
        wire="#94a3b8",
        text="#f1f5f9",
        name_text="#cbd5e1",
        title="#f8fafc",
        count="#94a3b8",
        highlight="#f87171",
        scale=tuple(reversed(_SCALE)),
    ),
    "print": Theme(
        name="print",
        background="#ffffff",
        families=_greys(),
        group_fill="#ffffff",
        group_stroke="#777777",
        wire="#444444",
        text="#000000",
        name_text="#333333",
        title="#000000",
        count="#555555",
        highlight="#000000",
        scale=("#f7f7f7", "#cccccc", "#969696", "#636363"),
    ),
}
"""Themes by name; the first is the default."""


def theme_named(name: str | Theme) -> Theme:
    """A theme by name; a `Theme` is returned as it is.

    Raises:
        OptionError: There is no theme of that name.
    """
    if isinstance(name, Theme):
        return name
    check_choice("theme", name, THEMES)
    return THEMES[name]


def scale_colour(theme: Theme, share: float) -> str:
    """Colour on the theme's scale of values, for a share from 0 (low) to 1 (high)."""
    place = min(max(share, 0.0), 1.0) * (len(theme.scale) - 1)
    index = min(int(place), len(theme.scale) - 2)
    return mix(theme.scale[index], theme.scale[index + 1], place - index)


def readable_on(fill: str, dark: str = "#111827", light: str = "#ffffff") -> str:
    """Dark or light text, whichever contrasts more with a fill (relative luminance of WCAG 2.2)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    level = luminance(fill)
    on_dark = (level + 0.05) / (luminance(dark) + 0.05)
    on_light = (luminance(light) + 0.05) / (level + 0.05)
    return dark if on_dark >= on_light else light
