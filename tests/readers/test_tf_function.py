"""Live objects of TensorFlow show what a file of them shows; TensorFlow's own columns are the oracle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cutaway.errors import OptionError, ReadError, UnbuiltModel, UnknownFormat
from cutaway.readers import read


class Head(tf.Module):
    def __init__(self) -> None:
        super().__init__(name="head")
        self.kernel = tf.Variable(tf.random.normal((4, 3)), name="kernel")
        self.shift = tf.constant(np.arange(3, dtype="float32"))

    @tf.function(input_signature=[tf.TensorSpec([None, 4], name="x")])
    def __call__(self, x: Any) -> Any:
        with self.name_scope:
            y = tf.nn.relu(tf.matmul(x, self.kernel) + self.shift)
        return {"scores": tf.nn.softmax(y), "values": y}

    @tf.function(input_signature=[tf.TensorSpec([None, 4], name="x")])
    def total(self, x: Any) -> Any:
        return tf.reduce_sum(x)


def shape_of(graph: Any) -> list[tuple[str, str, tuple[tuple[int, int], ...]]]:
    return [(node.name, node.op, tuple((edge.source, edge.port) for edge in node.inputs)) for node in graph.nodes]


def test_module_function_and_file_show_the_same(tmp_path: Path) -> None:
    module = Head()
    concrete = module.__call__.get_concrete_function()
    tf.saved_model.save(module, str(tmp_path / "m"), signatures=module.__call__)
    live, file = read(module), read(tmp_path / "m")
    assert shape_of(live) == shape_of(read(module.__call__)) == shape_of(read(concrete))
    assert shape_of(live) == shape_of(file)
    assert [(weight.name, weight.shape) for weight in live.weights] == [("kernel", (4, 3))]
    assert [port.name for port in live.outputs] == ["scores", "values"]
    assert shape_of(read(tf.saved_model.load(str(tmp_path / "m")))) == shape_of(file)


def test_functions_of_a_module_are_chosen_by_name() -> None:
    assert [node.op for node in read(Head(), signature="total").nodes] == ["Input", "Sum"]
    with pytest.raises(OptionError, match="signature must be one of __call__, total; not 'all'"):
        read(Head(), signature="all")


def test_functions_that_were_never_called_are_traced_with_what_they_are_told() -> None:
    runs = []

    @tf.function
    def multiply(a: Any, b: Any) -> Any:
        runs.append(1)
        return a @ b

    with pytest.raises(UnbuiltModel, match=r"inputs=tf\.TensorSpec"):
        read(multiply)
    specs = [tf.TensorSpec([2, 3]), tf.TensorSpec([3, 5])]
    graph = read(multiply, inputs=specs)
    assert [(node.name, node.op) for node in graph.nodes] == [("a", "Input"), ("b", "Input"), ("matmul", "MatMul")]
    assert graph.outputs_of(2)[0].shape == (2, 5)
    assert shape_of(read(multiply, inputs={"a": specs[0], "b": specs[1]})) == shape_of(graph)
    assert len(runs) == 1, "it was traced once and never run"


def test_a_plain_module_is_traced() -> None:
    class Plain(tf.Module):
        def __call__(self, x: Any) -> Any:
            return tf.tanh(x)

    assert [node.op for node in read(Plain(), input_shape=(None, 3)).nodes] == ["Input", "Tanh"]


def test_a_graph_of_tensorflow_1() -> None:
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [None, 4], name="x")
        w = tf.compat.v1.get_variable("layer/w", [4, 2])
        y = tf.nn.sigmoid(tf.matmul(x, w), name="y")
        loss = tf.reduce_mean(y)
        tf.compat.v1.train.GradientDescentOptimizer(0.1).minimize(loss)
        tf.compat.v1.train.Saver()
    shown = read(graph)
    assert [node.op for node in shown.nodes] == ["Input", "MatMul", "Sigmoid", "Mean"]
    assert [(weight.id, weight.shape) for weight in shown.weights] == [("layer/w", (4, 2))]
    assert len(read(graph, raw=True)) == len(graph.get_operations())


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(ReadError, match="has no function that could be shown"):
        read(tf.Module())
    with pytest.raises(UnknownFormat, match="graph, function or module of TensorFlow"):
        read(tf.constant(1.0))
