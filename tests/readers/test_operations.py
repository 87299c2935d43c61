"""What operations become: layers, weights, settings; what is folded, and what is left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cutaway.graph.model import Graph
from cutaway.readers import read
from cutaway.readers.values import read_values

v1 = tf.compat.v1


def written(build: Callable[[], object], path: Path) -> Graph:
    """The graph of what a function of TensorFlow 1 builds, read from its file."""
    with tf.Graph().as_default() as graph:
        build()
    file = path / "graph.pb"
    file.write_bytes(graph.as_graph_def(add_shapes=True).SerializeToString())
    return read(file)


def ops(graph: Graph) -> list[str]:
    return [node.op for node in graph.nodes]


def test_constants_are_weights_or_settings(tmp_path: Path) -> None:
    kernel = np.arange(54, dtype="float32").reshape(3, 3, 2, 3)

    def build() -> None:
        x = v1.placeholder(tf.float32, [None, 8, 8, 2], name="x")
        y = tf.nn.conv2d(x, tf.constant(kernel, name="conv/kernel"), 1, "SAME", name="conv/Conv2D")
        y = tf.transpose(tf.pad(y * 0.5, [[0, 0], [1, 1], [1, 1], [0, 0]]), [0, 3, 1, 2])
        tf.concat([y, y], axis=1, name="joined")

    graph = written(build, tmp_path)
    assert ops(graph) == ["Placeholder", "Conv2D", "Mul", "Pad", "Transpose", "ConcatV2"] or ops(graph)[0] == "Input"
    by_op = {node.op: node for node in graph.nodes}
    assert [(weight.name, weight.shape) for weight in graph.weights] == [("kernel", (3, 3, 2, 3))]
    np.testing.assert_array_equal(read_values(tmp_path / "graph.pb", graph.weights[0], 10, 20), kernel.ravel()[10:20])
    assert by_op["Mul"].attributes["input_1"] == 0.5
    assert by_op["Pad"].attributes["paddings"] == [0, 0, 1, 1, 1, 1, 0, 0]
    assert by_op["Transpose"].attributes["perm"] == [0, 3, 1, 2]
    assert by_op["ConcatV2"].attributes["axis"] == 1
    assert len(by_op["ConcatV2"].inputs) == 2


def test_shapes_and_weights_are_computed_in_silence(tmp_path: Path) -> None:
    def build() -> None:
        x = v1.placeholder(tf.float32, [None, None, 4], name="x")
        scale = tf.math.rsqrt(tf.constant([1.0, 2.0, 3.0, 4.0], name="variance") + 1e-3)
        y = x * scale
        rows = tf.shape(y)[0]
        tf.reshape(y, tf.stack([rows, -1]), name="flat")

    graph = written(build, tmp_path)
    assert ops(graph)[1:] == ["Mul", "Reshape"]
    assert [weight.id for weight in graph.nodes[1].weights] == ["variance"]
    assert len(graph.nodes[2].inputs) == 1


def test_what_training_and_saving_add_is_left_out(tmp_path: Path) -> None:
    def build() -> None:
        x = v1.placeholder(tf.float32, [None, 4], name="x")
        w = v1.get_variable("dense/w", [4, 2])
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w, name="dense/MatMul")), name="loss")
        v1.train.AdamOptimizer().minimize(loss)
        v1.summary.scalar("loss", loss)
        v1.train.Saver()

    graph = written(build, tmp_path)
    assert [(node.name, node.op) for node in graph.nodes][1:] == [
        ("dense", "Dense"),
        ("Square", "Square"),
        ("loss", "Mean"),
    ]
    assert [(weight.id, weight.shape) for weight in graph.weights] == [("dense/w", (4, 2))]


def test_a_weight_of_another_layer_keeps_its_operations(tmp_path: Path) -> None:
    def build() -> None:
        x = v1.placeholder(tf.float32, [None, 5, 4], name="x")
        table = tf.constant(np.ones((9, 4), "float32"), name="positions/table")
        position = tf.gather(table, tf.range(5), name="positions/look_up")
        tf.add(x, position, name="sum/add")

    graph = written(build, tmp_path)
    assert [node.name for node in graph.nodes] == ["x", "positions", "sum"]
    assert [weight.shape for weight in graph.nodes[1].weights] == [(9, 4)]
    assert [edge.source for edge in graph.nodes[2].inputs] == [0, 1]


def test_loops_of_tensorflow_1_keep_their_cycle(tmp_path: Path) -> None:
    def build() -> None:
        v1.disable_control_flow_v2()
        x = v1.placeholder(tf.float32, [3], name="x")
        tf.identity(tf.while_loop(lambda y: tf.reduce_sum(y) < 9.0, lambda y: [y * 2.0], [x])[0] + 1.0, name="end")

    try:
        graph = written(build, tmp_path)
    finally:
        v1.enable_control_flow_v2()
    found = {node.op: node.index for node in graph.nodes}
    assert {"Enter", "Merge", "Switch", "NextIteration", "Exit", "LoopCond"} <= set(found)
    merge = graph.nodes[found["Merge"]]
    assert {graph.op(edge.source) for edge in merge.inputs} == {"Enter", "NextIteration"}


def test_a_graph_of_constants_alone_is_shown_all_the_same(tmp_path: Path) -> None:
    graph = written(lambda: tf.constant([1.0, 2.0]) + tf.constant([3.0, 4.0]), tmp_path)
    assert ops(graph) == ["AddV2"]
    assert sum(weight.parameters for weight in graph.weights) == 4


@pytest.mark.parametrize("name", ["batch_normalization", "my_norm"])
def test_batch_normalisation_is_told_by_its_scope(name: str, tmp_path: Path) -> None:
    def build() -> None:
        x = v1.placeholder(tf.float32, [None, 4], name="x")
        with v1.name_scope(name):
            tf.nn.batch_normalization(x, *(tf.constant([1.0, 2.0, 3.0, 4.0]) for _ in range(4)), 1e-3)

    graph = written(build, tmp_path)
    assert [(graph.groups.names[at], op) for at, op in graph.groups.ops.items()] == [(name, "BatchNormalization")]
    assert [node.op for node in graph.nodes if node.group] == ["Mul", "AddV2"]


def test_missing_functions_are_told(tmp_path: Path) -> None:
    definition: Any = v1.GraphDef()
    definition.node.add(name="x", op="Placeholder")
    call = definition.node.add(name="call", op="PartitionedCall", input=["x", "gone:1"])
    call.attr["f"].func.name = "lost"
    (tmp_path / "graph.pb").write_bytes(definition.SerializeToString())
    graph = read(tmp_path / "graph.pb")
    assert [node.name for node in graph.nodes] == ["x", "call"]
    assert any("functions that it does not hold: lost" in warning for warning in graph.warnings)
    assert any("1 inputs name operations" in warning for warning in graph.warnings)
