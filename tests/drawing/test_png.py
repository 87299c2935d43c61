"""PNG: the right size, the shipped font only, bounded, and honest about what it leaves out."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from cutaway.drawing.png import left_out, to_png
from cutaway.drawing.scene import Box, Path, Place
from cutaway.errors import OptionError
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
def test_size(options: dict[str, int], size: tuple[int, int]) -> None:
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
    "options", [{"dpi": 20_000}, {"width": 200_000}, {"dpi": 0}, {"dpi": float("nan")}, {"width": 0}]
)
def test_refuses_impossible_sizes(options: dict[str, float]) -> None:
    with pytest.raises(OptionError, match=r"dpi="):
        to_png(NESTED, **options)  # type: ignore[arg-type]


def test_the_largest_size_it_names_is_possible() -> None:
    with pytest.raises(OptionError, match=r"at most dpi=\d+ or width=\d+") as refused:
        to_png(scene(size=(700, 2)), dpi=100_000)
    assert "dpi=4493" in str(refused.value)
    assert image_of(to_png(scene(size=(700, 2)), dpi=4493)).width <= 32_767


def test_equal_scenes_give_equal_bytes() -> None:
    assert to_png(NESTED) == to_png(NESTED)
