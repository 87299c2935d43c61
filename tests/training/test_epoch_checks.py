"""Checks of what was recorded by epoch: TensorBoard's own logs, and the recorder with ``histogram_freq``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, optimizers

import cutaway
from cutaway.training.checks import TRAINING_CHECKS
from cutaway.training.checks.finding import Hit, TrainingCheck, TrainingFinding
from cutaway.training.checks.logs import trainings
from cutaway.training.checks.records import Line, Records
from cutaway.training.checks.run import run

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(64, 8)).astype(np.float32)
Y = X[:, :1]
STEPS = 4  # of an epoch

Callback = Callable[[Path], Any]
TENSORBOARD: Callback = lambda folder: keras.callbacks.TensorBoard(folder, histogram_freq=1)  # noqa: E731
TENSORBOARD_BY_BATCH: Callback = lambda folder: keras.callbacks.TensorBoard(  # noqa: E731
    folder, histogram_freq=1, update_freq="batch"
)
RECORDER: Callback = lambda folder: cutaway.Recorder(folder, histogram_freq=1)  # noqa: E731
CALLBACKS = {"TensorBoard": TENSORBOARD, "by batch": TENSORBOARD_BY_BATCH, "Recorder": RECORDER}


class Spoil(keras.callbacks.Callback):
    """Puts a value into a kernel at the end of an epoch, before that is recorded."""

    def __init__(self, epoch: int, value: float) -> None:
        super().__init__()
        self.epoch, self.value = epoch, value

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch == self.epoch:
            kernel = self.model.get_layer("middle").kernel
            values = np.array(kernel.numpy())
            values[1, 2] = self.value
            kernel.assign(values)


def middle(cut: bool = False) -> Any:
    x = keras.Input((8,), name="x")
    hidden = layers.Dense(8, "relu", name="first")(x)
    deep = layers.Dense(8, "relu", name="middle")(hidden)
    joined = layers.Concatenate()([keras.ops.stop_gradient(deep) if cut else deep, hidden])
    return keras.Model(x, layers.Dense(1, name="end")(joined), name="net")


def found_after(
    folder: Path, model: Any, *callbacks: Any, rate: float = 0.01, epochs: int = 6
) -> list[TrainingFinding]:
    model.compile(optimizers.SGD(rate), "mse")
    model.fit(X, Y, epochs=epochs, batch_size=16, verbose=0, shuffle=False, callbacks=list(callbacks))
    return [finding for records in trainings(folder).values() for finding in run(records, TRAINING_CHECKS)]


@pytest.mark.parametrize("name", CALLBACKS)
@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (np.inf, "infinite values")])
def test_the_layer_and_epoch_where_weights_broke_are_told(name: str, value: float, word: str, tmp_path: Path) -> None:
    callbacks = [Spoil(2, value), CALLBACKS[name](tmp_path)]
    (finding,) = (one for one in found_after(tmp_path, middle(), *callbacks) if one.check == "CT001")
    assert finding.what.endswith("the first at epoch 2")
    assert finding.step == (2 if name != "by batch" else 3 * STEPS)
    assert finding.where == ("middle",)
    said = "NaN or infinite values" if name == "Recorder" else word  # whose bins do not tell which
    assert finding.what.startswith(f"{said} in the weights of middle/kernel")


@pytest.mark.filterwarnings("ignore:Gradients do not exist")
@pytest.mark.parametrize("name", CALLBACKS)
def test_weights_that_stand_still_are_told_with_their_layer(name: str, tmp_path: Path) -> None:
    found = found_after(tmp_path, middle(cut=True), CALLBACKS[name](tmp_path))
    still = {one.what: (one.where, one.step) for one in found if one.check == "CT005"}
    epoch = 1 if name != "by batch" else 2 * STEPS
    assert still == {
        "middle/kernel has not changed since epoch 1": (("middle",), epoch),
        "middle/bias has not changed since epoch 1": (("middle",), epoch),
    }


@pytest.mark.parametrize("name", CALLBACKS)
def test_a_healthy_training_by_epoch_is_left_alone(name: str, tmp_path: Path) -> None:
    model = keras.Sequential(
        [keras.Input((8,)), layers.Dense(16, "relu"), layers.BatchNormalization(), layers.Dense(1)]
    )
    assert found_after(tmp_path, model, CALLBACKS[name](tmp_path), epochs=12) == []
    (records,) = trainings(tmp_path).values()
    lines = dict(records.of("norm", "weights"))
    assert set(lines) == set(records.weights())
    for id, line in lines.items():  # the last distribution is that of the weights as they are now
        (weight,) = (one for one in model.weights if one.path.endswith(id))
        assert line.values[-1] == pytest.approx(np.linalg.norm(weight.numpy()), rel=0.1)
        mean = records.line(f"mean/weights/{id}").values[-1]
        assert mean == pytest.approx(np.mean(weight.numpy()), abs=0.1 * float(np.abs(weight.numpy()).max()))


def namesakes() -> Any:
    """A model with another one in it, in which there is a layer of the same name: Keras writes both under one tag."""
    x = keras.Input((8,))
    inner = keras.Model(x, layers.Dense(8)(layers.Dense(3, name="same")(x)), name="inner")
    inner.trainable = False
    x = keras.Input((8,))
    return keras.Model(x, layers.Dense(1)(inner(layers.Dense(8, name="same")(x))))


class Wrapped(layers.Layer):
    """A layer of its own kind, which holds one of a name that the model has too, and weights that nobody named."""

    def __init__(self) -> None:
        super().__init__(name="wrapped")
        self.inner = layers.Dense(4, name="same")

    def build(self, shape: Any) -> None:
        self.inner.build(shape)
        self.one = self.add_weight(shape=(4, 2), name="w")
        self.two = self.add_weight(shape=(2, 8), name="w_1")

    def call(self, x: Any) -> Any:
        return self.inner(x) @ self.one @ self.two


def wrapped() -> Any:
    x = keras.Input((8,))
    return keras.Model(x, layers.Dense(1)(Wrapped()(layers.Dense(8, name="same")(x))))


@pytest.mark.parametrize("name", CALLBACKS)
@pytest.mark.parametrize("make", [namesakes, wrapped])
def test_weights_of_one_name_are_not_taken_for_each_other(make: Callable[[], Any], name: str, tmp_path: Path) -> None:
    assert found_after(tmp_path, make(), CALLBACKS[name](tmp_path)) == []
    (records,) = trainings(tmp_path).values()
    sizes = {weight.id: weight.parameters for weight in records.weights().values()}
    assert ("norm/weights/same/kernel" in records.train) == (make is wrapped)
    assert sizes["same/kernel"] == 64


def test_a_frozen_layer_may_stand_still(tmp_path: Path) -> None:
    model = middle()
    model.get_layer("middle").trainable = False
    assert [one for one in found_after(tmp_path, model, TENSORBOARD(tmp_path)) if one.check == "CT005"] == []


@pytest.mark.parametrize("callback", [TENSORBOARD_BY_BATCH, lambda folder: cutaway.Recorder(folder, every=1)])
def test_an_epoch_stands_for_its_last_step(callback: Callback, tmp_path: Path) -> None:
    found_after(tmp_path, keras.Sequential([keras.Input((8,)), layers.Dense(1)]), callback(tmp_path), epochs=3)
    records = trainings(tmp_path)["."]
    losses = records.line("epoch_loss")
    assert [records.moment(losses, epoch) for epoch in range(3)] == [
        (STEPS, "epoch 0"), (2 * STEPS, "epoch 1"), (3 * STEPS, "epoch 2")
    ]  # fmt: skip
    assert records.moment(records.line("batch_loss"), 2) == (2, "step 2")


def test_distributions_that_were_recorded_at_steps_are_no_epochs(tmp_path: Path) -> None:
    found_after(tmp_path, middle(), cutaway.Recorder(tmp_path, every=2), epochs=2)
    assert [tag for tag, line in trainings(tmp_path)["."].train.items() if line.by_epoch] == [
        "epoch_loss", "epoch_learning_rate", "epoch_seconds_per_step"
    ]  # fmt: skip


def test_what_began_before_the_epoch_in_which_weights_broke_is_told_too() -> None:
    epochs = np.arange(4)
    records = Records(
        train={"nan/weights/end/kernel": Line(epochs, np.array([0.0, 0.0, 1.0, 1.0]), by_epoch=True)},
        epoch_ends={epoch: STEPS * (epoch + 1) for epoch in range(4)},
    )

    def check_of(id: str, step: int) -> TrainingCheck:
        return TrainingCheck(id, "name", "warning", "", "", lambda _: [Hit((), step, "what")], "")

    checks = [check_of("CT001", 3 * STEPS), check_of("CT004", 2 * STEPS), check_of("CT007", 3 * STEPS)]
    assert [finding.check for finding in run(records, checks)] == ["CT004", "CT001"]
