"""Reading leaves a model exactly as it was: attributes, weights, seeds, names of later layers, random numbers."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers as kl

from cutaway.readers import read
from cutaway.readers.live import opener
from tests import zoo

NAMES = list(zoo.SUBCLASSED)


def specs(example: Any) -> Any:
    """The example's shapes with the batch unknown."""
    return keras.tree.map_structure(
        lambda one: keras.KerasTensor((None, *one.shape[1:]), dtype=one.dtype.name), example
    )


def picture(thing: Any, seen: set[int] | None = None) -> Any:
    """An object by the identities of all that its attributes hold, as deep as lists, dicts, layers and trackers go."""
    seen = set() if seen is None else seen
    if isinstance(thing, (str, int, float, bool, type(None))):
        return thing
    if id(thing) in seen:
        return ("again", id(thing))
    seen.add(id(thing))
    if isinstance(thing, (list, tuple)):
        return (type(thing).__name__, id(thing), [picture(item, seen) for item in thing])
    if isinstance(thing, Mapping):
        return (type(thing).__name__, id(thing), [(key, picture(item, seen)) for key, item in thing.items()])
    if isinstance(thing, (set, frozenset)):
        return ("set", id(thing), sorted(map(repr, thing)))
    if isinstance(thing, keras.Variable):
        return (id(thing), thing.trainable, None if thing._value is None else thing.numpy().tobytes())
    if isinstance(thing, (keras.Operation, keras.random.SeedGenerator)) or type(thing).__name__ == "Tracker":
        return (id(thing), [(key, picture(value, seen)) for key, value in vars(thing).items()])
    return id(thing)


def surroundings() -> tuple[Any, ...]:
    """What lies outside the model and may change too."""
    from keras.src.backend.common import global_state

    tracker = global_state.GLOBAL_STATE_TRACKER
    uids = dict(getattr(tracker, "object_name_uids", None) or {})
    waiting = list(map(id, getattr(tracker, "uninitialized_variables", None) or []))
    numbers: Any = np.random.get_state()
    return uids, waiting, random.getstate(), numbers[1].tobytes(), numbers[2], keras.layers.Layer.__call__


@pytest.mark.parametrize("way", ["traced", "symbolic"])
@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_left_as_it_was(name: str, built: bool, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, example = zoo.build_subclassed(name, built=built)
    if way == "symbolic":
        monkeypatch.setattr(opener, "trace", fail)
    given = specs(example)
    before, around = picture(model), surroundings()
    graph = read(model, inputs=given)
    assert len(graph) > 1
    assert picture(model) == before
    assert surroundings() == around


def fail(*_: Any) -> None:
    """Stands for a rung that does not hold."""
    raise NotImplementedError("not today")


@pytest.mark.parametrize("name", list(zoo.FUNCTIONAL))
def test_a_functional_model_is_left_as_it_was(name: str) -> None:
    model = zoo.FUNCTIONAL[name]()
    before, around = picture(model), surroundings()
    read(model)
    assert picture(model) == before
    assert surroundings() == around


@pytest.mark.parametrize("name", NAMES)
def test_a_twin_that_was_read_unbuilt_computes_the_same(name: str) -> None:
    results = []
    for looked_at in (False, True):
        keras.backend.clear_session()
        keras.utils.set_random_seed(11)
        model, example = zoo.build_subclassed(name, built=False)
        if looked_at:
            read(model, inputs=specs(example))
        noise = keras.tree.map_structure(
            lambda one: one + np.arange(one.size).reshape(one.shape).astype(one.dtype), example
        )
        if name in ("gpt", "seq2seq"):
            noise = example
        outputs = keras.tree.flatten(model(noise))
        outputs += keras.tree.flatten(model(noise, training=True))
        results.append([np.asarray(one) for one in outputs])
    for plain, looked in zip(*results, strict=True):
        np.testing.assert_array_equal(plain, looked)


def test_losses_of_a_model_stay_numbers() -> None:
    model, example = zoo.build_subclassed("vae")
    losses = [float(loss) for loss in model.losses]
    read(model)
    assert [float(loss) for loss in model.losses] == losses
    model.compile(optimizer="sgd", loss="mse")
    model.fit(example, example, verbose=0)


def test_a_sequential_that_is_read_with_a_shape_stays_unbuilt() -> None:
    model = keras.Sequential([kl.Dense(3, name="a"), kl.Dropout(0.5), kl.Dense(2, name="b")], name="late")
    before, around = picture(model), surroundings()
    graph = read(model, input_shape=(None, 4))
    assert [node.op for node in graph.nodes] == ["InputLayer", "Dense", "Dropout", "Dense"]
    assert [weight.shape for weight in graph.weights] == [(4, 3), (3,), (3, 2), (2,)]
    assert picture(model) == before
    assert surroundings() == around
    assert not model.built


def test_calls_of_another_thread_are_not_recorded() -> None:
    model, _ = zoo.build_subclassed("vit")
    other, example = zoo.build_subclassed("looping")
    stop, running = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not stop.is_set():
                other(example)
                running.set()
        except BaseException as error:
            failures.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert running.wait(30)
        graphs = [read(model) for _ in range(3)]
    finally:
        stop.set()
        worker.join()
    assert failures == []
    assert all(graph.ids == graphs[0].ids for graph in graphs)
    assert len(graphs[0]) == 33


def test_an_error_inside_leaves_the_patch_off_and_the_model_alone() -> None:
    class Failing(keras.Model):
        def __init__(self, **more: Any) -> None:
            super().__init__(**more)
            self.inner = kl.Dense(3, name="inner")

        def call(self, x: Any) -> Any:
            self.inner(x)
            raise RuntimeError("no way")

    model = Failing(name="failing")
    before, around = picture(model), surroundings()
    graph = read(model, input_shape=(None, 4))
    assert graph.group(0).found_by.startswith("layer list only: `call` could not be traced: RuntimeError: no way")
    assert {node.name for node in graph.nodes} == {"x", "failing", "inner"}
    assert picture(model) == before
    assert surroundings() == around
