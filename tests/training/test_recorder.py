"""The recorder writes what Keras' own callback writes, to the last digit, and leaves the training as it is."""

from __future__ import annotations

import inspect
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import cutaway
from cutaway.errors import OptionError
from cutaway.graph.contract import from_contract
from cutaway.training.event_writer import EventWriter
from cutaway.training.histograms import distribution
from cutaway.training.png_image import png
from cutaway.training.runs import LogFolder, Run
from cutaway.training.tensors import distribution_of
from tests.training.oracles import assert_same, columns

ROOT = Path(__file__).resolve().parents[2]
RNG = np.random.default_rng(3)
X = RNG.normal(size=(96, 8)).astype("float32")
Y = X[:, :1] * 2


def small() -> Any:
    keras.utils.set_random_seed(7)
    layers = [
        keras.Input((8,), name="in"),
        keras.layers.Dense(16, activation="relu", name="dense"),
        keras.layers.Dense(1, name="end"),
    ]
    model = keras.Sequential(layers, name="small")
    model.compile(keras.optimizers.Adam(0.01, name="adam"), "mse", metrics=["mae"])
    return model


def fit(model: Any, *callbacks: Any, **options: Any) -> Any:
    return model.fit(X, Y, **{"batch_size": 16, "epochs": 2, "verbose": 0, **options}, callbacks=list(callbacks))


def logged(folder: Path) -> dict[str, Run]:
    log = LogFolder(folder)
    log.read()
    return log.runs


def test_every_parameter_of_keras_own_callback_is_understood() -> None:
    theirs = inspect.signature(keras.callbacks.TensorBoard).parameters
    ours = inspect.signature(cutaway.Recorder).parameters
    assert list(ours)[: len(theirs)] == list(theirs)
    for name, parameter in theirs.items():
        assert ours[name].default == parameter.default


@pytest.mark.parametrize("update_freq", ["epoch", "batch", 4])
def test_values_are_those_of_keras_own_callback(tmp_path: Path, update_freq: str | int) -> None:
    options: dict[str, Any] = {"histogram_freq": 1, "write_images": True, "update_freq": update_freq}
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    fit(small(), cutaway.Recorder(ours, **options), validation_split=0.25, epochs=3)
    fit(small(), keras.callbacks.TensorBoard(theirs, **options), validation_split=0.25, epochs=3)
    compared = 0
    for part in ("train", "validation"):
        mine, expected = columns(ours / part), columns(theirs / part)
        for tag, told in expected.items():
            if tag in ("__run_graph__",):  # of operations, which Keras 3 writes for no other than such models
                continue
            if tag.startswith("evaluation_"):  # Keras leaves some out, by the number of batches that were validated
                steps = {step for _, step, _, _ in told}
                mine[tag] = [point for point in mine[tag] if point[1] in steps]
            assert [(step, plugin) for _, step, plugin, _ in mine[tag]] == [(s, p) for _, s, p, _ in told], tag
            for (*_, value), (*_, other) in zip(mine[tag], told, strict=True):
                if tag.endswith("/histogram"):
                    assert value[:, 2].sum() == other[:, 2].sum()
                    assert (value[0, 0], value[-1, 1]) == pytest.approx((other[0, 0], other[-1, 1]))
                elif tag.endswith("/image"):
                    assert pixels(value) == pixels(other)
                else:
                    np.testing.assert_array_equal(value, other)
                compared += 1
    assert compared > (30 if isinstance(update_freq, str) else 8)


def pixels(image: Any) -> tuple[bytes, bytes, list[int]]:
    """Width, height and pixels of the first image of a summary."""
    width, height, first = image[:3]
    return width, height, np.asarray(Image.open(io.BytesIO(first))).ravel().tolist()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_are_png(channels: int) -> None:
    values = RNG.integers(0, 256, (5, 7, channels), np.uint8)
    read = np.asarray(Image.open(io.BytesIO(png(values)))).reshape(values.shape)
    np.testing.assert_array_equal(read, values)


