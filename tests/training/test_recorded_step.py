"""What is recorded inside a step is what a tape written by hand gives, and the training is left as it is."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import cutaway
from cutaway.errors import OptionError
from cutaway.graph.contract import from_contract
from cutaway.training.runs import LogFolder, Run
from tests.training.oracles import assert_same, columns

ROOT = Path(__file__).resolve().parents[2]
RNG = np.random.default_rng(5)
X = RNG.normal(size=(64, 8, 8, 3)).astype("float32")
Y = (X[:, 0, 0, :1] > 0).astype("float32")
STATISTICS = {"norm", "mean", "std", "min", "max", "zeros"}


def convolutional(**options: Any) -> Any:
    """Convolutions, normalisation, a nested model, and functions that saturate."""
    keras.utils.set_random_seed(11)
    image = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Conv2D(6, 3, name="conv")(image)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.ReLU(name="relu")(x)
    inner = keras.Sequential([keras.layers.Flatten(name="flat"), keras.layers.Dense(5, name="wide")], name="inner")
    x = keras.layers.Dense(1, activation="sigmoid", name="end", dtype="float32")(inner(x))
    model = keras.Model(image, x, name="convolutional")
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", **options)
    return model


class Residual(keras.Model):
    """A subclassed model that calls a layer twice, and whose output no layer makes."""

    def __init__(self) -> None:
        super().__init__(name="residual")
        self.first = keras.layers.Dense(8, activation="tanh", name="first")
        self.again = keras.layers.Dense(8, name="again")
        self.flat = keras.layers.Flatten(name="flat")

    def call(self, inputs: Any) -> Any:
        x = self.first(self.flat(inputs))
        x = self.again(self.again(x)) + x
        return keras.ops.sum(x, axis=1, keepdims=True)


def residual(**options: Any) -> Any:
    keras.utils.set_random_seed(12)
    model = Residual()
    model(X[:2])
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "mse", **options)
    return model


def fit(model: Any, *callbacks: Any, steps: int = 3, **options: Any) -> None:
    keras.utils.set_random_seed(1)
    given = {"batch_size": 16, "epochs": 1, "verbose": 0, "shuffle": False, **options}
    model.fit(X[: 16 * steps], Y[: 16 * steps], callbacks=list(callbacks), **given)


def logged(folder: Path) -> Run:
    log = LogFolder(folder)
    log.read()
    assert log.runs["train"].warnings == []
    return log.runs["train"]


def last(run: Run, tag: str) -> float:
    return float(run.series[tag].values[-1])


def taped(model: Any, x: Any, y: Any) -> tuple[dict[str, Any], list[Any]]:
    """Outputs of the layers of a model for a batch, and the gradients of its weights, by a tape written by hand."""
    names = [layer.name for layer in model.layers if "input" not in layer.name and layer.name != "image"]
    inside = keras.Model(model.inputs, [model.get_layer(name).output for name in names])
    with tf.GradientTape() as tape:
        outputs = inside(x, training=True)
        loss = model.compute_loss(y=y, y_pred=outputs[-1])
    return dict(zip(names, outputs, strict=True)), tape.gradient(loss, model.trainable_weights)


def assert_statistics(run: Run, tag: str, values: Any, tolerance: float = 2e-5) -> None:
    """That what was recorded last under a tag is the distribution of an array."""
    values = np.asarray(values, np.float64)
    scale = max(float(np.abs(values).max()), 1e-30)
    for name, expected in (
        ("norm", np.linalg.norm(values) / np.sqrt(values.size)),
        ("mean", values.mean()),
        ("std", values.std()),
        ("min", values.min()),
        ("max", values.max()),
    ):
        told = last(run, f"{name}/{tag}") / (np.sqrt(values.size) if name == "norm" else 1)
        assert abs(told - expected) <= tolerance * scale, (name, tag, told, expected)
    rows = run.series[tag].values[-1]
    assert rows[:, 2].sum() == values.size
    if f"zeros/{tag}" in run.series:
        assert last(run, f"zeros/{tag}") == pytest.approx((values == 0).mean(), abs=tolerance)


@pytest.mark.parametrize("way", ["second", "shared", "jit"])
def test_activations_and_gradients_are_those_of_a_tape(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cutaway.training.step.functions.MANY_CALLS", 0 if way == "shared" else 100)
    jit_compile = way == "jit"
    model, twin = convolutional(jit_compile=jit_compile), convolutional(jit_compile=jit_compile)
    fit(model, cutaway.Recorder(tmp_path, every=3))
    fit(twin, steps=2)
    outputs, gradients = taped(twin, X[32:48], Y[32:48])
    before = [weight.numpy() for weight in twin.trainable_weights]
    run = logged(tmp_path)
    for name, output in outputs.items():
        assert_statistics(run, f"activations/{'inner/wide' if name == 'inner' else name}", output)
    assert_statistics(run, "activations/inner/flat", outputs["relu"])
    ids = ["conv/kernel", "conv/bias", "norm/gamma", "norm/beta"]
    ids += ["inner/wide/kernel", "inner/wide/bias", "end/kernel", "end/bias"]
    for id, weight, gradient, old in zip(ids, model.trainable_weights, gradients, before, strict=True):
        assert_statistics(run, f"weights/{id}", weight.numpy(), 1e-6)
        if id == "conv/bias":  # what follows takes the mean away, and rounding is all that is left
            continue
        assert_statistics(run, f"gradients/{id}", gradient, 1e-4)
        assert_statistics(run, f"updates/{id}", weight.numpy() - old, 1e-3)
        if np.linalg.norm(old) > 0:
            ratio = np.linalg.norm(weight.numpy() - old) / np.linalg.norm(old)
            assert last(run, f"ratio/updates/{id}") == pytest.approx(ratio, rel=2e-3)
    silent = (np.asarray(outputs["relu"]).max(axis=(0, 1, 2)) <= 0).mean()
    assert last(run, "dead/activations/relu") == pytest.approx(silent)
    ends = np.asarray(outputs["end"])
    assert last(run, "saturation/activations/end") == pytest.approx(((ends < 1 / 16) | (ends >= 15 / 16)).mean())
    assert assert_same(run) > 100


def test_a_subclassed_model(tmp_path: Path) -> None:
    model, twin = residual(), residual()
    fit(model, cutaway.Recorder(tmp_path, every=2), steps=2)
    fit(twin, steps=1)
    x, y = X[16:32], Y[16:32]
    with tf.GradientTape() as tape:
        first = twin.first(twin.flat(x))
        again = twin.again(first)
        twice = twin.again(again)
        out = tf.reduce_sum(twice + first, axis=1, keepdims=True)
        loss = tf.reduce_mean((out - y) ** 2)
    gradients = tape.gradient(loss, twin.trainable_weights)
    run = logged(tmp_path)
    for id, values in (("first", first), ("again", again), ("again@2", twice)):
        assert_statistics(run, f"activations/{id}", values)
    ids = ["first/kernel", "first/bias", "again/kernel", "again/bias"]
    for id, weight, gradient in zip(ids, twin.trainable_weights, gradients, strict=True):
        assert weight.path.endswith(id)
        assert_statistics(run, f"gradients/{id}", gradient)
    near = (np.abs(np.asarray(first)) >= 15 / 16).mean()
    assert last(run, "saturation/activations/first") == pytest.approx(near)


@pytest.mark.parametrize("every", [1, None])
def test_a_model_that_its_first_batch_builds(tmp_path: Path, every: int | None) -> None:
    def fresh() -> Any:
        keras.utils.set_random_seed(12)
        model = Residual()
        model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "mse")
        return model

    model, twin = fresh(), fresh()
    fit(model, cutaway.Recorder(tmp_path, every=every))
    fit(twin)
    for weight, same in zip(model.weights, twin.weights, strict=True):
        assert np.array_equal(weight.numpy(), same.numpy())
    run = logged(tmp_path)
    graph = from_contract(json.loads(run.series["cutaway/structure"].values[0][0]))
    assert {"first", "again", "again@2"} <= set(graph.ids)
    if every is not None:
        assert list(run.series["batch_loss"].steps) == [1, 2, 3]
        assert list(run.series["weights/first/kernel"].steps) == [1, 2, 3]
        for tag in ("activations/again@2", "gradients/first/kernel", "updates/again/bias"):
            assert list(run.series[tag].steps) == [2, 3]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras, as `warns` tells it anew
def test_a_model_that_is_never_called_has_no_structure(tmp_path: Path) -> None:
    class Around(Residual):
        def train_step(self, data: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(self.first(self.flat(data[0])) ** 2)
            weights = self.first.trainable_weights
            self.optimizer.apply(tape.gradient(loss, weights), weights)
            return {"loss": loss}

    model = Around()
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="call it on a batch before fit"):
        fit(model, cutaway.Recorder(tmp_path, every=1))
    run = logged(tmp_path)
    assert "cutaway/structure" not in run.series
    assert len(run.series["batch_loss"]) == 3


def test_mixed_precision_with_a_scaled_loss(tmp_path: Path) -> None:
    def model_of() -> Any:
        keras.config.set_dtype_policy("mixed_float16")
        try:
            model = convolutional()
            model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01)), "binary_crossentropy")
        finally:
            keras.config.set_dtype_policy("float32")
        return model

    model, twin = model_of(), model_of()
    fit(model, cutaway.Recorder(tmp_path, every=2), steps=2)
    fit(twin, steps=1)
    names = ["conv", "norm", "relu", "inner", "end"]
    inside = keras.Model(twin.inputs, [twin.get_layer(name).output for name in names])
    with tf.GradientTape() as tape:
        outputs = inside(X[16:32], training=True)
        loss = twin.optimizer.scale_loss(twin.compute_loss(y=Y[16:32], y_pred=outputs[-1]))
    scale = float(twin.optimizer.dynamic_scale.numpy())
    gradients = [gradient.numpy() / scale for gradient in tape.gradient(loss, twin.trainable_weights)]
    run = logged(tmp_path)
    assert_statistics(run, "activations/conv", outputs[0], 1e-3)
    assert_statistics(run, "activations/relu", outputs[2], 1e-3)
    assert_statistics(run, "gradients/conv/kernel", gradients[0], 2e-2)
    assert_statistics(run, "gradients/end/kernel", gradients[-2], 2e-2)


WAYS: list[dict[str, Any]] = [
    {},
    {"shared": True},
    {"jit_compile": True},
    {"run_eagerly": True},
    {"steps_per_execution": 2},
]


@pytest.mark.parametrize(
    ("make", "options"),
    [*((convolutional, way) for way in WAYS), (residual, {})],
    ids=lambda given: next(iter(given), "second") if isinstance(given, dict) else given.__name__,
)
def test_training_is_bit_for_bit_the_same(
    tmp_path: Path, make: Any, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = bool(options.get("shared"))
    monkeypatch.setattr("cutaway.training.step.functions.MANY_CALLS", 0 if shared else 100)
    options = {name: value for name, value in options.items() if name != "shared"}
    plain, recorded = make(**options), make(**options)
    fit(plain, steps=4, epochs=2)
    recorder = cutaway.Recorder(tmp_path, every=2)
    fit(recorded, recorder, steps=4, epochs=2)
    assert recorder.is_shared == shared
    for one, other in zip(plain.weights, recorded.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    run = logged(tmp_path)
    weight = "conv/kernel" if make is convolutional else "first/kernel"
    assert run.series[f"norm/gradients/{weight}"].steps.tolist() == [2, 4, 6, 8]


def test_a_model_that_was_trained_before_is_not_traced_for_it_again(tmp_path: Path) -> None:
    model = convolutional()
    fit(model, steps=2)
    own = model.train_function
    recorder = cutaway.Recorder(tmp_path, every=2)
    fit(model, recorder, steps=3)
    assert model.train_function is own
    run = logged(tmp_path)
    assert run.series["norm/activations/relu"].steps.tolist() == [4]
    assert recorder.preparation_seconds > 0
    assert last(run, "recorder/preparation_seconds") == pytest.approx(recorder.preparation_seconds)
    fit(model, recorder, steps=3)
    assert logged(tmp_path).series["norm/activations/relu"].steps.tolist() == [4, 6, 8]


def test_the_ids_are_those_of_the_recorded_graph(tmp_path: Path) -> None:
    fit(convolutional(), cutaway.Recorder(tmp_path, every=3))
    run = logged(tmp_path)
    ((_, _, _, encoded),) = columns(tmp_path / "train")["cutaway/structure"]
    graph = from_contract(json.loads(encoded.item()))
    weights = {weight.id for weight in graph.weights}
    ids = {*graph.ids, *graph.groups.ids}
    seen = set()
    for tag in run.series:
        kind, _, id = tag.partition("/")
        if kind in STATISTICS | {"ratio", "dead", "saturation"}:
            kind, _, id = id.partition("/")
        if kind in ("weights", "activations", "gradients", "updates"):
            assert id in (ids if kind == "activations" else weights), tag
            seen.add(id)
    assert {"conv", "inner/wide", "end", "conv/kernel", "norm/moving_mean"} <= seen


class Adversaries(keras.Model):
    """Two models that train against each other, with a step and optimizers of their own."""

    def __init__(self) -> None:
        super().__init__(name="adversaries")
        self.maker = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4, name="made")], name="maker")
        self.judge = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, name="said")], name="judge")
        self.first, self.second = keras.optimizers.SGD(0.1), keras.optimizers.Adam(0.1)

    def call(self, inputs: Any) -> Any:
        return self.judge(self.maker(inputs))

    def train_step(self, data: Any) -> dict[str, Any]:
        x, real = data
        with tf.GradientTape() as tape:
            judged = tf.reduce_mean(self.judge(self.maker(x)) - self.judge(real))
        grads = tape.gradient(judged, self.judge.trainable_weights)
        self.first.apply_gradients(zip(grads, self.judge.trainable_weights, strict=True))
        with tf.GradientTape() as tape:
            made = -tf.reduce_mean(self.judge(self.maker(x)))
        grads = tape.gradient(made, self.maker.trainable_weights)
        self.second.apply_gradients(zip(grads, self.maker.trainable_weights, strict=True))
        return {"judged": judged, "made": made}


def test_two_optimizers_and_a_step_of_ones_own(tmp_path: Path) -> None:
    keras.utils.set_random_seed(2)
    model = Adversaries()
    model.build((None, 2))
    model.compile()
    data = RNG.normal(size=(32, 2)).astype("float32"), RNG.normal(size=(32, 4)).astype("float32")
    model.fit(*data, batch_size=16, verbose=0, callbacks=[cutaway.Recorder(tmp_path, every=1)])
    run = logged(tmp_path)
    assert run.series["batch_judged"].steps.tolist() == [1, 2]
    for tag in ("activations/maker/made", "activations/maker/made#2", "activations/judge/said#3"):
        assert run.series[f"norm/{tag}"].steps.tolist() == [1, 2], tag
    assert {tag for tag in run.series if tag.startswith("gradients/")} == {
        "gradients/maker/made/kernel", "gradients/maker/made/bias",
        "gradients/judge/said/kernel", "gradients/judge/said/bias",
    }  # fmt: skip


def test_an_embedding_of_which_few_rows_are_used(tmp_path: Path) -> None:
    def make() -> Any:
        keras.utils.set_random_seed(3)
        layers = [keras.layers.Embedding(50, 4, name="words"), keras.layers.LSTM(3, name="lstm"), keras.layers.Dense(1)]
        model = keras.Sequential([keras.Input((6,), dtype="int32"), *layers])
        model.compile(keras.optimizers.SGD(0.1), "mse")
        return model

    x, y = RNG.integers(0, 5, (16, 6)), RNG.normal(size=(16, 1))
    model, twin = make(), make()
    model.fit(x, y, batch_size=16, shuffle=False, verbose=0, callbacks=[cutaway.Recorder(tmp_path, every=1)])
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((twin(x, training=True) - y) ** 2)
    gradient = tf.convert_to_tensor(tape.gradient(loss, twin.trainable_weights)[0])
    run = logged(tmp_path)
    assert_statistics(run, "gradients/words/embeddings", gradient, 1e-4)
    assert last(run, "zeros/gradients/words/embeddings") == pytest.approx(0.9)
    assert "activations/lstm" in run.series


def test_masks_and_other_marks_of_tensors_stay_with_them(tmp_path: Path) -> None:
    marked = []

    class Marks(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            outputs = inputs * 2.0
            outputs.own = "mine"
            return outputs

    class Reads(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            marked.append(getattr(inputs, "own", ""))  # while the model is built there are none
            return inputs

    def trained(*callbacks: Any) -> list[Any]:
        keras.utils.set_random_seed(3)
        layers = [keras.layers.Embedding(9, 4, mask_zero=True), keras.layers.LSTM(3), Marks(), Reads()]
        model = keras.Sequential([*layers, keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.1), "mse")
        x, y = np.arange(96).reshape(16, 6) % 9, np.arange(16.0)[:, None]
        model.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0, callbacks=list(callbacks))
        return [weight.numpy() for weight in model.weights]

    for one, other in zip(trained(), trained(cutaway.Recorder(tmp_path, every=1)), strict=True):
        np.testing.assert_array_equal(one, other)
    assert marked[-1] == "mine"  # in the step that is recorded


def test_two_replicas_count_as_one_batch(tmp_path: Path) -> None:
    """In a process of its own, for the number of devices is settled when TensorFlow begins."""
    code = f"""
