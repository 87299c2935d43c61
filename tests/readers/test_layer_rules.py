"""The tables of shapes and weights against what Keras itself answers, for every layer class that it exports."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cutaway.readers.keras.config import read_config
from tests.readers.layer_cases import CASES, WITHOUT_RULE

keras: Any = pytest.importorskip("keras")


def model_of(layer: Any, inputs: Any) -> Any:
    """A model of one layer; its outputs have no consumer, so that only the rules can answer for them."""
    return keras.Model(inputs, layer(**inputs) if isinstance(inputs, dict) else layer(inputs))


@pytest.mark.parametrize("name", sorted(CASES))
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_shapes_and_weights_are_those_of_keras(name: str, data: st.DataObject) -> None:
    try:
        layer, inputs = CASES[name](data.draw, keras)
        model = model_of(layer, inputs)
    except (ValueError, NotImplementedError, IndexError):
        assume(False)  # Keras refuses this combination

    graph = read_config(json.loads(model.to_json()), format="test")
    made = [graph.tensor(port.node, port.port) for port in graph.outputs]
    expected = [(tuple(tensor.shape), tensor.dtype) for tensor in model.outputs]
    assert [(tensor.shape, tensor.dtype) for tensor in made] == expected, layer.get_config()

    found = sorted((weight.name, weight.shape, weight.dtype, weight.trainable) for weight in graph.weights)
    wanted = sorted((w.name, tuple(w.shape), str(w.dtype), w.trainable) for w in model.weights)
    assert found == wanted, layer.get_config()
    assert graph.warnings == ()


def test_order_of_weights_is_that_of_keras() -> None:
    layers = [
        keras.layers.BatchNormalization(), keras.layers.LSTM(3), keras.layers.SeparableConv1D(2, 2),
        keras.layers.Dense(2, lora_rank=1), keras.layers.GRU(2, reset_after=False),
        keras.layers.EinsumDense("abc,cd->abd", (None, 2), bias_axes="d"),
    ]  # fmt: skip
    for layer in layers:
        model = model_of(layer, keras.Input((4, 3)))
        graph = read_config(json.loads(model.to_json()), format="test")
        assert [weight.name for weight in graph.weights] == [weight.name for weight in model.weights]


def test_every_exported_layer_has_a_case_or_a_reason() -> None:
    classes = {each for each in vars(keras.layers).values() if inspect.isclass(each)}
    names = {each.__name__ for each in classes}
    assert names - set(CASES) - set(WITHOUT_RULE) == set()
    assert set(WITHOUT_RULE).isdisjoint(CASES)
