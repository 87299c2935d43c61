"""The drawing in a browser: what is drawn is what the graph holds, at every depth; what is clicked is meant."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.drawing.places import to_places
from cutaway.graph import GraphBuilder
from cutaway.readers import read
from cutaway.style.theme import THEMES, mix
from tests.browser.looking import RESNET, at_rest, middle, on_drawing, one_file, pixels, visible
from tests.explorer.hand import arranged_of

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def places() -> dict[str, dict[str, Any]]:
    """Where everything lies according to the drawing code of pictures, by kind and id."""
    arranged = arranged_of(read(RESNET))
    boxes = to_places(arranged.graph, arranged.nested)["boxes"]
    return {f"{box['kind']} {box['id']}": box for box in boxes}


def test_the_first_frame_shows_the_whole_model_where_pictures_have_it(open_page: Open, places: Any) -> None:
    page = open_page(RESNET)
    camera = at_rest(page)
    drawing = page.locator(".drawing").bounding_box()
    shown = visible(page)
    assert len(shown) > 150
    for key, thing in shown.items():
        box = places[key]
        x = drawing["x"] + drawing["width"] / 2 + (box["x"] - camera["x"]) * camera["scale"]
        y = drawing["y"] + drawing["height"] / 2 + (box["y"] - camera["y"]) * camera["scale"]
        assert thing["x"] == pytest.approx(x, abs=0.5), key
        assert thing["y"] == pytest.approx(y, abs=0.5), key
        assert thing["width"] == pytest.approx(box["width"] * camera["scale"], abs=0.5), key
    tops = {key for key, box in places.items() if box["group"] == ""}
    assert tops <= set(shown)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pixels_have_the_colours_of_pictures(open_page: Open, dark: bool) -> None:
    page = open_page(RESNET, dark=dark)
    page.evaluate("cutaway.flyTo('stem')")
    page.keyboard.press("Escape")
    at_rest(page)
    shot = pixels(page)
    families = THEMES["dark" if dark else "light"].families
    expected = {
        "conv1_pad": "shape", "conv1_conv": "convolution", "conv1_bn": "normalization", "conv1_relu": "activation",
        "pool1_pool": "pooling",
    }  # fmt: skip
    shown = visible(page)
    for name, family in expected.items():
        thing = shown[f"node {name}"]
        seen = shot[int(thing["y"] + thing["height"] / 2), int(thing["x"] + thing["width"] * 0.06)]
        fill = [int(families[family][0][at : at + 2], 16) for at in (1, 3, 5)]
        assert np.abs(seen.astype(int) - fill).max() <= 3, (name, seen, fill)
    for name in expected:
        thing = shown[f"node {name}"]
        left, top = int(thing["x"]), int(thing["y"])
        inside = shot[top + 3 : top + int(thing["height"]) - 3, left + 3 : left + int(thing["width"]) - 3]
        assert len(np.unique(inside.reshape(-1, 3), axis=0)) > 20, f"no words can be seen in {name}"


def test_far_groups_are_solid_and_near_ones_show_their_inside(open_page: Open) -> None:
    page = open_page(RESNET, width=300, height=260)
    at_rest(page)
    far = visible(page)
    assert "group conv4/block3" not in far
    light = THEMES["light"]
    thing, shot = far["group conv4"], pixels(page)
    corner = shot[int(thing["y"] + thing["height"] - 5), int(thing["x"] + thing["width"] / 2)]
    solid = mix(light.group_fill, light.group_stroke, 0.2)
    assert np.abs(corner.astype(int) - [int(solid[at : at + 2], 16) for at in (1, 3, 5)]).max() <= 4
    page.set_viewport_size({"width": 1100, "height": 700})
    page.evaluate("cutaway.flyTo('conv4')")
    at_rest(page)
    assert {"group conv4/block3", "node conv4_block3_1_conv"} <= set(visible(page))


def test_hits_at_five_zoom_levels(open_page: Open) -> None:
    page = open_page(RESNET)
    checked = 0
    for target in ("", "conv3", "conv3/block2", "conv3_block2_2_bn", "conv5"):
        if target:
            page.evaluate("id => cutaway.flyTo(id)", target)
        at_rest(page)
        page.keyboard.press("Escape")
        at_rest(page)
        things = [thing for thing in visible(page).values() if thing["kind"] == "node" and thing["height"] > 3]
        for key in [f"node {thing['id']}" for thing in things[:: max(1, len(things) // 3)]]:
            thing = visible(page).get(key)  # a click near the edge has moved the drawing
            if thing is None or not on_drawing(page, *middle(thing)):
                continue
            x, y = middle(thing)
            page.mouse.click(x, y)
            expected = thing["id"]
            for _ in range(60):
                if page.locator(".inspector h2").count() and page.inner_text(".inspector h2") == expected:
                    break
                page.wait_for_timeout(30)
            assert page.inner_text(".inspector h2") == expected
            checked += 1
            page.keyboard.press("Escape")
            page.wait_for_timeout(400)  # the next click is no double click, and the panel has left
            at_rest(page)
    assert checked >= 10


def test_paper_and_borders_of_groups_are_told_apart(open_page: Open) -> None:
    page = open_page(RESNET)
    at_rest(page)
    thing = visible(page)["group conv4"]
    page.mouse.click(thing["x"] + thing["width"] / 2, thing["y"] + 5)
    page.locator(".inspector h2", has_text="conv4").wait_for()
    page.keyboard.press("Escape")
    page.wait_for_timeout(400)
    page.mouse.click(*[thing["x"] - 20, thing["y"] + thing["height"] - 20])
    page.wait_for_timeout(300)
    assert page.locator(".inspector").is_hidden()


def test_wheel_zooms_at_the_pointer_and_back(open_page: Open) -> None:
    page = open_page(RESNET)
    at_rest(page)
    before = visible(page)["node conv4_block2_1_conv"]
    x, y = map(int, middle(before))  # a wheel tells whole px
    page.mouse.move(x, y)
    for _ in range(8):
        page.mouse.wheel(0, -150)
        page.wait_for_timeout(20)
    at_rest(page)
    after = visible(page)["node conv4_block2_1_conv"]
    assert after["width"] > before["width"] * 8
    ratio = after["width"] / before["width"]
    assert (x - after["x"], y - after["y"]) == pytest.approx(
        ((x - before["x"]) * ratio, (y - before["y"]) * ratio), abs=0.1
    )
    for _ in range(8):
        page.mouse.wheel(0, 150)
        page.wait_for_timeout(20)
    at_rest(page)
    back = visible(page)["node conv4_block2_1_conv"]
    assert [back[key] for key in ("x", "y", "width")] == pytest.approx(
        [before[key] for key in ("x", "y", "width")], abs=0.05
    )


def test_a_drag_moves_the_drawing_with_the_pointer(open_page: Open) -> None:
    page = open_page(RESNET)
    at_rest(page)
    before = visible(page)["group conv3"]
    page.mouse.move(600, 500)
    page.mouse.down()
    page.mouse.move(640, 520, steps=4)
    page.mouse.move(690, 460, steps=5)
    page.mouse.up()
    at_rest(page)
    after = visible(page)["group conv3"]
    assert (after["x"] - before["x"], after["y"] - before["y"]) == pytest.approx((90, -40), abs=0.01)
    assert page.locator(".inspector").is_hidden()


def test_pictures_and_overlays_agree_while_the_camera_moves(open_page: Open) -> None:
    """The bitmap is moved at once: in the very next frame its boxes lie where the page says they are."""
    page = open_page(RESNET)
    page.evaluate("cutaway.flyTo('stem')")
    at_rest(page)
    page.keyboard.press("Escape")
    page.mouse.move(700, 480)
    page.mouse.down()
    page.mouse.move(760, 440, steps=3)
    page.wait_for_timeout(20)
    shot, thing = pixels(page), visible(page)["node conv1_conv"]
    page.mouse.up()
    fill = THEMES["light"].families["convolution"][0]
    seen = shot[int(thing["y"] + thing["height"] / 2), int(thing["x"] + thing["width"] * 0.06)].astype(int)
    assert np.abs(seen - [int(fill[at : at + 2], 16) for at in (1, 3, 5)]).max() <= 6


def nested(levels: int) -> Any:
    """Groups in groups: each holds a node before the next group and one behind it."""
    builder = GraphBuilder("deep", "test")
    around, last = 0, builder.node("start", "InputLayer")
    for level in range(levels):
        around = builder.group(f"level{level}", parent=around)
        for name in ("before", "also"):
            node = builder.node(f"{name}{level}", "Dense", group=around)
            builder.connect(last, node)
            last = node
    return builder.build()


def test_forty_levels_deep_everything_is_as_sharp_as_at_the_top(open_page: Open, tmp_path: Path) -> None:
    levels = 40
    page = open_page(one_file(tmp_path, nested(levels)))
    inside = "/".join(f"level{level}" for level in range(levels))
    assert page.evaluate("id => cutaway.flyTo(id)", f"{inside}/before{levels - 1}") is True
    at_rest(page)
    shown = visible(page)
    first, second = (shown[f"node {inside}/{name}{levels - 1}"] for name in ("before", "also"))
    assert first["height"] > 20
    assert first["width"] == pytest.approx(second["width"], rel=1e-9)
    assert second["x"] == pytest.approx(first["x"], abs=1e-6)
    assert second["y"] > first["y"] + first["height"]
    drawing = page.locator(".drawing").bounding_box()
    assert middle(first)[0] == pytest.approx(drawing["x"] + drawing["width"] / 2, abs=1)
    fill = THEMES["light"].families["dense"][0]
    seen = pixels(page)[int(first["y"] + first["height"] / 2), int(first["x"] + first["width"] * 0.06)].astype(int)
    assert np.abs(seen - [int(fill[at : at + 2], 16) for at in (1, 3, 5)]).max() <= 3
    page.keyboard.press("Escape")
    page.keyboard.press("0")
    camera = at_rest(page)
    assert camera["groupIndex"] == 0
    assert "node start" in visible(page)


def test_there_is_no_end_to_zooming(open_page: Open) -> None:
    page = open_page(RESNET)
    at_rest(page)
    x, y = middle(visible(page)["node conv4_block2_1_conv"])
    page.mouse.move(x, y)
    for _ in range(45):
        page.mouse.wheel(0, -240)
    near = at_rest(page)
    assert near["scale"] > 1e8
    assert math.isfinite(near["x"])
    for _ in range(90):
        page.mouse.wheel(0, 240)
    far = at_rest(page)
    assert far["groupIndex"] == 0
    assert far["scale"] < 1e-4
    page.keyboard.press("0")
    at_rest(page)
    assert "node conv4_block2_1_conv" in visible(page)


def test_links_keep_camera_selection_and_theme(open_page: Open) -> None:
    page = open_page(RESNET)
    page.evaluate("cutaway.flyTo('conv4/block5')")
    at_rest(page)
    page.keyboard.press("d")
    at_rest(page)
    link = page.evaluate("location.hash")
    shown = visible(page)
    again = open_page(RESNET, link=link)
    at_rest(again)
    assert again.evaluate("document.documentElement.dataset.theme") == "dark"
    assert again.inner_text(".inspector h2") == "block5"
    key = "node conv4_block5_2_conv"
    there = visible(again)[key]
    assert [there["x"], there["width"]] == pytest.approx([shown[key]["x"], shown[key]["width"]], abs=1)


def test_pins_lead_to_the_far_end(open_page: Open) -> None:
    page = open_page(RESNET)
    page.evaluate("cutaway.flyTo('conv4_block6_2_bn')")
    at_rest(page)
    thing = visible(page)["group conv4/block6"]
    wire = thing["y"] + thing["height"] / 2
    page.mouse.click(thing["x"] + 45, wire - 9)
    page.locator(".inspector h2", has_text="conv4_block5_out").wait_for()
    at_rest(page)
    assert "node conv4_block5_out" in visible(page)