def test_every_so_many_steps(tmp_path: Path) -> None:
    model = small()
    fit(model, cutaway.Recorder(tmp_path, every=4))
    run = logged(tmp_path)["train"]
    assert assert_same(run) > 30
    for tag in (
        "batch_loss",
        "batch_mae",
        "batch_learning_rate",
        "batch_seconds_per_step",
        "weights/dense/kernel",
    ):
        assert run.series[tag].steps.tolist() == [4, 8, 12], tag
    last = run.series["weights/dense/kernel"].values[-1]
    kernel = model.get_layer("dense").kernel.numpy()
    assert last[:, 2].sum() == kernel.size
    assert (last[0, 0], last[-1, 1]) == (kernel.min(), kernel.max())
    assert run.series["norm/weights/dense/kernel"].values[-1] == pytest.approx(float(np.linalg.norm(kernel)))
    assert run.series["epoch_seconds_per_step"].values.min() > 0


def test_the_structure_is_there(tmp_path: Path) -> None:
    model = small()
    fit(model, cutaway.Recorder(tmp_path))
    told = columns(tmp_path / "train")
    ((_, _, plugin, config),) = told["keras"]
    assert plugin == "graph_keras_model"
    assert json.loads(config.item())["config"]["name"] == "small"
    ((_, _, _, encoded),) = told["cutaway/structure"]
    graph = from_contract(json.loads(encoded.item()))
    assert [node.op for node in graph.nodes] == [node.op for node in cutaway.read(model).nodes]
    assert [node.op for node in cutaway.read(tmp_path).nodes] == [node.op for node in graph.nodes]


def test_the_structure_is_written_once_for_a_folder(tmp_path: Path) -> None:
    model = small()
    recorder = cutaway.Recorder(tmp_path)
    fit(model, recorder, epochs=1)
    fit(model, recorder, epochs=1)
    assert len(columns(tmp_path / "train")["cutaway/structure"]) == 1
    shutil.rmtree(tmp_path / "train")
    fit(model, recorder, epochs=1)
    assert len(columns(tmp_path / "train")["cutaway/structure"]) == 1
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    fit(model, recorder, epochs=1)
    assert len(columns(tmp_path / "train")["cutaway/structure"]) == 2


