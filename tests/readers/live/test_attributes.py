"""The short way to a layer's activation says what its configuration says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest

from cutaway.readers import read
from cutaway.readers.live.attributes import LazyAttributes, configuration, plain

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


class TestCode:
    """A function without a name is code of the user's, which is neither run nor shown."""

    @staticmethod
    def shown(model: Any, where: Any) -> list[Any]:
        assert len(model.layers) == 2
        return [node.attributes.get("activation") or node.attributes["function"] for node in read(where).nodes[1:]]

    @pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`:UserWarning")
    @pytest.mark.parametrize("form", ["live", "keras", "h5"])
    def test_of_keras_3(self, form: str, tmp_path: Path) -> None:
        double = kl.Dense(3, activation=lambda x: 2 * x)
        model = keras.Sequential([keras.Input((4,)), double, kl.Lambda(lambda x: x + 1)])
        path = tmp_path / f"model.{form}"
        if form != "live":
            model.save(path)
        assert self.shown(model, model if form == "live" else path) == ["<code, not executed>"] * 2

    @pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`:UserWarning")
    @pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file:UserWarning")
    @pytest.mark.parametrize("form", ["live", "keras", "h5"])
    def test_of_tf_keras(self, form: str, tmp_path: Path) -> None:
        tf_keras = pytest.importorskip("tf_keras", reason="tf_keras is not installed; its models cannot be made")
        double = tf_keras.layers.Dense(3, activation=lambda x: 2 * x)
        model = tf_keras.Sequential([tf_keras.Input((4,)), double, tf_keras.layers.Lambda(lambda x: x + 1)])
        path = tmp_path / f"model.{form}"
        if form != "live":
            model.save(path)
        assert self.shown(model, model if form == "live" else path) == ["<code, not executed>"] * 2

    def test_values_are_no_code(self) -> None:
        assert plain({"value": ["4w"]}) == {"value": ["4w"]}
        assert plain({"value": ["x" * 99], "more": 1}) == {"value": ["x" * 99], "more": 1}
