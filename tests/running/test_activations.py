"""What layers make of one input: against Keras' own answers, with the model left exactly as it was."""

from __future__ import annotations

import contextlib
import gc
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import cutaway
from cutaway.errors import OptionError, ReadError, UnbuiltModel
from cutaway.running.store import Store, sums_of

ROOT = Path(__file__).resolve().parents[2]


def small_cnn() -> Any:
    keras.utils.set_random_seed(3)
    image = keras.Input((12, 12, 3), name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(image)
    shared = layers.Conv2D(4, 3, padding="same", name="shared")
    y = shared(layers.BatchNormalization(name="bn")(shared(x)))
    y = layers.Dropout(0.5, name="drop")(layers.Add(name="add")([x, y]))
    tail = keras.Sequential([layers.Flatten(name="flat"), layers.Dense(5, name="dense")], name="tail")
    return keras.Model(image, tail(y), name="cnn")


class Block(layers.Layer):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.project = layers.Dense(4, name="project")
        self.norm = layers.LayerNormalization(name="norm")

    def call(self, x: Any) -> Any:
        return self.norm(x + self.project(x))


class Twice(keras.Model):
    """Calls one block twice and another in between."""

    def __init__(self) -> None:
        super().__init__(name="twice")
        self.one, self.other = Block(name="one"), Block(name="other")
        self.end = layers.Dense(1, name="end")

    def call(self, x: Any) -> Any:
        return self.end(self.one(self.other(self.one(x))))


def built(model: Any, *shape: int) -> Any:
    model(np.zeros(shape, np.float32))
    return model


def state(model: Any) -> list[Any]:
    """All that a run could change: values, attributes, losses, and the classes that are patched."""
    every = list(model._flatten_layers(include_self=True, recursive=True))
    return [
        *(variable.numpy().tobytes() for variable in model.variables),
        *(generator.state.numpy().tobytes() for layer in every for generator in getattr(layer, "_seed_generators", ())),
        *(sorted(vars(layer)) for layer in every),
        *(len(layer._inbound_nodes) for layer in every),
        len(model.losses),
        vars(keras.layers.Layer)["__call__"],
        vars(keras.Operation)["__call__"],
        vars(layers.MultiHeadAttention)["_compute_attention"],
        vars(Block)["call"],
    ]


def test_every_output_of_a_functional_model_is_that_of_keras() -> None:
    model = small_cnn()
    x = np.random.default_rng(0).random((2, 12, 12, 3), np.float32)
    found = cutaway.activations(model, x)
    assert not found.missing
    assert set(found) == set(cutaway.read(model).ids)
    for name in ("first", "bn", "drop"):
        expected = keras.Model(model.inputs, model.get_layer(name).output)(x, training=False)
        np.testing.assert_array_equal(found[name].numpy(), expected)
    for id, node in (("shared", 0), ("shared@2", 1)):
        expected = keras.Model(model.inputs, model.get_layer("shared")._inbound_nodes[node].outputs[0])(x)
        np.testing.assert_array_equal(found[id].numpy(), np.asarray(expected))
    np.testing.assert_array_equal(found["tail/dense"].numpy(), model(x, training=False))
    np.testing.assert_array_equal(found["image"].numpy(), x)


def test_calls_of_one_layer_are_told_apart_when_they_run_in_another_order_than_they_are_drawn() -> None:
    keras.utils.set_random_seed(1)
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = layers.Dense(4, name="shared")
    late = layers.ReLU(name="late")(shared(layers.ReLU(name="wait")(layers.ReLU(name="more")(a))))
    model = keras.Model([b, a], [late, shared(b)])
    given = {"a": np.full((1, 4), 2.0, np.float32), "b": np.full((1, 4), -1.0, np.float32)}
    found = cutaway.activations(model, given)
    graph = cutaway.read(model)
    for node, id in enumerate(graph.ids):
        if graph.names[node] == "shared":
            source = graph.ids[graph.inputs_of(node)[0].source]
            np.testing.assert_array_equal(found[id].numpy(), np.asarray(shared(found[source].numpy())))


def test_layers_inside_of_a_subclassed_model_are_those_of_a_run_by_hand() -> None:
    model = built(Twice(), 3, 4)
    x = np.random.default_rng(0).random((3, 4), np.float32)
    found = cutaway.activations(model, x)
    first = model.one(x)
    between = model.other(first)
    last = model.one(between)
    for id, expected in (("one/norm", first), ("other/norm", between), ("one@2/norm", last), ("end", model.end(last))):
        np.testing.assert_allclose(found[id].numpy(), np.asarray(expected), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found["one@2/project"].numpy(), np.asarray(model.one.project(between)), rtol=1e-6)
    assert all("outside layers" in why for why in found.missing.values())
    assert set(found) | set(found.missing) == set(cutaway.read(model).ids)


@pytest.mark.parametrize("make", [small_cnn, lambda: built(Twice(), 1, 4)], ids=["functional", "subclassed"])
def test_a_model_is_left_as_it_was(make: Any) -> None:
    model = make()
    before = state(model)
    cutaway.activations(model)
    assert state(model) == before


def test_a_model_that_fails_is_left_as_it_was_and_the_error_names_it() -> None:
    class Fails(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="fails")
            self.block = Block(name="block")
            self.fails = False

        def call(self, x: Any) -> Any:
            x = self.block(x)
            if self.fails:
                raise RuntimeError("no luck")
            return x

    model = built(Fails(), 1, 4)
    cutaway.activations(model, np.zeros((1, 4), np.float32))
    model.fails = True
    before = state(model)
    with pytest.raises(OptionError, match="no luck"):
        cutaway.activations(model, np.zeros((1, 4), np.float32))
    assert state(model) == before


def test_states_of_recurrent_layers_and_random_numbers_stay() -> None:
    steps = keras.Input((5, 3), batch_size=1)
    model = keras.Model(steps, layers.GaussianNoise(1.0)(layers.LSTM(4, stateful=True, name="memory")(steps)))
    model(np.ones((1, 5, 3), np.float32))
    before = state(model)
    found = cutaway.activations(model, np.ones((1, 5, 3), np.float32))
    assert state(model) == before
    expected = model(np.ones((1, 5, 3), np.float32))
    np.testing.assert_allclose(found["memory"].numpy(), np.asarray(expected), rtol=1e-6)


def test_attention_weights_are_those_that_keras_returns() -> None:
    keras.utils.set_random_seed(2)
    tokens = keras.Input((6,), dtype="int32", name="tokens")
    x = layers.Embedding(20, 8, mask_zero=True)(tokens)
    attention = layers.MultiHeadAttention(2, 4, name="attention")
    model = keras.Model(tokens, attention(x, x, use_causal_mask=True))
    ids = np.array([[3, 5, 7, 9, 0, 0]])
    found = cutaway.activations(model, ids)
    embedded = model.layers[1](ids)
    _, scores = attention(embedded, embedded, use_causal_mask=True, return_attention_scores=True)
    made = {output.role: output.numpy() for output in found.outputs("attention/attention")}
    np.testing.assert_allclose(made["scores"], np.asarray(scores), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found["attention/attention_output"].numpy(), np.asarray(model(ids)), rtol=1e-6)
    assert made["scores"].shape == (1, 2, 6, 6)
    assert not np.triu(made["scores"][0, 0], 1).any()


def test_attention_with_grouped_queries_has_weights_too() -> None:
    x = keras.Input((5, 8))
    layer = layers.GroupQueryAttention(4, 4, 2, name="attention")
    model = keras.Model(x, layer(x, x))
    found = cutaway.activations(model)
    scores = next(output for output in found.all() if output.role == "scores").numpy()
    np.testing.assert_allclose(scores.sum(-1), 1.0, rtol=1e-5)
    assert layer._return_attention_scores is False


def test_layers_around_layers() -> None:
    x = keras.Input((5, 3))
    y = layers.Bidirectional(layers.LSTM(2, return_sequences=True), name="both")(x)
    y = layers.TimeDistributed(layers.Dense(2, name="each"), name="timed")(y)
    y = layers.RNN([layers.LSTMCell(3, name="cell0"), layers.GRUCell(4, name="cell1")], name="stack")(y)
    model = keras.Model(x, y)
    data = np.random.default_rng(0).random((2, 5, 3), np.float32)
    found = cutaway.activations(model, data)
    for id, name in (("both/merge", "both"), ("timed/each", "timed"), ("stack/cell1", "stack")):
        expected = keras.Model(model.inputs, model.get_layer(name).output)(data)
        np.testing.assert_allclose(found[id].numpy(), np.asarray(expected), rtol=1e-6)
    forward, backward = (found[f"both/{way}_lstm"].numpy() for way in ("forward", "backward"))
    np.testing.assert_array_equal(np.concatenate([forward, backward[:, ::-1]], -1), found["both/merge"].numpy())
    assert "each step" in found.missing["stack/cell0"]


def test_tf_keras_models_run_too() -> None:
    tf_keras = pytest.importorskip("tf_keras")
    model = tf_keras.Sequential([tf_keras.layers.Dense(3, input_shape=(4,)), tf_keras.layers.BatchNormalization()])
    before = [weight.tobytes() for weight in model.get_weights()]
    found = cutaway.activations(model, np.ones((2, 4), np.float32))
    np.testing.assert_allclose(list(found.values())[-1].numpy(), model(np.ones((2, 4))).numpy(), rtol=1e-6)
    assert [weight.tobytes() for weight in model.get_weights()] == before


def test_statistics_are_those_of_numpy_and_histograms_count_every_value() -> None:
    found = cutaway.activations(small_cnn(), seed=5)
    for output in found.all():
        values, said = output.numpy().astype(np.float64), output.statistics
        assert said.count == values.size
        assert said.zeros == (values == 0).sum()
        np.testing.assert_allclose(
            [said.minimum, said.maximum, said.mean, said.deviation, said.norm],
            [values.min(), values.max(), values.mean(), values.std(), np.linalg.norm(values)],
            rtol=1e-6, atol=1e-9,
        )  # fmt: skip
        assert output.histogram()[1].sum() == values.size


def test_nan_is_counted_and_spoils_no_other_number() -> None:
    x = keras.Input((4,))
    found = cutaway.activations(keras.Model(x, layers.Activation("log_softmax")(x)), [np.nan, 1, 2, np.inf])
    said = found[cutaway.read(keras.Model(x, x)).ids[0]].statistics
    assert (said.nan, said.infinite, said.maximum) == (1, 1, 2.0)


def test_random_inputs_fit_and_are_the_same_for_one_seed() -> None:
    image = keras.Input((8, 8, 3), name="image")
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = layers.Rescaling(1 / 255)(image)
    model = keras.Model([image, ids], [x, layers.Embedding(7, 2)(ids)])
    found, again, other = (cutaway.activations(model, seed=seed) for seed in (1, 1, 2))
    assert 200 < found["image"].statistics.maximum <= 255
    assert found["ids"].shape == (1, 32)
    assert set(np.unique(found["ids"].numpy())) <= set(range(7))
    np.testing.assert_array_equal(found["image"].numpy(), again["image"].numpy())
    assert (found["image"].numpy() != other["image"].numpy()).any()
    assert found.description == "random numbers, seed 1"


def test_inputs_come_from_files_and_pictures(tmp_path: Path) -> None:
    image_module = pytest.importorskip("PIL.Image")
    image = keras.Input((6, 4, 1), name="image")
    model = keras.Model(image, layers.Flatten()(image))
    pixels = np.arange(24, dtype=np.uint8).reshape(6, 4)
    np.save(tmp_path / "x.npy", pixels[..., None])
    np.savez(tmp_path / "x.npz", image=pixels[None, ..., None])
    image_module.fromarray(pixels).save(tmp_path / "x.png")
    for name in ("x.npy", "x.npz", "x.png"):
        found = cutaway.activations(model, tmp_path / name)
        np.testing.assert_array_equal(found["image"].numpy()[0, ..., 0], pixels.astype(np.float32))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.zeros((2, 5)), "expected any × 4; received 2 × 5"),
        (np.zeros((0, 4)), "expected at least one example; received 0 × 4"),
        ({"y": np.zeros((1, 4))}, "expected an array for each of x; received y"),
        ("nowhere.npy", "there is no such file"),
        (["a"], "expected any × 4"),
        (object(), "array of numbers"),
    ],
)
def test_inputs_that_do_not_fit_are_told(given: Any, words: str) -> None:
    x = keras.Input((4,), name="x")
    with pytest.raises(OptionError, match=words):
        cutaway.activations(keras.Model(x, layers.Dense(2)(x)), given)


