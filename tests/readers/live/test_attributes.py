"""The short way to a layer's activation says what its configuration says."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from cutaway.readers.live.attributes import LazyAttributes, configuration

kl = keras.layers
NAMES = (
    "relu softmax linear sigmoid tanh gelu silu swish elu selu softplus softsign exponential hard_sigmoid relu6 mish"
)
LAYERS = [
    *[kl.Dense(3, activation=name) for name in NAMES.split()],
    kl.Dense(3),
    kl.Dense(3, activation=kl.ReLU()),
    kl.Activation("relu"),
    kl.Dropout(0.1),
    kl.LSTM(3),
    kl.GRU(3, activation="relu"),
    kl.Bidirectional(kl.LSTM(3)),
    kl.ReLU(),
    kl.SeparableConv2D(2, 2, activation="gelu"),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_activation_without_the_configuration(layer: Any) -> None:
    expected = configuration(layer)
    lazy = LazyAttributes(lambda: configuration(layer), layer)
    assert lazy.get("activation") == expected.get("activation")
    assert dict(lazy) == expected
    assert lazy.get("activation") == expected.get("activation")
