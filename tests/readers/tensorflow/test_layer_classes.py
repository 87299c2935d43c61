"""Layers whose names tell nothing are told by their operations; the classes that Keras made are the oracle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from cutaway.graph.model import Graph
from cutaway.readers import read

ROWS, IMAGE, VOLUME, VECTOR = (8, 6), (8, 8, 4), (6, 6, 6, 2), (10,)

NOT_MIXED = frozenset({"LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "UnitNormalization"})
"""Slow to trace, and the same in mixed precision; Keras 3 warns of its epsilon where it normalizes halves."""

Row = tuple[str, tuple[int | None, ...], dict[str, Any]]
"""Class, shape of an input, arguments."""

UNARY: list[Row] = [
    ("Rescaling", IMAGE, {"scale": 1 / 127.5, "offset": -1.0}),
    ("Normalization", ROWS, {"mean": [1.0] * 6, "variance": [2.0] * 6}),
    ("Normalization", ROWS, {"mean": [1.0] * 6, "variance": [2.0] * 6, "invert": True}),
    ("UnitNormalization", ROWS, {}),
    ("LayerNormalization", ROWS, {}),
    ("LayerNormalization", ROWS, {"center": False, "scale": False}),
    ("GroupNormalization", IMAGE, {"groups": 2}),
    ("BatchNormalization", ROWS, {}),
    ("PReLU", IMAGE, {"shared_axes": [1, 2]}),
    ("ELU", ROWS, {"alpha": 0.5}),
    ("ReLU", ROWS, {"max_value": 6.0, "negative_slope": 0.1, "threshold": 0.5}),
    ("Softmax", IMAGE, {"axis": 1}),
    ("Softmax", IMAGE, {"axis": (1, 2)}),
    ("Activation", ROWS, {"activation": "hard_sigmoid"}),
    ("Activation", ROWS, {"activation": "gelu"}),
    ("Masking", ROWS, {"mask_value": -1.0}),
    ("Permute", IMAGE, {"dims": (3, 1, 2)}),
    ("RepeatVector", VECTOR, {"n": 3}),
    ("Flatten", IMAGE, {}),
    ("Flatten", (None, None, 4), {}),
    ("Reshape", ROWS, {"target_shape": (6, 8)}),
    ("Dense", ROWS, {"units": 3, "activation": "gelu"}),
    ("Conv1D", ROWS, {"filters": 3, "kernel_size": 2, "padding": "causal"}),
    ("Conv1DTranspose", ROWS, {"filters": 3, "kernel_size": 2, "strides": 2, "activation": "relu"}),
    ("SeparableConv1D", ROWS, {"filters": 3, "kernel_size": 2}),
    ("DepthwiseConv1D", ROWS, {"kernel_size": 2, "activation": "relu"}),
    ("MaxPooling1D", ROWS, {"pool_size": 2}),
    ("AveragePooling1D", ROWS, {"pool_size": 2}),
    ("Resizing", IMAGE, {"height": 4, "width": 6}),
    ("Resizing", (None, None, 3), {"height": 32, "width": 32}),
    ("UpSampling1D", (None, 6), {"size": 3}),
    ("UpSampling2D", IMAGE, {"interpolation": "bilinear"}),
    ("UpSampling2D", (None, None, 4), {}),
    ("ConvLSTM1D", (3, 8, 4), {"filters": 3, "kernel_size": 2}),
    ("LSTM", ROWS, {"units": 3}),
    ("LSTM", ROWS, {"units": 3, "unroll": True}),
    ("GRU", ROWS, {"units": 3}),
    ("GRU", ROWS, {"units": 3, "unroll": True}),
    ("SimpleRNN", ROWS, {"units": 3, "unroll": True}),
    *((f"{kind}{rank}D", shape, {}) for rank, shape in ((1, ROWS), (2, IMAGE), (3, VOLUME))
      for kind in ("UpSampling", "ZeroPadding")),
    *((f"Cropping{rank}D", shape, {"cropping": crop}) for rank, shape, crop in
      ((1, ROWS, (2, 1)), (2, IMAGE, ((0, 1), (2, 0))), (3, VOLUME, ((1, 1),) * 3))),
    *((f"Global{kind}Pooling{rank}D", shape, {"keepdims": keep}) for rank, shape in ((1, ROWS), (2, IMAGE))
      for kind in ("Max", "Average") for keep in (False, True)),
]  # fmt: skip

JOINING: list[Row] = [
    ("Average", ROWS, {}),
    ("Multiply", ROWS, {}),
    ("Maximum", ROWS, {}),
    ("Dot", ROWS, {"axes": 2}),
    ("Dot", ROWS, {"axes": 2, "normalize": True}),
    ("Attention", ROWS, {}),
    ("Attention", ROWS, {"use_scale": True}),
    ("Attention", ROWS, {"score_mode": "concat"}),
    ("AdditiveAttention", ROWS, {}),
    ("AdditiveAttention", ROWS, {"use_scale": False}),
]


def export(model: Any, path: Path) -> None:
    model.export(str(path), **({"verbose": False} if isinstance(model, keras.Model) else {}))


def save_module(model: Any, path: Path) -> None:
    tf.saved_model.save(model, str(path))


def kinds(graph: Graph) -> dict[str, str]:
    """Operations and classes of what is directly in the model, by name."""
    top = {node.name: node.op for node in graph.nodes if not node.group}
    groups = graph.groups
    return top | {groups.names[at]: groups.ops.get(at, "") for at in range(1, len(groups)) if not groups.parents[at]}


def check(k: Any, write: Callable[[Any, Path], None], rows: list[tuple[Any, str, Any, int]], path: Path) -> None:
    """Save layers side by side in one model, and read their classes from its operations."""
    inputs, outputs, truth = [], [], {}
    for layer, name, shape, count in rows:
        own = [k.Input(shape) for _ in range(count)]
        outputs.append(layer(own if count > 1 else own[0]))
        inputs += own
        truth[layer.name] = name
    write(k.Model(inputs, outputs, name="whole"), path)
    told = kinds(read(path))
    assert {name: told.get(name) for name in truth} == truth


@pytest.mark.parametrize("mixed", [False, True], ids=["float32", "mixed_float16"])
@pytest.mark.parametrize("k", [keras, tf_keras], ids=["keras 3", "keras 2"])
def test_classes_of_layers_with_names_of_their_own(k: Any, mixed: bool, tmp_path: Path) -> None:
    k.backend.clear_session()
    policy = {"dtype": "mixed_float16"} if mixed else {}
    rows: list[Any] = []
    for count, cases in ((1, UNARY), (2, JOINING)):
        for name, shape, arguments in cases:
            if mixed and (name in NOT_MIXED or "normalize" in arguments):
                continue
            layer = getattr(k.layers, name)(name=f"my_thing_{len(rows)}x", **arguments, **policy)
            rows.append((layer, name, shape, count))
    check(k, export, rows, tmp_path / "m")


@pytest.mark.parametrize("k", [keras, tf_keras], ids=["keras 3", "keras 2"])
def test_classes_of_wrappers_with_names_of_their_own(k: Any, tmp_path: Path) -> None:
    k.backend.clear_session()
    layers = k.layers
    rows = [
        (layers.TimeDistributed(layers.Dense(3, activation="relu"), name="each_step"), "TimeDistributed", ROWS, 1),
        (layers.TimeDistributed(layers.Conv2D(3, 2), name="each_image"), "TimeDistributed", (3, *IMAGE), 1),
        (layers.Bidirectional(layers.LSTM(3), name="both_ways"), "Bidirectional", ROWS, 1),
        (layers.RNN([layers.GRUCell(3), layers.GRUCell(3)], name="stack"), "RNN", ROWS, 1),
    ]
    check(k, export, rows, tmp_path / "m")


@pytest.mark.parametrize("name", ["UpSampling2D", "Resizing", "TextVectorization"])
def test_one_layer_without_variables_is_the_whole_model(name: str, tmp_path: Path) -> None:
    keras.backend.clear_session()
    arguments: dict[str, Any] = {"height": 5, "width": 7} if name == "Resizing" else {}
    if name == "TextVectorization":
        inputs = keras.Input((), dtype="string")
        layer = keras.layers.TextVectorization(vocabulary=["a", "b"], name="my_thing")
    else:
        inputs = keras.Input(IMAGE)
        layer = getattr(keras.layers, name)(name="my_thing", **arguments)
    save_module(keras.Model(inputs, layer(inputs), name="whole"), tmp_path / "m")
    assert kinds(read(tmp_path / "m"))["my_thing"] == name


class Custom(keras.layers.Layer):
    """A layer of somebody's own, which does what no layer of Keras does."""

    def __init__(self, compute: Callable[[Any], Any], name: str) -> None:
        super().__init__(name=name)
        self._compute = compute

    def call(self, x: Any) -> Any:
        return self._compute(x)


