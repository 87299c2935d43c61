"""Files for programs that draw by themselves: Graphviz, Mermaid, and whatever reads GraphML."""

from __future__ import annotations

import html
import io
import json
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

import cutaway
from cutaway.exporters.dot import to_dot
from cutaway.exporters.graphml import to_graphml
from cutaway.exporters.mermaid import MOST_EDGES, to_mermaid
from cutaway.exporters.rows import to_rows
from cutaway.exporters.sketch import DEEPEST, Sketch, plain_look
from cutaway.formats import render
from cutaway.graph import Graph, GraphBuilder
from cutaway.graph.grouping import group
from tests.exporters.samples import MODELS, SAMPLES, evil, model
from tests.exporters.test_networkx import content
from tests.graphs import LOOP, TWICE, picture

needs_graphviz = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")


def sketch(graph: Graph, closed: set[int] | None = None) -> Sketch:
    return Sketch(graph, closed or set(), plain_look(graph))


def graphviz(text: str) -> dict[str, Any]:
    """What Graphviz understands of a text, as JSON; nothing is laid out."""
    done = subprocess.run(["dot", "-Tdot_json"], input=text.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    found: dict[str, Any] = json.loads(done.stdout.decode("utf-8", "surrogateescape"), strict=False)
    return found


def lines_of(label: str) -> list[str]:
    """The lines that Graphviz draws of a label: escapes are taken away, entities decoded."""
    lines, line, at = [], "", 0
    while at < len(label):
        if label[at] == "\\":
            at += 1
            if label[at] == "n":
                lines.append(line)
                line = ""
            else:
                line += label[at]
        else:
            line += label[at]
        at += 1
    return [html.unescape(each) for each in [*lines, line]]


@needs_graphviz
@pytest.mark.parametrize("name", [*SAMPLES, "evil"])
def test_graphviz_reads_what_is_there(name: str) -> None:
    graph = group(model(name))
    drawing = sketch(graph)
    found = graphviz(to_dot(drawing))
    objects = found["objects"]
    clusters = {each["name"]: each for each in objects if each["name"].startswith("cluster_")}
    boxes = {each["name"]: each for each in objects if not each["name"].startswith("cluster_")}
    assert {name: lines_of(box["label"]) for name, box in boxes.items()} == {
        f"n{node}": drawing.texts(node) for node in range(len(graph))
    }
    assert {name: lines_of(cluster["label"]) for name, cluster in clusters.items()} == {
        f"cluster_{at}": [drawing.title(at)] for at in range(1, len(graph.groups))
    }
    edges = Counter((objects[edge["tail"]]["name"], objects[edge["head"]]["name"]) for edge in found.get("edges", []))
    assert edges == Counter((f"n{edge.source}", f"n{edge.target}") for edge in graph.edges())
    for at in range(1, len(graph.groups)):
        held = {objects[index]["name"] for index in clusters[f"cluster_{at}"].get("nodes", [])}
        inside = {f"n{node}" for node, home in enumerate(graph.node_groups) if _within(graph, home, at)}
        assert held == inside


def _within(graph: Graph, inner: int, outer: int) -> bool:
    while inner > outer:
        inner = graph.groups.parents[inner]
    return inner == outer


@needs_graphviz
def test_a_long_label_is_cut_where_graphviz_would_stop() -> None:
    graph = picture("a -> b")
    look = replace(plain_look(graph), lines=[["&" * 10_000] * 1000, ["b"]])
    label = graphviz(to_dot(Sketch(graph, set(), look)))["objects"][0]["label"]
    lines = lines_of(label)
    assert lines[0] == "&" * 300 + "…"
    assert lines[-1] == "…"
    assert len(lines) < 20


@needs_graphviz
def test_graphviz_draws_it() -> None:
    picture_of = cutaway.plot_model(MODELS / "MobileNetV2.keras", to_file=None, show_shapes=True)
    text = render(picture_of, "dot")
    done = subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, check=True)
    assert done.stdout.count(b'class="node"') == 156
    assert "112 × 112" in html.unescape(done.stdout.decode())


def read_mermaid(text: str) -> tuple[dict[str, str], dict[str, str], Counter[tuple[str, str]]]:
    """Boxes and subgraphs with the labels that Mermaid shows, and edges; every line must be of a known form."""
    boxes: dict[str, str] = {}
    groups: dict[str, str] = {}
    edges: Counter[tuple[str, str]] = Counter()
    opened = 0
    for line in re.sub(r"\A%% .*\n", "", text).splitlines():
        bare = line.strip()
        if found := re.fullmatch(r'(subgraph )?([nsg]\d+)\["([^"\n]+)"\]', bare):
            shown = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), found[3].replace("<br>", "\n"))
            (groups if found[1] else boxes)[found[2]] = shown
            opened += bool(found[1])
        elif found := re.fullmatch(r"([ng]\d+) (?:-->|-\.->) ([ng]\d+)", bare):
            edges[found[1], found[2]] += 1
        elif bare == "end":
            opened -= 1
        else:
            assert re.fullmatch(r"flowchart (TB|LR|BT|RL)|classDef c\d+ [\w#:,]+|class [\w,]+ c\d+", bare), line
    assert opened == 0
    return boxes, groups, edges


