"""The time of each layer: of all of them, adding up to the step, in a training that is left as it is."""

from __future__ import annotations

import contextlib
import json
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import cutaway
from cutaway.errors import OptionError
from cutaway.graph import Graph
from cutaway.graph.contract import from_contract
from cutaway.training.runs import Run
from tests.training.test_recorded_step import X, Y, convolutional, fit, last, logged, residual


def structure(run: Run) -> Graph:
    """The graph that a run recorded."""
    return from_contract(json.loads(run.series["cutaway/structure"].values[-1][0]))


def times(run: Run, kind: str) -> dict[str, float]:
    """The last seconds of a kind by id."""
    prefix = f"seconds/{kind}/"
    return {tag[len(prefix) :]: last(run, tag) for tag in run.series if tag.startswith(prefix)}


def assert_adds_up(run: Run) -> None:
    """That the layers add up to their groups, the phases to the step, and all of it to what the step took."""
    graph, whole = structure(run), times(run, "step")
    ids = {id for id, op in zip(graph.ids, map(graph.op, range(len(graph))), strict=True) if op != "InputLayer"}
    assert set(whole) == ids | set(graph.groups.ids[1:])
    at_top = [graph.ids[node] for node, group in enumerate(graph.node_groups) if group == 0]
    at_top += [graph.groups.ids[group] for group, parent in enumerate(graph.groups.parents) if parent == 0]
    total = sum(whole.get(id, 0.0) for id in at_top)
    expected = last(run, "recorder/timed_step_seconds") * last(run, "recorder/timed_share_of_layers")
    assert total == pytest.approx(expected, rel=1e-5)
    phases = [times(run, phase) for phase in ("forward", "backward", "update")]
    for id, seconds in whole.items():
        assert sum(phase.get(id, 0.0) for phase in phases) == pytest.approx(seconds, rel=1e-5)


@contextlib.contextmanager
def said(words: str) -> Iterator[list[str]]:
    """What is said, with some words in it, in warnings during a block; TensorFlow's own are of no interest."""
    found: list[str] = []
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        yield found
    found += [str(one.message) for one in told if words in str(one.message)]


def same_weights(model: Any, twin: Any) -> None:
    for one, other in zip(
        model.variables + model.optimizer.variables, twin.variables + twin.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.parametrize("make", [convolutional, residual])
def test_every_layer_has_its_time_and_the_training_is_the_same(make: Any, tmp_path: Path) -> None:
    model, twin = make(), make()
    for one, callbacks in ((model, [cutaway.Recorder(tmp_path, every=4, time_layers=8)]), (twin, [])):
        fit(one, *callbacks, steps=4, epochs=3, batch_size=15, sample_weight=np.linspace(0.5, 1, 64), shuffle=True)
    same_weights(model, twin)
    run = logged(tmp_path)
    assert_adds_up(run)
    assert run.series["recorder/timed_step_seconds"].steps.tolist() == [6, 13]  # 1, 2, 3, 5, 6; the fourth is recorded
    assert 0 < last(run, "recorder/timed_share_of_layers") <= 1
    assert {"activations/conv", "activations/first"} & set(run.series)


class Deep(keras.Model):
    """Two layers of the same class, one of which has 10,000 times the work, called in a step of the user's own."""

    def __init__(self) -> None:
        super().__init__(name="deep")
        self.light = keras.layers.Dense(10, name="light")
        self.heavy = keras.layers.Dense(1000, name="heavy")
        self.drop = keras.layers.Dropout(0.5, name="drop")
        self.end = keras.layers.Dense(1, name="end")

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.end(self.drop(self.heavy(keras.ops.tile(self.light(inputs), (1, 100))), training=training))

    def train_step(self, data: Any) -> Any:
        x, y = data[:2]
        with tf.GradientTape() as tape:
            loss = keras.ops.mean((self(x, training=True) - y) ** 2)
        self.optimizer.apply_gradients(
            zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables, strict=True)
        )
        return {"loss": loss}


def deep(**options: Any) -> Any:
    keras.utils.set_random_seed(3)
    model = Deep()
    model(X[:2, 0, 0])
    model.compile(keras.optimizers.Adam(), **options)
    return model


def waiting(seconds: float = 0.0, steps: int = 12) -> Any:
    """Data that let wait for them."""

    def batches() -> Iterator[Any]:
        for at in range(steps):
            time.sleep(seconds)
            yield X[at % 4 * 16 : at % 4 * 16 + 16, 0, 0], Y[:16]

    specs = (tf.TensorSpec([None, 3], tf.float32), tf.TensorSpec([None, 1], tf.float32))
    return tf.data.Dataset.from_generator(batches, output_signature=specs)


def test_the_layer_that_works_most_takes_most_and_waiting_is_no_work(tmp_path: Path) -> None:
    model = deep()
    model.fit(waiting(0.4, 5), verbose=0, shuffle=False, callbacks=[cutaway.Recorder(tmp_path, time_layers=100)])
    run = logged(tmp_path)
    assert_adds_up(run)
    for kind in ("forward", "backward", "update"):
        found = times(run, kind)
        assert found["heavy"] > found["light"]
        assert max(found, key=found.__getitem__) == "heavy"
    assert last(run, "recorder/timed_step_seconds") < 0.4


