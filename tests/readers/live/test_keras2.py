"""Live models of tf_keras, the Keras 2 that goes on beside TensorFlow."""

from __future__ import annotations

from typing import Any

import pytest

from cutaway.errors import ReadError, UnbuiltModel
from cutaway.graph import Graph
from cutaway.readers import read
from cutaway.readers.keras_live import matches
from tests.readers.live.walk import is_producers_first, parameters

tf_keras = pytest.importorskip("tf_keras", reason="tf_keras is not installed; its models cannot be made")


def edges(graph: Graph) -> list[tuple[str, int, str]]:
    """Edges by id of the source, port, and id of the target."""
    return [(graph.ids[edge.source], edge.port, graph.ids[edge.target]) for edge in graph.edges()]


def test_functional_with_a_nested_model_called_twice() -> None:
    layers = tf_keras.layers
    x = tf_keras.Input((8,), name="x")
    inner = tf_keras.Sequential([layers.Dense(8, name="d"), layers.Dropout(0.1, name="drop")], name="inner")
    y = inner(x)
    z = inner(y)
    joined = layers.Concatenate(name="join")([z, y, z])
    model = tf_keras.Model({"x": x}, {"a": joined, "b": y}, name="two")
    graph = read(model)
    assert matches(model)
    assert graph.producer == f"Keras {tf_keras.__version__}"
    assert edges(graph) == [
        ("x", 0, "inner/d"), ("inner/d", 0, "inner/drop"), ("inner/drop", 0, "inner@2/d"),
        ("inner@2/d", 0, "inner@2/drop"), ("inner@2/drop", 0, "join"), ("inner/drop", 0, "join"),
        ("inner@2/drop", 0, "join"),
    ]  # fmt: skip
    assert [(port.name, graph.ids[port.node]) for port in graph.outputs] == [("a", "join"), ("b", "inner/drop")]
    assert parameters(graph) == model.count_params()
    assert [weight.id for weight in graph.weights] == ["inner/d/kernel", "inner/d/bias"]


def test_wrappers_and_attention_open_as_in_keras_3() -> None:
    layers = tf_keras.layers
    x = tf_keras.Input((10, 4), name="x")
    h = layers.Bidirectional(layers.LSTM(3, return_sequences=True, name="lstm"), name="both")(x)
    h = layers.TimeDistributed(layers.Dense(8, name="dense"), name="each")(h)
    h = layers.MultiHeadAttention(2, 4, name="attention")(h, h)
    h = layers.RNN([layers.LSTMCell(4, name="lower"), layers.GRUCell(3, name="upper")], name="stack")(h)
    model = tf_keras.Model(x, h)
    graph = read(model)
    assert list(graph.ids) == [
        "x", "both/forward_lstm", "both/backward_lstm", "both/merge", "each/dense", "attention/query", "attention/key",
        "attention/value", "attention/attention", "attention/attention_output", "stack/lower", "stack/upper",
    ]  # fmt: skip
    assert is_producers_first(graph)
    assert parameters(graph) == model.count_params()
    assert graph.nodes[-1].outputs[0].shape == (None, 3)


def test_an_application_equals_keras_layer_for_layer() -> None:
    model = tf_keras.applications.MobileNetV2(weights=None)
    graph = read(model)
    assert {node.name: node.outputs[0].shape for node in graph.nodes} == {
        layer.name: tuple(layer.output_shape[0] if isinstance(layer.output_shape, list) else layer.output_shape)
        for layer in model.layers
    }
    wanted = sorted(
        (tensor._keras_history.layer.name, layer.name)
        for layer in model.layers
        for node in layer._inbound_nodes
        if not node.is_input
        for tensor in node.keras_inputs
    )
    assert sorted((source, target) for source, _, target in edges(graph)) == wanted
    assert parameters(graph) == model.count_params()
    frozen = sum(weight.parameters for weight in graph.weights if not weight.trainable)
    assert frozen == sum(int(weight.shape.num_elements()) for weight in model.non_trainable_weights)


def test_what_cannot_be_followed_is_said() -> None:
    model_class: Any = tf_keras.Model

    class Custom(model_class):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = tf_keras.layers.Dense(3, name="first"), tf_keras.layers.ReLU(name="second")

        def call(self, x: Any) -> Any:
            return self.second(self.first(x))

    model = Custom()
    with pytest.raises(ReadError, match="subclassed model of tf_keras") as refused:
        read(model)
    advice = str(refused.value).rpartition("draw that: ")[2]
    names: dict[str, Any] = {"tf_keras": tf_keras, "model": model, "shape": (4,)}
    definition, _, drawn = advice.partition("; ")
    exec(definition, names)  # what the message advises must work
    assert edges(read(eval(drawn, names))) == [(names["x"].node.layer.name, 0, "first"), ("first", 0, "second")]
    with pytest.raises(UnbuiltModel, match=r"model\.build\("):
        read(tf_keras.Sequential([tf_keras.layers.Dense(1)]))


def test_a_custom_layer_is_one_node_with_its_weights() -> None:
    layer_class: Any = tf_keras.layers.Layer

    class Custom(layer_class):
        def __init__(self, **more: Any) -> None:
            super().__init__(**more)
            self.dense = tf_keras.layers.Dense(3)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    x = tf_keras.Input((4,), name="x")
    graph = read(tf_keras.Model(x, Custom(name="custom")(x)))
    assert [(node.op, len(node.weights)) for node in graph.nodes] == [("InputLayer", 0), ("Custom", 2)]
