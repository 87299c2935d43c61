"""The columns hold the graph: what is read out of them is the graph again."""

from __future__ import annotations

import json
import math

import pytest

from cutaway.analysis.cost import cost
from cutaway.analysis.parameters import group_totals, node_totals
from cutaway.drawing.arrange import Arranged
from cutaway.explorer.columns import attributes, columns
from cutaway.explorer.text import shown
from cutaway.graph.build import GraphBuilder
from cutaway.graph.contract import plain
from cutaway.graph.model import Tensor, Weight
from cutaway.readers import read
from tests.explorer.hand import ROOT, arranged_of, chart_of, decode
from tests.graphs import LOOP, picture, random_graph

MODELS = ("examples/resnet50.keras", "tests/models/transformer_encoder.keras", "tests/models/seq2seq.keras",
          "tests/models/tflite/control_flow_flex.tflite", "tests/models/keras_h5/keras2_lstm.h5")  # fmt: skip
HOSTILE = picture("<b>&\ud800 -> g\u00e4/\u202eb\x00 g\u00e4/\U0001f600")


def graphs() -> list[Arranged]:
    found = [read(ROOT / name) for name in MODELS if (ROOT / name).exists()]
    return [arranged_of(graph) for graph in (*found, LOOP, HOSTILE, random_graph(2, 80, 9))]


@pytest.fixture(scope="module", params=range(8))
def arranged(request: pytest.FixtureRequest) -> Arranged:
    found: Arranged = graphs()[request.param]
    return found


def test_names_ids_and_operations(arranged: Arranged) -> None:
    graph, found = arranged.graph, decode(columns(arranged))
    own = dict(zip(found["node_id_at"].tolist(), found["node_id"], strict=True))
    for node in range(len(graph)):
        around = found["group_id"][found["node_group"][node]]
        name = found["node_name"][node]
        assert own.get(node, f"{around}/{name}" if around else name) == clean(graph.ids[node])
        assert found["ops"][found["op_code"][node]] == shown(graph.op(node))
    assert found["group_parent"].tolist() == list(graph.groups.parents)
    assert [found["group_kinds"][code] for code in found["group_kind"]] == list(graph.groups.kinds)
    assert [found["group_ops"][code] for code in found["group_op"]] == [
        graph.groups.ops.get(at, "") for at in range(len(graph.groups))
    ]
    assert found["placement_of"].tolist() == arranged.nested.placement_of


def clean(text: str) -> str:
    """Half of a surrogate pair has no code in UTF-8."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def test_edges_and_tensors(arranged: Arranged) -> None:
    graph, found = arranged.graph, decode(columns(arranged))
    for node in range(len(graph)):
        low, high = found["input_start"][node], found["input_start"][node + 1]
        edges = list(zip(found["input_node"][low:high], found["input_port"][low:high], strict=True))
        assert edges == [(edge.source, edge.port) for edge in graph.inputs_of(node)]
        low, high = found["output_start"][node], found["output_start"][node + 1]
        tensors = [found["tensors"][code] for code in found["output_code"][low:high]]
        assert tensors == [
            {"shape": None if made.shape is None else list(made.shape), "dtype": made.dtype}
            for made in graph.outputs_of(node)
        ]
    labels = dict(zip(found["input_label_at"].tolist(), found["input_label"], strict=True))
    assert labels == dict(graph.input_labels)
    assert [port["node"] for port in found["inputs"]] == [port.node for port in graph.inputs]


def test_weights_and_sums(arranged: Arranged) -> None:
    graph, found = arranged.graph, decode(columns(arranged))
    kinds = [found["weight_kinds"][code] for code in found["weight_kind"]]
    told = [
        (identity, kind["name"], tuple(kind["shape"]), kind["dtype"], kind["trainable"])
        for identity, kind in zip(found["weight_id"], kinds, strict=True)
    ]
    assert told == [(weight.id, weight.name, weight.shape, weight.dtype, weight.trainable) for weight in graph.weights]
    for node in range(len(graph)):
        low, high = found["weight_start"][node], found["weight_start"][node + 1]
        assert [told[code][0] for code in found["weight_code"][low:high]] == [w.id for w in graph.weights_of(node)]
    for prefix, totals in (("", node_totals(graph)), ("group_", group_totals(graph))):
        assert found[f"{prefix}parameters"].tolist() == [total.parameters for total in totals]
        assert found[f"{prefix}trainable_parameters"].tolist() == [total.trainable for total in totals]
        assert found[f"{prefix}weight_bytes"].tolist() == [total.bytes for total in totals]


def test_weights_of_groups() -> None:
    builder = GraphBuilder("model", "test")
    kernel, scale, both = (Weight(f"w{at}", f"w{at}", (at + 2,), "float32") for at in range(3))
    layer = builder.group("layer", kind="layer", weights=(kernel, both))
    inner = builder.group("inner", parent=layer, kind="layer", weights=(scale,))
    builder.node("op", "MatMul", group=inner, outputs=[Tensor((1,))], weights=(both,))
    arranged = arranged_of(builder.build())
    graph, found = arranged.graph, decode(columns(arranged))
    told = sorted(zip(found["group_weight_group"].tolist(), found["group_weight_code"].tolist(), strict=True))
    assert told == sorted((at, code) for at, codes in graph.groups.weights.items() for code in codes)
    assert [(graph.groups.names[at], graph.weights[code].id) for at, code in told] == [
        ("layer", "w0"), ("layer", "w2"), ("inner", "w1"),
    ]  # fmt: skip


def test_attributes(arranged: Arranged) -> None:
    graph, found = arranged.graph, decode(attributes(arranged.graph))
    for node in range(len(graph)):
        assert json.loads(found["attributes"][found["attribute_code"][node]]) == plain(graph.attributes[node])
    assert len(found["attributes"]) <= max(1, len(graph))
    assert found["about"]["strides"]


def test_facts_are_columns_too() -> None:
    arranged = arranged_of(LOOP)
    values = [math.nan, *map(float, range(1, len(LOOP)))]
    found = decode(columns(arranged, {"macs": values}))["fact:macs"].tolist()
    assert math.isnan(found[0])
    assert found[1:] == values[1:]


def test_the_chart_says_what_the_model_costs() -> None:
    graph = read(ROOT / "tests/models/keras_h5/keras2_lstm.h5")
    found = decode(chart_of(graph).columns())
    spent = cost(graph)
    assert found["fact:macs"].tolist() == spent.macs
    assert found["fact:flops"].tolist() == spent.flops
    assert spent.total_macs > 0
