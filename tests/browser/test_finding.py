"""Search, trace, colours, table and weights in a real browser: what is marked is what the graph holds."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

import cutaway
from cutaway.graph.model import Graph
from cutaway.readers import read
from tests.browser.looking import one_file
from tests.browser.test_safety import hostile

ROOT = Path(__file__).resolve().parents[2]
NET = ROOT / "tests" / "models" / "EfficientNetB0.keras"
DIGITS = ROOT / "examples" / "digits.keras"

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def graph() -> Graph:
    return read(NET)


def wait_until(page: Any, script: str, *arguments: Any) -> None:
    """Wait until a script says yes; from outside, as the page's own policy forbids to evaluate texts in it."""
    end = time.monotonic() + 15
    while not page.evaluate(script, *arguments):
        assert time.monotonic() < end, f"never came true: {script}"
        page.wait_for_timeout(30)


def search(page: Any, query: str) -> str:
    """Write a query, and wait for what the status says to it."""
    if page.locator(".search-line").is_hidden():
        page.locator(".drawing").focus()
        page.keyboard.press("/")
    page.fill(".search-line", "")
    wait_until(page, "document.querySelector('.search-status').textContent === ''")
    page.fill(".search-line", query)
    wait_until(page, "document.querySelector('.search-status').textContent !== ''")
    return str(page.inner_text(".search-status"))


def hit_names(page: Any) -> list[str]:
    shown = page.locator(".hit:not([hidden])")
    rows = [(row.bounding_box()["y"], row.locator(".hit-name").inner_text()) for row in shown.all()]
    return [name for _, name in sorted(rows)]


def settled(page: Any) -> None:
    """Wait until the camera rests."""
    last, still = None, 0
    while still < 6:
        now = page.evaluate("JSON.stringify(cutaway.camera())")
        last, still = now, (still + 1 if now == last else 0)
        page.wait_for_timeout(40)


def selected(page: Any) -> str:
    return str(page.inner_text(".inspector h2"))


def pixels(page: Any) -> np.ndarray[Any, Any]:
    """The drawing as it is on the screen."""
    picture = Image.open(io.BytesIO(page.locator(".drawing").screenshot()))
    return np.asarray(picture.convert("RGB"), dtype=int)


def share_of(picture: np.ndarray[Any, Any], colour: tuple[int, int, int], near: int = 24) -> float:
    return float((np.abs(picture - np.array(colour)).max(axis=2) <= near).mean())


HIGHLIGHT = (220, 38, 38)


def test_search_finds_marks_and_flies_from_hit_to_hit(open_page: Open, graph: Graph) -> None:
    page = open_page(NET)
    expected = [node.name for node in graph.nodes if "se_expand" in node.name]
    before = share_of(pixels(page), HIGHLIGHT)
    assert search(page, "se_expand").startswith(f"{len(expected)} hits")
    page.wait_for_timeout(400)
    assert share_of(pixels(page), HIGHLIGHT) > before + 0.0002
    assert hit_names(page)[:5] == expected[:5]
    for wanted in expected[:2]:
        page.keyboard.press("Enter")
        settled(page)
        assert selected(page) == wanted
        boxes = {thing["id"].split("/")[-1]: thing for thing in page.evaluate("cutaway.visible()")}
        assert boxes[wanted]["width"] > 40
    page.keyboard.press("Shift+Enter")
    settled(page)
    assert selected(page) == expected[0]
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)
    assert page.locator(".card.search").is_hidden()
    assert page.evaluate("document.activeElement.className") == "drawing"


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("Conv2D[filters>1000]", lambda node: node.op == "Conv2D" and node.attributes["filters"] > 1000),
        ("op:Dense", lambda node: node.op == "Dense"),
        ("params>=300k", lambda node: sum(weight.parameters for weight in node.weights) >= 300_000),
        ("shape=?x7x7x1152", lambda node: any(tensor.shape == (None, 7, 7, 1152) for tensor in node.outputs)),
        ("/^block2._add$/", lambda node: node.name.startswith("block2") and node.name.endswith("_add")),
        ("weight:gamma in:block7", lambda node: node.op == "BatchNormalization" and node.name.startswith("block7")),
        ("[activation=sigmoid]", lambda node: node.attributes.get("activation") == "sigmoid"),
    ],
)
def test_queries_find_what_the_graph_says(open_page: Open, graph: Graph, query: str, holds: Any) -> None:
    page = open_page(NET)
    expected = [node.id.split("/")[-1] for node in graph.nodes if holds(node)]
    assert expected
    answer = page.evaluate("query => cutaway.find(query)", query)
    assert answer["problem"] == ""
    assert not answer["similar"]
    assert [hit["id"].split("/")[-1] for hit in answer["hits"]] == expected
    assert search(page, query).startswith(f"{len(expected)} hit")


