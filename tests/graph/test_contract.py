"""The JSON contract: nothing is lost, the schema holds, a bad document is refused with its place."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cutaway.graph.contract as contract_module
from cutaway.errors import ReadError
from cutaway.graph import Graph, GraphBuilder, Tensor, Weight
from cutaway.graph.contract import SCHEMA, from_contract, plain, to_contract
from cutaway.graph.model import CONTROL, Edge

SCHEMA_FILE = Path(contract_module.__file__).with_name("contract.schema.json")
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))


def rich_graph() -> Graph:
    """A graph with one of everything: shared weights, parallel and control edges, ports, labels, nesting."""
    builder = GraphBuilder("net", "test", "pytest 1")
    kernel = Weight("dense/kernel", "kernel", (4, 8), location="model.weights.h5/dense")
    seed = Weight("seed", "seed", (2,), "uint32", trainable=False)
    outer = builder.group("block", kind="block", found_by="names", attributes={"depth": 2})
    inner = builder.group("block", parent=outer, kind="layer", op="Custom", weights=[seed])
    x = builder.node("x", "InputLayer", outputs=[Tensor((None, 4), "float32")])
    first = builder.node("dense", "Dense", group=outer, outputs=[Tensor((None, 8), "float32")], weights=[kernel])
    second = builder.node("dense", "Dense", group=inner, outputs=[Tensor(), Tensor((), "bool")], weights=[kernel])
    add = builder.node('<b>&"\n', "Add", attributes={"scale": [1, None], "name": "ü"}, outputs=())
    builder.connect(x, first)
    builder.connect(x, second)
    builder.connect(first, add)
    builder.connect(first, add, label="other")
    builder.connect(second, add, port=1, label="mask")
    builder.connect(x, add, port=CONTROL)
    builder.mark_input(x, "x")
    builder.mark_output(second, "probabilities", port=1)
    builder.describe_group(0, op="Functional", attributes={"trainable": True})
    builder.warnings.append("one layer is unknown")
    return builder.build()


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    names = st.sampled_from(["a", "b", "a@2", "", "a/b"])
    builder = GraphBuilder(draw(names), "test")
    for _ in range(draw(st.integers(0, 4))):
        builder.group(draw(names), parent=draw(st.integers(0, len(builder._group_names) - 1)))
    count = draw(st.integers(0, 6))
    tensors = st.builds(Tensor, st.none() | st.lists(st.none() | st.integers(0, 9), max_size=3).map(tuple))
    weights = st.sampled_from([Weight("w", "w", (2, 3)), Weight("v", "v", ()), Weight("u", "u", (5,), trainable=False)])
    for _ in range(count):
        builder.node(
            draw(names), draw(names), group=draw(st.integers(0, len(builder._group_names) - 1)),
            outputs=draw(st.lists(tensors, max_size=2)), weights=draw(st.lists(weights, max_size=2)),
        )  # fmt: skip
    for _ in range(draw(st.integers(0, 8)) if count else 0):
        ends = st.integers(0, count - 1)
        builder.connect(draw(ends), draw(ends), port=draw(st.integers(CONTROL, 2)), label=draw(names))
    return builder.build()


def through_json(document: dict[str, Any]) -> Any:
    return json.loads(json.dumps(document, allow_nan=False))


@given(graphs())
def test_nothing_is_lost(graph: Graph) -> None:
    document = through_json(to_contract(graph))
    VALIDATOR.validate(document)
    assert from_contract(document) == graph


def test_nothing_of_a_rich_graph_is_lost() -> None:
    graph = rich_graph()
    document = through_json(to_contract(graph))
    VALIDATOR.validate(document)
    assert from_contract(document) == graph
    assert from_contract(document) != replace(graph, producer="another")


def test_says_what_the_graph_says() -> None:
    document = to_contract(rich_graph(), facts={"x": {"macs": 7}})
    model, nodes = document["model"], {node["id"]: node for node in document["nodes"]}
    assert (model["nodes"], model["edges"], model["groups"]) == (4, 6, 2)
    assert (model["parameters"], model["trainable_parameters"], model["weight_bytes"]) == (34, 32, 136)
    assert nodes["block/dense"]["weights"] == nodes["block/block/dense"]["weights"] == ["dense/kernel"]
    assert nodes["x"]["facts"] == {"macs": 7}
    assert [edge for edge in document["edges"] if edge["source"] == "block/dense"] == [
        {"source": "block/dense", "port": 0, "target": '<b>&"\n', "slot": 0},
        {"source": "block/dense", "port": 0, "target": '<b>&"\n', "slot": 1},
    ]
    last = nodes['<b>&"\n']["inputs"]
    assert [(read["node"], read["port"], read["argument"]) for read in last] == [
        ("block/dense", 0, ""), ("block/dense", 0, "other"), ("block/block/dense", 1, "mask"), ("x", CONTROL, ""),
    ]  # fmt: skip
    assert (last[2]["shape"], last[2]["dtype"]) == ([], "bool")


def test_edges_are_those_of_the_inputs() -> None:
    graph = rich_graph()
    document = to_contract(graph)
    index = {name: at for at, name in enumerate(graph.ids)}
    listed = [Edge(index[e["source"]], e["port"], index[e["target"]], e["slot"]) for e in document["edges"]]
    assert listed == [replace(edge, label="") for edge in graph.edges()]


def test_plain_values() -> None:
    value = {"a": (1, 2.5, float("inf")), 3: float("nan"), "b": {"c": b"x"}, "d": True}
    assert plain(value) == {"a": [1, 2.5, "inf"], "3": "nan", "b": {"c": "b'x'"}, "d": True}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("schema",), SCHEMA + 1, "reads schema 1; received 2"),
        (("schema",), None, "document.schema"),
        (("nodes",), {}, "document.nodes: expected list"),
        (("nodes", 1), 7, r"nodes\[1\]: expected an object"),
        (("nodes", 1, "id"), "x", r"nodes\[1\].id: 'x' is there twice"),
        (("nodes", 1, "group"), "nowhere", r"nodes\[1\].group: 'nowhere' is not the id"),
        (("nodes", 1, "inputs", 0, "node"), "lost", r"nodes\[1\].inputs\[0\].node: 'lost'"),
        (("nodes", 1, "inputs", 0, "port"), -2, "port: expected a number from -1 on"),
        (("nodes", 1, "inputs", 0, "port"), True, "port: expected int; received True"),
        (("nodes", 1, "outputs", 0, "shape"), ["4"], "shape: expected a list of sizes"),
        (("nodes", 1, "outputs", 0, "dtype"), 4, "dtype: expected a name or null"),
        (("nodes", 1, "weights"), ["none"], "weights: 'none' is not the id of a weight"),
        (("groups", 0, "parent"), "block", "the first group must be the root"),
        (("groups", 1, "parent"), "block/block", "a group must stand after its parent"),
        (("groups", 1, "kind"), "heap", "expected one of root, model"),
        (("weights", 0, "shape"), [None], "shape: expected a list of sizes"),
        (("model", "inputs", 0, "port"), -1, "port: expected a number from 0 on"),
        (("model", "name"), 5, "document.model.name: expected str"),
    ],
)
def test_a_bad_document_is_refused_with_its_place(path: tuple[str | int, ...], value: Any, said: str) -> None:
    document = copy.deepcopy(to_contract(rich_graph()))
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ReadError, match=said):
        from_contract(document)


@pytest.mark.parametrize("document", [None, [], "graph", 3])
def test_a_document_must_be_an_object(document: Any) -> None:
    with pytest.raises(ReadError, match="document: expected an object"):
        from_contract(document)


def test_the_schema_is_one_and_carries_our_version() -> None:
    jsonschema.Draft202012Validator.check_schema(VALIDATOR.schema)
    assert VALIDATOR.schema["properties"]["schema"]["const"] == SCHEMA
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({**to_contract(rich_graph()), "extra": 1})


def test_the_documented_example_is_of_this_format() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "contract.md"
    VALIDATOR.validate(json.loads(page.read_text(encoding="utf-8").split("```json")[1].split("```")[0]))
