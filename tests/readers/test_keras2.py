"""Models of Keras 2, saved by `tf_keras`, against the live models; and layers that Keras 3 has no more."""

from __future__ import annotations

import math
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cutaway.graph.model import Graph
from cutaway.readers import read

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
k2 = pytest.importorskip("tf_keras")


def total(weights: Any) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def parameters(graph: Graph) -> tuple[int, int]:
    trainable = sum(weight.parameters for weight in graph.weights if weight.trainable)
    return sum(weight.parameters for weight in graph.weights), trainable


def sequential() -> Any:
    layers = k2.layers
    return k2.Sequential([
        layers.Conv2D(4, 3, padding="same", input_shape=(12, 12, 3)), layers.BatchNormalization(),
        layers.LocallyConnected2D(3, 3), layers.ThresholdedReLU(), layers.SeparableConv2D(5, 2, strides=2),
        layers.DepthwiseConv2D(3), layers.Conv2DTranspose(2, 3, strides=2), layers.ZeroPadding2D(1),
        layers.Cropping2D(((1, 0), (0, 1))), layers.UpSampling2D(2), layers.MaxPooling2D(2),
        layers.SpatialDropout2D(0.1),
        layers.Reshape((-1, 2)), layers.LocallyConnected1D(3, 2),
        layers.GRU(4, return_sequences=True, reset_after=False),
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)), layers.TimeDistributed(layers.Dense(2)),
        layers.GlobalMaxPooling1D(), layers.RepeatVector(3), layers.Permute((2, 1)), layers.Flatten(),
        layers.PReLU(), layers.Dense(2, activation="softmax", trainable=False),
    ])  # fmt: skip


def functional() -> Any:
    layers = k2.layers
    inner = k2.Sequential([layers.Dense(4, input_shape=(4,), name="one"), layers.Dense(4, name="two")], name="inner")
    source = k2.Input((4,), name="deep_in")
    deep = k2.Model(source, layers.add([inner(source), source], name="deep_add"), name="deep")
    a, b = k2.Input((4,), name="a"), k2.Input((4,), name="b")
    shared = layers.Dense(4, name="shared")
    x = layers.concatenate([shared(a), shared(b)], name="cat")
    x = layers.dot([deep(a), deep(b)], axes=1, name="dot") + layers.Dense(1, name="head")(x)
    steps = layers.RepeatVector(5, name="steps")(b)
    y, state, _ = layers.LSTM(3, return_state=True, name="first")(steps)
    y = layers.LSTM(3, name="second")(steps, initial_state=[y, state])
    return k2.Model([a, b], {"x": x, "y": y}, name="k2")


@pytest.mark.parametrize("make", [sequential, functional])
@pytest.mark.parametrize("form", ["h5", "json", "keras"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file:UserWarning")
def test_keras_2_model_equals_the_live_one(make: Any, form: str, tmp_path: Path) -> None:
    model = make()
    path = tmp_path / f"model.{form}"
    if form != "json":
        model.save(path)
    else:
        path.write_text(model.to_json())
    graph = read(path)
    assert parameters(graph) == (model.count_params(), total(model.trainable_weights))
    named = {node.name: node for node in graph.nodes}
    for layer in model.layers:
        if layer.name in named and isinstance(layer.output_shape, tuple) and "Op" not in type(layer).__name__:
            assert named[layer.name].outputs[0].shape == tuple(layer.output_shape), layer.name
    assert [port.name for port in graph.outputs] == ([*model.output_names] if make is sequential else ["x", "y"])


def test_nested_calls_of_keras_2_are_counted_from_one(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(functional().to_json())
    graph = read(path)
    edges = Counter((graph.names[edge.source], graph.names[edge.target]) for edge in graph.edges())
    assert edges["a", "one"] == edges["b", "one"] == 1
    assert edges["one", "two"] == edges["two", "deep_add"] == 2
    assert edges["deep_add", "dot"] == 2
    assert edges["a", "deep_add"] == edges["b", "deep_add"] == 1
    assert edges["first", "second"] == 2
    assert len([name for name in graph.groups.names if name == "deep"]) == 2


def test_weights_by_name(tmp_path: Path) -> None:
    model = functional()
    model.save_weights(str(tmp_path / "w.h5"))
    graph = read(tmp_path / "w.h5")
    assert parameters(graph)[0] == model.count_params()
    assert {node.op for node in graph.nodes} == {"Weights"}
    assert graph.format == "keras_weights"