import sys
import time
import urllib.parse
import urllib.request
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "src")!r}]
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from pathlib import Path
import cutaway
from tests.training import test_recorded_step as these
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    model = these.residual()
these.fit(model, cutaway.Recorder({str(tmp_path)!r}, every=2), steps=2)
plain = these.residual()
these.fit(plain, steps=1)
x, y = these.X[16:32], these.Y[16:32]
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((plain(x, training=True) - y) ** 2)
gradients = tape.gradient(loss, plain.trainable_weights)
run = these.logged(Path({str(tmp_path)!r}))
these.assert_statistics(run, "activations/first", plain.first(plain.flat(x)))
these.assert_statistics(run, "gradients/first/kernel", gradients[0], 1e-4)
these.assert_statistics(run, "gradients/again/bias", gradients[3], 1e-4)
print("equal")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    )
    assert done.stdout.strip().endswith("equal"), done.stderr[-3000:]


@pytest.mark.parametrize("layers", ["conv", ["co*"], ("conv",), lambda layer: layer.name == "conv"])
def test_layers_are_chosen(tmp_path: Path, layers: Any) -> None:
    fit(convolutional(), cutaway.Recorder(tmp_path, every=3, layers=layers, record=["activations", "gradients"]))
    told = {tag for tag, series in logged(tmp_path).series.items() if series.kind == "histograms"}
    assert told == {"activations/conv", "gradients/conv/kernel", "gradients/conv/bias"}


