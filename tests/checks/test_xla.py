"""What XLA does not take: TensorFlow itself is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cutaway.checks.xla_ops import NOT_IN_XLA
from scripts.make_xla_ops import unsupported


def test_the_list_is_that_of_tensorflow() -> None:
    version, names = unsupported()
    if version.rpartition(".")[0] != "2.21":
        pytest.skip(f"the list is that of TensorFlow 2.21; {version} is installed")
    assert sorted(NOT_IN_XLA) == names


IMAGE = np.zeros((1, 8, 8, 3), np.float32)
TABLE = {"keys": ["a", "b"], "values": [1, 2]}


def table(x: Any) -> Any:
    made = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(**TABLE), -1)
    return made.lookup(tf.strings.as_string(x))


@pytest.mark.parametrize(
    ("op", "function", "value"),
    [
        ("CropAndResize", lambda x: tf.image.crop_and_resize(x, [[0.0, 0, 1, 1]], [0], [4, 4]), IMAGE),
        ("ResizeBicubic", lambda x: tf.raw_ops.ResizeBicubic(images=x, size=[4, 4]), IMAGE),
        ("MaxPoolWithArgmax", lambda x: tf.nn.max_pool_with_argmax(x, 2, 2, "SAME")[0], IMAGE),
        ("AsString", tf.strings.as_string, np.zeros(3, np.float32)),
        ("PyFunc", lambda x: tf.numpy_function(np.sin, [x], tf.float32), np.zeros(3, np.float32)),
        ("Dilation2D", lambda x: tf.nn.dilation2d(x, np.zeros((2, 2, 3), np.float32), [1] * 4, "SAME", "NHWC", [1] * 4),
         IMAGE),
    ],
)  # fmt: skip
def test_what_is_listed_fails_when_it_is_compiled(op: str, function: Any, value: Any) -> None:
    assert op in NOT_IN_XLA
    traced = tf.function(function).get_concrete_function(tf.constant(value))
    assert op in {node.type for node in traced.graph.get_operations()}
    with pytest.raises((tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)):
        tf.function(function, jit_compile=True)(tf.constant(value))


@pytest.mark.parametrize(
    ("op", "function"),
    [
        ("ResizeBilinear", lambda x: tf.image.resize(x, [4, 4])),
        ("Conv2D", lambda x: tf.nn.conv2d(x, np.zeros((2, 2, 3, 4), np.float32), 1, "SAME")),
        ("Where", lambda x: tf.reduce_sum(tf.cast(tf.where(x > 0), tf.float32))),
    ],
)
def test_what_is_compiled_is_not_listed(op: str, function: Any) -> None:
    assert op not in NOT_IN_XLA
    tf.function(function, jit_compile=True)(tf.constant(IMAGE))
