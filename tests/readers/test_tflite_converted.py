"""Models that TensorFlow's converter writes tell the same story as the ``.keras`` that they were made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from cutaway.graph.grouping import group
from cutaway.graph.model import Graph
from cutaway.readers import read
from cutaway.readers.values import read_values
from tests.readers.stories import parameters, story


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


def test_groups_say_which_layers_they_were(tmp_path: Path) -> None:
    layers = keras.layers
    inputs = keras.Input((12,), name="ids", dtype="int32")
    x = layers.Embedding(10, 8, name="words")(inputs)
    x = layers.MultiHeadAttention(2, 4, name="look")(x, x)
    x = layers.LayerNormalization(name="even")(x)
    x = layers.Conv1D(4, 3, activation="relu", name="slide")(x)
    x = layers.Dense(6, activation="gelu", name="wide")(x)
    x = layers.MaxPooling1D(2, name="halve")(x)
    x = layers.BatchNormalization(name="level")(x)
    x = layers.Activation("silu", name="bend")(x)
    x = layers.GlobalAveragePooling1D(name="mean")(x)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax", name="head")(x), name="mixed")
    graph = read(converted(model, tmp_path / "m.tflite"))
    classes = {layer.name: type(layer).__name__ for layer in model.layers}
    told = {graph.groups.names[at]: graph.groups.ops.get(at, "") for at in range(1, len(graph.groups))}
    assert {name: kind for name, kind in told.items() if name in classes} == {
        name: kind for name, kind in classes.items() if name not in ("ids", "mean")
    }


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


INPUTS = frozenset({"InputLayer", "Input"})


def unfolded() -> Any:
    """A model in which the converter finds nothing to fold, so that every number of it is in the file."""
    inputs = keras.Input((24, 24, 3), name="image")
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu", name="stem")(inputs)
    for block in (1, 2, 3):
        y = keras.layers.Conv2D(6, 1, name=f"block{block}_point")(x)
        y = keras.layers.DepthwiseConv2D(3, padding="same", name=f"block{block}_deep")(y)
        x = keras.layers.Add(name=f"block{block}_add")([x, keras.layers.ReLU(name=f"block{block}_relu")(y)])
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, keras.layers.Dense(5, name="head")(x), name="unfolded")


def kept_parameters(model: Any) -> int:
    """What the converter keeps of a model's numbers.

    A normalisation, four numbers for each channel, becomes the bias of the convolution before it, which may have had
    one already. A normalisation of pixels that was never adapted does nothing, and is left out.
    """
    total = model.count_params()
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            (before,) = [node.operation for node in layer._inbound_nodes[0].parent_nodes]
            assert isinstance(before, keras.layers.Conv2D | keras.layers.DepthwiseConv2D)
            total -= layer.count_params() - (0 if before.use_bias else layer.gamma.shape[0])
        elif isinstance(layer, keras.layers.Normalization):
            total -= layer.count_params()
    return int(total)


def units(graph: Graph) -> dict[str, tuple[str, ...]]:
    """The node or opened layer that each layer is in."""
    found: dict[str, tuple[str, ...]] = {}
    for name, count in story(graph, without=INPUTS).layers.items():
        assert count == 1, name
        for part in name[-1].split(" + "):
            assert part not in found, part  # no layer is there twice
            found[part] = name
    return found


def top_groups(graph: Graph) -> dict[str, set[str]]:
    """Layers in the groups that are seen first, by the names of these."""
    grouped = group(graph)
    found: dict[str, set[str]] = {}
    for node, name in enumerate(grouped.names):
        at = grouped.node_groups[node]
        names = set(name.split(" + "))
        while at > 0 and grouped.groups.parents[at]:
            names.add(grouped.groups.names[at])
            at = grouped.groups.parents[at]
        if at > 0 and grouped.groups.kinds[at] not in ("layer", "wrapper"):
            found.setdefault(grouped.groups.names[at], set()).update(names)
    return found


FOLDED = INPUTS | frozenset({"BatchNormalization", "Dropout", "Rescaling", "Normalization"})
"""Classes of layers that the converter folds into others, or leaves out as they do nothing to a trained model."""

ENDS = frozenset({"stem", "head"})
"""Groups of what no name joins, which are found where enough is left."""

MODELS: dict[str, Callable[[], Any]] = {
    "unfolded": unfolded,
    "MobileNetV2": lambda: keras.applications.MobileNetV2(weights=None),
    "ResNet50": lambda: keras.applications.ResNet50(weights=None),
    "EfficientNetB0": lambda: keras.applications.EfficientNetB0(weights=None),
}


@pytest.mark.parametrize("name", MODELS)
def test_converted_models_tell_the_story_of_their_own_file(name: str, tmp_path: Path) -> None:
    keras.backend.clear_session()
    model = MODELS[name]()
    lite = read(converted(model, tmp_path / "m.tflite"))
    model.save(tmp_path / "m.keras")
    own = read(tmp_path / "m.keras")
    truth, found = story(own, without=FOLDED), units(lite)
    names = {layer[-1] for layer in truth.layers}
    assert names <= set(found)
    where = {layer: found[layer] for layer in names}
    expected = {(where[a[-1]], where[b[-1]]) for a, b in truth.edges} - {(unit, unit) for unit in where.values()}
    shown = story(lite, without=INPUTS)
    assert set(shown.layers) == set(where.values())
    assert set(shown.edges) == expected
    assert parameters(lite) == kept_parameters(model)
    theirs = {title: {where[layer] for layer in held & names} for title, held in top_groups(own).items()}
    ours = {title: {found[layer] for layer in held & names} for title, held in top_groups(lite).items()}
    large = {title: held for title, held in theirs.items() if len(held) > 2 and title not in ENDS}
    assert {title: held for title, held in ours.items() if title not in ENDS} == large
    assert len(large) >= 3 or name == "unfolded"
