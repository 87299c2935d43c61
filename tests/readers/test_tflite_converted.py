"""Models that TensorFlow's converter writes tell the same story as the ``.keras`` that they were made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from cutaway.graph.model import Graph
from cutaway.readers import read
from cutaway.readers.values import read_values


def small_conv() -> Any:
    inputs = keras.Input((16, 16, 3), name="picture")
    x = keras.layers.Conv2D(8, 3, padding="same", name="stem")(inputs)
    x = keras.layers.BatchNormalization(name="stem_bn")(x)
    x = keras.layers.ReLU(name="stem_relu")(x)
    y = keras.layers.DepthwiseConv2D(3, padding="same", name="deep")(x)
    x = keras.layers.Add(name="join")([x, y])
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, keras.layers.Dense(4, activation="softmax", name="head")(x), name="small")


def small_encoder() -> Any:
    inputs = keras.Input((12, 16), name="tokens")
    attended = keras.layers.MultiHeadAttention(2, 8, name="attention")(inputs, inputs)
    x = keras.layers.LayerNormalization(name="norm")(keras.layers.Add(name="sum")([inputs, attended]))
    return keras.Model(inputs, keras.layers.Dense(16, activation="relu", name="feed")(x), name="encoder")


def converted(model: Any, path: Path, **settings: Any) -> Path:
    values = np.random.default_rng(3)
    model.set_weights([values.uniform(0.1, 1, weight.shape).astype(weight.dtype) for weight in model.get_weights()])
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    for name, value in settings.items():
        setattr(converter, name, value)
    path.write_bytes(converter.convert())
    return path


@pytest.fixture(scope="module")
def conv(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    model = small_conv()
    return model, converted(model, tmp_path_factory.mktemp("conv") / "small.tflite")


def layer_names(graph: Graph) -> set[str]:
    """Names of nodes and groups; of an operation that is several layers, each."""
    groups = {graph.groups.names[at] for at in range(1, len(graph.groups))}
    return groups | {part for name in graph.names for part in name.split(" + ")}


def test_layers_of_a_convolutional_network(conv: tuple[Any, Path]) -> None:
    model, path = conv
    graph = read(path)
    assert graph.name == "small"
    assert graph.producer == f"TensorFlow {tf.__version__}"
    expected = {layer.name for layer in model.layers} - {"stem_bn"}  # its numbers went into those of stem
    assert layer_names(graph) >= expected
    assert layer_names(graph) - expected <= {"MatMul", "softmax", "stem_bn"}
    assert [port.name for port in graph.inputs] == ["picture"]
    stem = next(node for node in graph.nodes if "stem" in node.name)
    assert (stem.op, stem.attributes["fused_activation_function"], stem.attributes["padding"]) == (
        "CONV_2D", "RELU", "SAME",
    )  # fmt: skip
    assert [(weight.name, weight.shape) for weight in stem.weights] == [("kernel", (8, 3, 3, 3)), ("bias", (8,))]


def test_values_of_a_dense_layer(conv: tuple[Any, Path]) -> None:
    model, path = conv
    kernel = next(weight for weight in read(path).weights if weight.id == "head/kernel")
    expected = model.get_layer("head").kernel.numpy().T
    np.testing.assert_array_equal(read_values(path, kernel), expected.ravel())


def test_layers_of_an_encoder(tmp_path: Path) -> None:
    model = small_encoder()
    graph = read(converted(model, tmp_path / "encoder.tflite"))
    groups = {graph.groups.names[at]: graph.group(at) for at in range(len(graph.groups))}
    assert {layer.name for layer in model.layers} <= layer_names(graph)
    assert graph.group(groups["query"].parent).name == "attention"
    assert groups["norm"].kind == "layer"
    assert "SHAPE" not in graph.ops  # what only works out shapes is left out
    assert len(read(tmp_path / "encoder.tflite", raw=True)) > len(graph)


@pytest.mark.filterwarnings("ignore::UserWarning:tensorflow.*")
def test_quantised(tmp_path: Path) -> None:
    def examples() -> Any:
        for _ in range(3):
            yield [np.random.default_rng(1).uniform(size=(1, 16, 16, 3)).astype("float32")]

    path = converted(
        small_conv(), tmp_path / "small.tflite",
        optimizations=[tf.lite.Optimize.DEFAULT], representative_dataset=examples,
        inference_input_type=tf.int8, inference_output_type=tf.int8,
    )  # fmt: skip
    graph, interpreter = read(path), tf.lite.Interpreter(str(path))
    assert {weight.dtype for weight in graph.weights} == {"int8", "int32"}
    scale, zero_point = interpreter.get_input_details()[0]["quantization"]
    shown = graph.nodes[graph.inputs[0].node].attributes["quantization"]
    assert (shown["scale"], shown["zero_point"]) == (pytest.approx(scale, rel=1e-6), zero_point)
    deep = next(node for node in graph.nodes if node.op == "DEPTHWISE_CONV_2D")
    assert deep.attributes["quantization"]["kernel"]["axis"] == 3


def test_control_flow_and_signatures(tmp_path: Path) -> None:
    def grow_until(x: Any) -> Any:
        return {"grown": tf.while_loop(lambda v: v < 100.0, lambda v: (v * 2.0,), (x,))[0]}

    module = tf.Module()
    module.grow = tf.function(grow_until, input_signature=[tf.TensorSpec([], tf.float32)])
    module.shrink = tf.function(lambda x: {"shrunk": x / 2.0}, input_signature=[tf.TensorSpec([3], tf.float32)])
    tf.saved_model.save(module, str(tmp_path / "two"), signatures={"grow": module.grow, "shrink": module.shrink})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "two"), signature_keys=["grow", "shrink"])
    path = tmp_path / "two.tflite"
    path.write_bytes(converter.convert())
    grow, shrink = read(path, signature="grow"), read(path, signature="shrink")
    assert {"WHILE", "LESS", "MUL", "LoopVariable"} <= set(grow.ops)
    assert "WHILE" not in shrink.ops
    assert [port.name for port in grow.outputs + shrink.outputs] == ["grown", "shrunk"]
    assert set(read(path).group(0).attributes["signatures"]) == {"grow", "shrink"}


def test_recurrent(tmp_path: Path) -> None:
    inputs = keras.Input((6, 4), batch_size=1, name="series")
    outputs = keras.layers.Dense(2, name="out")(keras.layers.LSTM(5, name="memory")(inputs))
    graph = read(converted(keras.Model(inputs, outputs, name="rnn"), tmp_path / "rnn.tflite"))
    assert {"UNIDIRECTIONAL_SEQUENCE_LSTM", "WHILE"} & set(graph.ops)
    assert "out" in layer_names(graph)
    assert any("memory" in name for name in layer_names(graph))
