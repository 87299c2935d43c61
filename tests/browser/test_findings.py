"""Findings in a real browser: their number, the list, the badges, the inspector; served and as one file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cutaway import check
from cutaway.picture import plot_model
from tests.browser.looking import RESNET, at_rest, middle, pixels, visible
from tests.browser.test_finding import wait_until

Open = Callable[..., Any]
BLUE = (37, 99, 235)


def counted(page: Any) -> str:
    wait_until(page, "document.querySelector('.findings-count').textContent !== ''")
    return str(page.inner_text(".findings-count"))


def blue_near(page: Any, thing: dict[str, Any]) -> int:
    """Pixels of a badge of an info around the upper right corner of a box."""
    x, y = int(thing["x"] + thing["width"]), int(thing["y"])
    around = pixels(page)[max(0, y - 12) : y + 16, x - 16 : x + 12].astype(int)
    return int((np.abs(around - np.array(BLUE)).max(axis=2) < 12).sum())


def use(page: Any) -> None:
    """The list, a flight, the badge, and what the inspector says."""
    report = check(RESNET)
    assert counted(page) == str(len(report.findings))
    page.locator(".drawing").focus()
    page.keyboard.press("!")
    page.wait_for_selector(".finding-row")
    assert page.locator(".finding-what").nth(1).inner_text() == report.findings[1].what
    page.locator(".finding-row").nth(1).click()
    at_rest(page)
    first = report.findings[1].where[0]
    assert page.inner_text(".inspector h2") == first
    assert report.findings[1].why in page.inner_text(".inspector .finding")
    assert report.findings[1].do in page.inner_text(".findings-details")
    boxes = visible(page)
    others = {identity for finding in report.findings for identity in finding.where[:1]}
    page.wait_for_timeout(300)
    assert blue_near(page, boxes[f"node {first}"]) > 40
    plain = [thing for name, thing in boxes.items() if thing["kind"] == "node" and thing["height"] > 15
             and thing["id"] not in others and thing["x"] + thing["width"] < 970 and thing["y"] > 60]  # fmt: skip
    assert plain, "a layer without findings is on the screen"
    assert all(blue_near(page, thing) == 0 for thing in plain)


def test_a_served_page_shows_them(open_page: Open) -> None:
    page = open_page(RESNET)
    use(page)
    page.locator(".findings-filters button").nth(2).click()  # infos no more
    at_rest(page)
    page.wait_for_timeout(300)
    assert page.locator(".finding-row:not([hidden])").count() == 0
    assert blue_near(page, visible(page)[f"node {check(RESNET).findings[1].where[0]}"]) == 0


def test_a_page_of_one_file_shows_them(open_page: Open, tmp_path: Path) -> None:
    page = open_page(plot_model(RESNET, None).save(tmp_path / "model.html"))
    use(page)


def test_groups_far_away_carry_them_too(open_page: Open) -> None:
    page = open_page(RESNET)
    counted(page)
    page.locator(".drawing").focus()
    page.keyboard.press("!")
    page.keyboard.press("0")
    at_rest(page)
    page.wait_for_timeout(300)
    groups = [thing for thing in visible(page).values() if thing["kind"] == "group" and 40 < thing["height"] < 150]
    assert groups
    assert any(blue_near(page, thing) > 20 for thing in groups)
    page.mouse.click(*middle(groups[0]))
    wait_until(page, "document.querySelector('.inspector h2') !== null")


def test_the_keyboard_walks_the_list(open_page: Open) -> None:
    page = open_page(RESNET)
    counted(page)
    page.locator(".drawing").focus()
    page.keyboard.press("!")
    wait_until(page, "document.activeElement.className.includes('finding-rows')")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    at_rest(page)
    assert page.inner_text(".inspector h2") == check(RESNET).findings[1].where[0]
    page.keyboard.press("Escape")
    wait_until(page, "document.querySelector('.card.findings').hidden")
