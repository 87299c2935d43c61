"""PNG: the right size, the shipped font only, bounded, and honest about what it leaves out."""

from __future__ import annotations

import inspect
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cutaway.drawing import png
from cutaway.drawing.png import DEFAULT_DPI, boxed_texts, check_dpi, left_out, to_png
from cutaway.drawing.scene import Box, Font, Paint, Path, Place, Scene, Sheet, Text
from cutaway.drawing.svg import to_flat_svg
from cutaway.errors import OptionError
from cutaway.formats import render
from cutaway.picture import Picture, plot_model
from tests.drawing.scenes import HOSTILE, NESTED, PAIR, scene, text


def image_of(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data)).convert("RGB")


def dark_columns(image: Image.Image) -> tuple[int, int]:
    """First and last column that hold something other than background."""
    box = Image.eval(image.convert("L"), lambda value: 255 if value < 200 else 0).getbbox()
    assert box is not None
    return box[0], box[2]


@pytest.mark.parametrize(
    ("options", "size"), [({}, (700, 200)), ({"dpi": 192}, (1400, 400)), ({"width": 350}, (350, 100))]
)
def test_size(options: dict[str, Any], size: tuple[int, int]) -> None:
    assert image_of(to_png(NESTED, **options)).size == size


def test_boxes_have_their_place_and_colour() -> None:
    image = image_of(to_png(scene(Box(10, 20, 50, 40, 0, "box"), Place(0, 100, 0, 0.5), below=(PAIR,))))
    assert image.getpixel((35, 40)) == (0xCF, 0xE0, 0xF5)
    assert image.getpixel((5, 40)) == (255, 255, 255)
    assert image.getpixel((108, 8)) == (0xCF, 0xE0, 0xF5)  # inside the pair at half its size


@pytest.mark.parametrize(("font", "left", "right"), [("name", 100, 198), ("end", 2, 100), ("op", 30, 170)])
def test_text_is_as_wide_as_measured(font: str, left: int, right: int) -> None:
    item = text(100, 50, "block4a_expand_conv2d"[:18], font)
    first, last = dark_columns(image_of(to_png(scene(item))))
    assert left <= first < last <= right
    assert last - first == pytest.approx(item.width, abs=3)


def test_spaces_are_kept() -> None:
    item = text(10, 50, "a          b")
    first, last = dark_columns(image_of(to_png(scene(item))))
    assert last - first == pytest.approx(item.width, abs=3)


def test_an_arrowhead_is_wider_than_its_line() -> None:
    image = image_of(to_png(scene(Path((("M", 20, 50), ("L", 100, 50)), "wire")), dpi=384)).convert("L")
    thickness = [sum(image.getpixel((x * 4, y)) < 128 for y in range(400)) for x in (60, 95)]  # type: ignore[operator]
    assert thickness[1] > 2 * thickness[0] > 0


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_drawn(name: str) -> None:
    assert image_of(to_png(scene(text(0, 50, name)))).size == (200, 100)


def test_what_the_font_lacks_is_an_empty_box_of_the_same_width() -> None:
    item = text(10, 50, "漢漢漢漢")
    first, last = dark_columns(image_of(to_png(scene(item))))
    assert last - first == pytest.approx(item.width, abs=3)


