"""Two models from a server: values of weights, a table laid over the new one, permalinks, and files that change."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import pytest

import cutaway
from cutaway.explorer.opening import file_session
from cutaway.overlays.overlay import overlay_on
from tests.analysis.pair_of_models import CHANGED, pair_of_models, write
from tests.browser.looking import ROOT, at_rest, pixels
from tests.browser.test_compare import rows, until
from tests.explorer.client import serve

DIGITS = ROOT / "examples" / "digits.keras"
Open = Callable[..., Any]


@contextmanager
def served(browser: Any, new: Path, old: Path, **how: Any) -> Iterator[tuple[Any, str]]:
    """The page of two models, and its address."""
    listening, thread = serve(file_session(str(new), compare=str(old), **how))
    context = browser.new_context(viewport={"width": 1300, "height": 850})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(listening.url)
    ready(page)
    yield page, listening.url
    context.close()
    listening.end()
    thread.join(10)
    assert problems == []


def ready(page: Any) -> None:
    page.wait_for_selector("[data-cutaway=drawn]", timeout=60_000)
    page.wait_for_selector(".change-row, .change-same", state="attached")


def with_one_value_changed(target: Path) -> str:
    """A copy of a model in which one value of a kernel is greater by a quarter; returns the id of the layer."""
    with zipfile.ZipFile(DIGITS) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    held = io.BytesIO(members["model.weights.h5"])
    with h5py.File(held, "r+") as file:
        kernel = file["layers/conv2d/vars/0"]
        values = kernel[...]
        values.reshape(-1)[3] += 0.25
        kernel[...] = values
    members["model.weights.h5"] = held.getvalue()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    graph = cutaway.read(DIGITS)
    return next(graph.ids[node] for node in range(len(graph)) if graph.op(node) == "Conv2D")


def test_the_inspector_tells_how_far_the_values_of_weights_are_apart(browser: Any, tmp_path: Path) -> None:
    first = with_one_value_changed(tmp_path / "new.keras")
    with served(browser, tmp_path / "new.keras", DIGITS) as (page, _):
        page.evaluate("id => cutaway.flyTo(id)", first)
        page.wait_for_selector(".change-weights:not([hidden])")
        words = page.locator(".change-weights").inner_text()
        assert "0.25 (1 of " in words
        assert "none: all the same" in words  # of its bias
        assert [word in words for word in ("mean", "deviation", "least", "greatest")] == [True] * 4


@pytest.mark.parametrize("width", [1300, 400])
def test_an_address_keeps_that_both_stand_side_by_side(browser: Any, tmp_path: Path, width: int) -> None:
    old, new = pair_of_models(tmp_path)
    with served(browser, new, old) as (page, url):
        page.set_viewport_size({"width": width, "height": 850})
        page.keyboard.press("s")
        until(page, "window.cutaway.sides !== undefined && location.hash.includes('models=beside')")
        at_rest(page)
        page.keyboard.press("]")
        until(page, "location.hash.includes('select=')")
        link = page.evaluate("location.hash")
        page.goto("about:blank")
        page.goto(url + link)
        ready(page)
        until(page, "window.cutaway.sides !== undefined")
        until(page, "document.querySelectorAll('.pair .change-row[aria-selected=true]').length === 1")
        page.keyboard.press("s")
        until(page, "document.querySelector('.pair') === null && !location.hash.includes('models=')")
        assert page.evaluate("window.cutaway.sides") is None


def fill(page: Any, side: str, name: str) -> tuple[int, ...]:
    """The colour of a node near its right edge."""
    box = page.evaluate(f"{side}.visible().find((thing) => thing.id === '{name}')")
    x, y, width, height = (round(box[key]) for key in ("x", "y", "width", "height"))
    return tuple(int(part) for part in pixels(page)[y + height // 2, x + width - 6][:3])


def until_fill(page: Any, side: str, name: str, colour: tuple[int, ...]) -> None:
    for _ in range(100):
        if fill(page, side, name) == colour:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{name} is {fill(page, side, name)}, and not {colour}")


def test_a_table_colours_what_is_in_the_new_model(browser: Any, tmp_path: Path) -> None:
    old, new = pair_of_models(tmp_path)
    table = {"fresh": 3.0, "wider": 1.0, "after": 2.0, "gone": 9.0}
    with served(browser, new, old, lay=partial(overlay_on, source=table)) as (page, _):
        until(page, "location.hash.includes('colour=overlay')")
        page.locator(".drawing").focus()
        page.keyboard.press("c")
        until(page, "document.querySelector('.legend-status')?.textContent.startsWith('3 of ')")
        assert len(rows(page)) == len(CHANGED)
        page.locator(".drawing").focus()
        before = {name: fill(page, "cutaway", name) for name in ("fresh", "same_one", "wider")}
        assert len(set(before.values())) == 3
        page.keyboard.press("s")
        until(page, "window.cutaway.sides !== undefined")
        at_rest(page)
        until_fill(page, "cutaway.sides.new", "fresh", before["fresh"])
        assert fill(page, "cutaway.sides.new", "wider") == before["wider"]
        assert fill(page, "cutaway.sides.old", "wider") != before["wider"]


def test_a_changed_file_is_compared_again_in_the_same_view(browser: Any, tmp_path: Path) -> None:
    old, new = pair_of_models(tmp_path)
    with served(browser, new, old, watch=True) as (page, _):
        assert any("fresh" in words for words in rows(page))
        page.keyboard.press("s")
        until(page, "window.cutaway.sides !== undefined")
        write(new, [("before", 8), ("gone", 8), ("same_one", 8), ("same_two", 8), ("newest", 8), ("last", 2)])
        until(page, "document.querySelector('.pair')?.textContent.includes('newest')")
        assert page.locator(".pair").count() == 1
        write(old, [("before", 8), ("gone", 8), ("same_one", 8), ("older", 8), ("newest", 8), ("last", 2)])
        until(page, "document.querySelector('.pair')?.textContent.includes('older')")
        assert "models=beside" in page.evaluate("location.hash")


def test_the_roof_of_a_profile_bounds_the_roofline(browser: Any, tmp_path: Path) -> None:
    graph = cutaway.read(DIGITS)
    rows_of = [{"id": graph.ids[1], "kind": "node", "time_ms": 1.5}]
    roof = {"flops_per_second": 7.5e10, "bytes_per_second": 2.5e9, "source": "measured"}
    path = tmp_path / "times.json"
    path.write_text(json.dumps({"kind": "profile", "rows": rows_of, "groups": [], "roof": roof}), encoding="utf-8")
    shown = cutaway.show(DIGITS, overlay=path)
    try:
        page = browser.new_context().new_page()
        page.goto(shown.url)
        page.wait_for_selector("[data-cutaway=drawn]", timeout=60_000)
        page.locator(".drawing").focus()
        page.keyboard.press("g")
        page.select_option(".figures select[aria-label='Chart']", "roofline")
        until(page, "document.querySelector('.figure')?.textContent.includes('75 GFLOP/s')")
        assert "(measured)" in page.locator(".figure").text_content()
        page.context.close()
    finally:
        shown.close()
