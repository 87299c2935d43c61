"""SVG: well formed whatever the names, shared where it can be, itself in every page."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path as FilePath
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from cutaway.drawing.ink import fine_number, number
from cutaway.drawing.png import to_png
from cutaway.drawing.scene import Box, Path, Place, Scene, Sheet
from cutaway.drawing.svg import escape, to_flat_svg, to_svg
from tests.drawing.scenes import HOSTILE, NESTED, PAINTS, PAIR, scene, text

SVG = "{http://www.w3.org/2000/svg}"


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg.encode("utf-8"))


def all_of(root: ElementTree.Element, tag: str) -> list[ElementTree.Element]:
    return list(root.iter(SVG + tag))


def drawn(root: ElementTree.Element, tag: str) -> int:
    """How many elements a viewer draws, references followed."""
    by_id = {element.get("id"): element for element in root.iter() if element.get("id")}

    def count(element: ElementTree.Element) -> int:
        if element.tag == SVG + "defs":
            return 0
        inner = sum(count(child) for child in element)
        if element.tag == SVG + "use":
            inner += count(by_id[(element.get("href") or "")[1:]])
        return inner + (element.tag == SVG + tag)

    return count(root)


def test_a_shared_sheet_is_written_once_and_drawn_everywhere() -> None:
    root = parse(to_svg(NESTED))
    boxes = [item for item, *_ in NESTED.flat() if isinstance(item, Box)]
    assert drawn(root, "rect") == len(boxes) + 1  # and the background
    assert len([rect for rect in all_of(root, "rect") if rect.get("data-key") == "net/first"]) == 1


def test_a_sheet_used_once_stands_where_it_is_shown() -> None:
    root = parse(to_svg(scene(Place(0, 5, 6, 0.25), below=(PAIR,))))
    assert all_of(root, "use") == []
    assert [group.get("transform") for group in all_of(root, "g")] == ["translate(5 6)scale(0.25)"]


def test_places_carry_their_transform() -> None:
    root = parse(to_svg(NESTED))
    transforms = {use.get("transform") for use in all_of(root, "use")}
    assert transforms == {
        "translate(20 20)", "translate(340 20)", "translate(20 180)scale(0.04)", "translate(10 20)",
        "translate(160 20)scale(0.5)",
    }  # fmt: skip


def test_flat_svg_leaves_out_what_is_too_small() -> None:
    full, flat = parse(to_flat_svg(NESTED, smallest=0)), parse(to_flat_svg(NESTED, smallest=5))
    expected = [item for item, *_ in NESTED.flat(5) if isinstance(item, Box)]
    assert all_of(flat, "use") == []
    assert len(all_of(flat, "rect")) == len(expected) + 1
    assert len(all_of(full, "rect")) == len(expected) + 3


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("draw", [to_svg, lambda made: to_flat_svg(made, smallest=0)])
def test_hostile_names_stay_text(name: str, draw) -> None:  # type: ignore[no-untyped-def]
    made = replace(scene(Box(0, 0, 9, 9, 0, "box", key=name, tip=name), text(0, 9, name)), title=name, note=name)
    root = parse(draw(made))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "desc", "style", "defs", "rect", "text",
    }  # fmt: skip
    kept = "".join(c for c in name if c in "\t\n" or (c >= " " and c not in "\x7f\ud800\uffff"))
    box = all_of(root, "rect")[1]
    assert (box.get("data-key") or "") == kept.replace("\n", " ")  # as XML reads a line end in an attribute
    assert (root.findtext(SVG + "title") or "") == kept
    if draw is to_svg:
        assert (all_of(root, "text")[0].text or "") == kept


@given(st.text())
def test_escaped_text_is_read_back_by_an_xml_parser(content: str) -> None:
    element = ElementTree.fromstring(f"<t>{escape(content)}</t>".encode())
    legal = re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "", content)
    assert (element.text or "") == legal


def test_font_is_as_small_as_the_text_allows() -> None:
    plain, accents = scene(text(0, 9, "conv × 2")), scene(text(0, 9, "Größe"))
    assert to_svg(plain).count("@font-face") == 1
    assert len(to_svg(plain)) < 10_000 < 25_000 < len(to_svg(accents))
    assert to_svg(scene(text(0, 9, "a"), text(0, 9, "b", "op"))).count("@font-face") == 2
    assert "@font-face" not in to_svg(plain, embed_font=False)


def test_text_in_a_foreign_font_keeps_to_its_measured_width() -> None:
    root = parse(to_svg(scene(text(0, 9, "漢字"), text(0, 20, "plain"))))
    assert [(element.get("textLength"), element.text) for element in all_of(root, "text")] == [
        ("20", "漢字"),
        (None, "plain"),
    ]


def test_tips_and_keys_are_on_the_box() -> None:
    (box,) = [rect for rect in all_of(parse(to_svg(scene(*PAIR.items))), "rect") if rect.get("data-key") == "net/first"]
    assert box.findtext(SVG + "title") == "first: (None, 8)"


def test_a_screen_reader_gets_the_title_and_the_note() -> None:
    root = parse(to_svg(scene(note="3 groups left out")))
    assert (root.get("role"), root.get("aria-label")) == ("img", "A tiny scene")
    assert root.findtext(SVG + "desc") == "3 groups left out"


def test_only_what_is_used_has_a_rule() -> None:
    style = parse(to_svg(scene(Box(0, 0, 9, 9, 0, "box")))).findtext(SVG + "style") or ""
    assert ".p-box{" in style
    assert "wire" not in style
    assert "font-family" not in style


def test_an_arrow_ends_at_the_end_of_its_path() -> None:
    root = parse(to_svg(scene(Path((("M", 0, 0), ("L", 50, 0)), "wire"))))
    (marker,) = all_of(root, "marker")
    assert marker.get("markerUnits") == "userSpaceOnUse"
    assert marker.get("refX") == marker.get("markerWidth")  # the tip
    assert f"marker-end:url(#{marker.get('id')})" in (root.findtext(SVG + "style") or "")


def test_two_pictures_in_one_page_do_not_touch_each_other() -> None:
    dark = replace(NESTED, paints={**PAINTS, "box": replace(PAINTS["box"], fill="#000000")})
    first, second = parse(to_svg(NESTED)), parse(to_svg(dark))
    ids = [{element.get("id") for element in root.iter() if element.get("id")} for root in (first, second)]
    assert ids[0].isdisjoint(ids[1])
    for root in (first, second):
        rules = re.findall(r"^\.(\w+) ", root.findtext(SVG + "style") or "", re.MULTILINE)
        assert set(rules) == {root.get("class")} == {root.get("id")}


def test_shared_sheets_carry_the_class_that_their_rules_ask_for() -> None:
    root = parse(to_svg(NESTED))
    referred = {use.get("href") for use in all_of(root, "use")}
    shared = [group for group in all_of(root, "g") if f"#{group.get('id')}" in referred]
    assert len(shared) == len(referred) == 2
    assert {group.get("class") for group in shared} == {root.get("class")}


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here to draw the SVG with (Debian: chromium)")
def test_a_browser_draws_what_the_png_shows(tmp_path: FilePath) -> None:
    made = replace(NESTED, sheets=(*NESTED.sheets[:-1], replace(NESTED.sheets[-1], items=NESTED.sheets[-1].items[:3])))
    (tmp_path / "scene.svg").write_text(to_svg(made), encoding="utf-8")
    shot = tmp_path / "shot.png"
    subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
            f"--user-data-dir={tmp_path / 'profile'}", "--window-size=700,200", f"--screenshot={shot}",
            (tmp_path / "scene.svg").as_uri(),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    browser = Image.open(shot).convert("RGB")
    ours = Image.open(BytesIO(to_png(made))).convert("RGB")
    assert browser.size == ours.size
    assert ImageStat.Stat(ImageChops.difference(browser, ours).convert("L")).mean[0] < 1.5  # of 255


def test_equal_scenes_give_equal_bytes() -> None:
    assert to_svg(NESTED) == to_svg(replace(NESTED))


def test_very_deep_nesting_is_drawn() -> None:
    sheets = [Sheet(100, 100, (Box(0, 0, 99, 99, 0, "box"),))]
    sheets += [Sheet(100, 100, (Place(depth, 1, 1, 0.99),)) for depth in range(3_000)]
    svg = to_svg(Scene(tuple(sheets), PAINTS, {}, None, "deep"))
    assert svg.count("<g transform") == svg.count("</g>") == 3_000


@pytest.mark.parametrize(
    ("value", "written"), [(1.0, "1"), (0.04, "0"), (-0.04, "0"), (-1.26, "-1.3"), (1e6, "1000000"), (100.0, "100")]
)
def test_number(value: float, written: str) -> None:
    assert number(value) == written


@pytest.mark.parametrize(("value", "written"), [(1.0, "1"), (0.14286, "0.1429"), (0.00001, "0"), (0.5, "0.5")])
def test_fine_number(value: float, written: str) -> None:
    assert fine_number(value) == written
