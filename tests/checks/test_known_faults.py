"""Faults that studies of broken models name, rebuilt with Keras in several ways: which of them are found.

The table in ``docs/checks.md`` is what is counted here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cutaway
from scripts.make_checks import KNOWN_FAULTS

keras = pytest.importorskip("keras")
layers = keras.layers
dense, conv, norm = layers.Dense, layers.Conv2D, layers.BatchNormalization
constant = keras.initializers.Constant
Layers = list[Any]


def compiled(parts: Layers, loss: Any, optimizer: Any = "adam") -> Any:
    model = keras.Sequential(parts)
    model.compile(optimizer, loss=loss)
    return model


def vector(*parts: Any) -> Layers:
    return [keras.Input((16,)), *parts]


def image(*parts: Any) -> Layers:
    return [keras.Input((28, 28, 1)), *parts]


CROSS = keras.losses.CategoricalCrossentropy
VARIANTS: dict[str, list[Callable[[], Any]]] = {
    "no activation between dense layers": [
        lambda: keras.Sequential(vector(dense(32), dense(4, activation="softmax"))),
        lambda: keras.Sequential(image(conv(4, 3), layers.Flatten(), dense(32), layers.Dropout(0.2), dense(4))),
        lambda: keras.Sequential(vector(dense(32, activation=None), dense(32, activation="linear"), dense(4))),
        lambda: keras.Sequential(vector(keras.Sequential([keras.Input((16,)), dense(32)]), dense(4))),
    ],
    "activation applied twice": [
        lambda: keras.Sequential(vector(dense(32, activation="relu"), layers.ReLU(), dense(4))),
        lambda: keras.Sequential(vector(dense(4, activation="softmax"), layers.Softmax())),
        lambda: keras.Sequential(vector(dense(4, activation="relu"), layers.Activation("sigmoid"))),
        lambda: keras.Sequential(vector(dense(4), layers.LeakyReLU(), layers.Activation("tanh"), dense(2))),
    ],
    "last activation missing or wrong for the loss": [
        lambda: compiled(vector(dense(4)), "categorical_crossentropy"),
        lambda: compiled(vector(dense(4, activation="relu")), "sparse_categorical_crossentropy"),
        lambda: compiled(vector(dense(4, activation="sigmoid")), CROSS()),
        lambda: compiled(vector(dense(1, activation="tanh")), "binary_crossentropy"),
        lambda: compiled(vector(dense(4), norm()), CROSS()),
        lambda: compiled(vector(dense(4, activation="softmax")), "mse"),
    ],
    "softmax over one unit": [
        lambda: keras.Sequential(vector(dense(1, activation="softmax"))),
        lambda: keras.Sequential(vector(dense(1), layers.Softmax())),
        lambda: keras.Sequential(vector(dense(1), layers.Activation("softmax"))),
    ],
    "from_logits against the activation": [
        lambda: compiled(vector(dense(4, activation="softmax")), CROSS(from_logits=True)),
        lambda: compiled(vector(dense(1), layers.Activation("sigmoid")), keras.losses.BinaryCrossentropy(True)),
        lambda: compiled(vector(dense(4), layers.Softmax()), CROSS(from_logits=True)),
    ],
    "loss over classes for one unit": [
        lambda: compiled(vector(dense(1, activation="sigmoid")), "categorical_crossentropy"),
        lambda: compiled(vector(dense(1, activation="sigmoid")), CROSS()),
    ],
    "kernel that starts constant": [
        lambda: keras.Sequential(vector(dense(32, "relu", kernel_initializer="zeros"), dense(4))),
        lambda: keras.Sequential(vector(dense(32, "relu", kernel_initializer=constant(1)), dense(4))),
        lambda: keras.Sequential(image(conv(4, 3, kernel_initializer="ones"), layers.ReLU(), conv(4, 3))),
    ],
    "bias before batch normalization": [
        lambda: keras.Sequential(image(conv(4, 3), norm(), layers.ReLU())),
        lambda: keras.Sequential(vector(dense(32), norm(), layers.ReLU())),
    ],
    "dropout before batch normalization": [
        lambda: keras.Sequential(vector(dense(32), layers.Dropout(0.3), norm())),
        lambda: keras.Sequential(image(conv(4, 3), layers.SpatialDropout2D(0.3), layers.ReLU(), norm())),
    ],
    "dropout too high or at the end": [
        lambda: keras.Sequential(vector(dense(32, "relu"), layers.Dropout(0.8), dense(4))),
        lambda: keras.Sequential(vector(dense(32, "relu"), dense(4), layers.Dropout(0.2))),
    ],
    "window larger than its map, or skipping": [
        lambda: keras.Sequential([keras.Input((4, 4, 3)), conv(4, 7, padding="same")]),
        lambda: keras.Sequential([keras.Input((32, 32, 3)), conv(4, 3, strides=5)]),
        lambda: keras.Sequential([keras.Input((32, 32, 3)), layers.MaxPooling2D(2, strides=3)]),
    ],
    "dense on a map that was not flattened": [
        lambda: keras.Sequential(image(conv(4, 3, activation="relu"), dense(10, activation="softmax"))),
        lambda: keras.Sequential(image(dense(16, "relu"), layers.Flatten(), dense(10))),
        lambda: keras.Sequential(image(conv(4, 3), dense(10), layers.Activation("softmax"))),
    ],
    "learning rate too high": [
        lambda: compiled(vector(dense(1)), "mse", keras.optimizers.Adam(0.5)),
        lambda: compiled(vector(dense(1)), "mse", keras.optimizers.SGD(5.0)),
        lambda: compiled(vector(dense(1)), "mse", keras.optimizers.RMSprop(0.02)),
    ],
}


def found(variant: Callable[[], Any], checks: tuple[str, ...]) -> bool:
    return bool(cutaway.check(variant(), only=checks).findings)


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.name) for fault in KNOWN_FAULTS])
def test_as_many_variants_are_found_as_the_page_says(fault: Any) -> None:
    variants = VARIANTS[fault.name]
    assert [found(variant, fault.checks) for variant in variants].count(True) == fault.found
    assert len(variants) == fault.variants


def test_every_fault_that_is_rebuilt_is_on_the_page() -> None:
    assert list(VARIANTS) == [fault.name for fault in KNOWN_FAULTS]


def test_what_is_found_live_is_found_in_the_file(tmp_path: Path) -> None:
    model = VARIANTS["last activation missing or wrong for the loss"][0]()
    model.save(tmp_path / "m.keras")
    live, stored = cutaway.check(model), cutaway.check(tmp_path / "m.keras")
    assert [finding.check for finding in stored.findings] == [finding.check for finding in live.findings] == ["CA017"]