def test_a_pattern_finds_both_ends(open_page: Open, graph: Graph) -> None:
    page = open_page(NET)
    pairs = {
        (edge.source, node.index)
        for node in graph.nodes
        for edge in node.inputs
        if node.op == "Add" and graph.op(edge.source) == "Dropout"
    }
    answer = page.evaluate("cutaway.find('Dropout -> Add')")
    assert {hit["index"] for hit in answer["hits"]} == {end for pair in pairs for end in pair}


def test_a_query_that_cannot_be_read_says_why_and_keeps_the_hits(open_page: Open) -> None:
    page = open_page(NET)
    search(page, "stem")
    marked = page.locator(".hit:not([hidden])").count()
    page.fill(".search-line", "Conv2D[filters>")
    page.wait_for_selector(".search-status.problem")
    assert "Expected a value after filters>" in page.inner_text(".search-status")
    assert page.get_attribute(".search-line", "aria-invalid") == "true"
    assert page.locator(".hit:not([hidden])").count() == marked
    assert "similar" in search(page, "predictoins")
    assert hit_names(page)[0] == "predictions"


def test_a_search_that_never_ends_is_ended(open_page: Open) -> None:
    page = open_page(NET)
    answer = search(page, r"/(([a-z0-9_]+)+)+\.$/")
    assert "takes too long" in answer
    assert search(page, "stem_conv").startswith("2 hits")


def trace_of(page: Any) -> str:
    return str(page.inner_text(".trace-status"))


def test_traces_count_what_feeds_and_what_is_fed(open_page: Open, graph: Graph) -> None:
    page = open_page(NET)
    at = next(node.index for node in graph.nodes if node.name == "block4a_se_reduce")
    above, below = {at}, {at}
    for index in reversed(range(at + 1)):
        if index in above:
            above |= {edge.source for edge in graph.nodes[index].inputs}
    for node in graph.nodes:
        if any(edge.source in below for edge in node.inputs):
            below.add(node.index)
    page.evaluate("id => cutaway.flyTo(id)", graph.ids[at])
    settled(page)
    page.keyboard.press("t")
    wait_until(page, "document.querySelector('.trace-status').textContent !== ''")
    assert trace_of(page) == f"{len(above) - 1:,} layers feed block4a_se_reduce"
    page.keyboard.press("t")
    page.wait_for_timeout(200)
    assert trace_of(page) == f"block4a_se_reduce feeds {len(below) - 1:,} layers"
    page.keyboard.press("0")
    settled(page)
    page.wait_for_timeout(300)
    traced = share_of(pixels(page), HIGHLIGHT)
    page.click(".trace [aria-label='End the trace']")
    page.wait_for_timeout(400)
    assert trace_of(page) == ""
    assert traced > share_of(pixels(page), HIGHLIGHT) + 0.001


def test_the_ways_between_two(open_page: Open, graph: Graph) -> None:
    page = open_page(NET)
    ids = {node.name: node.id for node in graph.nodes}
    page.evaluate("id => cutaway.flyTo(id)", ids["top_conv"])
    settled(page)
    page.keyboard.press("p")
    assert "select the other end" in trace_of(page)
    page.evaluate("id => cutaway.flyTo(id)", ids["block7a_project_conv"])
    settled(page)
    page.keyboard.press("p")
    wait_until(page, "document.querySelector('.trace-status').textContent.includes(' from ')")
    assert trace_of(page) == "3 layers from block7a_project_conv to top_conv"


