"""The columns that Python writes, read by the page's own reader under Node, against the graph itself."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cutaway.analysis.parameters import group_totals, node_totals
from cutaway.drawing.arrange import arrange
from cutaway.explorer.columns import attributes, columns
from cutaway.graph.build import GraphBuilder
from cutaway.graph.contract import plain
from cutaway.graph.model import CONTROL, Graph, Tensor, Weight
from cutaway.layout.nesting import LayoutOptions
from cutaway.readers import read
from cutaway.style.labels import LabelOptions

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web"
MODELS = ROOT / "tests" / "models"

NODE = pytest.mark.skipif(
    shutil.which("node") is None or not (WEB / "node_modules" / "esbuild").is_dir(),
    reason="needs Node and esbuild: run npm ci in web/",
)


def made() -> Graph:
    """A graph with what is rare: names of other scripts, equal names, an order without a tensor, unknown shapes."""
    builder = GraphBuilder(name="Größe", format="test")
    block = builder.group("blöck/1", kind="block")
    inner = builder.group("模型", parent=block, kind="model", op="Functional")
    first = builder.node("é" * 80, "Input", outputs=(Tensor((None, 3), "float32"), Tensor()))
    kernel = Weight("k", "kernel", (3, 4), "bfloat16", trainable=False)
    second = builder.node("same", "Dense", group=inner, attributes={"units": 4, "note": "<b>&\"'"}, weights=(kernel,))
    third = builder.node("same", "Dense", group=inner, attributes={"units": 4, "note": "<b>&\"'"}, weights=(kernel,))
    builder.connect(first, second, port=1)
    builder.connect(first, third)
    builder.connect(second, third, port=CONTROL)
    return builder.build()


def read_by_page(graph: Graph, folder: Path, facts: dict[str, list[float]] | None = None) -> dict[str, Any]:
    arranged = arrange(graph, LabelOptions(), LayoutOptions(), {})
    written, told = folder / "columns.bin", folder / "attributes.bin"
    written.write_bytes(b"".join(columns(arranged, facts)))
    told.write_bytes(b"".join(attributes(graph)))
    script = Path(__file__).with_name("read_columns.mjs")
    done = subprocess.run(
        ["node", str(script), str(WEB), str(written), str(told)], capture_output=True, check=True, timeout=60
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@NODE
@pytest.mark.parametrize("name", ["made", "unet.keras", "siamese.keras", "EfficientNetB0.keras"])
def test_the_page_reads_what_the_graph_holds(name: str, tmp_path: Path) -> None:
    graph = made() if name == "made" else read(MODELS / name)
    found = read_by_page(graph, tmp_path)
    nodes = [graph.nodes[at] for at in range(len(graph))]
    assert found["names"] == [node.name for node in nodes]
    assert found["ids"] == [node.id for node in nodes]
    assert found["found"] == list(range(len(graph)))
    assert found["ops"] == [node.op for node in nodes]
    assert found["groups"] == [node.group for node in nodes]
    assert found["inputs"] == [[edge.source for edge in node.inputs] for node in nodes]
    assert found["ports"] == [[edge.port for edge in node.inputs] for node in nodes]
    shown = [[(None if o.shape is None else list(o.shape), o.dtype) for o in node.outputs] for node in nodes]
    assert [[(o["shape"], o["dtype"]) for o in node] for node in found["outputs"]] == shown
    assert [[(w["id"], w["shape"]) for w in node] for node in found["weights"]] == [
        [(weight.id, list(weight.shape)) for weight in node.weights] for node in nodes
    ]
    assert found["parameters"] == [total.parameters for total in node_totals(graph)]
    assert found["attributes"] == [plain(node.attributes) for node in nodes]


@NODE
@pytest.mark.parametrize("name", ["made", "unet.keras"])
def test_the_page_reads_the_nesting(name: str, tmp_path: Path) -> None:
    graph = made() if name == "made" else read(MODELS / name)
    found = read_by_page(graph, tmp_path)
    groups = [graph.group(at) for at in range(len(graph.groups))]
    assert found["groupIds"] == [group.id for group in groups]
    assert found["groupKinds"] == [group.kind for group in groups]
    assert found["groupOps"] == [group.op for group in groups]
    assert found["parents"] == [group.parent for group in groups]
    assert found["groupParameters"] == [total.parameters for total in group_totals(graph)]


@NODE
def test_facts_arrive_and_what_is_unknown_stays_so(tmp_path: Path) -> None:
    graph = made()
    found = read_by_page(graph, tmp_path, {"macs": [0.5, float("nan"), 3e12]})
    assert found["facts"] == {"macs": [0.5, None, 3e12]}


def test_every_field_of_the_search_is_documented() -> None:
    source = (WEB / "src" / "find" / "fields.ts").read_text(encoding="utf-8")
    fields = set(re.findall(r"^  (\w+): (?:text|number)\(", source, re.MULTILINE))
    assert {"name", "params", "shape"} <= fields
    told = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    section = told[told.index("## Search of the explorer") : told.index("## Colours of the explorer")]
    assert sorted(field for field in fields if f"`{field}`" not in section) == []