def test_a_layer_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="layers names 'nope', which no layer fits; there are 'conv'"):
        fit(convolutional(), cutaway.Recorder(tmp_path, every=3, layers=["nope"]))
    wrong: Any = 5
    with pytest.raises(OptionError, match="layers must be names, patterns, or a function that takes a layer"):
        fit(convolutional(), cutaway.Recorder(tmp_path, every=3, layers=wrong))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_large_models_are_thinned_out_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cutaway.training.step.plan.MOST", 8)
    with pytest.warns(UserWarning, match=r"of 7 layers one in 4 is recorded.*layers="):
        fit(convolutional(), cutaway.Recorder(tmp_path, every=3))
    told = {tag for tag in logged(tmp_path).series if tag.startswith("activations/")}
    assert 1 <= len(told) <= 4


def test_preparing_is_announced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "cutaway.training"):
        fit(convolutional(), cutaway.Recorder(tmp_path, every=3))
    assert "preparing to record weights, activations, gradients, updates of every 3 steps" in caplog.text


def test_nan_inside_is_counted_where_it_is(tmp_path: Path) -> None:
    model = convolutional()
    kernel = model.get_layer("end").kernel
    kernel.assign(kernel.numpy() * np.nan)
    fit(model, cutaway.Recorder(tmp_path, every=1), steps=1)
    run = logged(tmp_path)
    assert last(run, "nan/activations/end") == 16
    assert "nan/activations/inner/wide" not in run.series
    assert last(run, "nan/gradients/conv/kernel") == 3 * 3 * 3 * 6


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_two_recorders_of_one_training(tmp_path: Path) -> None:
    model = convolutional()
    with pytest.warns(UserWarning, match="another Recorder records the inside of the same steps"):
        fit(model, cutaway.Recorder(tmp_path / "one", every=1), cutaway.Recorder(tmp_path / "two", every=1), steps=2)
    one, two = logged(tmp_path / "one"), logged(tmp_path / "two")
    assert one.series["norm/activations/conv"].steps.tolist() == [1, 2]
    assert "norm/activations/conv" not in two.series
    assert two.series["batch_loss"].values.tolist() == one.series["batch_loss"].values.tolist()
    assert two.series["norm/weights/conv/kernel"].steps.tolist() == [1, 2]
    assert not isinstance(getattr(model.train_function, "__self__", None), cutaway.Recorder)


