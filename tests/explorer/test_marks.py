"""What the page has marked is what the drawing code draws; nothing that a page sends is believed."""

from __future__ import annotations

import base64
import io
import json
import random
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image

from cutaway.drawing.compose import Marks
from cutaway.errors import OptionError
from cutaway.explorer.export import View, export
from cutaway.explorer.marks import marks_of
from cutaway.explorer.opening import file_session
from cutaway.graph.model import Graph
from cutaway.readers import read
from cutaway.style.theme import THEMES
from tests.explorer.client import Client, serve
from tests.explorer.hand import ROOT, arranged_of

DIGITS = ROOT / "examples" / "digits.keras"
LIGHT = THEMES["light"]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return arranged_of(read(DIGITS)).graph


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    listening, thread = serve(file_session(str(DIGITS)))
    yield Client(listening)
    listening.end()
    thread.join(10)


def packed(values: Any) -> str:
    return base64.b64encode(bytes(values)).decode()


def said(graph: Graph, **more: Any) -> dict[str, Any]:
    """The first node green, the last group red, a hit, and a finding of each kind."""
    nodes = [2, *[0] * (len(graph) - 1)]
    groups = [0] * (len(graph.groups) - 1) + [3]
    return {
        "palette": ["", "#eeeeee", "#00aa11", "#aa0022"], "nodes": packed(nodes), "groups": packed(groups),
        "node_hits": packed([0, 1, *[0] * (len(graph) - 2)]), "badges": [0, 0, 1, 1, 2, 2],
        "legend": [["#00aa11", "green things"], ["#aa0022", "red <things>"]], **more,
    }  # fmt: skip


def test_marks_say_what_the_page_says(graph: Graph) -> None:
    marks = marks_of(said(graph), graph, LIGHT)
    assert marks.fills == {0: "#00aa11", ~(len(graph.groups) - 1): "#aa0022"}
    assert marks.highlighted_nodes == {1}
    assert marks.highlighted_groups == frozenset()
    assert marks.badges == {0: 0, 1: 1, 2: 2}
    assert [entry[2] for entry in marks.legend or ()] == ["green things", "red <things>"]
    assert marks_of({}, graph, LIGHT) == Marks(show_legend=False)


def test_the_drawing_shows_them(graph: Graph) -> None:
    arranged = arranged_of(read(DIGITS))
    marks = marks_of(said(graph), arranged.graph, LIGHT)
    plain = export(arranged, LIGHT, "svg", None)
    svg = export(arranged, LIGHT, "svg", None, marks)
    for colour in ("#00aa11", LIGHT.highlight, "#dc2626", "#f59e0b", "#2563eb"):
        assert (colour in svg.decode()) > (colour in plain.decode())
    texts = ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    assert {"green things", "red <things>"} <= set(texts)
    for form in ("png", "pdf"):
        assert export(arranged, LIGHT, form, None, marks)


def test_a_view_has_the_legend_below_it(graph: Graph) -> None:
    arranged = arranged_of(read(DIGITS))
    view = View(0, 0.0, 0.0, 200.0, 100.0, 800.0)
    marks = marks_of(said(graph), arranged.graph, LIGHT)
    bare = Image.open(io.BytesIO(export(arranged, LIGHT, "png", view)))
    with_legend = Image.open(io.BytesIO(export(arranged, LIGHT, "png", view, marks))).convert("RGB")
    assert bare.size == (800, 400)
    assert with_legend.width == 800
    assert with_legend.height > 400
    below = with_legend.crop((0, 401, 800, with_legend.height)).getcolors(1 << 20)
    assert below is not None
    assert (0, 0xAA, 0x11) in {colour for _, colour in below}


@pytest.mark.parametrize(
    "wrong",
    [
        [], "x", {"palette": "red"}, {"palette": ["red"]}, {"palette": [1]}, {"palette": ["#00aa11"] * 300},
        {"nodes": "AAAA"}, {"nodes": 3}, {"nodes": "%%%"}, {"palette": ["", "#00aa11"], "nodes": packed([9] * 12)},
        {"badges": [0]}, {"badges": [0, 3]}, {"badges": [99, 0]}, {"badges": [-99, 0]}, {"badges": [True, 0]},
        {"legend": ["x"]}, {"legend": [["#00aa11", 3]]}, {"legend": [["url(x)", "x"]]},
        {"legend": [["#00aa11", "x"]] * 65},
    ],
)  # fmt: skip
def test_nothing_is_believed(client: Client, wrong: Any) -> None:
    assert len(arranged_of(read(DIGITS)).graph) == 12
    status, _, body = client.ask("/export?format=svg", method="POST", body=json.dumps(wrong).encode())
    assert status == 400
    assert json.loads(body)["kind"] == "OptionError"


def test_any_bytes_have_an_answer(client: Client, graph: Graph) -> None:
    chance = random.Random(3)
    whole = json.dumps(said(graph)).encode()
    for _ in range(60):
        body = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        status, _, _ = client.ask("/export?format=svg", method="POST", body=bytes(body))
        assert status in (200, 400)
    status, headers, drawn = client.ask("/export?format=svg", method="POST", body=whole)
    assert (status, headers["content-type"]) == (200, "image/svg+xml")
    assert b"green things" in drawn


def test_a_node_that_is_not_there_is_refused(graph: Graph) -> None:
    with pytest.raises(OptionError, match="bytes in base64"):
        marks_of(said(graph, nodes=packed([0])), graph, LIGHT)
