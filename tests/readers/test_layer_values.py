"""Values of weights in ``.keras`` files, whose arrays have numbers and no names, against what Keras holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import cutaway
from cutaway.errors import ReadError
from cutaway.graph.model import Weight
from cutaway.readers import read
from cutaway.readers.values import ValueReader, read_values

keras: Any = pytest.importorskip("keras")


def layers() -> Any:
    """A model with layers that nest, repeat and share, and two of a kind side by side."""
    k = keras.layers
    image = keras.Input((12, 12, 3), name="image")
    words = keras.Input((5,), dtype="int32", name="words")
    shared = k.Dense(6, name="shared")
    tower = keras.Sequential(
        [keras.Input((12, 12, 3)), k.Conv2D(4, 3), k.BatchNormalization(), k.Conv2D(4, 3, use_bias=False)], name="tower"
    )
    x = k.GlobalAveragePooling2D()(tower(k.SeparableConv2D(3, 3, padding="same")(image)))
    y = k.Embedding(20, 6)(words)
    y = k.MultiHeadAttention(2, 3, name="attend")(y, y)
    y = k.LayerNormalization()(k.Bidirectional(k.LSTM(3, return_sequences=True), name="both")(y))
    y = k.TimeDistributed(k.Dense(6), name="each")(k.GRU(6, return_sequences=True)(y))
    y = k.RNN([k.LSTMCell(4), k.GRUCell(6)], name="cells")(k.SimpleRNN(6, return_sequences=True)(y))
    x = k.Dense(6)(x)
    out = k.Add()([shared(x), shared(y)])
    return keras.Model([image, words], k.Dense(2, kernel_regularizer="l2")(out), name="mixed")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    keras.utils.set_random_seed(3)
    model = layers()
    rng = np.random.default_rng(5)
    for variable in model.variables:
        if "seed" not in variable.path:
            variable.assign(rng.normal(size=variable.shape))
    path = tmp_path_factory.mktemp("values") / "mixed.keras"
    model.save(path)
    return path, model


def test_every_weight_of_every_layer_is_what_keras_holds(saved: tuple[Path, Any]) -> None:
    path, model = saved
    wanted = {variable.numpy().tobytes(): variable.path for variable in model.weights if "seed" not in variable.path}
    assert len(wanted) == len([v for v in model.weights if "seed" not in v.path]) > 40
    for weight in read(path).weights:
        values = read_values(path, weight)
        name = wanted.pop(values.tobytes())
        assert name.rpartition("/")[2] == weight.name.rpartition("/")[2], (name, weight.id)
        assert read_values(path, weight, 1, 2).tobytes() == values[1:2].tobytes()
    assert not wanted


@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_weights_of_quantized_layers_are_what_keras_holds(mode: str, tmp_path: Path) -> None:
    k = keras.layers
    keras.utils.set_random_seed(4)
    words = keras.Input((3,), dtype="int32", name="words")
    y = k.Embedding(20, 16, name="embedding")(words)
    y = k.EinsumDense("abc,cd->abd", output_shape=(None, 12), bias_axes="d", name="einsum")(y)
    y = k.EinsumDense("abc,cd->abd", output_shape=(None, 8), name="plain")(y)
    y = k.Dense(6, use_bias=False, name="without")(k.Dense(10, name="with")(y))
    model = keras.Model(words, y, name="quantized")
    for layer in model.layers[1:]:
        layer.quantize(mode)
    model.save(tmp_path / "q.keras")
    graph = read(tmp_path / "q.keras")
    assert {weight.id: weight.trainable for weight in graph.weights} == {v.path: v.trainable for v in model.weights}
    held = {variable.path: variable.numpy() for variable in model.weights}
    for weight in graph.weights:
        assert weight.shape == held[weight.id].shape
        assert np.array_equal(read_values(tmp_path / "q.keras", weight), held[weight.id].ravel())


@pytest.mark.parametrize(
    "location",
    [
        "model.weights.h5:layers/dense#9",
        "model.weights.h5:layers/none#0",
        "model.weights.h5:layers/dense#x",
        "model.weights.h5#0",
        ":layers/dense#0",
    ],
)
def test_wrong_places_in_a_file_are_read_errors(saved: tuple[Path, Any], location: str) -> None:
    with pytest.raises(ReadError):
        read_values(saved[0], Weight("w", "w", (6, 6), "float32", True, location))


def test_a_file_without_the_shape_that_its_config_says_is_told(saved: tuple[Path, Any]) -> None:
    with pytest.raises(ReadError, match="expected an array of the shape"):
        read_values(saved[0], Weight("w", "w", (7, 6), "float32", True, "model.weights.h5:layers/dense#0"))


def test_many_values_open_their_file_once(saved: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """However many weights a model has, for whoever goes through all of them; and it is closed in the end."""
    path, model = saved
    opened: list[Any] = []

    class Watched(h5py.File):  # type: ignore[misc, unused-ignore]
        def __init__(self, *args: Any, **settings: Any) -> None:
            super().__init__(*args, **settings)
            opened.append(self)

    monkeypatch.setattr(h5py, "File", Watched)
    weights = read(path).weights
    opened.clear()
    with ValueReader(path) as values:
        held = [values.read(weight) for weight in weights]
        assert len(opened) == 1
        assert opened[0]
    assert not opened[0]  # closed
    assert [each.tobytes() for each in held] == [read_values(path, weight).tobytes() for weight in weights]
    model.save(path.with_suffix(".h5"))
    for name in (path, path.with_suffix(".h5")):
        counts = []
        for run in (
            read,
            lambda one: cutaway.check(one, weights=True),
            lambda one: cutaway.diff(one, one, weights=True),
        ):
            opened.clear()
            run(name)
            assert not any(opened)
            counts.append(len(opened))
        to_read, to_check, to_compare = counts
        assert to_check <= to_read + 2  # what the model was compiled with is read, too
        assert to_compare == 2 * to_read + 2