def test_says_what_it_leaves_out() -> None:
    assert left_out(NESTED, 1.0).startswith("The inside of 1 group,")
    assert left_out(NESTED, 2.0) == ""
    assert left_out(NESTED, 0.06).startswith("The insides of 3 groups,")
    data = Image.open(BytesIO(to_png(NESTED)))
    assert data.text["Description"] == left_out(NESTED, 1.0)  # type: ignore[attr-defined]
    assert data.text["Title"] == "A tiny scene"  # type: ignore[attr-defined]
    assert data.info["dpi"][0] == pytest.approx(96, abs=0.1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dpi": 20_000}, r"at most dpi=\d+ \(--dpi \d+\) fits"),
        ({"dpi": 1e308}, "at most dpi="),
        ({"width": 200_000}, r"at most width=\d+ fits"),
        ({"width": 0}, "width must be 1 pixel or more"),
        ({"width": 3}, "at least 1 pixel a side"),
        ({"dpi": 1e-9}, "at least 1 pixel a side"),
    ],
)
def test_refuses_impossible_sizes(options: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        to_png(NESTED, **options)


@pytest.mark.parametrize("dpi", [0, -1, float("nan"), float("inf"), 10**400, True, "200", [96], 1j])
def test_a_resolution_is_a_positive_number(dpi: Any) -> None:
    with pytest.raises(OptionError, match="dpi must be a positive number"):
        to_png(NESTED, dpi=dpi)
    with pytest.raises(OptionError, match="dpi must be a positive number"):
        plot_model("none.keras", None, dpi=dpi)


def test_resolutions_of_every_kind_of_number() -> None:
    assert check_dpi(None) == 96.0
    given = (1, 0.5, Fraction(1, 4), np.float32(72), np.int64(300))
    assert [check_dpi(dpi) for dpi in given] == [1, 0.5, 0.25, 72, 300]


def test_the_default_is_lowered_to_what_fits() -> None:
    wide = scene(size=(100_000, 100))
    picture = Picture(None, None, wide, None, None, 200.0)  # type: ignore[arg-type]
    image = Image.open(BytesIO(render(picture, "png")))
    assert image.size == (round(100_000 * 31 / 96), round(100 * 31 / 96))
    assert image.info["dpi"][0] == pytest.approx(31, abs=0.1)
    assert image.text["Description"].startswith("Drawn with 31 dpi: with 200 the bitmap")  # type: ignore[attr-defined]
    with pytest.raises(OptionError, match="at most dpi=31 "):
        to_png(wide, dpi=32, may_lower=False)
    with pytest.raises(OptionError, match="at most dpi=31 "):
        render(replace(picture, dpi=201.0), "png")
    assert to_png(NESTED, dpi=200, may_lower=True) == to_png(NESTED, dpi=200)


def test_the_default_of_plot_model_is_the_one_that_may_be_lowered() -> None:
    assert inspect.signature(plot_model).parameters["dpi"].default == DEFAULT_DPI


def test_a_picture_too_thin_for_any_bitmap_is_refused() -> None:
    with pytest.raises(OptionError, match="or svg or pdf"):
        to_png(scene(size=(10_000_000, 10)), dpi=200, may_lower=True)


def test_says_how_many_texts_the_font_lacks() -> None:
    assert boxed_texts(scene(text(0, 0, "plain ↵ \ue000"))) == ""
    assert boxed_texts(scene(text(0, 0, "漢"), text(0, 9, "漢"))).startswith("1 text holds characters")
    made = scene(text(0, 0, "漢"), Place(0, 0, 0, 1.0), below=(Sheet(9, 9, (text(0, 0, "字"),)),))
    data = Image.open(BytesIO(to_png(made)))
    assert data.text["Description"] == boxed_texts(made)  # type: ignore[attr-defined]
    assert boxed_texts(made).startswith("2 texts hold characters")


def test_the_largest_size_it_names_is_possible() -> None:
    with pytest.raises(OptionError, match=r"at most dpi=4493 ") as refused:
        to_png(scene(size=(700, 2)), dpi=100_000)
    assert "width=" not in str(refused.value)
    assert image_of(to_png(scene(size=(700, 2)), dpi=4493)).width <= 32_767


def test_equal_scenes_give_equal_bytes() -> None:
    assert to_png(NESTED) == to_png(NESTED)


def test_words_that_would_be_dust_are_left_out_and_nothing_else_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Far away a sheet has its boxes and lines; the bitmap with the dust differs from that only by a breath of grey."""
    pytest.importorskip("resvg_py")
    paints = {"box": Paint(fill="#ffffff", stroke="#000000"), "wire": Paint(stroke="#000000", arrow=True)}
    fonts = {"name": Font(12.0, 400, "#000000")}
    inner = Sheet(
        400.0, 400.0,
        (Box(40.0, 40.0, 320.0, 120.0, 0.0, "box"), Text(60.0, 100.0, "a name that nobody can read", "name", 160.0),
         Path((("M", 200.0, 160.0), ("L", 200.0, 380.0)), "wire")),
    )  # fmt: skip
    far_away = Scene((inner, Sheet(100.0, 100.0, (Place(0, 0.0, 0.0, 0.12),))), paints, fonts, "#ffffff", "far away")
    far = to_flat_svg(far_away, smallest=0.0, coarse=png.COARSE)
    assert "<text" not in far
    assert "marker-end:url" not in far
    assert far.count("<rect") == to_flat_svg(far_away, smallest=0.0).count("<rect")
    assert "<text" in to_flat_svg(far_away, smallest=0.0, coarse=0.1)
    drawn = np.asarray(Image.open(BytesIO(to_png(far_away))).convert("L"), dtype=int)
    monkeypatch.setattr(png, "COARSE", 0.0)
    dusty = np.asarray(Image.open(BytesIO(to_png(far_away))).convert("L"), dtype=int)
    assert drawn.shape == dusty.shape
    assert np.abs(drawn - dusty).mean() < 2
    assert drawn.min() < 240, "the box is there"


def test_a_bitmap_of_very_many_things_is_bounded_and_says_what_it_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    leaf = Sheet(10.0, 10.0, tuple(Box(1.0, 1.0, 8.0, 8.0, 0.0, "box") for _ in range(20)))
    middle = Sheet(100.0, 100.0, tuple(Place(0, 10.0 * at, 0.0, 1.0) for at in range(10)))
    page = Sheet(1000.0, 100.0, tuple(Place(1, 100.0 * at, 0.0, 1.0) for at in range(10)))
    many = Scene((leaf, middle, page), {"box": Paint(fill="#336699")}, {}, None, "many")
    assert png.left_out(many, 1.0) == ""
    monkeypatch.setattr(png, "MOST_ITEMS", 500)
    assert png.smallest_sheet(many, 1.0) > 10.0
    assert "100 groups" in png.left_out(many, 1.0)
    assert to_flat_svg(many, smallest=png.smallest_sheet(many, 1.0)).count("<rect") <= 500
