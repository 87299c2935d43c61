"""The charts of the page: those of `plot_chart`, with what each mark stands for, in every theme, also in one file."""

from __future__ import annotations

import base64
import gzip
import json
import re

import pytest

import cutaway
from cutaway.drawing.scene import Box, Text
from cutaway.explorer import contract
from cutaway.explorer.figures import FIGURES, Figures
from cutaway.explorer.page import to_html
from cutaway.explorer.session import Origin, Session
from cutaway.graph import GraphBuilder, Tensor
from cutaway.graph.grouping import group
from cutaway.readers import read
from cutaway.style.theme import THEMES
from tests.explorer.client import Client, serve
from tests.explorer.conform import check
from tests.explorer.hand import ROOT, arranged_of, chart_of
from tests.gallery import hostile
from tests.graphs import LOOP, random_graph

RESNET = ROOT / "examples" / "resnet50.keras"
TWO = {name: THEMES[name] for name in ("light", "dark")}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_the_chart_of_the_library(name: str) -> None:
    kind, quantity = FIGURES[name]
    graph = group(read(RESNET))
    figure = json.loads(json.dumps(Figures(graph, TWO).figure(name, 0, 880)))
    check(figure, contract.Figure, "figure")
    drawn = cutaway.plot_chart(graph, kind, by=quantity, size=(figure["width"], 440.0)).scene
    texts = [item for item in drawn.sheets[0].items if isinstance(item, Text)]
    assert [mark[4] for mark in figure["marks"] if mark[0] == "text"] == [text.content for text in texts]
    boxes = [item for item in drawn.sheets[0].items if isinstance(item, Box)]
    sent = [mark for mark in figure["marks"] if mark[0] == "box"]
    assert [mark[8] for mark in sent] == [box.tip for box in boxes]
    for mark, box in zip(sent, boxes, strict=True):
        id = "" if mark[7] is None else graph.ids[mark[7]] if mark[7] >= 0 else graph.groups.ids[~mark[7]]
        assert id == box.key
        paint = drawn.paints[box.paint]
        assert figure["paints"]["light"][mark[1]][:2] == [paint.fill or "none", paint.stroke or "none"]


def test_themes_differ_in_colours_alone() -> None:
    graph = group(read(RESNET))
    figure = Figures(graph, TWO).figure("parameters", 0)
    dark = Figures(graph, {"dark": THEMES["dark"]}).figure("parameters", 0)
    assert len(figure["paints"]["light"]) == len(figure["paints"]["dark"])
    for one, other in zip(figure["marks"], dark["marks"], strict=True):
        table = "fonts" if one[0] == "text" else "paints"
        assert one[2:] == other[2:]
        assert figure[table]["dark"][one[1]] == dark[table]["dark"][other[1]]  # type: ignore[literal-required]
    assert figure["paints"]["light"] != figure["paints"]["dark"]


def test_the_inside_of_a_layer_shows_the_group_around_it() -> None:
    graph = group(read(ROOT / "tests" / "models" / "saved_model_encoder.zip"))
    figures = Figures(graph, TWO)
    for at, kind in enumerate(graph.groups.kinds):
        shown = figures.figure("stages", at)["group"]
        assert graph.groups.kinds[shown] != "layer"
        if kind != "layer":
            around, inside = at, False
            while around > 0:
                around = graph.groups.parents[around]
                inside = inside or graph.groups.kinds[around] == "layer"
            assert inside or shown == at


@pytest.mark.parametrize("graph", [LOOP, hostile(), random_graph(3, 80, 9)], ids=["loop", "hostile", "random"])
def test_any_graph_has_figures_of_its_type(graph: object) -> None:
    figures = json.loads(Figures(group(graph), TWO).embedded())  # type: ignore[arg-type]
    check(figures, contract.Figures, "figures")
    assert set(figures["figures"]) == set(FIGURES)
    assert figures["group_of"][0] == 0


def test_one_file_has_the_charts_of_the_outermost_groups() -> None:
    graph = group(read(RESNET))
    page = to_html(arranged_of(graph)).decode()
    found = re.search(r'id="figures">([^<]*)<', page)
    assert found is not None
    figures = json.loads(gzip.decompress(base64.b64decode(found[1])))
    check(figures, contract.Figures, "figures")
    for at, shown in enumerate(figures["group_of"]):
        assert str(shown) in figures["figures"]["macs"]
        around = at
        while around != shown:
            around = graph.groups.parents[around]
    assert to_html(arranged_of(graph)) == to_html(arranged_of(graph))


def test_the_server_draws_what_is_asked_for_and_refuses_the_rest() -> None:
    graph = read(RESNET)
    session = Session(Origin(read=lambda: graph, name="model"))
    listening, thread = serve(session)
    client = Client(listening)
    try:
        figure = client.json("/figure?name=memory&group=3&width=400")
        assert (figure["width"], figure["group"], figure["name"]) == (400, 3, "memory")
        for path in ("/figure", "/figure?name=pie", "/figure?name=memory&group=99999", "/figure?name=macs&width=1e9"):
            assert client.ask(path)[0] == 400, path
    finally:
        listening.end()
        thread.join(10)


def test_sizes_that_no_float_holds_are_told() -> None:
    huge = (2**63 - 1,) * 30
    builder = GraphBuilder("huge", "keras_v3")
    x = builder.node("x", "InputLayer", outputs=[Tensor((None, *huge), "float32")])
    dense = builder.node("d", "Dense", outputs=[Tensor((None, *huge), "float32")], attributes={"units": 4})
    builder.connect(x, dense)
    chart = chart_of(builder.build())
    assert chart.facts()["macs"]
    check(json.loads(chart.figures.embedded()), contract.Figures, "figures")