@pytest.mark.parametrize("name", [*SAMPLES, "evil"])
def test_mermaid_has_everything(name: str) -> None:
    graph = group(model(name))
    drawing = sketch(graph)
    boxes, groups, edges = read_mermaid(to_mermaid(drawing))

    def words(lines: list[str]) -> str:
        return "\n".join(line.strip() for line in lines) or " "

    assert boxes == {f"n{node}": words(drawing.texts(node)) for node in range(len(graph))}
    assert groups == {f"s{at}": words([drawing.title(at)]) for at in range(1, len(graph.groups))}
    assert edges == Counter((f"n{edge.source}", f"n{edge.target}") for edge in graph.edges())


def test_mermaid_hides_what_it_would_read() -> None:
    text = to_mermaid(sketch(evil()))
    for word in ("%%{", "<b>", "`", "*bold*", "-->|", "fa:fa", " _it_"):
        assert word not in text
    assert "subgraph x" in text  # only as a label, as `test_mermaid_has_everything` shows


def test_mermaid_says_when_it_is_too_much() -> None:
    chain = "\n".join(f"layer{at} -> layer{at + 1}" for at in range(MOST_EDGES))
    assert to_mermaid(sketch(picture(chain))).startswith("flowchart")
    assert to_mermaid(sketch(picture(chain + f"\n layer{MOST_EDGES} -> end"))).startswith(f"%% {MOST_EDGES + 1} edges")


@pytest.mark.parametrize("name", [*SAMPLES, "evil"])
def test_networkx_reads_the_graphml_as_its_own(name: str) -> None:
    graph = model(name)
    file = io.BytesIO(to_graphml(to_rows(group(graph))).encode())
    assert content(nx.read_graphml(file, force_multigraph=True)) == content(cutaway.to_networkx(graph))


@pytest.mark.parametrize("extension", ["dot", "mmd", "graphml"])
def test_files_are_equal_for_equal_models(extension: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.{extension}" for name in "ab"]
    for path in paths:
        cutaway.plot_model(MODELS / "InceptionV3.keras", path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_depth_and_shapes_are_those_of_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "m.mmd"
    cutaway.plot_model(MODELS / "ResNet50.keras", path, depth=0, show_shapes=True)
    boxes, groups, edges = read_mermaid(path.read_text(encoding="utf-8"))
    assert groups == {}
    assert [label.split(" ")[0] for label in boxes.values()][1:6] == ["stem", "conv2", "conv3", "conv4", "conv5"]
    assert "224 × 224 × 3" in next(iter(boxes.values()))
    assert sum(edges.values()) == 7
    outline = tmp_path / "m.graphml"
    cutaway.plot_model(MODELS / "ResNet50.keras", outline, depth=0)
    found = nx.read_graphml(outline)
    assert list(found) == list(cutaway.to_networkx(MODELS / "ResNet50.keras", "group"))
    assert found.nodes["conv3"]["x"] > found.nodes["conv2"]["x"]


def test_values_colour_the_boxes(tmp_path: Path) -> None:
    path = tmp_path / "m.dot"
    cutaway.plot_model(picture("in -> a \n a -> b"), path, values={"in": 0, "b": 1})
    colours = re.findall(r'n\d .*fillcolor="(#\w+)"', path.read_text(encoding="utf-8"))
    assert len(set(colours)) == 3


@pytest.mark.parametrize("rankdir", ["LR", "BT", "RL"])
def test_direction(rankdir: str, tmp_path: Path) -> None:
    path = tmp_path / "m.mmd"
    cutaway.plot_model(MODELS / "unet.keras", path, rankdir=rankdir)
    assert path.read_text(encoding="utf-8").startswith(f"flowchart {rankdir}\n")


def test_parallel_edges_and_loops_stay() -> None:
    assert read_mermaid(to_mermaid(sketch(TWICE)))[2] == {("n0", "n1"): 2}
    assert sum(read_mermaid(to_mermaid(sketch(LOOP)))[2].values()) == LOOP.edge_count


def test_one_tensor_enters_a_closed_group_once() -> None:
    graph = picture("in -> g/a g/b end \n g/a -> g/c \n g/b -> g/c \n g/c -> end")
    boxes, _, edges = read_mermaid(to_mermaid(sketch(graph, {1})))
    assert set(boxes) == {"n0", "g1", "n3"}
    assert edges == {("n0", "g1"): 1, ("n0", "n3"): 1, ("g1", "n3"): 1}


def test_deep_nesting_is_bounded() -> None:
    builder = GraphBuilder("deep", "test")
    inner = 0
    for at in range(3 * DEEPEST):
        inner = builder.group(f"g{at}", parent=inner)
        builder.node(f"n{at}", "Op", group=inner)
    graph = builder.build()
    steps = list(sketch(graph).walk())
    assert max(step.depth for step in steps) == DEEPEST
    assert sorted(step.item for step in steps if step.kind == "box") == list(range(len(graph)))
