"""The training view in a real browser: what it shows is what was logged, also while that grows."""

from __future__ import annotations

import functools
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.graph.contract import to_contract
from cutaway.readers import read
from cutaway.training.event_writer import EventWriter
from cutaway.training.histograms import distribution
from cutaway.training.runs import Run
from cutaway.training_view.logs import Logs
from tests.browser.looking import ROOT, at_rest
from tests.training_view.client import serve_logs
from tests.training_view.logs import put_sounds, two_runs, wave_of, write_run

DIGITS = read(ROOT / "examples" / "digits.keras")
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
        page.wait_for_selector(wait, timeout=60_000)
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
    chart(page, "loss").scroll_into_view_if_needed()
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


WATCH = """() => {
    const seen = window.seen_ = {calls: {}, largest: 0, made: 0, addresses: 0};
    const wrap = (object, name, before) => {
        const plain = object[name];
        object[name] = function (...given) { before(this); return plain.apply(this, given); };
    };
    for (const name of ["clearRect", "fillRect", "fill", "stroke", "fillText", "drawImage", "putImageData"]) {
        wrap(CanvasRenderingContext2D.prototype, name, ({canvas}) => {
            const of = canvas.className || canvas.closest("article")?.className || "other";
            seen.calls[of] = (seen.calls[of] ?? 0) + 1;
            seen.largest = Math.max(seen.largest, canvas.width * canvas.height);
        });
    }
    wrap(History.prototype, "replaceState", () => seen.addresses++);
    const count = (changes) => { for (const {addedNodes} of changes) seen.made += addedNodes.length; };
    new MutationObserver(count).observe(document.body, {childList: true, subtree: true});
}"""


def move_over(page: Any, canvas: Any, times: int) -> None:
    """Move the pointer over a canvas, a frame for each place."""
    box = canvas.bounding_box()
    for at in range(times):
        page.mouse.move(box["x"] + box["width"] / 2 + 2 * at, box["y"] + 60 + at % 7)
        page.evaluate("() => new Promise(requestAnimationFrame)")


def test_a_pointer_that_moves_over_a_chart_paints_no_chart_and_makes_no_element(
    tmp_path: Path, open_logs: Callable[..., Any]
) -> None:
    rng = np.random.default_rng(2)
    for run in range(30):
        write_run(tmp_path / f"run_{run}", {"loss": rng.normal(size=400).cumsum(), "accuracy": rng.normal(size=400)})
    page = open_logs(tmp_path)
    until(page, lambda: points(page, "loss") == points(page, "accuracy") == 12_000)
    canvas = chart(page, "loss").locator("canvas").first
    move_over(page, canvas, 3)
    assert "and 6 more" in (page.locator(".values p").text_content() or "")
    place = page.locator(".crosshair").bounding_box()
    told = page.locator(".values").text_content()
    page.evaluate(WATCH)
    move_over(page, canvas, 25)
    seen = page.evaluate("seen_")
    assert set(seen["calls"]) == {"crosshair"}
    box = canvas.bounding_box()
    assert seen["largest"] < 0.1 * box["width"] * box["height"]
    assert seen["made"] == 0
    assert page.locator(".crosshair").bounding_box()["x"] > place["x"] + 40
    assert page.locator(".values").text_content() != told
    page.mouse.down()
    move_over(page, canvas, 8)
    assert page.locator(".dragged").is_visible()
    assert page.locator(".crosshair").count() == 0
    assert set(page.evaluate("seen_.calls")) == {"crosshair"}
    page.mouse.up()
    until(page, lambda: "curves" in page.evaluate("seen_.calls"))  # a zoom paints it anew


