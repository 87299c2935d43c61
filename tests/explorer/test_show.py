"""`cutaway.show` outside notebooks, and questions to the explorer's routes without a server."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

import cutaway
from cutaway.errors import OptionError
from cutaway.explorer.inquiry import inquire
from cutaway.explorer.server import application
from cutaway.explorer.session import Origin, Session

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "examples/resnet50.keras"


@pytest.fixture(autouse=True)
def _no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)


def test_a_page_is_served_while_it_is_shown() -> None:
    shown = cutaway.show(MODEL)
    assert "resnet50" in repr(shown)
    with urllib.request.urlopen(shown.url.replace("?", "chart?")) as answer:
        assert json.load(answer)["model"]["nodes"] == len(shown.graph)
    assert shown.url == shown.url
    shown.close()
    shown.close()


def test_a_graph_is_shown_as_a_file_is() -> None:
    graph = cutaway.read(MODEL)
    html = cutaway.show(graph)._repr_html_()
    assert html.count("<iframe ") == 1
    assert "<script" not in html


@pytest.mark.parametrize("height", [0, 99, 10_001, True, "600", 600.0])
def test_a_wrong_height_is_refused(height: object) -> None:
    with pytest.raises(OptionError, match="height must be"):
        cutaway.show(MODEL, height=height)  # type: ignore[arg-type]


def test_routes_answer_without_a_server() -> None:
    graph = cutaway.read(MODEL)
    session = Session(Origin(read=lambda: graph, name="m", path=MODEL))
    session.take(graph)
    routes = application(session)
    assert json.loads(inquire(routes, "chart", "", None).body)["model"]["name"] == graph.name
    assert inquire(routes, "node", "index=99999999", None).status == 400
    assert inquire(routes, "nothing", "", None).status == 404
    focus = inquire(routes, "focus", "", json.dumps({"nodes": [0, 1, 2]}))
    assert json.loads(focus.body)["model"]["nodes"] == 3
    told = inquire(routes, "weight/stats", "code=0", None)
    assert told.status == 422
    assert "it is not known where" in json.loads(told.body)["error"]
