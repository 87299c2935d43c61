"""Two languages, one contract: the types of the page are those of the server, and answers are of these types."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cutaway.explorer import contract
from cutaway.explorer.details import MOST_LISTED, group_details, node_details
from cutaway.explorer.server import application
from cutaway.explorer.session import Origin, Session
from cutaway.explorer.static_files import FILES
from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Tensor, Weight
from cutaway.readers import read
from tests.explorer.conform import check, fits
from tests.explorer.hand import ROOT, arranged_of, chart_of, decode
from tests.graphs import DIAMOND

TARGETS = ROOT / "web" / "src"


def test_the_types_of_the_page_are_generated_from_ours() -> None:
    code = f"import json, sys; sys.path.insert(0, {str(ROOT / 'scripts')!r}); import make_contract as m; " + (
        "sys.stdout.write(json.dumps({m.target_of(source).name: m.contract(source) for source in m.SOURCES}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, encoding="utf-8")
    made = json.loads(done.stdout)
    assert set(made) == {path.name for path in TARGETS.glob("*contract.ts")}
    for name, text in made.items():
        assert (TARGETS / name).read_text(encoding="utf-8") == text, "run: python scripts/make_contract.py"
    assert f"export const SCHEMA = {contract.SCHEMA};" in made["contract.ts"]


MODELS = ("examples/resnet50.keras", "tests/models/transformer_encoder.keras", "tests/models/seq2seq.keras")


@pytest.mark.parametrize("name", MODELS)
def test_answers_are_of_their_types(name: str) -> None:
    chart = chart_of(read(ROOT / name))
    arranged = chart.arranged
    check(json.loads(chart.head()), contract.Head, "head")
    check(json.loads(chart.parts(range(len(arranged.graph.groups)))), contract.Slice, "slice")
    for node in range(0, len(arranged.graph), 7):
        check(json.loads(json.dumps(node_details(arranged.graph, node))), contract.NodeDetails, "node")
    for group in range(len(arranged.graph.groups)):
        check(json.loads(json.dumps(group_details(arranged, group))), contract.GroupDetails, "group")


def test_every_request_and_column_is_described() -> None:
    words = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
    paths = {route.path.lstrip("/") for route in application(Session(Origin(lambda: DIAMOND, "x"))).routes}  # type: ignore[attr-defined]
    for path in paths - {"", *FILES}:
        assert f"`GET {path}" in words or f"`POST {path}`" in words, path
    chart = chart_of(DIAMOND)
    for pieces in (chart.columns(), chart.attributes()):
        for name in decode(pieces):
            told = "fact:NAME" if name.startswith("fact:") else name
            assert f"`{told}`" in words, name
    for kind in (contract.Head, contract.Sheet, contract.Look, contract.Part):
        for name in kind.__annotations__:
            assert f'"{name}"' in words, name


def test_the_check_itself_finds_what_is_wrong() -> None:
    for value in ({"error": 1, "kind": "x"}, {"error": "x"}, {"error": "x", "kind": "y", "more": 1}):
        assert not fits(value, contract.Problem, "problem")
    assert fits({"error": "x", "kind": "y"}, contract.Problem, "problem")


def test_details_of_a_node_are_those_of_the_graph() -> None:
    arranged = arranged_of(read(ROOT / "examples" / "resnet50.keras"))
    graph = arranged.graph
    for node in graph.nodes:
        told = node_details(graph, node.index)
        assert [(entry["node"], entry["port"]) for entry in told["inputs"]] == [(e.source, e.port) for e in node.inputs]
        readers = {reader["node"] for output in told["outputs"] for reader in output["readers"]}
        assert readers == {edge.target for edge in graph.edges() if edge.source == node.index}
        assert told["path"][-1]["index"] == node.group
        assert [weight["id"] for weight in told["weights"]] == [weight.id for weight in node.weights]
    assert node_details(graph, graph.names.index("conv1_conv"))["python"] == "model.get_layer('conv1_conv')"


def test_a_shared_weight_names_its_other_users() -> None:
    graph = arranged_of(read(ROOT / "tests" / "models" / "siamese.keras")).graph
    shared = [
        (node, weight)
        for node in range(len(graph))
        for weight in node_details(graph, node)["weights"]
        if weight["sharedBy"]
    ]
    assert shared
    for node, weight in shared:
        for other in weight["sharedBy"]:
            assert other["node"] != node
            assert (
                weight["code"]
                in graph.weight_codes[graph.weight_start[other["node"]] : graph.weight_start[other["node"] + 1]]
            )


def test_details_of_a_group_sum_up_what_it_holds() -> None:
    arranged = arranged_of(read(ROOT / "examples" / "resnet50.keras"))
    root = group_details(arranged, 0)
    assert (root["nodes"], root["groups"], root["parameters"]) == (177, 21, 25636712)
    assert sum(count for _, count in root["ops"]) == 177
    block = arranged.graph.groups.ids.index(next(i for i in arranged.graph.groups.ids if i.endswith("block2")))
    told = group_details(arranged, block)
    assert told["equal"]
    assert told["path"][0]["name"] == "resnet50"
    assert told["nodes"] == 10


def test_of_very_many_the_first_are_listed_and_all_are_counted() -> None:
    builder = GraphBuilder("many", "test")
    weights = [Weight(f"w{at}", "w", (2,)) for at in range(500)]
    sources = [builder.node(f"n{at}", "Op", outputs=[Tensor((1,))]) for at in range(500)]
    wide = builder.node("wide", "Op", outputs=[Tensor((1,))] * 500, weights=weights)
    for source in sources:
        builder.connect(source, wide)
    told = node_details(builder.build(), wide)
    check(json.loads(json.dumps(told)), contract.NodeDetails, "node")
    assert (told["inputCount"], told["outputCount"], told["weightCount"]) == (500, 500, 500)
    assert len(told["inputs"]) == len(told["outputs"]) == len(told["weights"]) == MOST_LISTED
    assert told["parameters"] == 1000