def test_a_step_that_moves_paints_no_distribution_over_time(tmp_path: Path, open_logs: Callable[..., Any]) -> None:
    recorded_run(tmp_path / "run", steps=12)
    page = open_logs(
        tmp_path, f"#tab=model&at=5&layer={DIGITS.nodes[2].id}", wait=".layer-side .spread[data-painted='12']"
    )
    line = page.locator(".layer-side .step-line")
    place = line.bounding_box()
    page.evaluate(WATCH)
    page.evaluate("""() => {
        const slider = document.querySelector("[aria-label=Step]");
        for (let at = 2; at < 9; at++) { slider.value = at; slider.dispatchEvent(new Event("input", {bubbles: true})); }
    }""")
    until(page, lambda: page.locator(".layer-parts[data-step='40']").count() == 1)
    until(page, lambda: "at=40" in page.evaluate("location.hash"))
    assert line.bounding_box()["x"] > place["x"] + 40
    seen = page.evaluate("seen_")
    assert not any("spread" in name for name in seen["calls"])
    assert seen["addresses"] == 2  # the first at once, the last at rest


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


def test_a_chart_is_there_before_all_runs_are_read(
    tmp_path: Path, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        write_run(tmp_path / name, {"loss": np.ones(300)})
    go_on, reading = threading.Event(), Run.reading

    def waiting(run: Run, *how: Any) -> Iterator[int]:
        if run.name == "second":
            go_on.wait(60)
        yield from reading(run, *how)

    monkeypatch.setattr(Run, "reading", waiting)
    listening, serving = serve_logs(Logs(tmp_path))
    page = browser.new_page()
    try:
        page.goto(listening.url)
        until(page, lambda: points(page, "loss") == 300)
        go_on.set()
        until(page, lambda: points(page, "loss") == 600)
    finally:
        go_on.set()
        page.close()
        listening.end()
        serving.join(10)


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
    until(page, lambda: "runs=train%24" in page.evaluate("location.hash"))


def recorded_run(folder: Path, steps: int = 6) -> None:
    """What the recorder writes of a model of two layers: its structure, and norms that grow with step and layer."""
    values = np.random.default_rng(0).normal(size=500).astype(np.float32)
    with EventWriter(folder) as writer:
        writer.contract("cutaway/structure", "cutaway_graph", json.dumps(to_contract(DIGITS)).encode())
        for step in range(steps):
            for at, node in enumerate(DIGITS.nodes):
                writer.scalars({f"norm/activations/{node.id}": float(at * 10 + step)}, step * 5)
                writer.histogram(f"activations/{node.id}", distribution(values * (1 + step)).rows(), step * 5)


def test_the_model_is_coloured_by_what_was_recorded_at_a_step(tmp_path: Path, open_logs: Callable[..., Any]) -> None:
    recorded_run(tmp_path / "run")
    page = open_logs(tmp_path, "#tab=model", wait=".model[data-step='25'] .sparks")
    until(page, lambda: page.locator(".stage-legend .marks span").count() > 1)
    assert page.locator("select[aria-label='Coloured by'] option").all_text_contents() == ["Norm of activations"]
    page.get_by_role("slider", name="Step").focus()
    page.keyboard.press("Home")
    until(page, lambda: page.locator(".model[data-step='0']").count() == 1)
    until(page, lambda: "at=0" in page.evaluate("location.hash"))
    seen = [thing for thing in page.evaluate("cutaway.visible()") if thing["kind"] == "node"]
    thing = seen[1]
    page.mouse.click(thing["x"] + thing["width"] / 2, thing["y"] + thing["height"] / 2)
    until(page, lambda: page.locator(".layer-side .spread[data-painted='6']").count() == 1)
    until(page, lambda: thing["id"].split("/")[-1] in page.evaluate("decodeURIComponent(location.hash)"))
    assert page.locator(".layer-part output").all_text_contents()
    page.get_by_role("button", name="Play").click()
    until(page, lambda: page.locator(".model[data-step='25']").count() == 1)


def test_the_time_of_layers_is_shown_in_milliseconds(tmp_path: Path, open_logs: Callable[..., Any]) -> None:
    recorded_run(tmp_path / "run")
    chosen = DIGITS.nodes[2].id
    with EventWriter(tmp_path / "run") as writer:
        for at, node in enumerate(DIGITS.nodes):
            phases = {"forward": 0.001 * at, "update": 0.0025, "step": 0.001 * at + 0.0025}
            writer.scalars({f"seconds/{phase}/{node.id}": value for phase, value in phases.items()}, 7)
    page = open_logs(tmp_path, f"#tab=model&by=seconds%2Fstep&layer={chosen}", wait=".model[data-step='7'] .sparks")
    assert page.get_by_label("Coloured by").locator("option:checked").text_content() == "Time of the whole step"
    until(page, lambda: page.locator(".stage-legend .marks span").count() > 1)
    assert all(mark.endswith(" ms") for mark in page.locator(".stage-legend .marks span").all_text_contents())
    table = page.locator(".layer-part", has=page.locator("caption", has_text="time"))
    until(page, lambda: table.locator("output").all_text_contents() == ["4.5", "2", "2.5"])
    assert table.locator("th[scope=col]").all_text_contents() == ["whole step", "forward pass", "update"]
    assert table.locator("th[scope=row]").all_text_contents() == ["Milliseconds"]


def test_distributions_are_painted_as_bands_and_as_ridges(tmp_path: Path, open_logs: Callable[..., Any]) -> None:
    recorded_run(tmp_path / "run")
    page = open_logs(tmp_path, "#tab=distributions", wait=".spread[data-painted='6']")
    bands = page.locator(".spread canvas").first.screenshot()
    page.get_by_label("Shape").select_option("ridges")
    until(page, lambda: page.locator(".spread canvas").first.screenshot() != bands)
    assert "last median" in (page.locator(".spread canvas").first.get_attribute("aria-label") or "")


def test_a_download_has_all_points(tmp_path: Path, open_logs: Callable[..., Any]) -> None:
    write_run(tmp_path / "run", {"loss": np.arange(9_000.0)})
    page = open_logs(tmp_path)
    chart(page, "loss").hover()
    chart(page, "loss").get_by_role("button", name="Download all points of loss").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    lines = Path(waiting.value.path()).read_text().splitlines()
    assert len(lines) == 9_001
    assert [float(line.split(",")[4]) for line in lines[1:]] == list(range(9_000))


@pytest.mark.parametrize("tab", ["metrics", "distributions", "model", "runs"])
def test_a_phone_shows_all_of_the_width(tmp_path: Path, open_logs: Callable[..., Any], tab: str) -> None:
    recorded_run(tmp_path / "run")
    page = open_logs(tmp_path, f"#tab={tab}", width=390, wait=".tab:not([hidden])")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not page.locator(".runs-side").is_visible()
    page.get_by_role("button", name="Runs").click()
    assert page.locator(".runs-side").is_visible()


def test_a_finding_says_its_check_and_step(tmp_path: Path, open_logs: Callable[..., Any]) -> None:
    recorded_run(tmp_path / "run")
    with EventWriter(tmp_path / "run") as writer:
        for step in range(8):
            writer.scalars({"batch_loss": float("nan") if step >= 5 else 1.0}, step)
    page = open_logs(tmp_path, "#tab=findings", wait=".training-finding.severity-0")
    said = page.locator(".training-finding.severity-0").first.text_content() or ""
    assert "CT001" in said
    assert "step 5" in said


def faulty_run(folder: Path, dies: int = 15, steps: int = 6) -> list[str]:
    """A run in which a layer yields NaN, and later the loss; the ids of its layers."""
    recorded_run(folder, steps)
    ids = [node.id for node in DIGITS.nodes]
    with EventWriter(folder) as writer:
        for step in range(0, 5 * steps, 5):
            writer.scalars({f"nan/activations/{id}": float(id == ids[2] and step >= dies) for id in ids}, step)
            writer.scalars({f"mean/activations/{ids[2]}": float("nan") if step >= dies else step / 4}, step)
    return ids


def marked(page: Any) -> int:
    return int(page.locator(".model").get_attribute("data-findings") or 0)


def test_a_finding_flies_to_its_layer_and_step_and_the_slider_hides_later_ones(
    tmp_path: Path, open_logs: Callable[..., Any]
) -> None:
    ids = faulty_run(tmp_path / "run")
    page = open_logs(tmp_path, "#tab=findings", wait=".training-finding")
    page.get_by_role("button", name="NaN in the activations").click()
    until(page, lambda: page.locator(".model[data-step='15'] .sparks").count() == 1)
    until(page, lambda: marked(page) == 1)
    until(page, lambda: page.locator(".layer-side .training-finding").count() == 1)
    until(page, lambda: f"at=15&layer={ids[2]}" in page.evaluate("decodeURIComponent(location.hash)"))
    slider = page.get_by_role("slider", name="Step")
    slider.press("ArrowLeft")
    until(page, lambda: marked(page) == 0)
    assert page.locator(".layer-side .training-finding").count() == 0
    slider.press("End")
    until(page, lambda: marked(page) == 1)


def test_by_keyboard_from_a_finding_to_its_layer_and_back(tmp_path: Path, open_logs: Callable[..., Any]) -> None:
    faulty_run(tmp_path / "run")
    page = open_logs(tmp_path, "#tab=findings", wait=".training-finding")
    page.get_by_role("button", name="NaN in the activations").focus()
    page.keyboard.press("Enter")
    until(page, lambda: page.locator(".model[data-findings='1'] .sparks").count() == 1)
    assert page.evaluate("document.activeElement.textContent") == "Model"
    at_rest(page)
    camera = page.evaluate("cutaway.camera()")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    until(page, lambda: page.locator("section[aria-label=Charts]").is_visible())
    for key in ("0", "+", "Backspace"):  # keys of the drawing, and of charts
        page.keyboard.press(key)
    page.get_by_role("tab", name="Model").focus()
    page.keyboard.press("Enter")
    assert at_rest(page) == camera


def test_a_click_on_a_badge_shows_what_was_found(tmp_path: Path, open_logs: Callable[..., Any]) -> None:
    ids = faulty_run(tmp_path / "run")
    page = open_logs(tmp_path, "#tab=model", wait=".model[data-findings='1'] .sparks")
    at_rest(page)
    (thing,) = [thing for thing in page.evaluate("cutaway.visible()") if thing["id"] == ids[2]]
    assert not page.locator(".layer-side").is_visible()
    page.mouse.click(thing["x"] + thing["width"] + 2, thing["y"] - 2)  # beside the box: only the badge is there
    until(page, lambda: page.locator(".layer-side .training-finding").count() == 1)
    said = page.locator(".layer-side .training-finding").text_content()
    assert "CT001" in said
    assert "step 15" in said
    assert page.locator("#finding-steps option").evaluate_all("all => all.map((one) => one.value)") == ["3"]
    page.get_by_role("button", name="Close").click()
    until(page, lambda: not page.locator(".layer-side").is_visible())
    until(page, lambda: "layer=" not in page.evaluate("location.hash"))


def test_the_values_of_a_layer_are_those_at_the_step(tmp_path: Path, open_logs: Callable[..., Any]) -> None:
    ids = faulty_run(tmp_path / "run", dies=20)
    page = open_logs(tmp_path, f"#tab=model&at=10&layer={ids[2]}", wait=".layer-parts[data-step='10']")
    numbers = page.locator(".layer-part output")
    names = page.locator(".layer-part th[scope=row]").all_text_contents()[1:]

    def told() -> dict[str, str]:
        return dict(zip(names, numbers.all_text_contents(), strict=True))

    until(page, lambda: told() == {"Norm": "22", "Mean": "2.5", "NaN": "0"})
    assert page.locator(".layer-part .shape canvas").get_attribute("data-step") == "10"
    shape = page.locator(".layer-part .shape canvas").screenshot()
    page.get_by_role("slider", name="Step").press("End")
    until(page, lambda: told() == {"Norm": "25", "Mean": "NaN", "NaN": "1"})
    assert page.locator(".layer-part .shape canvas").screenshot() != shape


def test_sounds_play_and_all_pictures_of_a_step_are_shown(tmp_path: Path, open_logs: Callable[..., Any]) -> None:
    with EventWriter(tmp_path / "run") as writer:
        for step in range(3):
            tone = np.sin(np.arange(800 * (step + 1)) / 7) * 9_000
            put_sounds(
                writer,
                "tone",
                [(wave_of(tone, 8_000), EVIL.encode()), (b"<svg onload='document.title=1'/>", b"")],
                step,
            )
            writer.images("kernel", np.full((3, 4, 5, 1), 80 * step, np.uint8), step)
    page = open_logs(tmp_path, "#tab=sounds", wait=".stepped[data-step='2'] audio")
    sound = page.locator("audio")
    assert sound.count() == 1
    until(page, lambda: sound.evaluate("one => one.duration") == pytest.approx(0.3))
    sound.evaluate("async one => { one.muted = true; one.currentTime = 0.1; await one.play(); }")
    until(page, lambda: sound.evaluate("one => one.currentTime > 0.15"))
    assert page.locator("figcaption").text_content() == EVIL
    page.get_by_role("slider", name="Step of tone").press("Home")
    until(page, lambda: page.locator("audio").evaluate("one => one.duration") == pytest.approx(0.1))
    page.get_by_role("tab", name="Images").click()
    pictures = page.locator("[aria-label='kernel of run'][data-step='2'] img")
    until(page, lambda: pictures.count() == 3)
    assert pictures.nth(1).get_attribute("alt") == "kernel at step 2, 2 of 3"
    until(page, lambda: pictures.evaluate_all("all => all.every((one) => one.naturalWidth === 5)"))


def test_a_training_is_one_row_with_its_settings_and_all_its_parts(
    tmp_path: Path, open_logs: Callable[..., Any]
) -> None:
    writers = pytest.importorskip("tensorboardX", reason="needs tensorboardX, which writes settings: pip install it")
    two_runs(tmp_path, 5)
    for name, rate in (("first", 0.5), ("second", 0.25)):
        with writers.SummaryWriter(str(tmp_path / name)) as writer:
            writer.file_writer.add_summary(writers.summary.hparams({"rate": rate}, {})[1])
    write_run(tmp_path / "first" / "train", {"loss": np.array([7.0])}, first=9)
    write_run(tmp_path / "first" / "validation", {"loss": np.array([8.0])}, first=9)
    write_run(tmp_path / "second", {"loss": np.array([3.0])}, first=9)
    page = open_logs(tmp_path, "#tab=runs&tags=loss", wait=".run-table tbody td.differs")

    def rows() -> list[list[str]]:
        texts = [row.locator("th, td").all_text_contents() for row in page.locator(".run-table tr").all()]
        return [[text.strip(" ↑↓") for text in [row[0], *row[2:]]] for row in texts]

    heads = ["Training", "rate", "loss", "loss · validation"]
    until(page, lambda: rows() == [heads, ["first", "0.5", "7", "8"], ["second", "0.25", "3", ""]])
    page.get_by_role("button", name="rate").click()
    until(page, lambda: [row[0] for row in rows()[1:]] == ["second", "first"])
    page.get_by_role("tab", name="Compare").focus()
    page.keyboard.press("ArrowRight")
    until(page, lambda: page.locator("section[aria-label=Charts]").is_visible())
    assert page.evaluate("document.activeElement.textContent") == "Metrics"
