"""Charts in the page: of what is on the screen, with marks that fly to what they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cutaway
from tests.browser.conftest import Open
from tests.browser.looking import ROOT, one_file
from tests.browser.test_finding import selected, settled, wait_until
from tests.gallery import hostile

NET = ROOT / "examples" / "resnet50.keras"


def show(page: Any, name: str) -> None:
    """Open the panel with a chart, and wait for its marks."""
    if page.locator(".card.figures").is_hidden():
        page.locator(".drawing").focus()
        page.keyboard.press("g")
    page.select_option(".figures select[aria-label='Chart']", name)
    page.wait_for_selector(".figure svg text")
    page.wait_for_timeout(250)


def title(page: Any) -> str:
    return str(page.locator(".figure svg text").first.text_content())


@pytest.fixture(params=["served", "one file"])
def page(request: pytest.FixtureRequest, open_page: Open, tmp_path: Path) -> Any:
    if request.param == "served":
        return open_page(NET)
    target = tmp_path / "net.html"
    cutaway.plot_model(str(NET), to_file=str(target))
    return open_page(target)


def test_charts_show_the_model_and_the_group_that_is_entered(page: Any) -> None:
    totals = {"parameters": "25.64 M parameters", "macs": "3.858 G MACs", "stages": "3.858 G MACs", "memory": "MB of"}
    for name, words in totals.items():
        show(page, name)
        assert words in title(page)
    show(page, "parameters")
    page.evaluate("cutaway.flyTo('conv4')")
    settled(page)
    wait_until(page, "document.querySelector('.figure svg text').textContent.startsWith('conv4: ')")
    page.select_option(".figures select[aria-label='Of what']", "model")
    wait_until(page, "document.querySelector('.figure svg text').textContent.startsWith('resnet50: ')")


def test_a_mark_is_named_and_flies_to_what_it_stands_for(page: Any) -> None:
    show(page, "parameters")
    mark = page.locator(
        ".figure rect[aria-label^='conv5_block1_0_conv'], .figure rect[aria-label*='/conv5_block1_0_conv']"
    )
    mark.hover()
    words = page.inner_text(".figures .table-status")
    assert "conv5_block1_0_conv" in words
    assert "2.099 M parameters" in words
    mark.click()
    settled(page)
    assert selected(page) == "conv5_block1_0_conv"
    show(page, "roofline")
    page.wait_for_selector(".figure [data-item].chosen", state="attached")


def test_the_keyboard_goes_from_mark_to_mark(page: Any) -> None:
    show(page, "stages")
    page.locator(".figure [data-item][tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    words = page.inner_text(".figures .table-status")
    assert words.split(" · ")[0] == page.evaluate("document.activeElement.getAttribute('aria-label').split(' · ')[0]")
    page.keyboard.press("Enter")
    settled(page)
    assert selected(page)


def test_colours_follow_the_theme(open_page: Open) -> None:
    page = open_page(NET)
    show(page, "stages")
    light = page.locator(".figure svg text").first.get_attribute("fill")
    page.locator(".drawing").focus()
    page.keyboard.press("d")
    wait_until(page, "fill => document.querySelector('.figure svg text').getAttribute('fill') !== fill", light)


def test_a_narrow_page_has_a_narrow_chart(open_page: Open) -> None:
    page = open_page(NET, width=390, height=800)
    show(page, "memory")
    box = page.locator(".figure svg").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_names_of_strangers_stay_text(open_page: Open, tmp_path: Path) -> None:
    page = open_page(one_file(tmp_path, hostile()))
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    for name in ("stages", "memory", "parameters"):
        show(page, name)
        for markup in (".figure b", ".figure script", ".figure img"):
            assert page.locator(markup).count() == 0, markup
    show(page, "memory")
    assert "<script>" in title(page)
