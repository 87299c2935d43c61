"""Random scenes: every renderer draws every item of every scene, and no text breaks a file."""

from __future__ import annotations

import re
import zlib
from io import BytesIO
from xml.etree import ElementTree

import pypdfium2
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cutaway.drawing.pdf import to_pdf
from cutaway.drawing.png import to_png
from cutaway.drawing.scene import Box, Item, Path, Place, Scene, Sheet, Text
from cutaway.drawing.svg import to_flat_svg, to_svg
from tests.drawing.scenes import FONTS, PAINTS, text

LENGTH = st.floats(0, 200).map(lambda value: round(value, 2))
POINT = st.tuples(LENGTH, LENGTH)
BOXES = st.builds(
    Box, LENGTH, LENGTH, LENGTH, LENGTH, st.floats(0, 20), st.sampled_from(["box", "odd name<"]), st.text(max_size=5),
    st.text(max_size=5),
)  # fmt: skip
TEXTS = st.builds(text, LENGTH, LENGTH, st.text(max_size=12), st.sampled_from(sorted(FONTS)))
PATHS = st.lists(POINT, min_size=2, max_size=4).map(
    lambda points: Path((("M", *points[0]), *(("L", *point) for point in points[1:])), "wire")
)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    sheets: list[Sheet] = []
    for _ in range(draw(st.integers(1, 4))):
        items: list[Item] = draw(st.lists(BOXES | TEXTS | PATHS, max_size=4))
        if sheets:
            places = st.builds(Place, st.integers(0, len(sheets) - 1), LENGTH, LENGTH, st.floats(0.05, 1))
            items += draw(st.lists(places, max_size=3))
        sheets.append(Sheet(200, 100, tuple(draw(st.permutations(items)))))
    return Scene(tuple(sheets), PAINTS, FONTS, "#ffffff", draw(st.text(max_size=5)), draw(st.text(max_size=5)))


def count(scene: Scene, kind: type, smallest: float = 0.0) -> int:
    return sum(isinstance(item, kind) for item, *_ in scene.flat(smallest))


@settings(max_examples=60)
@given(scenes())
def test_svg_holds_every_item(scene: Scene) -> None:
    ElementTree.fromstring(to_svg(scene).encode())
    root = ElementTree.fromstring(to_flat_svg(scene, smallest=10).encode())
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert tags.count("rect") == count(scene, Box, 10) + 1
    assert tags.count("text") == count(scene, Text, 10)
    assert tags.count("path") - tags.count("marker") == count(scene, Path, 10)


@settings(max_examples=40)
@given(scenes())
def test_pdf_is_read_by_another_program(scene: Scene) -> None:
    data = to_pdf(scene)
    document = pypdfium2.PdfDocument(data)
    assert document[0].render(scale=0.2).to_pil().size[0] > 0
    document.close()
    packed = re.findall(rb"stream\n(.*?)\nendstream", data, re.DOTALL)
    for content in map(zlib.decompress, packed):
        words = content.split()
        assert words.count(b"q") == words.count(b"Q") or not content.isascii()


@settings(max_examples=20)
@given(scenes())
def test_png_is_drawn(scene: Scene) -> None:
    assert Image.open(BytesIO(to_png(scene, dpi=48))).size == (100, 50)