def test_steps_that_run_as_one_and_several_trainings_are_timed_as_they_come(tmp_path: Path) -> None:
    recorder = cutaway.Recorder(tmp_path, every=6, record="weights", time_layers=30)
    model, twin = deep(steps_per_execution=2), deep(steps_per_execution=2)
    for one, callbacks in ((model, [recorder]), (twin, [])):
        for _ in range(3):
            one.fit(waiting(steps=21), verbose=0, shuffle=False, callbacks=callbacks)
    same_weights(model, twin)
    run = logged(tmp_path)
    assert_adds_up(run)
    assert run.series["recorder/timed_step_seconds"].steps.tolist() == [10, 39]
    assert len(run.series["recorder/timed_preparation_seconds"]) == 1
    assert recorder.preparation_seconds == pytest.approx(last(run, "recorder/timed_preparation_seconds"))
    assert len(run.series["seconds/step/heavy"]) == 2


def test_a_loop_of_the_users_own_is_timed_too(tmp_path: Path) -> None:
    model = deep()
    callbacks = keras.callbacks.CallbackList([cutaway.Recorder(tmp_path, time_layers=100)], model=model)
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    for _ in range(6):
        model.train_on_batch(X[:16, 0, 0], Y[:16])
    callbacks.on_epoch_end(0, {})
    callbacks.on_train_end()
    run = logged(tmp_path)
    assert_adds_up(run)
    assert run.series["recorder/timed_step_seconds"].steps.tolist() == [5]


def test_a_model_that_its_first_batch_builds_is_timed_from_the_next_step_on(tmp_path: Path) -> None:
    model = Deep()
    model.compile("sgd")
    with said("of the layers") as told:
        model.fit(waiting(steps=8), verbose=0, shuffle=False, callbacks=[cutaway.Recorder(tmp_path, time_layers=100)])
    assert told == []
    run = logged(tmp_path)
    assert_adds_up(run)
    assert run.series["recorder/timed_step_seconds"].steps.tolist() == [6]


def test_where_the_profiler_is_at_work_the_training_goes_on_and_says_so_once(tmp_path: Path) -> None:
    model, twin = deep(), deep()
    recorder = cutaway.Recorder(tmp_path / "logs", time_layers=6)
    tf.profiler.experimental.start(str(tmp_path / "other"))
    try:
        with said("time of the layers") as told:
            model.fit(waiting(steps=12), verbose=0, shuffle=False, callbacks=[recorder])
    finally:
        tf.profiler.experimental.stop(save=False)
    assert len(told) == 1
    assert "already at work" in told[0]
    assert "recorder/timed_step_seconds" not in logged(tmp_path / "logs").series
    model.fit(waiting(steps=12), verbose=0, shuffle=False, callbacks=[recorder])
    assert logged(tmp_path / "logs").series["recorder/timed_step_seconds"].steps.tolist() == [
        17,
        22,
    ]  # Keras counts the end of data as a step
    twin.fit(waiting(steps=12), verbose=0, shuffle=False, epochs=2)
    same_weights(model, twin)


class OwnFunction(Deep):
    """A model that makes its train function itself."""

    def make_train_function(self, force: bool = False) -> Any:
        return super().make_train_function(force)


class Decorated(Deep):
    """A model whose step is a function of TensorFlow already."""

    @tf.function
    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


@pytest.mark.parametrize(
    ("why", "options"),
    [("XLA", {"jit_compile": True}), ("eagerly", {"run_eagerly": True}), ("OwnFunction", {}), ("tf.function", {})],
)
def test_where_layers_cannot_be_timed_one_warning_says_why(why: str, options: Any, tmp_path: Path) -> None:
    model = {"OwnFunction": OwnFunction, "tf.function": Decorated}.get(why, Deep)()
    model.compile("sgd", **options)
    model(X[:2, 0, 0])
    with said("time of the layers") as told:
        model.fit(waiting(steps=6), verbose=0, shuffle=False, callbacks=[cutaway.Recorder(tmp_path, time_layers=2)])
    assert len(told) == 1
    assert why in told[0]
    assert not times(logged(tmp_path), "step")


def test_on_several_replicas_one_warning_says_why(tmp_path: Path) -> None:
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    with strategy.scope():
        model = convolutional()
    with said("time of the layers") as told:
        fit(model, cutaway.Recorder(tmp_path, time_layers=2))
    assert len(told) == 1
    assert "replicas of a OneDeviceStrategy" in told[0]
    assert not times(logged(tmp_path), "step")


class Failing(Deep):
    """A model whose step fails at its fifth time."""

    def train_step(self, data: Any) -> Any:
        logs = super().train_step(data)
        tf.debugging.assert_less(
            tf.convert_to_tensor(self.optimizer.iterations), tf.constant(5, tf.int64), message="it is over"
        )
        return logs


def test_a_step_that_fails_while_it_is_looked_at_fails_as_any_other(tmp_path: Path) -> None:
    model = Failing()
    model(X[:2, 0, 0])
    model.compile("sgd")
    with pytest.raises(tf.errors.InvalidArgumentError, match="it is over"):
        model.fit(waiting(), verbose=0, shuffle=False, callbacks=[cutaway.Recorder(tmp_path, time_layers=100)])
    assert int(model.optimizer.iterations) == 5
    tf.profiler.experimental.start(str(tmp_path / "other"))  # which the failed step has let go
    tf.profiler.experimental.stop(save=False)


def test_choices_that_leave_no_step_to_time_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="nothing else is taken"):
        cutaway.Recorder(tmp_path, every=1, time_layers=10)
    with pytest.raises(OptionError, match="time_layers must be"):
        cutaway.Recorder(tmp_path, time_layers=0)
