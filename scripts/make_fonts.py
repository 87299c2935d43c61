"""Makes the font subsets that cutaway embeds, and the table of widths that it measures with.

Needs fontTools and brotli (the `test` extra) and Inter as Debian's package fonts-inter installs it::

    python scripts/make_fonts.py [FOLDER WITH Inter-Regular.otf AND Inter-SemiBold.otf]

The outlines become TrueType outlines on 1,000 units per em; hinting, kerning and substitutions are dropped, so the
width of a text is the sum of the widths of its characters in every program that draws it. Character ``i`` of
`CHARACTERS` is glyph ``i + 1`` of the TrueType files: a PDF needs no other table.
"""

from __future__ import annotations

import io
import sys
import unicodedata
from pathlib import Path
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

STYLE = Path(__file__).resolve().parent.parent / "src" / "cutaway" / "style"
WEIGHTS = {400: "Regular", 600: "SemiBold"}
FAMILY = "Cutaway Inter"
UNITS = 1000
TOLERANCE = 0.9  # units that an outline may move when its cubic curves become quadratic ones

NARROW, WIDE = "\ue000", "\ue001"
"""Private characters drawn for characters that the font lacks: an outlined box, 0.6 em and 1 em wide."""

SMALL = "".join(map(chr, range(0x20, 0x7F))) + "×–—…·→←±µ²³≤≥−°•↵" + NARROW + WIDE
RANGES = ((0xA1, 0x180), (0x386, 0x3CF), (0x400, 0x460), (0x2010, 0x2040), (0x2070, 0x20A0), (0x2190, 0x21B6))
SYMBOLS = "₿€™∂∆∏∑√∞∫≈≠⌀⌘⌥■□▲△▶▷▼▽◆◇●○★☆✓✗"


def characters(available: set[int]) -> str:
    """All characters of the large subset, the small one first."""
    rest = [chr(code) for low, high in RANGES for code in range(low, high)] + list(SYMBOLS)
    kept = (
        c for c in rest if ord(c) in available and c not in SMALL and unicodedata.category(c) not in ("Cf", "Mn", "Zs")
    )
    return SMALL + "".join(dict.fromkeys(kept))


def box_glyph(advance: int) -> Any:
    """The outline of an empty box that stands for a character the font lacks."""
    pen = TTGlyphPen(None)
    for inset, turn in ((0, 1), (50, -1)):
        left, right, low, high = 60 + inset, advance - 60 - inset, inset, 720 - inset
        points = [(left, low), (left, high), (right, high), (right, low)][::turn]
        pen.moveTo(points[0])
        for point in points[1:]:
            pen.lineTo(point)
        pen.closePath()
    return pen.glyph()


def quadratic_glyph(source: TTFont, name: str) -> Any:
    """One glyph with quadratic curves on our units."""
    scale = UNITS / source["head"].unitsPerEm
    glyphs = source.getGlyphSet()
    recording = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(recording)
    pen = TTGlyphPen(None)
    recording.replay(TransformPen(Cu2QuPen(pen, TOLERANCE, reverse_direction=True), (scale, 0, 0, scale, 0, 0)))
    return pen.glyph()


def advance(source: TTFont, char: str) -> int:
    """Width of a character in our units."""
    if char in (NARROW, WIDE):
        return 600 if char == NARROW else 1000
    width, units = source["hmtx"][source.getBestCmap()[ord(char)]][0], source["head"].unitsPerEm
    return round(int(width) * UNITS / int(units))