def test_a_broken_step_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    model = convolutional()
    recorder = cutaway.Recorder(tmp_path, every=2)
    with pytest.raises(ValueError, match="shape"):
        model.fit(np.zeros((4, 9, 9, 2)), np.zeros((4, 1)), verbose=0, callbacks=[recorder])
    assert getattr(model.train_function, "__self__", None) is not recorder
    assert "train_step" not in vars(model)
    model.compile("sgd", "mse")
    fit(model, recorder, steps=2)
    assert logged(tmp_path).series["norm/activations/conv"].steps.tolist() == [2]


@pytest.mark.filterwarnings("ignore")
def test_the_running_tensorboard_shows_the_same_values(tmp_path: Path) -> None:
    from tensorboard import default, program

    fit(convolutional(), cutaway.Recorder(tmp_path, every=1), steps=2)
    run = logged(tmp_path)
    server = program.TensorBoard(plugins=default.get_plugins())
    server.configure(argv=["", "--logdir", str(tmp_path), "--load_fast", "false", "--port", "0", "--host", "127.0.0.1"])
    url = server.launch()

    def ask(route: str, tag: str) -> Any:
        query = urllib.parse.urlencode({"run": "train", "tag": tag})
        with urllib.request.urlopen(f"{url}data/plugin/{route}?{query}") as reply:
            return json.load(reply)

    deadline = time.monotonic() + 60
    while True:
        with urllib.request.urlopen(f"{url}data/plugin/histograms/tags") as reply:
            if "updates/end/bias" in json.load(reply).get("train", {}):
                break
        assert time.monotonic() < deadline
        time.sleep(0.2)
    for tag in ("norm/gradients/conv/kernel", "ratio/updates/end/kernel", "zeros/activations/relu", "batch_loss"):
        told = ask("scalars/scalars", tag)
        assert [step for _, step, _ in told] == [1, 2]
        assert [value for _, _, value in told] == run.series[tag].values.tolist()
    for tag in ("activations/inner/wide", "gradients/conv/kernel", "weights/norm/gamma"):
        told = ask("histograms/histograms", tag)
        for (_, _, rows), mine in zip(told, run.series[tag].values, strict=True):
            np.testing.assert_array_equal(rows, mine)
