"""A table that is laid over a model before the page is made: the page begins with it, in one file and served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cutaway
from tests.browser.test_finding import DIGITS, choose, wait_until

Open = Callable[..., Any]

TABLE = [
    {"layer": "stem", "time_ms": 3.5, "device": "gpu"},
    {"layer": "logits", "time_ms": 0.25, "device": "<img src=x onerror=alert(1)>"},
]


@pytest.fixture
def one_file(tmp_path: Path) -> Path:
    names = cutaway.read(DIGITS).names
    rows = [{**row, "layer": name} for row, name in zip(TABLE, (names[1], names[-1]), strict=True)]
    path = tmp_path / "x.html"
    cutaway.plot_model(DIGITS, path, overlay=rows)
    return path


@pytest.mark.parametrize(("width", "dark"), [(1200, False), (390, True)])
def test_the_page_of_one_file_begins_with_the_colours(open_page: Open, one_file: Path, width: int, dark: bool) -> None:
    page = open_page(one_file, width=width, dark=dark)
    wait_until(page, "location.hash.includes('colour=overlay')")
    page.locator(".drawing").focus()
    page.keyboard.press("c")
    wait_until(page, "document.querySelector('.legend-status')?.textContent.startsWith('2 of ')")
    assert page.locator(".legend-by option:checked").inner_text() == "time_ms (values)"


def test_the_other_columns_can_be_chosen_and_their_texts_stay_texts(open_page: Open, one_file: Path) -> None:
    page = open_page(one_file)
    wait_until(page, "location.hash.includes('colour=overlay')")
    choose(page, "device (values)")
    wait_until(page, "document.querySelector('.card.colour').textContent.includes('onerror=alert(1)')")
    assert page.locator(".card.colour img").count() == 0


def test_a_served_page_begins_with_the_colours(open_page: Open, browser: Any) -> None:
    shown = cutaway.show(DIGITS, overlay={cutaway.read(DIGITS).names[1]: 2.0}, rollup="max")
    try:
        page = browser.new_context().new_page()
        page.goto(shown.url)
        page.wait_for_selector("[data-cutaway=drawn]", timeout=60_000)
        wait_until(page, "location.hash.includes('colour=overlay')")
        page.context.close()
    finally:
        shown.close()