OTHERS: dict[str, Callable[[Any], Any]] = {
    "mean_of_channels": lambda x: tf.reduce_mean(x, -1, keepdims=True),
    "most_of_one_axis": lambda x: tf.reduce_max(x, 1),
    "padded_channels": lambda x: tf.pad(x, [[0, 0], [0, 0], [0, 0], [1, 2]]) * x[:, :, :, :1],
    "padded_batch": lambda x: tf.pad(x, [[1, 0], [0, 0], [0, 0], [0, 0]]),
    "every_second": lambda x: x[:, ::2, ::2, :],
    "first_row": lambda x: x[:, 0],
    "some_channels": lambda x: x[:, 1:, 1:, :2],
    "doubled": lambda x: 2.0 * x,
    "batch_merged": lambda x: tf.reshape(x, [-1, 4]),
    "a_third": lambda x: (x + x) / 3.0,
}


def test_operations_that_are_set_to_something_else_are_no_layers(tmp_path: Path) -> None:
    keras.backend.clear_session()
    inputs = keras.Input(IMAGE)
    outputs = [Custom(compute, name)(inputs) for name, compute in OTHERS.items()]
    save_module(keras.Model(inputs, outputs, name="whole"), tmp_path / "m")
    told = kinds(read(tmp_path / "m"))
    assert OTHERS.keys() <= told.keys()
    wrong = {name: told[name] for name in OTHERS if hasattr(keras.layers, told[name])}
    assert wrong == {"batch_merged": "Reshape"}


