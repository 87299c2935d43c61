"""PDF: what another program reads in it and renders from it."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from io import BytesIO

import pypdfium2
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageChops, ImageStat

from cutaway.drawing.pdf import to_pdf
from cutaway.drawing.pdf_file import subset
from cutaway.drawing.png import to_png
from cutaway.drawing.scene import Box, Path, Place, Scene, Sheet
from cutaway.style.measure import FONTS, GLYPHS
from tests.drawing.scenes import HOSTILE, NESTED, PAINTS, PAIR, scene, text


def render(data: bytes, scale: float = 1.0) -> Image.Image:
    """The first page as pdfium draws it, ``scale`` pixels for each px."""
    document = pypdfium2.PdfDocument(data)
    image: Image.Image = document[0].render(scale=scale / 0.75).to_pil().convert("RGB")
    document.close()
    return image


def text_of(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    page = document[0].get_textpage()
    words = str(page.get_text_range())
    page.close()
    document.close()
    return words


def streams(data: bytes) -> list[bytes]:
    return [zlib.decompress(body) for body in re.findall(rb"stream\n(.*?)\nendstream", data, re.DOTALL)]


def test_page_has_the_size_of_the_scene() -> None:
    document = pypdfium2.PdfDocument(to_pdf(NESTED))
    assert len(document) == 1
    assert document[0].get_size() == (525, 150)
    assert document.get_metadata_dict()["Title"] == "A tiny scene"
    document.close()


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_looks_like_the_png(scale: float) -> None:
    made = replace(NESTED, sheets=(*NESTED.sheets[:-1], replace(NESTED.sheets[-1], items=NESTED.sheets[-1].items[:3])))
    pdf, png = render(to_pdf(made), scale), Image.open(BytesIO(to_png(made, dpi=96 * scale))).convert("RGB")
    assert pdf.size == png.size
    difference = ImageChops.difference(pdf, png).convert("L")
    assert ImageStat.Stat(difference).mean[0] < 1.5  # of 255: edges are smoothed in two ways
    blank = ImageChops.difference(pdf, Image.new("RGB", pdf.size, "#ffffff")).convert("L")
    assert ImageStat.Stat(blank).mean[0] > 10


def test_text_can_be_copied() -> None:
    words = text_of(to_pdf(scene(text(10, 20, "conv2d_1 × 64 → µ"), text(10, 40, "Größe Ωμέγα Привет"))))
    assert "conv2d_1 × 64 → µ" in words
    assert "Größe Ωμέγα Привет" in words


def test_text_that_the_font_lacks_can_still_be_copied() -> None:
    assert "漢字" in text_of(to_pdf(scene(text(10, 20, "漢字"))))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_drawn(name: str) -> None:
    made = replace(scene(text(10, 50, name), Box(0, 0, 9, 9, 0, "box", key=name, tip=name)), title=name, note=name)
    assert render(to_pdf(made)).size == (200, 100)


def test_brackets_do_not_end_a_string() -> None:
    assert "(a) \\ b)" in text_of(to_pdf(scene(text(10, 50, "(a) \\ b)"))))


def test_shared_sheets_are_written_once() -> None:
    data = to_pdf(NESTED)
    assert data.count(b"/Subtype/Form") == 2
    assert sum(stream.count(b" Do") for stream in streams(data)) == 5
    alone = to_pdf(scene(Place(0, 5, 6, 0.25), below=(PAIR,)))
    assert alone.count(b"/Subtype/Form") == 0
    assert any(b"q 0.25 0 0 0.25 5 6 cm" in stream for stream in streams(alone))


def test_size_grows_with_what_is_different_only() -> None:
    places = tuple(Place(0, 10.0 * n, 0, 0.1) for n in range(100))
    once, often = (len(to_pdf(scene(*places[:n], size=(2000, 100), below=(PAIR,)))) for n in (2, 100))
    assert often < 1.2 * once


@pytest.mark.parametrize(
    ("path", "inside", "outside"),
    [
        ((("M", 20, 50), ("L", 100, 50)), (95, 51), (103, 50)),
        ((("M", 100, 10), ("C", 100, 30, 100, 60, 100, 80)), (101, 75), (100, 83)),
        ((("M", 60, 20), ("C", 60, 30, 60, 60, 60, 60)), (61, 55), (60, 63)),
    ],
)
def test_arrowheads_point_the_way_the_path_arrives(
    path: tuple[tuple[str | float, ...], ...], inside: tuple[int, int], outside: tuple[int, int]
) -> None:
    image = render(to_pdf(scene(Path(path, "wire"))), 4)
    dark, light = (image.getpixel((x * 4, y * 4)) for x, y in (inside, outside))
    assert dark == (0x44, 0x55, 0x66)
    assert light == (255, 255, 255)


def test_a_path_without_length_is_drawn() -> None:
    assert render(to_pdf(scene(Path((("M", 5, 5), ("L", 5, 5)), "wire")))).size == (200, 100)


def test_a_page_longer_than_the_format_allows_counts_in_larger_units() -> None:
    data = to_pdf(Scene((Sheet(300, 60_000, (Box(0, 0, 300, 60_000, 0, "box"),)),), PAINTS, {}, None, "long"))
    assert b"/UserUnit 4" in data
    high = float(re.search(rb"/MediaBox\[0 0 \S+ (\S+)\]", data)[1])  # type: ignore[index]
    assert high * 4 == pytest.approx(60_000 * 0.75)
    assert high <= 14_400


@pytest.mark.parametrize("weight", [400, 600])
def test_the_embedded_font_is_a_sound_subset(weight: int) -> None:
    whole = (FONTS / f"inter-{weight}.ttf").read_bytes()
    kept = {0, *(GLYPHS[char] for char in "Conv2D é")}
    data = subset(whole, kept)
    font, original = TTFont(BytesIO(data)), TTFont(BytesIO(whole))
    assert len(data) < len(whole) / 4
    for glyph, name in enumerate(font.getGlyphOrder()):
        outline = original["glyf"][original.getGlyphName(glyph)]
        expected = outline.getCoordinates(original["glyf"])[0] if glyph in kept else []
        assert list(font["glyf"][name].getCoordinates(font["glyf"])[0]) == list(expected)


def test_equal_scenes_give_equal_bytes() -> None:
    assert to_pdf(NESTED) == to_pdf(replace(NESTED))
    assert to_pdf(NESTED) != to_pdf(replace(NESTED, title="another"))