def test_pickled_arrays_are_not_unpickled(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "run",))

    np.save(tmp_path / "x.npy", np.array([Evil()], dtype=object), allow_pickle=True)
    x = keras.Input((4,), name="x")
    with pytest.raises(ReadError, match="cannot be read"):
        cutaway.activations(keras.Model(x, layers.Dense(2)(x)), tmp_path / "x.npy")
    assert not (tmp_path / "run").exists()


def test_what_cannot_be_run_is_told() -> None:
    with pytest.raises(UnbuiltModel, match="weights have no values"):
        cutaway.activations(keras.Sequential([layers.Dense(2)]))
    with pytest.raises(UnbuiltModel, match="weights have no values"):
        cutaway.activations(Twice())
    with pytest.raises(OptionError, match="live model of Keras or TensorFlow"):
        cutaway.activations(3)
    with pytest.raises(OptionError, match="memory must be"):
        cutaway.activations(small_cnn(), memory=-1)


def test_outputs_beyond_the_memory_lie_in_files_that_go_with_them() -> None:
    model = small_cnn()
    everything = cutaway.activations(model)
    spilled = cutaway.activations(model, memory=0)
    for id in everything:
        np.testing.assert_array_equal(spilled[id].numpy(), everything[id].numpy())
        assert isinstance(spilled[id].numpy(), np.memmap)
    folder = spilled._store._folder
    assert folder is not None
    assert folder.is_dir()
    del spilled
    gc.collect()
    assert not folder.exists()