def build(source: TTFont, weight: int, text: str) -> TTFont:
    """A TrueType font of exactly the characters of ``text``, in their order."""
    names = [".notdef"] + [f"g{index}" for index in range(1, len(text) + 1)]
    cmap, scale = source.getBestCmap(), UNITS / source["head"].unitsPerEm
    outlines = {".notdef": box_glyph(600)}
    advances = {".notdef": 600, **{name: advance(source, char) for name, char in zip(names[1:], text, strict=True)}}
    for name, char in zip(names[1:], text, strict=True):
        missing = char in (NARROW, WIDE)
        outlines[name] = box_glyph(advances[name]) if missing else quadratic_glyph(source, cmap[ord(char)])
    builder = FontBuilder(UNITS, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(char): name for name, char in zip(names[1:], text, strict=True)})
    builder.setupGlyf(outlines)
    glyf = builder.font["glyf"]
    builder.setupHorizontalMetrics({name: (advances[name], getattr(glyf[name], "xMin", 0)) for name in names})
    ascent, descent = (round(getattr(source["hhea"], which) * scale) for which in ("ascent", "descent"))
    builder.setupHorizontalHeader(ascent=ascent, descent=descent)
    style = WEIGHTS[weight]
    builder.setupNameTable(
        {
            "copyright": "Copyright 2016-2022 The Inter Project Authors (https://github.com/rsms/inter)",
            "familyName": FAMILY,
            "styleName": style,
            "uniqueFontIdentifier": f"{FAMILY} {style}",
            "fullName": f"{FAMILY} {style}",
            "psName": f"CutawayInter-{style}",
            "licenseDescription": "SIL Open Font License, Version 1.1",
            "licenseInfoURL": "https://openfontlicense.org",
        },
        mac=False,
    )
    builder.setupOS2(
        sTypoAscender=ascent, sTypoDescender=descent, usWinAscent=ascent, usWinDescent=-descent,
        usWeightClass=weight, sxHeight=round(1536 * scale), sCapHeight=round(2048 * scale),
    )  # fmt: skip
    builder.setupPost(keepGlyphNames=False)
    font: TTFont = builder.font
    font.recalcTimestamp = False
    font["head"].created = font["head"].modified = 3_786_825_600  # 2024-01-01, in seconds since 1904
    return font


def file_bytes(font: TTFont, flavor: str | None) -> bytes:
    """The font as a file: TrueType where ``flavor`` is None, else woff2."""
    font.flavor = flavor
    stream = io.BytesIO()
    font.save(stream, reorderTables=None)
    return stream.getvalue()


def table_module(text: str, advances: dict[int, list[int]]) -> str:
    """Source text of the module of widths."""
    lines = [
        '"""Widths of the characters of the shipped font. Written by scripts/make_fonts.py; do not edit."""',
        "",
        "from __future__ import annotations",
        "",
        f"UNITS = {UNITS}",
        f"SMALL = {len(SMALL)}",
        "CHARACTERS = (",
        *(f"    {text[at : at + 16]!a}" for at in range(0, len(text), 16)),
        ")",
    ]
    for weight, values in advances.items():
        rows = (values[at : at + 24] for at in range(0, len(values), 24))
        lines += [f"WIDTHS_{weight} = (", *(f"    {', '.join(map(str, row))}," for row in rows), ")"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write fonts and widths."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/fonts/opentype/inter")
    sources = {weight: TTFont(folder / f"Inter-{style}.otf") for weight, style in WEIGHTS.items()}
    text = characters(set.intersection(*(set(source.getBestCmap()) for source in sources.values())))
    advances: dict[int, list[int]] = {}
    for weight, source in sources.items():
        large = build(source, weight, text)
        advances[weight] = [advance(source, char) for char in text]
        small = build(source, weight, SMALL)
        for name, font, flavor in (
            (f"inter-{weight}.ttf", large, None),
            (f"inter-{weight}.woff2", large, "woff2"),
            (f"inter-{weight}-small.woff2", small, "woff2"),
        ):
            content = file_bytes(font, flavor)
            (STYLE / "fonts" / name).write_bytes(content)
            print(f"{name}: {len(content):,} bytes")
    (STYLE / "widths.py").write_text(table_module(text, advances), encoding="ascii")
    print(f"{len(text)} characters, {len(SMALL)} of them in the small files")


if __name__ == "__main__":
    main()
