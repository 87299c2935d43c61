"""Conventions of the graphs: groups of nested models, wrappers and attention, labels, attributes, weights."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cutaway.graph.model import Graph
from cutaway.readers.keras.config import read_config

keras: Any = pytest.importorskip("keras")
layers = keras.layers


def graph_of(inputs: Any, outputs: Any) -> Graph:
    return read_config(json.loads(keras.Model(inputs, outputs, name="m").to_json()), format="test")


def edges(graph: Graph) -> list[tuple[str, str, int, str]]:
    return [(graph.ids[e.source], graph.ids[e.target], e.port, e.label) for e in graph.edges()]


def groups(graph: Graph) -> list[tuple[str, str, str, str]]:
    found = [graph.group(index) for index in range(1, len(graph.groups))]
    return [(group.id, group.kind, group.op, group.found_by) for group in found]


def test_submodel_called_twice_is_two_groups_with_one_set_of_weights() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="d")], name="inner")
    graph = graph_of([a, b], layers.Add(name="sum")([inner(a), inner(b)]))
    assert groups(graph) == [
        ("inner", "model", "Sequential", "config of the file"),
        ("inner@2", "model", "Sequential", "config of the file"),
    ]
    assert edges(graph) == [
        ("a", "inner/d", 0, ""), ("b", "inner@2/d", 0, ""), ("inner/d", "sum", 0, ""), ("inner@2/d", "sum", 0, ""),
    ]  # fmt: skip
    assert [weight.id for weight in graph.weights] == ["inner/d/kernel", "inner/d/bias"]
    assert graph.weights_of(graph.ids.index("inner/d")) == graph.weights_of(graph.ids.index("inner@2/d"))


def test_frozen_outer_model_freezes_its_inside() -> None:
    x = keras.Input((4,), name="x")
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="d")], name="inner")
    config = json.loads(keras.Model(x, inner(x)).to_json())
    next(raw for raw in config["config"]["layers"] if raw["name"] == "inner")["config"]["trainable"] = False
    assert [weight.trainable for weight in read_config(config, format="test").weights] == [False, False]


def test_fully_convolutional_submodel_has_the_shapes_of_its_call() -> None:
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3, name="c")], name="inner")
    x = keras.Input((20, 20, 3), name="x")
    inner_config = json.loads(keras.Model(x, layers.Conv2D(2, 3, name="outer")(x)).to_json())
    nested = json.loads(inner.to_json())
    nested |= {"name": "inner", "inbound_nodes": inner_config["config"]["layers"][1]["inbound_nodes"]}
    inner_config["config"]["layers"][1] = nested
    inner_config["config"]["output_layers"] = ["inner", 0, 0]
    graph = read_config(inner_config, format="test")
    assert graph.outputs_of(graph.names.index("c"))[0].shape == (None, 18, 18, 2)


def test_bidirectional() -> None:
    x = keras.Input((5, 4), name="x")
    wrapped = layers.Bidirectional(layers.LSTM(3, return_sequences=True, name="lstm"), name="bi")
    graph = graph_of(x, wrapped(x))
    assert groups(graph) == [("bi", "wrapper", "Bidirectional", "config of the file")]
    assert edges(graph) == [
        ("x", "bi/forward_lstm", 0, ""), ("x", "bi/backward_lstm", 0, ""),
        ("bi/forward_lstm", "bi/merge", 0, ""), ("bi/backward_lstm", "bi/merge", 0, ""),
    ]  # fmt: skip
    assert [graph.op(node) for node in range(4)] == ["InputLayer", "LSTM", "LSTM", "Concatenate"]
    assert graph.weights[0].id == "bi/forward_lstm/kernel"
    assert graph.outputs_of(3)[0].shape == (None, 5, 6)


def test_time_distributed_holds_tensors_of_all_steps() -> None:
    x = keras.Input((5, 4), name="x")
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="d"), layers.ReLU(name="r")], name="s")
    graph = graph_of(x, layers.TimeDistributed(inner, name="td")(x))
    assert graph.ids == ("x", "td/s/d", "td/s/r")
    assert [graph.outputs_of(node)[0].shape for node in range(3)] == [(None, 5, 4), (None, 5, 3), (None, 5, 3)]
    assert [weight.id for weight in graph.weights] == ["td/s/d/kernel", "td/s/d/bias"]


def test_cells_are_chained_and_give_their_states() -> None:
    x = keras.Input((5, 4), name="x")
    cells = [layers.LSTMCell(3, name="one"), layers.GRUCell(2, name="two")]
    graph = graph_of(x, layers.RNN(cells, return_state=True, name="rnn")(x))
    assert edges(graph) == [("x", "rnn/one", 0, ""), ("rnn/one", "rnn/two", 0, "")]
    assert [(graph.ids[port.node], port.port) for port in graph.outputs] == [
        ("rnn/two", 0), ("rnn/one", 1), ("rnn/one", 2), ("rnn/two", 1),
    ]  # fmt: skip


def test_attention() -> None:
    q, v = keras.Input((5, 6), name="q"), keras.Input((7, 4), name="v")
    mask = keras.Input((5, 7), dtype="bool", name="mask")
    attend = layers.MultiHeadAttention(2, 3, name="att")
    made, scores = attend(q, v, attention_mask=mask, return_attention_scores=True)
    graph = graph_of([q, v, mask], [made, scores])
    assert groups(graph) == [
        ("att", "layer", "MultiHeadAttention", "template: projections, attention, output projection")
    ]
    assert edges(graph) == [
        ("q", "att/query", 0, ""), ("v", "att/key", 0, ""), ("v", "att/value", 0, ""),
        ("att/query", "att/attention", 0, ""), ("att/key", "att/attention", 0, "key"),
        ("att/value", "att/attention", 0, "value"), ("mask", "att/attention", 0, "attention_mask"),
        ("att/attention", "att/attention_output", 0, ""),
    ]  # fmt: skip
    assert [(weight.id, weight.shape) for weight in graph.weights][:2] == [
        ("att/query/kernel", (6, 2, 3)), ("att/query/bias", (2, 3)),
    ]  # fmt: skip
    assert [graph.tensor(port.node, port.port).shape for port in graph.outputs] == [(None, 5, 6), (None, 2, 5, 7)]


def test_constants_are_attributes_and_arguments_are_labels() -> None:
    x, y = keras.Input((4,), name="x"), keras.Input((4,), name="y")
    made = keras.ops.where(x > 0.5, y, 2.0)
    graph = graph_of([x, y], made)
    by_op = {node.op: node for node in graph.nodes}
    assert [edge.label for edge in by_op["Where"].inputs] == ["", "x1"]
    assert by_op["Where"].attributes["x2"] == 2.0
    assert by_op["Greater"].attributes["x2"] == 0.5


def test_parallel_edges_and_ports_are_kept() -> None:
    x = keras.Input((6,), name="x")
    first, second, _ = keras.ops.split(x, 3, axis=-1)
    graph = graph_of(x, layers.Concatenate(name="cat")([second, first, second]))
    assert [(edge.port, edge.slot) for edge in graph.nodes[-1].inputs] == [(1, 0), (0, 1), (1, 2)]
    assert len(graph.nodes[1].outputs) == 3


def test_attributes_are_readable() -> None:
    x = keras.Input((4,), name="x")
    dense = layers.Dense(3, kernel_initializer="he_normal", kernel_regularizer=keras.regularizers.L2(0.1), name="d")
    attributes = graph_of(x, dense(x)).nodes[1].attributes
    assert attributes["kernel_initializer"] == "HeNormal"
    assert attributes["kernel_regularizer"] == {"L2": {"l2": pytest.approx(0.1)}}
    assert attributes["dtype"] == "float32"
    assert attributes["activation"] == "linear"
    assert "name" not in attributes
    assert json.loads(json.dumps(dict(attributes))) == dict(attributes)


def test_lambda_is_not_executed() -> None:
    x = keras.Input((4,), name="x")
    graph = graph_of(x, layers.Lambda(lambda value: value * 2, name="code")(x))
    assert graph.nodes[1].attributes["function"] == "<code, not executed>"
    assert graph.outputs_of(1)[0].shape is None
    assert "not executed" in graph.warnings[0]


def test_mixed_precision_keeps_its_weights_in_full() -> None:
    x = keras.Input((4,), name="x")
    graph = graph_of(x, layers.Dense(3, dtype="mixed_float16", name="d")(x))
    assert graph.outputs_of(1)[0].dtype == "float16"
    assert {weight.dtype for weight in graph.weights} == {"float32"}


def test_optional_input_that_a_call_leaves_out() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b", optional=True)
    inner = keras.Model([a, b], layers.Dense(2, name="d")(a), name="inner")
    x = keras.Input((4,), name="x")
    config = json.loads(keras.Model(x, inner([x, x])).to_json())
    outer = next(raw for raw in config["config"]["layers"] if raw["name"] == "inner")
    outer["inbound_nodes"][0]["args"][0][1] = None
    assert edges(read_config(config, format="test")) == [("x", "inner/d", 0, "")]


def test_custom_wrapper_is_no_guess() -> None:
    class Summed(keras.layers.Wrapper):
        def call(self, x: Any) -> Any:
            return keras.ops.sum(self.layer(x), axis=-1)

    x = keras.Input((4,), name="x")
    made = layers.Dense(3, name="after")(Summed(layers.Reshape((2, 2), name="inner"), name="w")(x))
    graph = graph_of(x, made)
    assert edges(graph) == [("x", "w/inner", 0, ""), ("w/inner", "w/w", 0, ""), ("w/w", "after", 0, "")]
    assert [graph.outputs_of(node)[0].shape for node in range(4)] == [(None, 4), (None, 2, 2), (None, 2), (None, 3)]


def test_quantized_dense() -> None:
    x = keras.Input((4,), name="x")
    dense = layers.Dense(3, name="d")
    model = keras.Model(x, dense(x))
    dense.quantize("int8")
    graph = read_config(json.loads(model.to_json()), format="test")
    assert graph.nodes[1].attributes["dtype"] == "int8_from_float32"
    found = [(weight.name, weight.shape, weight.dtype, weight.trainable) for weight in graph.weights]
    assert found == [(w.name, tuple(w.shape), w.dtype, w.trainable) for w in model.weights]