@pytest.mark.parametrize("jit_compile", [False, True])
def test_training_is_left_as_it_is(tmp_path: Path, jit_compile: bool) -> None:
    plain, recorded = small(), small()
    for model in (plain, recorded):
        model.compile("adam", "mse", jit_compile=jit_compile)
    keras.utils.set_random_seed(1)
    fit(plain)
    keras.utils.set_random_seed(1)
    fit(recorded, cutaway.Recorder(tmp_path, 1, update_freq="batch", every=1))
    for one, other in zip(plain.weights, recorded.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


class TwoSteps(keras.Model):
    """A model with a training step and metrics of its own, and no `compile` argument for a loss."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = keras.layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.inner(inputs)

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(x, training=True) - y) ** 2)
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables, strict=True))
        return {"mine": loss, "matrix": tf.zeros((2, 2))}


def test_a_training_step_of_ones_own(tmp_path: Path) -> None:
    model = TwoSteps()
    model.compile("sgd")
    fit(model, cutaway.Recorder(tmp_path, every=3))
    run = logged(tmp_path)["train"]
    assert run.series["batch_mine"].steps.tolist() == [3, 6, 9, 12]
    assert "batch_matrix" not in run.series


def test_several_fits_and_a_resumed_one_count_on(tmp_path: Path) -> None:
    model = small()
    recorder = cutaway.Recorder(tmp_path, every=6)
    fit(model, recorder, epochs=1)
    fit(model, recorder, epochs=1)
    model.save(tmp_path / "model.keras")
    fit(keras.models.load_model(tmp_path / "model.keras"), cutaway.Recorder(tmp_path, every=6), epochs=1)
    assert logged(tmp_path)["train"].series["batch_loss"].steps.tolist() == [6, 12, 18]
    assert len(list((tmp_path / "train").iterdir())) == 3


@pytest.mark.parametrize("options", [{}, {"steps_per_epoch": 3}])
def test_a_training_that_was_broken_off_lets_go_of_the_model(tmp_path: Path, options: dict[str, int]) -> None:
    def breaks(epoch: int, logs: Any) -> None:
        if epoch == 1:
            raise KeyboardInterrupt

    model, recorder = small(), cutaway.Recorder(tmp_path, every=1, record=())
    with pytest.raises(KeyboardInterrupt):
        fit(model, recorder, keras.callbacks.LambdaCallback(on_epoch_end=breaks), epochs=3, **options)
    steps = 2 * options.get("steps_per_epoch", 6)
    fit(model, **options)
    assert getattr(model.train_function, "__self__", None) is not recorder
    assert logged(tmp_path)["train"].series["batch_loss"].steps.tolist() == list(range(1, steps + 1))
    fit(model, recorder, epochs=1, **options)
    assert len(logged(tmp_path)["train"].series["batch_loss"]) == steps + steps // 2


def test_a_loop_of_ones_own_is_recorded_to_its_end(tmp_path: Path) -> None:
    model, recorder, history = small(), cutaway.Recorder(tmp_path, every=1, record=()), keras.callbacks.History()
    for callback in (recorder, history):
        callback.set_model(model)
        callback.on_train_begin()
    for epoch in range(2):
        recorder.on_epoch_begin(epoch)
        for _ in range(3):
            model.train_on_batch(X, Y)
        for callback in (recorder, history):
            callback.on_epoch_end(epoch, {})
    recorder.on_train_end()
    assert logged(tmp_path)["train"].series["batch_loss"].steps.tolist() == list(range(1, 7))


def test_a_model_left_in_a_broken_training_is_not_trained_as_another(tmp_path: Path) -> None:
    def breaks(epoch: int, logs: Any) -> None:
        raise KeyboardInterrupt

    left, other, recorder = small(), small(), cutaway.Recorder(tmp_path, every=1, record=())
    with pytest.raises(KeyboardInterrupt):
        fit(left, recorder, keras.callbacks.LambdaCallback(on_epoch_end=breaks))
    fit(other, recorder, epochs=1)
    assert getattr(left.train_function, "__self__", None) is not recorder


def test_several_steps_as_one_execution(tmp_path: Path) -> None:
    model = small()
    model.compile("sgd", "mse", steps_per_execution=4)
    fit(model, cutaway.Recorder(tmp_path, every=3))
    assert logged(tmp_path)["train"].series["batch_loss"].steps.tolist() == [4, 6, 10, 12]


def test_mixed_precision_and_a_strategy(tmp_path: Path) -> None:
    with tf.distribute.MirroredStrategy(["/cpu:0"]).scope():
        model = keras.Sequential(
            [keras.Input((8,)), keras.layers.Dense(4, dtype="mixed_float16"), keras.layers.Dense(1)]
        )
        model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01)), "mse")
    fit(model, cutaway.Recorder(tmp_path, 1, every=5), epochs=1)
    run = logged(tmp_path)["train"]
    assert run.series["epoch_learning_rate"].values.tolist() == [pytest.approx(0.01)]
    assert any(tag.startswith("weights/") for tag in run.series)


def test_nan_in_a_weight_spoils_nothing(tmp_path: Path) -> None:
    model = small()
    kernel = model.get_layer("dense").kernel
    values = kernel.numpy()
    values[0, :3] = np.nan, np.inf, -np.inf
    kernel.assign(values)
    model.get_layer("dense").trainable = False
    fit(model, cutaway.Recorder(tmp_path, every=6), epochs=1)
    run = logged(tmp_path)["train"]
    (rows,) = run.series["weights/dense/kernel"].values
    assert rows[:, 2].sum() == values.size - 3
    assert run.series["nan/weights/dense/kernel"].values.tolist() == [1]
    assert run.series["infinite/weights/dense/kernel"].values.tolist() == [2]


@pytest.mark.parametrize("values", [[], [np.nan], [1.0, -2.0, 0.0, 1e-40, np.inf], [1e30, 1e30]])
def test_tensorflow_takes_the_same_distribution(values: list[float]) -> None:
    mine, expected = distribution_of(tf.constant(values, tf.float32)), distribution(np.array(values, np.float32))
    np.testing.assert_array_equal(mine.counts, expected.counts)
    spoiled = not np.isfinite(values).all() or expected.squares > 1e38  # the moments are then those of the bins
    rough = 0.13 if spoiled else 1e-6
    assert mine.sum == pytest.approx(expected.sum, rel=rough, abs=0.2 if spoiled else 0)
    assert mine.squares == pytest.approx(expected.squares, rel=rough)
    assert mine.deviation == pytest.approx(expected.deviation, rel=rough, nan_ok=True)
    assert (mine.minimum, mine.maximum) == pytest.approx((expected.minimum, expected.maximum), rel=rough, abs=1e-38)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("No space")])
def test_a_full_disk_ends_the_recording_and_not_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(writer: EventWriter, data: bytes) -> None:
        raise error

    monkeypatch.setattr(EventWriter, "_write", full)
    with pytest.warns(UserWarning, match="no longer recorded.*(Errno|RuntimeError).*No space"):
        history = fit(small(), cutaway.Recorder(tmp_path, 1, every=1), validation_split=0.25)
    assert len(history.history["loss"]) == 2


def test_profiles_and_the_projector(tmp_path: Path) -> None:
    layers = [
        keras.Input((8,)),
        keras.layers.Embedding(4, 3, name="words"),
        keras.layers.Flatten(),
        keras.layers.Dense(1),
    ]
    model = keras.Sequential(layers)
    model.compile("sgd", "mse")
    recorder = cutaway.Recorder(
        tmp_path, embeddings_freq=1, embeddings_metadata={"words": "labels.tsv"}, profile_batch=(2, 3)
    )
    model.fit(np.zeros((64, 8)), np.zeros((64, 1)), verbose=0, callbacks=[recorder])
    assert "labels.tsv" in (tmp_path / "projector_config.pbtxt").read_text(encoding="utf-8")
    assert list(tmp_path.rglob("*.xplane.pb"))
    assert list(tmp_path.rglob("keras_embedding.ckpt-0*"))
    assert len(logged(tmp_path)["train"].series["epoch_loss"]) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"every": 0}, "every"), ({"update_freq": "step"}, "update_freq"), ({"histogram_freq": -1}, "histogram_freq"),
        ({"record": "weight"}, "record"), ({"profile_batch": "x"}, "profile_batch"),
        ({"profile_batch": (5, 2)}, "profile_batch"), ({"profile_batch": -1}, "profile_batch"),
        ({"embeddings_freq": -1}, "embeddings_freq"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_an_error(options: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=f"{said} must be .*received"):
        cutaway.Recorder(**options)


def test_a_killed_training_leaves_what_it_recorded(tmp_path: Path) -> None:
    code = f"""
import keras, numpy, cutaway
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
model.compile("sgd", "mse")
class Told(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        print("step", batch + 1, flush=True)
model.fit(numpy.zeros((100_000, 4)), numpy.zeros((100_000, 2)), batch_size=1, verbose=0,
          callbacks=[cutaway.Recorder({str(tmp_path)!r}, every=1), Told()])
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    ) as process:
        assert process.stdout is not None
        seen: list[int] = []
        while len(seen) < 50 and (line := process.stdout.readline()):
            if line.startswith(b"step") and line.split()[1].endswith(b"0"):
                found = logged(tmp_path).get("train")
                seen = found.series["batch_loss"].steps.tolist() if found and "batch_loss" in found.series else []
        os.kill(process.pid, signal.SIGKILL)
    run = logged(tmp_path)["train"]
    assert len(seen) >= 50
    assert run.warnings == []
    steps = run.series["batch_loss"].steps.tolist()
    assert steps == list(range(1, len(steps) + 1))
    assert steps[: len(seen)] == seen  # what could be read before it was killed can be read after
