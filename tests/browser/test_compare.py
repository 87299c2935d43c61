"""Two models in a real browser: one drawing of both, both side by side in step, and the list of what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cutaway
from cutaway.explorer.opening import file_session
from tests.analysis.pair_of_models import CHANGED, pair_of_models
from tests.browser.looking import at_rest, middle, pixels, visible
from tests.explorer.client import serve

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return pair_of_models(tmp_path_factory.mktemp("pair"))


@pytest.fixture(scope="module")
def one_file(models: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("page") / "changes.html"
    cutaway.diff(*models).plot(target)
    return target


@pytest.fixture
def served(models: tuple[Path, Path], browser: Any) -> Iterator[Any]:
    """The page of both models from a server."""
    listening, thread = serve(file_session(str(models[1]), compare=str(models[0])))
    context = browser.new_context(viewport={"width": 1300, "height": 850})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(listening.url)
    page.wait_for_selector("[data-cutaway=drawn]", timeout=60_000)
    page.wait_for_selector(".change-row")
    yield page
    context.close()
    listening.end()
    thread.join(10)
    assert problems == []


def rows(page: Any) -> list[str]:
    """The changes in the list that can be seen, as a screen reader says them, from the top."""
    found = page.evaluate(
        """() => [...document.querySelectorAll(".change-row:not([hidden])")].filter((row) => row.offsetParent)
        .map((row) => [row.getBoundingClientRect().top, row.getAttribute("aria-label")])"""
    )
    return [words for _, words in sorted(found)]


def until(page: Any, condition: str) -> None:
    """Wait until something is so; the policy of the page forbids to wait inside it."""
    for _ in range(300):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(30)
    raise AssertionError(f"never: {condition}")


def opened(open_page: Open, page_file: Path, **how: Any) -> Any:
    page = open_page(page_file, **how)
    page.wait_for_selector(".change-row", state="attached")
    at_rest(page)
    return page


def beside(page: Any) -> None:
    """Show both models side by side."""
    page.get_by_role("button", name="Side by side").click()
    until(page, "window.cutaway.sides !== undefined")
    at_rest(page)


def boxes(page: Any, side: str) -> dict[str, dict[str, Any]]:
    return {thing["id"]: thing for thing in page.evaluate(f"cutaway.sides.{side}.visible()") if thing["kind"] == "node"}


def test_the_list_tells_every_change_and_nothing_else(open_page: Open, one_file: Path) -> None:
    page = opened(open_page, one_file)
    told = {words.split(":")[0] + " " + words.split(": ")[1].split(",")[0] for words in rows(page)}
    assert told == CHANGED
    assert page.locator(".change-same").inner_text() == "3 are the same"


def test_kinds_are_filtered(open_page: Open, one_file: Path) -> None:
    page = opened(open_page, one_file)
    page.locator("[data-kind=changed]").click()
    assert page.locator("[data-kind=changed]").get_attribute("aria-pressed") == "false"
    assert not [words for words in rows(page) if words.startswith("changed")]
    assert "of" in page.locator(".change-status").inner_text()
    page.locator("[data-kind=changed]").click()
    assert len(rows(page)) == len(CHANGED)


def test_a_click_flies_to_the_change_and_the_inspector_tells_old_and_new(open_page: Open, one_file: Path) -> None:
    page = opened(open_page, one_file)
    page.locator(".change-row", has_text="wider").click()
    at_rest(page)
    assert "node wider" in visible(page)
    text = page.locator(".inspector .part.change").inner_text()
    assert [word in text for word in ("units", "8", "24", "parameters", "MACs")] == [True] * 5
    page.locator(".change-row", has_text="gone").click()
    at_rest(page)
    assert "REMOVED" in page.locator(".inspector .part.change").inner_text().upper()


def test_keys_step_through_the_changes(open_page: Open, one_file: Path) -> None:
    page = opened(open_page, one_file)
    page.locator(".drawing").focus()
    names = []
    for _ in range(len(CHANGED) + 1):
        page.keyboard.press("]")
        until(page, "document.querySelector('.change-row[aria-selected=true]') !== null")
        at_rest(page)
        names.append(page.locator(".inspector h2").inner_text())
    assert len(set(names)) == len(CHANGED)
    assert names[0] == names[-1]
    page.keyboard.press("[")
    at_rest(page)
    assert page.locator(".inspector h2").inner_text() == names[-2]


def test_states_differ_in_colour_and_what_is_gone_is_hatched(open_page: Open, one_file: Path) -> None:
    page = opened(open_page, one_file)
    found = {}
    for name in ("fresh", "gone", "wider", "same_one"):
        page.evaluate("id => cutaway.flyTo(id)", name)
        at_rest(page)
        page.keyboard.press("Escape")
        at_rest(page)
        box = visible(page)[f"node {name}"]
        x, y, width, height = (round(box[key]) for key in ("x", "y", "width", "height"))
        shot = pixels(page)[y + 4 : y + height - 4, x + round(width * 0.85) : x + width - 4]
        colours, counts = np.unique(shot.reshape(-1, 3), axis=0, return_counts=True)
        found[name] = tuple(colours[counts.argmax()].tolist()), float(counts.max() / counts.sum())
    fills = [fill for fill, _ in found.values()]
    for at, one in enumerate(fills):
        for other in fills[at + 1 :]:
            assert sum(abs(a - b) for a, b in zip(one, other, strict=True)) > 40
    assert found["gone"][1] < min(share for name, (_, share) in found.items() if name != "gone")  # its lines


def test_two_drawings_zoom_and_pan_together(open_page: Open, one_file: Path) -> None:
    page = opened(open_page, one_file, width=1500)
    beside(page)
    for action in ("zoom", "pan", "out"):
        box = boxes(page, "new")["same_one"]
        x, y = middle(box)
        page.mouse.move(x, y)
        if action == "pan":
            page.mouse.down()
            page.mouse.move(x - 60, y + 40, steps=5)
            page.mouse.up()
        else:
            page.mouse.wheel(0, -300 if action == "zoom" else 200)
        at_rest(page)
        old, new = boxes(page, "old"), boxes(page, "new")
        cameras = page.evaluate("[cutaway.sides.old.camera(), cutaway.sides.new.camera()]")
        assert cameras[0]["scale"] == pytest.approx(cameras[1]["scale"], rel=1e-3), action
        halves = page.evaluate(
            "[...document.querySelectorAll('.half .drawing')].map((d) => d.getBoundingClientRect().x)"
        )
        shared = [name for name in old if name in new]
        assert all(old[name]["height"] == pytest.approx(new[name]["height"], rel=0.02) for name in shared)
        gaps = [
            abs(old[name]["y"] - new[name]["y"]) + abs((old[name]["x"] - halves[0]) - (new[name]["x"] - halves[1]))
            for name in shared
        ]
        assert min(gaps) < 2, action  # what holds them together stands at the same place


def test_selection_and_pointer_go_to_the_partner(open_page: Open, one_file: Path) -> None:
    page = opened(open_page, one_file, width=1500)
    beside(page)
    page.mouse.click(*middle(boxes(page, "old")["before"]))
    until(page, "document.querySelectorAll('.half .frame.selected:not([hidden])').length === 2")
    at_rest(page)
    frame = page.locator(".half.new .frame.selected").bounding_box()
    partner = boxes(page, "new")["after"]
    assert abs(frame["x"] + frame["width"] / 2 - middle(partner)[0]) < 3
    assert abs(frame["y"] + frame["height"] / 2 - middle(partner)[1]) < 3
    assert "before" in page.locator(".pair .change-details").inner_text()
    page.mouse.click(*middle(boxes(page, "old")["gone"]))
    until(page, "document.querySelectorAll('.half .frame.selected:not([hidden])').length === 1")
    page.mouse.move(*middle(boxes(page, "old")["same_one"]))
    until(page, "document.querySelectorAll('.half .frame.hovered:not([hidden])').length === 2")


def test_a_change_in_the_list_is_flown_to_in_both(open_page: Open, one_file: Path) -> None:
    page = opened(open_page, one_file, width=1500)
    beside(page)
    page.locator(".pair .change-row", has_text="wider").click()
    at_rest(page)
    assert "wider" in boxes(page, "old")
    assert "wider" in boxes(page, "new")
    old, new = boxes(page, "old")["wider"], boxes(page, "new")["wider"]
    assert old["height"] == pytest.approx(new["height"], rel=0.02)
    assert "units" in page.locator(".pair .change-details").inner_text()


def test_the_way_back_leaves_the_one_drawing_as_it_was(open_page: Open, one_file: Path) -> None:
    page = opened(open_page, one_file)
    page.evaluate("cutaway.flyTo('same_one')")
    before = at_rest(page)
    beside(page)
    assert page.locator(".pair").count() == 1
    page.locator(".half.new .drawing").focus()
    page.keyboard.press("s")
    until(page, "document.querySelector('.pair') === null")
    assert page.evaluate("cutaway.sides") is None
    after = at_rest(page)
    assert after == before


def test_a_narrow_page_stacks_the_drawings(open_page: Open, one_file: Path) -> None:
    page = open_page(one_file, width=400, height=780)
    until(page, "document.querySelector('.change-row') !== null")
    assert not page.locator(".card.changes").is_visible()
    page.keyboard.press("m")
    assert page.locator(".card.changes").is_visible()
    page.keyboard.press("m")
    beside(page)
    top, below = (page.locator(f".half.{side}").bounding_box() for side in ("old", "new"))
    assert top["y"] + top["height"] <= below["y"] + 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_the_server_shows_the_same(served: Any) -> None:
    at_rest(served)
    assert len(rows(served)) == len(CHANGED)
    served.locator(".change-row", has_text="wider").click()
    at_rest(served)
    assert "units" in served.locator(".inspector .part.change").inner_text()
    beside(served)
    assert {"same_one", "gone"} <= set(boxes(served, "old"))
    assert "gone" not in boxes(served, "new")


def test_dark_is_turned_everywhere(open_page: Open, one_file: Path) -> None:
    page = opened(open_page, one_file)
    beside(page)
    light = pixels(page).mean()
    page.locator(".half.new .drawing").focus()
    page.keyboard.press("d")
    at_rest(page)
    assert pixels(page).mean() < light / 2
    page.keyboard.press("s")
    until(page, "document.querySelector('.pair') === null")
    at_rest(page)
    assert pixels(page).mean() < light / 2