def test_outputs_beyond_memory_and_disk_keep_their_statistics() -> None:
    values = np.random.default_rng(0).normal(size=(50, 40)).astype(np.float32)
    kept = Store(memory=0, disk=100).keep(values)
    assert kept.array is None
    assert kept.sums == sums_of(values)
    assert kept.histogram is not None
    assert kept.histogram[1].sum() == values.size


def test_a_file_is_loaded_and_run_with_the_ids_of_its_drawing(tmp_path: Path) -> None:
    model = small_cnn()
    model.save(tmp_path / "m.keras")
    model.save(tmp_path / "m.h5")
    x = np.random.default_rng(0).random((1, 12, 12, 3), np.float32)
    expected = cutaway.activations(model, x)
    for name in ("m.keras", "m.h5"):
        found = cutaway.activations(tmp_path / name, x)
        assert set(found) == set(cutaway.read(tmp_path / name).ids)
        np.testing.assert_allclose(found["tail/dense"].numpy(), expected["tail/dense"].numpy(), rtol=1e-5)


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    x = keras.Input((4,))
    model = keras.Model(x, layers.Lambda(lambda x: x * 2)(x))
    for name in ("m.keras", "m.h5"):
        model.save(tmp_path / name)
        with pytest.raises(ReadError, match="Lambda, which runs code"):
            cutaway.activations(tmp_path / name)


