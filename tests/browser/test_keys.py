"""Every shortcut in a real browser, and the page for those who do not see or point."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.looking import RESNET, at_rest, visible

Open = Callable[..., Any]


@pytest.fixture
def page(open_page: Open) -> Any:
    opened = open_page(RESNET)
    opened.locator(".drawing").focus()
    at_rest(opened)
    return opened


def selected(page: Any, name: str) -> None:
    """Wait until that is selected."""
    end = time.monotonic() + 5
    while page.locator(".inspector").is_hidden() or page.inner_text(".inspector h2") != name:
        shown = "" if page.locator(".inspector").is_hidden() else page.inner_text(".inspector h2")
        assert time.monotonic() < end, f"{shown!r} is selected, not {name!r}"
        page.wait_for_timeout(30)


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
        at_rest(page)


def test_arrows_follow_wires_into_the_next_group_and_back(page: Any) -> None:
    press(page, "ArrowRight")
    selected(page, "input_layer")
    press(page, "ArrowRight")
    selected(page, "stem")
    press(page, "ArrowRight")
    selected(page, "conv2")
    press(page, "ArrowLeft", "ArrowLeft")
    selected(page, "input_layer")


def test_enter_goes_in_and_backspace_out(page: Any) -> None:
    press(page, "ArrowRight", "ArrowRight", "Enter")
    selected(page, "conv1_pad")
    assert page.evaluate("cutaway.camera().group") == "stem"
    press(page, "ArrowDown")
    selected(page, "conv1_conv")
    press(page, "ArrowUp")
    selected(page, "conv1_pad")
    press(page, "Backspace")
    selected(page, "stem")
    press(page, "Backspace")
    assert page.locator(".inspector").is_hidden()
    assert page.evaluate("cutaway.camera().group") == ""


def test_an_arrow_leaves_a_group_where_its_wire_does(page: Any) -> None:
    page.evaluate("cutaway.flyTo('pool1_pool')")
    at_rest(page)
    press(page, "ArrowDown")
    selected(page, "conv2")


def test_tab_goes_through_siblings_and_escape_frees_it(page: Any) -> None:
    press(page, "ArrowRight", "Tab")
    selected(page, "stem")
    press(page, "Tab", "Tab")
    selected(page, "conv3")
    press(page, "Shift+Tab")
    selected(page, "conv2")
    press(page, "Escape")
    assert page.locator(".inspector").is_hidden()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") != "drawing"


def test_zoom_keys_and_the_way_home(page: Any) -> None:
    home = page.evaluate("cutaway.camera().scale")
    press(page, "+")
    assert page.evaluate("cutaway.camera().scale") == pytest.approx(home * 1.5, rel=0.01)
    press(page, "-", "-")
    assert page.evaluate("cutaway.camera().scale") == pytest.approx(home / 1.5, rel=0.01)
    press(page, "0")
    assert page.evaluate("cutaway.camera().scale") == pytest.approx(home, rel=1e-6)


def test_f_flies_to_what_is_selected(page: Any) -> None:
    press(page, "ArrowRight", "ArrowRight")
    press(page, "f")
    stem = visible(page)["group stem"]
    drawing = page.locator(".drawing").bounding_box()
    assert stem["height"] > drawing["height"] * 0.8 or stem["width"] > drawing["width"] * 0.8


def test_help_lists_every_key_and_closes_again(page: Any) -> None:
    page.keyboard.press("?")
    page.locator("dialog.help[open]").wait_for()
    keys = page.locator("dialog.help kbd").all_inner_texts()
    assert {"0", "+", "-", "↑", "→", "Tab", "Enter", "Backspace", "Esc", "o", "d", "f", "?", "/"} <= set(keys)
    page.keyboard.press("Escape")
    page.locator("dialog.help[open]").wait_for(state="detached", timeout=5000)


def test_light_and_dark(page: Any) -> None:
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    press(page, "d")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    press(page, "d")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_the_system_s_choice_counts_until_there_is_one(open_page: Open) -> None:
    page = open_page(RESNET, dark=True)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_outline_is_a_tree_that_follows_and_leads(page: Any) -> None:
    press(page, "o")
    rows = page.locator("[role=tree] [role=treeitem].tree-row")
    rows.first.wait_for()
    assert rows.first.get_attribute("aria-level") == "1"
    page.evaluate("cutaway.flyTo('conv3_block2_1_bn')")
    chosen = page.locator(".tree-row.selected")
    chosen.wait_for()
    assert chosen.get_attribute("aria-level") == "4"
    assert "conv3_block2_1_bn" in chosen.inner_text()
    page.locator(".tree").focus()
    press(page, "ArrowDown", "Enter")
    selected(page, "conv3_block2_1_relu")
    page.locator(".tree").focus()
    press(page, "ArrowLeft", "ArrowLeft")
    assert page.locator(".tree-row", has_text="conv3_block2_1_relu").count() == 0
    page.locator(".tree-row", has_text="conv5").first.click()
    selected(page, "conv5")


def test_the_path_shows_where_one_is_and_leads_out(page: Any) -> None:
    page.evaluate("cutaway.flyTo('conv3_block2_1_bn')")
    at_rest(page)
    assert page.locator(".crumb").all_inner_texts() == ["resnet50", "conv3", "block2"]
    page.locator(".crumb", has_text="conv3").click()
    at_rest(page)
    assert page.locator(".crumb").all_inner_texts()[:2] == ["resnet50", "conv3"]
    assert "group conv3/block4" in visible(page)


def test_links_in_the_inspector_fly(page: Any) -> None:
    page.evaluate("cutaway.flyTo('conv3_block2_add')")
    selected(page, "conv3_block2_add")
    links = page.locator(".row-tensor .link").all_inner_texts()
    assert links == ["conv3_block1_out", "conv3_block2_3_bn"]
    page.locator(".row-tensor .link").first.click()
    selected(page, "conv3_block1_out")
    at_rest(page)
    assert "node conv3_block1_out" in visible(page)


def test_screen_readers_get_the_drawing_as_a_tree(page: Any) -> None:
    tree = page.locator("[role=tree][aria-label='What is drawn']")
    things = tree.locator("[role=treeitem]")
    texts = things.all_text_contents()
    assert any(text.startswith("stem") for text in texts)
    assert any(text.startswith("conv5") for text in texts)
    levels = [int(level) for level in things.evaluate_all("all => all.map(one => one.getAttribute('aria-level'))")]
    assert min(levels) == 1
    assert max(levels) >= 2
    things.filter(has_text="GlobalAvgPool2D").first.dispatch_event("click")
    selected(page, "avg_pool")
    assert "avg_pool" in page.text_content("p.unseen[role=status]")


def test_the_small_map_leads(page: Any) -> None:
    box = page.locator(".map").bounding_box()
    press(page, "+", "+", "+")
    page.mouse.click(box["x"] + box["width"] * 0.93, box["y"] + box["height"] * 0.72)
    at_rest(page)
    assert "node predictions" in visible(page)


def test_touch_pinches_and_drags(open_page: Open, browser: Any) -> None:
    page = open_page(RESNET)
    at_rest(page)
    session = page.context.new_cdp_session(page)
    before = page.evaluate("cutaway.camera().scale")

    def touch(kind: str, *points: tuple[float, float]) -> None:
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y, "id": at} for at, (x, y) in enumerate(points)]},
        )

    touch("touchStart", (500, 400), (600, 400))
    for step in range(1, 11):
        touch("touchMove", (500 - 10 * step, 400), (600 + 10 * step, 400))
    touch("touchEnd")
    at_rest(page)
    assert page.evaluate("cutaway.camera().scale") == pytest.approx(before * 3, rel=0.1)
    things = visible(page)
    touch("touchStart", (500, 400))
    for step in range(1, 11):
        touch("touchMove", (500 + 5 * step, 400))
    touch("touchEnd")
    at_rest(page)
    moved = {round(thing["x"] - things[key]["x"], 3) for key, thing in visible(page).items() if key in things}
    assert len(moved) == 1
    assert moved.pop() == pytest.approx(50, abs=6)


def test_a_phone_s_width_has_room_for_the_drawing(open_page: Open) -> None:
    page = open_page(RESNET, width=390, height=780)
    page.evaluate("cutaway.flyTo('conv3')")
    at_rest(page)
    drawing, panel = (page.locator(name).bounding_box() for name in (".drawing", ".inspector"))
    assert drawing["height"] > 300
    assert panel["y"] >= drawing["y"] + drawing["height"] - 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
