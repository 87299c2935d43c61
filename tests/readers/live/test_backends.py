"""Reading does not depend on the backend of Keras: without TensorFlow, composites are followed symbolically."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

SCRIPT = """
import keras
from cutaway.readers import read
class Block(keras.layers.Layer):
    def __init__(self, **more):
        super().__init__(**more)
        self.a, self.b = keras.layers.Dense(4, name="a"), keras.layers.Dense(4, name="b")
    def call(self, x):
        return x + self.b(keras.ops.relu(self.a(x)))
class Model(keras.Model):
    def __init__(self):
        super().__init__(name="model")
        self.block = Block(name="block")
    def call(self, x):
        return self.block(x)
x = keras.Input((4,), name="x")
inner = keras.Sequential([keras.layers.Dense(3, name="inside")], name="inner")
graph = read(keras.Model(x, inner(Block(name="block")(x))))
print(keras.backend.backend(), *graph.ids, sep=" ")
model = Model()
print(*read(model, input_shape=(None, 4)).ids, model.built, sep=" ")
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="the backend jax is not installed")
@pytest.mark.parametrize("backend", ["jax", "numpy"])
def test_other_backends_read_alike(backend: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.splitlines()[-2:] == [
        f"{backend} x block/a block/relu block/b block/add inner/inside",
        "x block/a block/relu block/b block/add False",
    ]
