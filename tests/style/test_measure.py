"""Text: measured as fontTools measures the shipped files, cut where it must be, cleaned of what could deceive."""

from __future__ import annotations

import unicodedata
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import get_args

import pytest
from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont
from hypothesis import example, given
from hypothesis import strategies as st

from cutaway.style import measure
from cutaway.style.measure import FONTS, FULL_SET, GLYPHS, SMALL_SET, Weight, boxed, clean, fit, width
from cutaway.style.widths import CHARACTERS

WEIGHTS: tuple[Weight, ...] = get_args(Weight)
INTER = {400: "Inter-Regular.otf", 600: "Inter-SemiBold.otf"}


@cache
def font_file(path: Path) -> TTFont:
    return TTFont(BytesIO(path.read_bytes()))


def oracle_width(font: TTFont, text: str, size: float) -> float:
    cmap, metrics, units = font.getBestCmap(), font["hmtx"], font["head"].unitsPerEm
    return float(sum(metrics[cmap[ord(char)]][0] for char in text) * size / units)


@pytest.mark.parametrize("weight", WEIGHTS)
@given(st.text(st.sampled_from(CHARACTERS), max_size=40), st.floats(4, 40))
def test_width_is_that_of_the_shipped_font(weight: Weight, text: str, size: float) -> None:
    font = font_file(FONTS / f"inter-{weight}.ttf")
    assert width(text, size, weight) == pytest.approx(oracle_width(font, text, size))


@pytest.mark.parametrize("weight", WEIGHTS)
def test_shipped_font_is_as_wide_as_the_original(weight: Weight) -> None:
    path = Path("/usr/share/fonts/opentype/inter") / INTER[weight]
    if not path.exists():
        pytest.skip("Inter is not installed here (Debian: fonts-inter), so there is nothing to compare with")
    text = "conv2d_17 (None, 224, 224, 64) × batch_normalization – Größe µ²"
    assert width(text, 12, weight) == pytest.approx(oracle_width(font_file(path), text, 12), rel=1e-3)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_glyphs_stand_in_the_order_of_the_characters(weight: Weight) -> None:
    font = font_file(FONTS / f"inter-{weight}.ttf")
    cmap = font.getBestCmap()
    assert {char: font.getGlyphID(cmap[ord(char)]) for char in CHARACTERS} == dict(GLYPHS)


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize(("name", "expected"), [("-small", SMALL_SET), ("", FULL_SET)])
def test_woff2_files_hold_what_they_promise(weight: Weight, name: str, expected: frozenset[str]) -> None:
    path = FONTS / f"inter-{weight}{name}.woff2"
    assert {chr(code) for code in font_file(path).getBestCmap()} == expected
    assert path.stat().st_size < (10_000 if name else 30_000)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_no_printable_character_is_an_empty_glyph(weight: Weight) -> None:
    font = font_file(FONTS / f"inter-{weight}.ttf")
    glyphs, cmap = font.getGlyphSet(), font.getBestCmap()
    for char in CHARACTERS:
        pen = BoundsPen(glyphs)
        glyphs[cmap[ord(char)]].draw(pen)
        assert (pen.bounds is None) == (char == " "), hex(ord(char))


def test_width_classes_of_characters_that_the_font_lacks() -> None:
    assert width("漢", 10) == 10
    assert width("😀", 10) == 10
    assert width("ท", 10) == 6
    assert width("e\u0301", 10) == width("e", 10)
    assert width("", 10) == 0


def test_boxed_keeps_the_width() -> None:
    text = "a漢😀ทe\u0301"
    assert FULL_SET.issuperset(boxed(text))
    assert width(boxed(text), 12) == width(text, 12)
    assert boxed("plain × text") == "plain × text"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("conv2d_1", "conv2d_1"),
        ("two\nlines\r\nthree", "two↵lines↵three"),
        ("tab\tand\u00a0space", "tab and space"),
        ("bell\x07 and null\x00", "bell\ue000 and null\ue000"),
        ("half\ud800", "half\ue000"),
        ("abc\u202etxt.exe\u2066", "abctxt.exe"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("שלום", "שלום"),
    ],
)
def test_clean(raw: str, shown: str) -> None:
    assert clean(raw) == shown


@given(st.text(max_size=60))
@example("\ud800\x00\u2029")
def test_clean_text_is_one_line_of_harmless_characters(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned.splitlines()) <= 1
    for char in cleaned:
        assert unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(char) not in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    assert clean(cleaned.replace("\ue000", "")) == cleaned.replace("\ue000", "")


@given(st.text(max_size=60).map(clean), st.floats(5, 20), st.sampled_from(WEIGHTS), st.floats(0, 200))
@example("x" * 10_000, 12, 400, 100)
@example("e" + "\u0301" * 3_000, 12, 400, 100)
def test_fit_never_exceeds_and_keeps_both_ends(text: str, size: float, weight: Weight, room: float) -> None:
    fitted = fit(text, size, weight, room)
    assert width(fitted, size, weight) <= room + 1e-6
    if width(text, size, weight) <= room:
        assert fitted == text
    elif fitted:
        head, tail = fitted.split("…", 1) if "…" not in text else ("", "")
        assert text.startswith(head)
        assert text.endswith(tail)


def test_fit_cuts_the_middle() -> None:
    assert fit("block5c_expand_activation", 12, 400, 110) == "block5c_e…tivation"
    assert fit("abc", 12, 400, 3) == ""


def test_measuring_needs_no_font_library() -> None:
    source = Path(measure.__file__).read_text(encoding="utf-8")
    assert "fontTools" not in source
