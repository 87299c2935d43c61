"""Names of operations in traces of Keras, whose scopes have numbers that look like those of other layers."""

from __future__ import annotations

import pytest

import cutaway
from cutaway.profiling.reopened_scopes import layers_of_scopes

WIDTHS = (3, 5, 7, 11)


@pytest.mark.parametrize("training", [False, True])
def test_operations_of_keras_land_on_the_layers_that_made_them(training: bool) -> None:
    import keras
    import tensorflow as tf

    keras.backend.clear_session()
    names = ["dense", "dense_1", "dense_2", "other"]
    layers = [keras.layers.Dense(width, name=name) for width, name in zip(WIDTHS, names, strict=True)]
    model = keras.Sequential([keras.Input((2,)), *layers], name="net")
    traced = tf.function(lambda x: model(x, training=training)).get_concrete_function(tf.TensorSpec([1, 2]))
    made = {op.name: op.outputs[0].shape[-1] for op in traced.graph.get_operations() if op.type == "MatMul"}
    assert sorted(made.values()) == list(WIDTHS)
    renamed = layers_of_scopes(cutaway.read(model), [op.name for op in traced.graph.get_operations()])
    told = {name: renamed(name).split("/")[-2] for name in made}
    assert told == {name: names[WIDTHS.index(width)] for name, width in made.items()}


def test_scopes_that_are_opened_once_keep_their_names() -> None:
    import keras

    model = keras.Sequential([keras.Input((2,)), *(keras.layers.Dense(4, name=f"dense_{at}") for at in range(1, 4))])
    names = [f"net/dense_{at}/MatMul" for at in range(1, 4)]
    renamed = layers_of_scopes(cutaway.read(model), names)
    assert list(map(renamed, names)) == names