def choose(page: Any, source: str) -> None:
    if page.locator(".card.colour").is_hidden():
        page.locator(".drawing").focus()
        page.keyboard.press("c")
    wait_until(page, "document.querySelectorAll('.card.colour select option').length > 3")
    page.select_option(".card.colour select", label=source)
    page.wait_for_timeout(400)


def test_colours_follow_the_numbers(open_page: Open, graph: Graph) -> None:
    page = open_page(NET)
    plain = pixels(page)
    choose(page, "Parameters")
    known = sum(1 for node in graph.nodes if node.weights)
    assert page.inner_text(".legend-status") == f"{known} of {len(graph)} layers have a value"
    coloured = pixels(page)
    assert float((np.abs(plain - coloured).max(axis=2) > 8).mean()) > 0.02
    assert "colour=parameters" in page.evaluate("location.hash")
    page.locator(".legend-range input").nth(0).fill("700")
    wait_until(page, "document.querySelector('.legend-status').textContent.includes(' from ')")
    shown = int(page.inner_text(".legend-status").split()[0])
    assert 0 < shown < known
    choose(page, "Category")
    page.wait_for_timeout(300)
    assert "colour" not in page.evaluate("location.hash")
    assert float((np.abs(plain - pixels(page)).max(axis=2) > 8).mean()) < 0.35


def test_a_permalink_brings_the_colours_back(open_page: Open) -> None:
    page = open_page(NET, link="#colour=parameters%7Clog%7Cmax")
    page.keyboard.press("c")
    wait_until(page, "document.querySelector('.legend-rollup')?.value === 'max'")
    assert page.input_value(".legend-spread") == "log"
    assert page.input_value(".legend-by select") == "parameters"


