"""Looking inside two inputs in a real browser: maps, walking on, comparing, colours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.browser.conftest import ROOT
from tests.browser.looking import at_rest

DIGITS = ROOT / "examples" / "digits.keras"


@contextmanager
def viewing(model: Path, *words: str) -> Iterator[str]:
    """The address of a model that is shown by the command."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cutaway", "view", str(model), *words, "--no-browser"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    yield found.group()
    process.terminate()
    process.wait(timeout=10)
    process.stdout.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("inputs")
    for name, seed in (("one", 1), ("two", 2)):
        np.save(folder / f"{name}.npy", np.random.default_rng(seed).random((2, 28, 28, 1), np.float32))
    with viewing(DIGITS, "--input", str(folder / "one.npy"), "--input", str(folder / "two.npy")) as found:
        yield found


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    problems: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    opened.goto(address)
    opened.wait_for_selector("[data-cutaway=drawn]", timeout=60_000)
    yield opened
    context.close()
    assert problems == []


def says(page: Any, selector: str, words: str) -> None:
    """Wait until something on the page says something."""
    end = time.monotonic() + 10
    while words not in page.inner_text(selector):
        assert time.monotonic() < end, f"{selector} says {page.inner_text(selector)!r}"
        page.wait_for_timeout(30)


def colours(page: Any, cell: int) -> int:
    """How many colours the pictures of a map have."""
    script = """at => {
        const canvas = document.querySelectorAll('.map-cell')[at].querySelector('canvas');
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        return new Set(new Uint32Array(data.buffer)).size;
    }"""
    found: int = page.evaluate(script, cell)
    return found


def test_a_layer_shows_its_maps_of_both_inputs_and_the_arrows_walk_on(page: Any) -> None:
    assert "Choose a layer" in page.inner_text(".card.inside")
    page.evaluate("cutaway.flyTo('block1_conv1')")
    page.wait_for_selector(".map-cell")
    assert page.locator(".map-cell").count() == 16
    assert page.locator(".map-cell").first.locator("canvas").count() == 3
    assert colours(page, 0) > 20
    assert "one.npy" in page.inner_text(".card.inside")
    assert "two.npy" in page.inner_text(".card.inside")
    at_rest(page)
    page.locator(".drawing").focus()
    page.keyboard.press("ArrowDown")
    says(page, ".card.inside", "block1_bn1")
    page.wait_for_selector(".map-cell")


def test_a_map_that_is_clicked_is_shown_large_and_the_example_can_be_chosen(page: Any) -> None:
    page.evaluate("cutaway.flyTo('block1_conv1')")
    page.wait_for_selector(".map-cell")
    before = page.locator(".map-cell").nth(2).get_attribute("title")
    page.locator(".map-cell").nth(2).click()
    page.wait_for_selector(".inside-one canvas")
    assert "Map 2" in page.inner_text(".inside-one")
    page.locator(".slice-controls input").first.fill("1")
    page.wait_for_selector(f".map-cell:nth-child(3):not([title='{before}'])")
    page.evaluate("cutaway.flyTo('block1_bn1')")  # the example stays from layer to layer
    says(page, ".card.inside", "block1_bn1")
    page.wait_for_selector(".map-cell")
    assert page.locator(".slice-controls input").first.input_value() == "1"


def test_vectors_are_bars_with_their_numbers(page: Any) -> None:
    page.evaluate("cutaway.flyTo('digit')")
    page.wait_for_selector(".inside-pictures canvas")
    assert page.locator(".inside-pictures canvas").count() == 3
    page.wait_for_selector(".card.inside .stats")
    assert page.locator(".card.inside .stats").count() == 3
    with page.expect_download() as waiting:
        page.get_by_text("Save as .npy").last.click()
    assert np.load(Path(waiting.value.path())).shape == (2, 10)


def test_the_drawing_is_coloured_by_what_layers_made(page: Any) -> None:
    page.locator(".drawing").focus()
    page.keyboard.press("c")
    page.locator(".card.colour select").first.select_option(label="Output: share of zeros")
    says(page, ".card.colour", "12 of 12 layers")


def test_the_panel_closes_and_opens_by_its_key(page: Any) -> None:
    page.locator(".drawing").focus()
    page.keyboard.press("v")
    assert page.locator(".card.inside").is_hidden()
    page.keyboard.press("v")
    assert page.locator(".card.inside").is_visible()


def test_a_frozen_graph_shows_what_its_operations_made_and_which_it_does_not_tell(browser: Any) -> None:
    model = ROOT / "tests" / "models" / "graph_def" / "nested_while.pbtxt"
    with viewing(model, "--input", "random", "--input", "random") as address:
        context = browser.new_context(viewport={"width": 1200, "height": 800})
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("[data-cutaway=drawn]", timeout=60_000)
        page.wait_for_selector(".card.inside")
        page.evaluate("cutaway.flyTo('Add@2')")
        says(page, ".card.inside", "first − second")
        page.wait_for_selector(".card.inside .stats")
        page.evaluate("cutaway.flyTo('Enter')")
        says(page, ".card.inside", "only what comes out of that is kept")
        context.close()
