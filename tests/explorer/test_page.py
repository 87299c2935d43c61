"""The page as one file: what is in it, what its policy allows, and that nothing in a name gets out of its place."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cutaway.errors import MissingExtra
from cutaway.explorer import chart as charts
from cutaway.explorer import static_files
from cutaway.explorer.columns import attributes
from cutaway.explorer.page import to_html
from cutaway.graph.model import Graph
from cutaway.layout import nesting
from cutaway.picture import plot_model
from cutaway.readers import read
from tests.explorer.hand import ROOT, arranged_of, chart_of, decode, whole
from tests.graphs import picture, random_graph

pytestmark = pytest.mark.skipif(
    not (ROOT / "src/cutaway/explorer/static/explorer.js").exists(), reason="the page has not been built"
)


class Page(HTMLParser):
    """Elements of a page as a browser sees them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), ""))
        self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.found and self.inside:
            tag, attrs, text = self.found[-1]
            self.found[-1] = (tag, attrs, text + data)

    def named(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attrs, text) for name, attrs, text in self.found if name == tag]

    def block(self, identity: str) -> bytes:
        (text,) = [text for attrs, text in self.named("script") if attrs.get("id") == identity]
        return gzip.decompress(base64.b64decode(text.strip(), validate=True))


def page_of(graph: Graph) -> tuple[bytes, Page]:
    data = to_html(arranged_of(graph))
    return data, Page(data.decode())


def test_all_slices_are_in_it() -> None:
    graph = read(ROOT / "examples" / "resnet50.keras")
    _, page = page_of(graph)
    arranged = arranged_of(graph)
    head, parts = json.loads(page.block("chart")), json.loads(page.block("parts"))
    assert head["live"] == {"weights": False, "focus": False, "export": False, "inside": 0}
    assert len(head["parts"]) + len(parts["parts"]) == len(arranged.graph.groups)
    assert page.block("columns") == b"".join(chart_of(graph).columns())
    assert page.block("attributes") == b"".join(attributes(arranged.graph))


def test_it_adds_at_most_400_kilobytes_to_the_data() -> None:
    graph = read(ROOT / "examples" / "resnet50.keras")
    data, page = page_of(graph)
    held = sum(len(text) for attrs, text in page.named("script") if attrs.get("id"))
    assert len(data) - held <= 400_000


def test_nothing_runs_but_what_its_policy_names_by_hash() -> None:
    _, page = page_of(read(ROOT / "examples" / "digits.keras"))
    (policy,) = [attrs["content"] for attrs, _ in page.named("meta") if "http-equiv" in attrs]
    rules = dict(rule.strip().split(" ", 1) for rule in (policy or "").split(";"))
    assert rules["default-src"] == rules["connect-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    ((_, script),) = [entry for entry in page.named("script") if "type" not in entry[0]]
    ((_, style),) = page.named("style")
    for name, text in (("script-src", script), ("style-src", style)):
        assert rules[name] == f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    for _, attrs, _ in page.found:
        assert not any(name.startswith("on") or name in ("style", "src") for name in attrs)
        assert attrs.get("href", "data:,") == "data:,"


def test_it_names_no_address() -> None:
    data, _ = page_of(read(ROOT / "examples" / "digits.keras"))
    names = re.findall(rb"(?:https?:)?//[\w.-]+\.\w+", data)
    assert set(names) <= {b"http://www.w3.org"}  # the name of a kind of element, which nobody fetches


def test_what_was_postponed_is_laid_out_for_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nesting, "LARGE", 50)
    monkeypatch.setattr(nesting, "BUDGET", 40)
    graph = random_graph(5, 200, 40)
    _, page = page_of(graph)
    parts = [*json.loads(page.block("chart"))["parts"].values(), *json.loads(page.block("parts"))["parts"].values()]
    assert {part["closed"] for part in parts} == {0}
    assert page_of(graph)[0] == page_of(graph)[0]
    monkeypatch.setattr(charts, "MOST_OPENED", 1)
    _, page = page_of(graph)
    assert {part["closed"] for part in json.loads(page.block("chart"))["parts"].values()} == {0, 1}


HOSTILE = [
    "</script><script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    "<!--<script>",
    "\ud800\x00&amp;",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_where_they_belong(name: str) -> None:
    plain = picture("a -> b")
    graph = picture(f"a -> {name.replace('/', '⧸').replace(' ', '_')}", name)
    tags = [tag for tag, _, _ in page_of(plain)[1].found]
    _, page = page_of(graph)
    assert [tag for tag, _, _ in page.found] == tags
    assert len(json.loads(page.block("chart"))["parts"]) == 1


def test_equal_models_give_equal_bytes() -> None:
    path = ROOT / "examples" / "digits.keras"
    assert page_of(read(path))[0] == page_of(read(path))[0]


def test_plot_model_writes_it_with_the_callers_choices(tmp_path: Path) -> None:
    picture = plot_model(
        ROOT / "examples" / "resnet50.keras", tmp_path / "x.html", theme="dark", show_shapes=True, depth=1, rankdir="BT"
    )
    page = Page((tmp_path / "x.html").read_text())
    head = json.loads(page.block("chart"))
    assert head["theme"] == "dark"
    assert {part["closed"] for part in head["parts"].values()} == {0, 1}
    assert any("56 × 56" in line for look in head["looks"].values() for lines in look["lines"] for line in lines)
    assert len(picture.graph) == head["model"]["nodes"]


def test_values_of_the_caller_are_columns_to_colour_by(tmp_path: Path) -> None:
    drawn = plot_model(ROOT / "examples" / "digits.keras", None, values={"stem": 2.5})
    drawn.save(tmp_path / "x.html")
    page = Page((tmp_path / "x.html").read_text())
    found = decode([page.block("columns")])["overlay"]
    assert found["columns"] == ["value"]
    assert found["rows"] == [[drawn.graph.names.index("stem"), 2.5]]
    assert json.loads(page.block("chart"))["overlay"] == "overlay:0||sum"


def test_an_installation_without_the_page_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(static_files, "_FOLDER", tmp_path)
    with pytest.raises(MissingExtra, match="page of the explorer"):
        to_html(arranged_of(picture("a -> b")))


def test_the_chart_of_a_page_is_complete() -> None:
    graph = read(ROOT / "examples" / "resnet50.keras")
    assert len(whole(chart_of(graph))["parts"]) == 22