def drop(page: Any, name: str, text: str) -> None:
    page.evaluate(
        """([name, text]) => {
          const data = new DataTransfer();
          data.items.add(new File([text], name));
          const drawing = document.querySelector(".drawing");
          drawing.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        [name, text],
    )
    wait_until(page, "name => document.querySelector('.legend-note')?.textContent.includes(name)", name)
    page.wait_for_timeout(300)


def test_a_table_that_is_dropped_colours_the_layers(open_page: Open) -> None:
    page = open_page(NET)
    drop(page, "times.csv", "layer,ms\nstem_conv,3.5\ntop_conv,12\npredictions,0.25\nnobody,1\n")
    assert "3 rows matched; 1 not found: nobody" in page.inner_text(".legend-note")
    assert page.input_value(".legend-by select") == "own:times.csv:ms"
    page.locator(".drawing").focus()
    page.keyboard.press("b")
    page.wait_for_selector(".table-row:not([hidden])")
    page.click(".table-title:has-text('ms')")
    page.wait_for_timeout(200)
    first = page.locator(".table-row[aria-rowindex='2']")
    assert first.locator(".cell").nth(0).evaluate("cell => cell.firstChild.data") == "top_conv"
    assert first.locator(".cell").nth(2).inner_text() == "12"
    drop(page, "data.json", json.dumps({"net": {"results": {"top_conv": {"value": 1, "bgColor": "#00ff00"}}}}))
    assert page.inner_text(".legend-note") == "data.json: 1 row matched"
    drop(page, "broken.json", "{ not json")
    assert "cannot be read" in page.inner_text(".legend-note")


def test_the_table_sorts_and_flies_to_the_row(open_page: Open, graph: Graph) -> None:
    page = open_page(NET)
    page.locator(".drawing").focus()
    page.keyboard.press("b")
    page.wait_for_selector(".table-row:not([hidden])")
    assert page.inner_text(".table-status") == f"{len(graph)} rows"
    page.click(".table-title:has-text('Parameters')")
    sizes = {node.name: sum(weight.parameters for weight in node.weights) for node in graph.nodes}
    largest = max(sizes, key=lambda name: sizes[name])
    wait_until(
        page,
        "name => document.querySelector(\".table-row[aria-rowindex='2'] .cell\").firstChild.data === name",
        largest,
    )
    assert page.locator("[aria-sort=descending]").inner_text().startswith("Parameters")
    page.locator(".table-rows").focus()
    page.keyboard.press("Enter")
    settled(page)
    assert selected(page) == largest
    with page.expect_download() as saved:
        page.click(".card.table button:has-text('CSV')")
    rows = list(csv.reader(Path(saved.value.path()).read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(graph) + 1
    assert rows[1][rows[0].index("Parameters")] == str(sizes[largest])


def test_the_table_lists_the_hits_of_a_search(open_page: Open, graph: Graph) -> None:
    page = open_page(NET)
    search(page, "op:DepthwiseConv2D")
    page.locator(".drawing").focus()
    page.keyboard.press("b")
    page.wait_for_selector(".table-row:not([hidden])")
    page.select_option(".card.table select", "hits")
    expected = sum(1 for node in graph.nodes if node.op == "DepthwiseConv2D")
    assert page.inner_text(".table-status") == f"{expected} rows"
    search(page, "op:Dense")
    wait_until(page, "document.querySelector('.table-status').textContent === '1 row'")


def test_labels_of_the_legend_can_be_left_out(open_page: Open, graph: Graph) -> None:
    page = open_page(NET)
    choose(page, "Category")
    rows = {row.split("\n")[0]: row.split("\n")[-1] for row in page.locator(".legend-row").all_inner_texts()}
    assert rows["convolution"] == str(sum(1 for node in graph.nodes if "Conv2D" in node.op))
    before = pixels(page)
    page.locator(".legend-row", has_text="convolution").locator("input").uncheck()
    wait_until(page, "document.querySelector('.legend-status').textContent.includes(' of ')")
    page.wait_for_timeout(300)
    assert float((np.abs(before - pixels(page)).max(axis=2) > 8).mean()) > 0.005
    assert "hidden" not in page.evaluate("location.hash")
    assert "convolution" in page.evaluate("location.hash")
    assert page.evaluate("document.activeElement.dataset.label") == "convolution", "the focus stays"


def test_weights_show_what_the_file_holds(open_page: Open) -> None:
    from keras.saving import load_model

    layer = next(layer for layer in load_model(DIGITS).layers if layer.get_weights())
    values = layer.get_weights()[0]
    page = open_page(DIGITS)
    graph = read(DIGITS)
    identity = next(node.id for node in graph.nodes if node.name == layer.name)
    page.evaluate("id => cutaway.flyTo(id)", identity)
    settled(page)
    page.keyboard.press("w")
    page.click(".weight-row:not([hidden])")
    page.wait_for_selector(".stats")
    words, numbers = (page.locator(f".stats {tag}").all_inner_texts() for tag in ("dt", "dd"))
    told = dict(zip(words, numbers, strict=True))
    assert float(told["least"]) == pytest.approx(float(values.min()), rel=1e-4)
    assert float(told["greatest"]) == pytest.approx(float(values.max()), rel=1e-4)
    assert float(told["deviation"]) == pytest.approx(float(values.std()), rel=1e-3)
    page.wait_for_selector(".heat canvas")
    assert page.locator(".weight-facts .link").all_inner_texts() == [layer.name]
    with page.expect_download() as saved:
        page.click(".weight-details a.button")
    np.testing.assert_array_equal(np.load(saved.value.path()), values)


def test_the_page_of_one_file_finds_colours_and_says_what_it_has_not(open_page: Open, tmp_path: Path) -> None:
    target = tmp_path / "net.html"
    cutaway.plot_model(str(NET), to_file=str(target))
    page = open_page(target)
    assert search(page, "Conv2D[filters>1000]").split()[0] != "Nothing"
    page.keyboard.press("Enter")
    settled(page)
    choose(page, "Parameters")
    assert "have a value" in page.inner_text(".legend-status")
    page.locator(".drawing").focus()
    page.keyboard.press("w")
    page.click(".weight-row:not([hidden])")
    page.wait_for_selector(".weights-absent")
    assert "Values are not in this page" in page.inner_text(".weights-absent")


def save(page: Any, row: str, form: str) -> bytes:
    with page.expect_download() as saved:
        page.locator(".export-row", has_text=row).get_by_text(form, exact=True).click()
    assert Path(saved.value.suggested_filename).suffix == f".{form.lower()}"
    return Path(saved.value.path()).read_bytes()


def test_every_export_opens(open_page: Open, graph: Graph) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    page = open_page(NET)
    page.evaluate("id => cutaway.flyTo(id)", next(node.id for node in graph.nodes if node.name == "block3a_se_reduce"))
    settled(page)
    page.locator(".drawing").focus()
    page.keyboard.press("e")
    texts: dict[str, list[str]] = {row: [] for row in ("This view", "The whole model")}
    for row, found in texts.items():
        root = ElementTree.fromstring(save(page, row, "SVG"))
        found += ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]
        assert Image.open(io.BytesIO(save(page, row, "PNG"))).width > 1000
        assert len(pdfium.PdfDocument(save(page, row, "PDF"))) == 1
    assert "reduce" in " ".join(texts["This view"])
    assert "stem" not in " ".join(texts["This view"])
    assert "stem" in " ".join(texts["The whole model"])


def test_a_view_is_saved_with_the_colours_hits_and_legend_of_the_page(open_page: Open, graph: Graph) -> None:
    page = open_page(NET)
    choose(page, "Parameters")
    colour = page.locator(".legend-bar").evaluate("bar => getComputedStyle(bar).backgroundImage")
    search(page, "op:Conv2D")
    page.keyboard.press("Escape")
    settled(page)
    page.locator(".drawing").focus()
    page.keyboard.press("e")
    page.locator(".drawing").focus()
    coloured = save(page, "This view", "SVG").decode()
    assert "Parameters: " in coloured
    darkest = "#440154"
    assert "68, 1, 84" in colour
    assert darkest in coloured
    page.locator(".card.export input").uncheck()
    plain = save(page, "This view", "SVG").decode()
    assert darkest not in plain
    assert "Parameters: " not in plain


def test_the_screen_is_saved_with_its_colours_by_the_page_alone(open_page: Open, tmp_path: Path) -> None:
    target = tmp_path / "net.html"
    cutaway.plot_model(str(NET), to_file=str(target))
    page = open_page(target)
    choose(page, "Parameters")
    page.locator(".drawing").focus()
    page.keyboard.press("e")
    assert page.locator(".export-row").count() == 1
    picture = np.asarray(Image.open(io.BytesIO(save(page, "The screen", "PNG"))).convert("RGB"), dtype=int)
    drawing = page.locator(".drawing").bounding_box()
    assert picture.shape[:2] == (round(drawing["height"] * 2), round(drawing["width"] * 2))
    assert share_of(picture, (0x44, 0x01, 0x54)) > 0.0005, "the darkest colour of the scale"


def test_only_a_part_is_laid_out_anew_and_the_way_back_leads_to_where_one_was(open_page: Open, graph: Graph) -> None:
    page = open_page(NET)
    inside = {node.name for node in graph.nodes if node.name.startswith("block3a")}
    found = page.evaluate("cutaway.find('name=block3a')")["hits"]
    assert [hit["kind"] for hit in found] == ["group"]
    page.evaluate("id => cutaway.flyTo(id)", found[0]["id"])
    settled(page)
    camera = page.evaluate("cutaway.camera()")
    page.keyboard.press("i")
    wait_until(page, "document.querySelectorAll('.layer').length === 2")
    settled(page)
    shown = {thing["id"]: thing for thing in page.evaluate("cutaway.visible()") if thing["kind"] == "node"}
    assert {name.split("/")[-1] for name in shown} == inside
    answer = page.evaluate("cutaway.find('Conv2D')")
    assert {hit["id"] for hit in answer["hits"]} <= set(shown)
    first = sorted(shown)[0]
    assert page.evaluate("id => cutaway.flyTo(id)", first)
    settled(page)
    assert page.locator(".layer >> nth=1").locator(".inspector h2").inner_text() == first.split("/")[-1]
    page.keyboard.press("u")
    wait_until(page, "document.querySelectorAll('.layer').length === 1")
    assert page.evaluate("cutaway.camera()") == camera
    page.keyboard.press("0")
    settled(page)
    assert len(page.evaluate("cutaway.visible()")) > len(inside)


def test_what_is_traced_can_be_shown_alone(open_page: Open, graph: Graph) -> None:
    page = open_page(NET)
    page.evaluate("id => cutaway.flyTo(id)", next(node.id for node in graph.nodes if node.name == "stem_activation"))
    settled(page)
    page.keyboard.press("t")
    wait_until(page, "document.querySelector('.trace-status').textContent !== ''")
    count = int(trace_of(page).split()[0]) + 1
    page.click(".trace button:has-text('Only this')")
    wait_until(page, "document.querySelectorAll('.layer').length === 2")
    settled(page)
    assert page.evaluate("cutaway.find('-zzz')")["count"] == count
    page.click("button.back")
    wait_until(page, "document.querySelectorAll('.layer').length === 1")


def test_a_model_that_changes_is_shown_anew_where_one_was(browser: Any, tmp_path: Path) -> None:
    model = tmp_path / "net.keras"
    shutil.copy(NET, model)
    command = [sys.executable, "-m", "cutaway", "view", str(model), "--no-browser", "--watch"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout is not None
        page = browser.new_page()
        try:
            page.goto(server.stdout.readline().split()[1])
            page.wait_for_selector("[data-cutaway=drawn]", timeout=60_000)
            page.locator(".drawing").focus()
            page.keyboard.press("o")
            page.evaluate("cutaway.flyTo('top_conv')")
            settled(page)
            wait_until(page, "location.hash.includes('select=')")
            page.wait_for_timeout(300)
            before = page.evaluate("[cutaway.camera().group, location.hash]")
            assert before[0] != ""
            Path(shutil.copy(ROOT / "tests" / "models" / "MobileNetV2.keras", tmp_path / "new")).replace(model)
            wait_until(page, "cutaway.find('op:Dense').then(found => found.hits[0]?.index < 200)")
            wait_until(page, "document.querySelectorAll('.layer').length === 1")
            assert "mobilenet" in page.inner_text(".path").lower()
            assert page.locator(".outline").is_visible()
            Path(shutil.copy(NET, tmp_path / "new")).replace(model)
            wait_until(page, "document.querySelector('.path').textContent.toLowerCase().includes('efficientnet')")
        finally:
            page.close()
            server.terminate()


def test_names_of_strangers_stay_text_in_every_panel(open_page: Open, tmp_path: Path) -> None:
    page = open_page(one_file(tmp_path, hostile()))
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    for query in ("alert", '"<img"', "op:proto", "[__proto__]", "dtype:float", r"/<\w+/", "𝕏"):
        assert "hit" in search(page, query), query
        page.keyboard.press("Enter")
        settled(page)
    for source in ("Element type", "Equal structure", "Output size (elements)"):
        choose(page, source)
    drop(page, "<i>t</i>.csv", 'layer,<img src=x>\n"<img src=x onerror=alert(1)>",<b>1</b>\n<u>nobody</u>,2\n')
    assert "<u>nobody</u>" in page.inner_text(".legend-note")
    page.locator(".drawing").focus()
    for key in "btpwe":
        page.keyboard.press(key)
        page.wait_for_timeout(250)
    assert "<" in page.inner_text(".table-rows")
    for markup in ("img", "b", "i", "u", "#cutaway script"):
        assert page.locator(markup).count() == 0, markup