@pytest.mark.parametrize("module", ["os", "builtins", "keras.src.utils.file_utils", "keras.utils", "mine"])
def test_classes_outside_of_keras_are_not_imported(tmp_path: Path, module: str) -> None:
    small_cnn().save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"][1]["config"]["kernel_initializer"]["module"] = module
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(tmp_path / "bad.keras", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ReadError, match="no part of Keras"):
        cutaway.activations(tmp_path / "bad.keras")


def test_what_a_model_inside_was_compiled_with_is_looked_at(tmp_path: Path) -> None:
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(2)], name="inner")
    inner.compile(optimizer="adam", loss=keras.losses.mean_squared_error, metrics=[keras.metrics.AUC()])
    model = keras.Sequential([keras.Input((4,)), inner])
    model.compile(loss="mse")
    model.save(tmp_path / "m.keras")
    assert cutaway.activations(tmp_path / "m.keras", np.zeros((1, 4)))
    for where, refused in (("outer", False), ("inner", True)):
        with zipfile.ZipFile(tmp_path / "m.keras") as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        config = json.loads(members["config.json"])
        one = config if where == "outer" else config["config"]["layers"][1]
        one["compile_config"]["loss"] = {"module": "os", "class_name": "getcwd", "config": {}}
        members["config.json"] = json.dumps(config).encode()
        with zipfile.ZipFile(tmp_path / f"{where}.keras", "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        with pytest.raises(ReadError, match="'os', which is no part") if refused else contextlib.nullcontext():
            cutaway.activations(tmp_path / f"{where}.keras", np.zeros((1, 4)))


def test_files_without_weights_or_of_other_formats_are_told() -> None:
    with pytest.raises(ReadError, match="no weights"):
        cutaway.activations(ROOT / "examples" / "resnet50.keras")
    with pytest.raises(ReadError, match="cannot be loaded by TensorFlow"):  # its values are not in the zip
        cutaway.activations(ROOT / "tests" / "models" / "saved_model_steps.zip")


@pytest.mark.parametrize(
    ("file", "blocked", "words"),
    [
        ("examples/digits.keras", ("keras", "tensorflow"), "Keras and TensorFlow are needed"),
        (
            "tests/models/tflite/conv_int8.tflite",
            ("ai_edge_litert", "tensorflow", "tflite_runtime"),
            "the interpreter of LiteRT is needed",
        ),
    ],
)
def test_what_is_missing_is_told(file: str, blocked: tuple[str, ...], words: str) -> None:
    code = f"""
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}: raise ModuleNotFoundError(f"No module named {{name!r}}")
sys.meta_path.insert(0, Block())
import cutaway
try: cutaway.activations({str(ROOT / file)!r})
except cutaway.CutawayError as error: print(type(error).__name__, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(ROOT / "src")}, check=True
    )
    assert done.stdout.startswith("MissingExtra")
    assert words in done.stdout


def test_a_tflite_model_makes_what_its_interpreter_makes() -> None:
    interpreters = pytest.importorskip("tensorflow.lite.python.interpreter")
    path = ROOT / "tests" / "models" / "tflite" / "conv_int8.tflite"
    with pytest.warns(UserWarning, match="deprecated"):
        plain = interpreters.Interpreter(model_path=str(path))
    plain.allocate_tensors()
    (entry,), (result,) = plain.get_input_details(), plain.get_output_details()
    found = cutaway.activations(path, seed=4)
    graph = found.graph
    x = found[graph.ids[graph.inputs[0].node]].numpy()
    scale, zero = entry["quantization"]
    whole = x if x.dtype == entry["dtype"] else np.rint(x / scale + zero).astype(entry["dtype"])
    plain.set_tensor(entry["index"], whole)
    plain.invoke()
    made = plain.get_tensor(result["index"])
    scale, zero = result["quantization"]
    expected = (made.astype(np.float32) - zero) * scale if scale else made
    last = found[graph.ids[graph.outputs[0].node]].numpy()
    np.testing.assert_allclose(last, expected, atol=scale or 1e-5)


@pytest.mark.parametrize(
    ("signature", "made"), [(None, np.add), ("add", np.add), ("mul", np.multiply), ("sub", np.subtract)]
)
def test_of_a_tflite_model_that_signature_runs_which_is_asked_for(signature: str | None, made: np.ufunc) -> None:
    pytest.importorskip("tensorflow.lite.python.interpreter")
    path = ROOT / "tests" / "models" / "tflite" / "multi_signature.tflite"
    numbers = np.random.default_rng(3)
    given = {name: numbers.random((10, 10), dtype=np.float32) for name in "ab"}
    found = cutaway.activations(path, given, signature=signature)
    last = found[found.graph.ids[found.graph.outputs[0].node]].numpy()
    np.testing.assert_allclose(last, made(given["a"], given["b"]), rtol=1e-6)
    assert all("another signature" in words for words in found.missing.values())
    assert bool(found.missing) == (signature is None)


def test_a_layer_that_only_its_author_has_is_named_in_one_sentence(tmp_path: Path) -> None:
    class Own(layers.Layer):
        def call(self, x: Any) -> Any:
            return x

    given = keras.Input((4,))
    keras.Model(given, Own()(layers.Dense(2)(given))).save(tmp_path / "own.keras")
    with zipfile.ZipFile(tmp_path / "own.keras") as archive, zipfile.ZipFile(tmp_path / "m.keras", "w") as copy:
        for name in archive.namelist():  # of a program that is run itself, Keras writes no module
            copy.writestr(name, archive.read(name).replace(f'"{__name__}"'.encode(), b"null"))
    with pytest.raises(ReadError, match=r"cannot be loaded by Keras .*: Could not locate class 'Own'") as caught:
        cutaway.activations(tmp_path / "m.keras")
    assert "custom_objects" in str(caught.value)
    assert "config" not in str(caught.value)
