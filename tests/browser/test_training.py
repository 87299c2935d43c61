"""The training view in a real browser: what it shows is what was logged, also while that grows."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.training.event_writer import EventWriter
from tests.training_view.logs import two_runs, write_run

EVIL = '<img src=x onerror="document.title=1">'


@pytest.fixture
def open_logs(browser: Any, serve: Callable[[Path], str]) -> Iterator[Callable[..., Any]]:
    """Opens a folder of logs; any error in the page fails the test."""
    contexts: list[Any] = []
    problems: list[str] = []

    def open_(folder: Path, link: str = "", *, width: int = 1200, wait: str = "[data-painted]") -> Any:
        context = browser.new_context(viewport={"width": width, "height": 800}, accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        page.goto(serve(folder) + link)
        page.wait_for_selector(wait, timeout=20_000)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not problems


def chart(page: Any, name: str) -> Any:
    return page.locator(f'article[aria-label="{name}"]')


def points(page: Any, name: str) -> int:
    return int(chart(page, name).get_attribute("data-points") or 0)


def drawn(page: Any, name: str) -> int:
    return int(chart(page, name).get_attribute("data-drawn") or 0)


def until(page: Any, look: Callable[[], bool]) -> None:
    for _ in range(400):
        if look():
            return
        page.wait_for_timeout(25)
    raise AssertionError("it never came")


def test_values_under_the_pointer_are_those_that_were_logged(tmp_path: Path, open_logs: Callable[..., Any]) -> None:
    made = two_runs(tmp_path, 300)
    page = open_logs(tmp_path)
    until(page, lambda: points(page, "loss") == 900)
    page.locator("canvas").nth(2).scroll_into_view_if_needed()
    box = chart(page, "loss").locator("canvas").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    rows = page.locator(".values tr:has(td)")
    assert rows.count() == 3
    for row in rows.all():
        _, run, smooth, value, step, _ = row.locator("td").all_text_contents()
        at = int(step)
        assert 100 < at < 200
        assert float(value.replace("−", "-")) == pytest.approx(made[run][at], rel=1e-6)
        assert smooth != value


def test_a_zoom_refines_to_all_points_and_its_address_shows_it_again(
    tmp_path: Path, open_logs: Callable[..., Any]
) -> None:
    write_run(tmp_path / "run", {"loss": np.random.default_rng(1).normal(size=20_000)})
    page = open_logs(tmp_path)
    until(page, lambda: points(page, "loss") == 20_000)
    assert drawn(page, "loss") < 4_000
    box = chart(page, "loss").locator("canvas").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 20, box["y"] + 62, steps=4)
    page.mouse.up()
    until(page, lambda: points(page, "loss") < 2_000)
    low, high = map(float, re.findall(r"zoom=([\d.]+?)\.\.([\d.]+?)%3A", page.evaluate("location.hash"))[0])
    inside = int(np.floor(high)) - int(np.ceil(low)) + 1
    assert points(page, "loss") == inside
    assert drawn(page, "loss") == inside + 2  # one on either side, to which the line runs
    again = open_logs(tmp_path, page.evaluate("location.hash"))
    until(again, lambda: points(again, "loss") == inside)
    chart(page, "loss").locator("canvas").first.dblclick()
    until(page, lambda: points(page, "loss") == 20_000)


def test_a_new_value_comes_by_itself(tmp_path: Path, open_logs: Callable[..., Any]) -> None:
    write_run(tmp_path / "run", {"loss": np.ones(5)})
    page = open_logs(tmp_path)
    with EventWriter(tmp_path / "late") as writer:
        for step in range(4):
            writer.scalars({"loss": 0.5, "extra": 1.0}, step)
            until(page, functools.partial(_has, page, 5 + step + 1))
    until(page, lambda: chart(page, "extra").count() == 1)
    assert page.locator(".run-row").count() == 2


def _has(page: Any, count: int) -> bool:
    return points(page, "loss") == count


def test_hostile_names_stay_text(tmp_path: Path, open_logs: Callable[..., Any]) -> None:
    write_run(tmp_path / "<b>run", {EVIL: np.ones(5), "<script>alert(1)</script>": np.ones(5)})
    page = open_logs(tmp_path)
    page.locator("canvas").first.hover()
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    assert page.locator("b").count() == 0
    assert chart(page, json.dumps(EVIL)[1:-1]).count() == 1
    assert "onerror" not in page.title()


def test_runs_are_hidden_and_filtered_by_keyboard_and_regular_expression(
    tmp_path: Path, open_logs: Callable[..., Any]
) -> None:
    two_runs(tmp_path, 50)
    page = open_logs(tmp_path)
    until(page, lambda: points(page, "loss") == 150)
    page.get_by_role("checkbox", name="second").focus()
    page.keyboard.press("Space")
    until(page, lambda: points(page, "loss") == 100)
    page.get_by_label("Filter runs by name").fill("train$")
    until(page, lambda: points(page, "loss") == 50)
    assert page.locator(".run-row").count() == 1
    page.get_by_label("Filter charts by name").fill("acc")
    until(page, lambda: chart(page, "loss").count() == 0)
    assert chart(page, "accuracy").count() == 1
    assert "runs=train%24" in page.evaluate("location.hash")
