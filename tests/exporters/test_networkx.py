"""Graphs for NetworkX: everything is there, every writer of NetworkX keeps it, and any directed graph can be drawn."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

import cutaway
from cutaway.checks.finding import Finding
from cutaway.errors import MissingExtra, OptionError
from cutaway.exporters.networkx import DEEPEST
from cutaway.graph.grouping import group
from cutaway.graph.model import CONTROL, Tensor
from tests.exporters.samples import MODELS, SAMPLES, evil, model
from tests.graphs import DIAMOND, LOOP, TWICE, picture, random_graph


def through_graphml(graph: Any) -> Any:
    file = io.BytesIO()
    nx.write_graphml(graph, file)
    file.seek(0)
    return nx.read_graphml(file, force_multigraph=True)


def through_graphml_of_the_standard_library(graph: Any) -> Any:
    file = io.BytesIO()
    nx.write_graphml_xml(graph, file)
    file.seek(0)
    return nx.read_graphml(file, force_multigraph=True)


def through_gexf(graph: Any) -> Any:
    file = io.BytesIO()
    nx.write_gexf(graph, file)
    file.seek(0)
    return nx.read_gexf(file)


def through_gml(graph: Any) -> Any:
    file = io.BytesIO()
    nx.write_gml(graph, file)
    file.seek(0)
    return nx.read_gml(file)


def through_json(graph: Any) -> Any:
    text = json.dumps(nx.node_link_data(graph, edges="edges"), allow_nan=False)
    return nx.node_link_graph(json.loads(text), edges="edges")


WAYS: dict[str, Callable[[Any], Any]] = {
    "graphml": through_graphml,
    "graphml_xml": through_graphml_of_the_standard_library,
    "gexf": through_gexf,
    "gml": through_gml,
    "json": through_json,
}


def content(graph: Any) -> tuple[Any, ...]:
    """All nodes in order and all edges, without what GEXF adds to every one of them, and the name."""
    nodes = [
        (node, {key: value for key, value in data.items() if key != "label"}) for node, data in graph.nodes.items()
    ]
    edges = Counter(
        (source, target, json.dumps({key: value for key, value in data.items() if key != "id"}, sort_keys=True))
        for source, target, data in graph.edges(data=True)
    )
    return nodes, edges, graph.graph["name"]


@pytest.mark.parametrize("name", [*SAMPLES, "evil"])
def test_every_writer_keeps_everything(name: str) -> None:
    graph = model(name)
    for made in (cutaway.to_networkx(graph, positions=True), cutaway.to_networkx(graph, "group", positions=True)):
        for through in WAYS.values():
            assert content(through(made)) == content(made)


@pytest.mark.parametrize("name", ["ResNet50.keras", "saved_model_encoder.zip", "evil"])
def test_layers_are_nodes_with_all_that_is_known(name: str) -> None:
    graph = model(name)
    made = cutaway.to_networkx(graph)
    assert made.number_of_nodes() == len(graph)
    assert made.number_of_edges() == graph.edge_count
    for node, data in zip(graph.nodes, made.nodes.values(), strict=True):
        assert json.loads(data.get("weights", "[]")) == [weight.id for weight in node.weights]
        assert data["parameters"] == sum({weight.id: weight.parameters for weight in node.weights}.values())
        assert data["trainable_parameters"] <= data["parameters"]
        assert len(json.loads(data.get("outputs", "[]"))) == len(node.outputs)
        assert set(json.loads(data.get("attributes", "{}"))) == set(node.attributes)
        assert all(type(value) in (int, float, str) and value != "" for value in data.values())


def test_what_stands_on_nodes_and_edges() -> None:
    made = cutaway.to_networkx(MODELS / "ResNet50.keras")
    conv = made.nodes["conv2_block1_1_conv"]
    assert (conv["op"], conv["name"]) == ("Conv2D", "conv2_block1_1_conv")
    assert (conv["group"], conv["shape"], conv["dtype"]) == ("conv2/block1", "(None, 56, 56, 64)", "float32")
    assert (conv["parameters"], conv["trainable_parameters"], conv["weight_bytes"]) == (4160, 4160, 16640)
    assert json.loads(conv["attributes"])["filters"] == 64
    assert conv["macs"] == 56 * 56 * 64 * 64
    edge = made.edges["pool1_pool", "conv2_block1_1_conv", 0]
    assert edge == {"port": 0, "slot": 0, "shape": "(None, 56, 56, 64)", "dtype": "float32"}
    slots = [data["slot"] for *_, data in made.in_edges("conv2_block1_add", data=True)]
    assert sorted(slots) == [0, 1]
    assert made.graph == {"name": "resnet50", "format": "keras_v3", "producer": "Keras 3.15.1"}


def test_parallel_and_control_edges_are_kept() -> None:
    assert cutaway.to_networkx(TWICE).number_of_edges("in", "add") == 2
    controls = [data for *_, data in cutaway.to_networkx(evil()).edges(data=True) if "control" in data]
    assert controls
    assert all(data["port"] == CONTROL and "shape" not in data for data in controls)


def test_groups_are_nodes() -> None:
    made = cutaway.to_networkx(MODELS / "ResNet50.keras", "group")
    assert list(made) == ["input_layer", "stem", "conv2", "conv3", "conv4", "conv5", "avg_pool", "predictions"]
    deeper = cutaway.to_networkx(MODELS / "ResNet50.keras", "group", depth=1)
    assert {"conv2/block1", "conv2/block3", "conv1_conv"} <= set(deeper)
    whole = cutaway.summary(MODELS / "ResNet50.keras")
    for graph in (made, deeper, cutaway.to_networkx(MODELS / "ResNet50.keras", "group", depth=9)):
        assert sum(data["parameters"] for data in graph.nodes.values()) == whole.totals.parameters
        assert sum(data["macs"] for data in graph.nodes.values()) == whole.macs
        assert sum(data.get("layers", 1) for data in graph.nodes.values()) == whole.nodes
    edge = made.edges["stem", "conv2", 0]
    assert (edge["from_layer"], edge["to_layer"]) == ("pool1_pool", "conv2_block1_1_conv")


def test_edges_between_groups_are_those_of_their_layers() -> None:
    graph = group(random_graph(3, 60, 9))
    made = cutaway.to_networkx(graph, "group")
    around = {}
    for at, inner in enumerate(graph.node_groups):
        while inner and graph.groups.parents[inner]:
            inner = graph.groups.parents[inner]
        around[at] = graph.groups.ids[inner] or graph.ids[at]
    expected = Counter((around[edge.source], around[edge.target]) for edge in graph.edges())
    assert Counter(made.edges(keys=False)) == {pair: n for pair, n in expected.items() if pair[0] != pair[1]}


def test_positions_are_those_of_the_picture() -> None:
    path = MODELS / "MobileNetV2.keras"
    made = cutaway.to_networkx(path, positions=True)
    drawn = cutaway.plot_model(path, to_file=None, legend=False, show_layer_names=None)
    for data in made.nodes.values():
        assert 0 < data["x"] < drawn.scene.width
        assert 0 < data["y"] < drawn.scene.height
    boxes = sorted(made.nodes.values(), key=lambda data: data["x"])
    for at, one in enumerate(boxes):
        for two in boxes[at + 1 : at + 30]:
            apart = abs(one["x"] - two["x"]) >= (one["width"] + two["width"]) / 2 - 0.01
            assert apart or abs(one["y"] - two["y"]) >= (one["height"] + two["height"]) / 2 - 0.01


def test_findings_stand_on_their_layers() -> None:
    found = [
        Finding("CA900", "warning", ("a", "b"), 'says "no"', "", ""),
        Finding("CA901", "info", ("a",), "and more", "", ""),
        Finding("CA902", "info", (), "about the whole", "", ""),
    ]
    made = cutaway.to_networkx(picture("a -> b \n b -> c"), findings=found)
    told = {
        node: [each["check"] for each in json.loads(data.get("findings", "[]"))] for node, data in made.nodes.items()
    }
    assert told == {"a": ["CA900", "CA901"], "b": ["CA900"], "c": []}
    for through in WAYS.values():
        assert content(through(made)) == content(made)


@pytest.mark.parametrize("findings", [[1], 1, "CA900"])
def test_what_is_no_finding_is_told(findings: Any) -> None:
    with pytest.raises(OptionError, match=r"findings must be what cutaway.check.* received"):
        cutaway.to_networkx(picture("a -> b"), findings=findings)


def test_equal_models_give_equal_graphs() -> None:
    one, two = (cutaway.to_networkx(MODELS / "InceptionV3.keras", positions=True) for _ in range(2))
    assert json.dumps(nx.node_link_data(one, edges="edges")) == json.dumps(nx.node_link_data(two, edges="edges"))


@pytest.mark.parametrize("options", [{"level": "node"}, {"level": "group", "depth": -1}, {"depth": True}])
def test_a_wrong_choice_is_told(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(reversed(options))):
        cutaway.to_networkx(DIAMOND, **options)


def test_without_networkx_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(MissingExtra, match=r"pip install 'cutaway\[networkx\]'"):
        cutaway.to_networkx(DIAMOND)


def test_networkx_is_imported_only_when_it_is_needed() -> None:
    names = ", ".join(f"cutaway.{name}" for name in ("plot_model", "to_networkx", "from_networkx", "lay_out"))
    code = f"import sys, cutaway; {names}; print('networkx' in sys.modules)"
    source = Path(cutaway.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(source)})
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.parametrize("name", ["ResNet50.keras", "unet.keras", "two_tower.keras", "tflite/control_flow_flex.tflite"])
def test_back_from_networkx(name: str) -> None:
    graph = group(model(name))
    back = cutaway.from_networkx(cutaway.to_networkx(graph))
    assert list(back.names) == list(graph.names)
    assert [back.op(node) for node in range(len(back))] == [graph.op(node) for node in range(len(graph))]
    assert list(back.edges()) == list(graph.edges())
    for node in range(len(graph)):  # one without outputs gets one of which nothing is known
        assert back.outputs_of(node) == (graph.outputs_of(node) or (Tensor(),))
    homes = [back.groups.ids[at] for at in back.node_groups], [graph.groups.ids[at] for at in graph.node_groups]
    assert homes[0] == homes[1]
    assert back.nodes[0].attributes.items() >= json.loads(json.dumps(dict(graph.nodes[0].attributes))).items()


def test_any_directed_graph_can_be_drawn(tmp_path: Path) -> None:
    graph = nx.DiGraph(name="kitchen")
    graph.add_node(1, op="Conv2D", label="one", group="house/kitchen", shape=(None, 4), dtype="int8", cups=3)
    graph.add_node((2, "x"), group="house/", shape="(None, ?, 7)", hot=True)
    graph.add_edges_from([(1, (2, "x")), ((2, "x"), 1), (1, 1), ((2, "x"), "end")])
    ours = cutaway.from_networkx(graph)
    assert ours.name == "kitchen"
    assert list(ours.names) == ["one", "(2, 'x')", "end"]
    assert [node.op for node in ours.nodes] == ["Conv2D", "(2, 'x')", "end"]
    assert list(ours.groups.ids) == ["", "house", "house/kitchen"]
    assert ours.nodes[0].outputs[0].shape == (None, 4)
    assert ours.nodes[0].outputs[0].dtype == "int8"
    assert ours.nodes[1].outputs[0].shape == (None, None, 7)
    assert ours.nodes[0].attributes == {"cups": 3}
    assert ours.edge_count == 4
    drawn = cutaway.plot_model(ours, tmp_path / "kitchen.svg", fields=["cups"], show_layer_names=True)
    assert "cups" in drawn.svg
    assert cutaway.summary(ours).edges == 4


def test_inputs_stand_in_the_order_of_their_slots() -> None:
    graph = nx.MultiDiGraph()
    graph.add_edge("b", "sum", slot=1)
    graph.add_edge("a", "sum", slot=0, argument="first", port=2)
    ours = cutaway.from_networkx(graph)
    read = [(ours.names[edge.source], edge.port, edge.label) for edge in ours.nodes[1].inputs]
    assert read == [("a", 2, "first"), ("b", 0, "")]


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (nx.Graph([(1, 2)]), "undirected"),
        ("x.gml", "received str"),
        (nx.DiGraph([(1, 2, {"port": -2})]), "port"),
        (nx.DiGraph([(1, 2, {"port": 1 << 20})]), "port"),
        (nx.DiGraph([(1, 2, {"port": "0"})]), "port"),
    ],
)
def test_what_is_no_directed_graph_is_refused(graph: Any, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        cutaway.from_networkx(graph)
    with pytest.raises(OptionError, match=words):
        cutaway.lay_out(graph)


@pytest.mark.parametrize(
    "attribute",
    [
        {"group": "a/" * (DEEPEST + 1)},
        {"group": 3},
        {"shape": "(x, y)"},
        {"shape": 3},
        {"outputs": "{"},
        {"outputs": 3},
    ],
)
def test_an_attribute_that_cannot_be_is_told_with_its_node(attribute: dict[str, Any]) -> None:
    graph = nx.DiGraph()
    graph.add_node("culprit", **attribute)
    with pytest.raises(OptionError, match=f"culprit.*{next(iter(attribute))}"):
        cutaway.from_networkx(graph)


def test_lay_out_gives_positions_for_every_node() -> None:
    graph = nx.gn_graph(40, seed=1).reverse()
    graph.add_edge(5, 0)  # a cycle, as may be
    positions = cutaway.lay_out(graph)
    assert set(positions) == set(positions.sizes) == set(graph)
    for node, (x, y) in positions.items():
        width, height = positions.sizes[node]
        assert width / 2 <= x <= positions.width - width / 2
        assert height / 2 <= y <= positions.height - height / 2
    assert cutaway.lay_out(graph) == positions


@pytest.mark.parametrize(("rankdir", "axis", "sign"), [("TB", 1, -1), ("BT", 1, 1), ("LR", 0, 1), ("RL", 0, -1)])
def test_lay_out_flows_as_it_is_told(rankdir: Any, axis: int, sign: int) -> None:
    positions = cutaway.lay_out(nx.DiGraph([("a", "b"), ("b", "c")]), rankdir=rankdir)
    places = [positions[node][axis] * sign for node in "abc"]
    assert places == sorted(places)
    assert len(set(places)) == 3


def test_lay_out_with_sizes_of_ones_own() -> None:
    graph = nx.DiGraph([("a", "b"), ("a", "c")])
    assert set(cutaway.lay_out(graph, size=(60, 24)).sizes.values()) == {(60.0, 24.0)}


@pytest.mark.parametrize(
    "options", [{"rankdir": "up"}, {"aspect": 0}, {"size": 3}, {"size": (0, 1)}, {"size": (1, "x")}]
)
def test_lay_out_refuses_what_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        cutaway.lay_out(nx.DiGraph([(1, 2)]), **options)


def test_lay_out_of_nothing() -> None:
    assert dict(cutaway.lay_out(nx.DiGraph())) == {}


def test_groups_stand_together() -> None:
    graph = cutaway.to_networkx(picture("in -> left/a right/a \n left/a -> left/b \n right/a -> right/b"))
    positions = cutaway.lay_out(graph)
    spans = [
        [sorted(positions[f"{side}/{name}"][axis] for name in "ab") for side in ("left", "right")] for axis in (0, 1)
    ]
    assert any(one[1] < two[0] or two[1] < one[0] for one, two in spans)


def test_a_loop_is_laid_out() -> None:
    positions = cutaway.lay_out(cutaway.to_networkx(LOOP))
    assert len(set(positions.values())) == len(LOOP)