def test_settings_of_a_wrong_type_are_nothing(tmp_path: Path) -> None:
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, (None, 8, 8, 4), name="x")
        bounds = [np.array([0, 1, 1, 0]), np.array([0, 6, 6, 0]), np.ones(4, int)]
        for op, settings in {
            "StridedSlice": bounds,
            "Pad": [np.zeros((4, 2), int)],
            "Mean": [np.array([1, 2])],
            "ResizeBilinear": [np.array([16, 16])],
        }.items():
            with tf.name_scope(f"a_{op}"):
                constants = [tf.constant(each, tf.int32) for each in settings]
                getattr(tf.raw_ops, op)(**dict(zip(ARGUMENTS[op], (x, *constants), strict=True)))
    message = graph.as_graph_def()
    for node in message.node:
        if node.op == "Const":
            size = int(np.prod([dim.size for dim in node.attr["value"].tensor.tensor_shape.dim]))
            shape = node.attr["value"].tensor.tensor_shape
            strings = tf.make_tensor_proto([b"%d" % each for each in range(size)])
            strings.tensor_shape.CopyFrom(shape)
            node.attr["value"].tensor.CopyFrom(strings)
        for name in ("begin_mask", "end_mask"):
            if node.op == "StridedSlice":
                node.attr[name].s = b"many"
    path = tmp_path / "m.pb"
    path.write_bytes(message.SerializeToString())
    told = {node.op for node in read(path).nodes}
    assert {"StridedSlice", "Pad", "Mean"} <= told


ARGUMENTS = {
    "StridedSlice": ("input", "begin", "end", "strides"),
    "Pad": ("input", "paddings"),
    "Mean": ("input", "axis"),
    "ResizeBilinear": ("images", "size"),
}
