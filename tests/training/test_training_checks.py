"""Each check of a training on a model that was really trained to have that fault, and on six healthy ones."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, optimizers

import cutaway
from cutaway.checks.finding import Finding
from cutaway.cli import main
from cutaway.errors import OptionError, ReadError
from cutaway.training.checks import TRAINING_CHECKS, thresholds
from cutaway.training.checks.finding import Hit, TrainingFinding
from cutaway.training.checks.logs import trainings
from cutaway.training.checks.records import Line, Records
from cutaway.training.checks.run import run
from cutaway.training.checks.watch import Watch
from cutaway.training.event_writer import EventWriter
from cutaway.training.runs import LogFolder

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(160, 8)).astype(np.float32)
Y = (X @ RANDOM.normal(size=(8, 1))).astype(np.float32)
NEW_X = RANDOM.normal(size=(80, 8)).astype(np.float32)
NOISE = RANDOM.normal(size=(160, 1)).astype(np.float32)
CLASSES = RANDOM.integers(0, 3, 192)
IMAGES = RANDOM.normal(0, 0.3, (192, 12, 12, 1)).astype(np.float32)
for _at, _class in enumerate(CLASSES):
    IMAGES[_at, 2 + 3 * _class : 5 + 3 * _class] += 1
TOKENS = RANDOM.integers(1, 30, (192, 10))
FIRST = (TOKENS[:, :1] < 15).astype(np.float32)


@dataclass(frozen=True)
class Training:
    """A short training, and what it is trained on."""

    make: Callable[[], Any]
    optimizer: Any
    x: Any = field(default_factory=lambda: X)
    y: Any = field(default_factory=lambda: Y)
    loss: str = "mse"
    epochs: int = 6
    every: int = 1
    batch: int = 16
    metrics: tuple[str, ...] = ()
    validation: Any = None


def run_it(training: Training, folder: Path, **options: Any) -> cutaway.Recorder:
    keras.utils.set_random_seed(1)
    model = training.make()
    model.compile(training.optimizer(), training.loss, metrics=list(training.metrics))
    recorder = cutaway.Recorder(folder, every=training.every, **options)
    model.fit(
        training.x, training.y, epochs=training.epochs, batch_size=training.batch, verbose=0,
        validation_data=training.validation, callbacks=[recorder],
    )  # fmt: skip
    return recorder


def found_in(folder: Path) -> list[TrainingFinding]:
    return [finding for records in trainings(folder).values() for finding in run(records, TRAINING_CHECKS)]


def dense(depth: int = 2, width: int = 16, activation: str = "relu", **options: Any) -> Callable[[], Any]:
    def make() -> Any:
        hidden = [layers.Dense(width, activation, **options, name=f"hidden{at}") for at in range(depth)]
        return keras.Sequential([keras.Input((8,), name="x"), *hidden, layers.Dense(1, name="end")])

    return make


def behind_a_wall() -> Any:
    x = keras.Input((8,), name="x")
    hidden = keras.ops.stop_gradient(layers.Dense(16, "relu", name="cut")(x))
    return keras.Model(x, layers.Dense(1, name="end")(layers.Concatenate()([hidden, x])))


def linear() -> Any:
    return keras.Sequential([keras.Input((8,), name="x"), layers.Dense(1, "sigmoid", name="end")])


NORMAL = keras.initializers.RandomNormal
DEEP = Training(dense(12, activation="sigmoid"), lambda: "adam", epochs=1)
STILL = Training(dense(), lambda: optimizers.Adam(1e-9))
SILENT = Training(dense(bias_initializer=keras.initializers.Constant(-50.0)), lambda: "adam", epochs=2)
FULL = Training(dense(activation="tanh"), lambda: "adam", x=X * 100, epochs=2)
FLAT = Training(dense(0), lambda: optimizers.SGD(0.1), y=Y + NOISE, epochs=20, every=30)
BY_HEART = Training(
    dense(1, 128), lambda: optimizers.Adam(1e-2), x=X[:16], y=NOISE[:16], epochs=25, every=30, batch=8,
    validation=(NEW_X, NOISE[:80]),
)  # fmt: skip
FAULTS: dict[str, tuple[Training, dict[str, tuple[str, str | None]]]] = {
    "overflow": (Training(dense(1), lambda: optimizers.SGD(1e6), epochs=1), {"CT001": ("error", None)}),
    "vanishing": (DEEP, {"CT002": ("warning", "hidden2")}),
    "exploding": (
        Training(dense(6, 32, kernel_initializer=NORMAL(stddev=2.0)), lambda: "adam", epochs=1),
        {"CT003": ("warning", "hidden0"), "CT013": ("warning", "hidden1")},
    ),
    "no learning": (STILL, {"CT004": ("error", "hidden0"), "CT009": ("warning", None)}),
    "no gradient": (Training(behind_a_wall, lambda: "adam", epochs=1), {"CT005": ("warning", "cut")}),
    "silent": (SILENT, {"CT006": ("error", "hidden0"), "CT007": ("warning", None), "CT005": ("warning", "hidden1")}),
    "saturated": (FULL, {"CT008": ("warning", "hidden0"), "CT014": ("warning", "x")}),
    "plateau": (FLAT, {"CT010": ("info", None)}),
    "overfitting": (BY_HEART, {"CT011": ("warning", None)}),
    "rate": (Training(dense(0), lambda: optimizers.SGD(0.9)), {"CT012": ("error", None), "CT004": ("warning", "end")}),
    "small": (
        Training(dense(kernel_initializer=NORMAL(stddev=1e-4)), lambda: "adam", epochs=1),
        {"CT013": ("warning", "hidden0")},
    ),
    "pixels": (Training(dense(1), lambda: "adam", x=np.abs(X) * 60, epochs=1), {"CT014": ("warning", "x")}),
}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.getLogger("cutaway.training").setLevel(logging.CRITICAL)
    yield
    logging.getLogger("cutaway.training").setLevel(logging.NOTSET)


@pytest.mark.filterwarnings("ignore:Gradients do not exist")
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_while_it_trains_and_afterwards(name: str, tmp_path: Path) -> None:
    training, expected = FAULTS[name]
    live = run_it(training, tmp_path).findings
    for found in (live, found_in(tmp_path)):
        for id, (severity, where) in expected.items():
            mine = [finding for finding in found if finding.check == id]
            assert mine, (id, sorted({finding.check for finding in found}))
            assert severity in {finding.severity for finding in mine}
            assert where is None or any(where in finding.where for finding in mine), [one.where for one in mine]
            assert all(finding.do and finding.why and finding.what for finding in mine)


def test_every_check_has_a_fault() -> None:
    assert {id for _, expected in FAULTS.values() for id in expected} == {check.id for check in TRAINING_CHECKS}


def cnn() -> Any:
    return keras.Sequential([
        keras.Input((12, 12, 1)), layers.Conv2D(8, 3, activation="relu"), layers.BatchNormalization(),
        layers.MaxPooling2D(), layers.Conv2D(16, 3, activation="relu"), layers.GlobalAveragePooling2D(),
        layers.Dense(3, "softmax"),
    ])  # fmt: skip


def recurrent() -> Any:
    return keras.Sequential([
        keras.Input((10,), dtype="int32"), layers.Embedding(30, 8), layers.LSTM(16), layers.Dense(1, "sigmoid"),
    ])  # fmt: skip


def attention() -> Any:
    tokens = keras.Input((10,), dtype="int32")
    x = layers.Embedding(30, 16)(tokens)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 8)(x, x))
    x = layers.Dense(16, "gelu")(layers.GlobalAveragePooling1D()(x))
    return keras.Model(tokens, layers.Dense(1, "sigmoid")(x))


def autoencoder() -> Any:
    x = keras.Input((8,))
    code = layers.Dense(4, "relu")(layers.Dense(16, "relu")(x))
    return keras.Model(x, layers.Dense(8)(layers.Dense(16, "relu")(code)))


class Residual(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.enter, self.inner, self.end = layers.Dense(16, "tanh"), layers.Dense(16, "relu"), layers.Dense(1)

    def call(self, x: Any) -> Any:
        hidden = self.enter(x)
        return self.end(hidden + self.inner(hidden))


def residual() -> Any:
    model = Residual()
    model(X[:1])
    return model


ENTROPY = "binary_crossentropy"
VALIDATION = (NEW_X, NEW_X[:, :1] * 0 + (NEW_X @ np.linalg.lstsq(X, Y, rcond=None)[0]).astype(np.float32))
HEALTHY = {
    "dense": Training(dense(), lambda: optimizers.Adam(3e-3), epochs=5, validation=VALIDATION),
    "cnn": Training(cnn, lambda: "adam", IMAGES, CLASSES, "sparse_categorical_crossentropy", 5, metrics=("accuracy",)),
    "recurrent": Training(recurrent, lambda: optimizers.Adam(5e-3), TOKENS, FIRST, ENTROPY, 6, metrics=("accuracy",)),
    "attention": Training(attention, lambda: optimizers.Adam(2e-3), TOKENS, FIRST, ENTROPY, 6, every=3),
    "subclassed": Training(residual, lambda: optimizers.SGD(0.005, momentum=0.9), epochs=5, validation=VALIDATION),
    "autoencoder": Training(autoencoder, lambda: optimizers.Adam(3e-3), y=X, epochs=6),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_training_is_left_alone(name: str, tmp_path: Path) -> None:
    recorder = run_it(HEALTHY[name], tmp_path)
    assert [(one.check, one.what) for one in recorder.findings] == []
    assert [(one.check, one.what) for one in found_in(tmp_path)] == []
    assert any(True for _ in trainings(tmp_path)["."].of("norm", "gradients"))  # there was something to look at


def test_the_first_layer_and_step_of_nan_are_told(tmp_path: Path) -> None:
    def make() -> Any:
        x = keras.Input((8,), name="x")
        return keras.Model(x, layers.Dense(1, name="end")(keras.ops.log(layers.Dense(4, name="before")(x))))

    run_it(Training(make, lambda: "adam", epochs=1), tmp_path)
    (finding,) = (one for one in found_in(tmp_path) if one.check == "CT001")
    assert finding.step == 1
    assert finding.where == ("log",)


def test_nan_in_the_data_is_told_as_that(tmp_path: Path) -> None:
    broken = X.copy()
    broken[3, 2] = np.nan
    run_it(Training(dense(), lambda: "adam", x=broken, epochs=1), tmp_path)
    (finding,) = (one for one in found_in(tmp_path) if one.check == "CT001")
    assert finding.what.startswith("NaN in the data that x gets, the first at step ")
    assert finding.where == ("x",)


def test_what_begins_with_nan_in_weights_is_not_told_beside_it() -> None:
    steps = np.arange(1, 10)
    records = Records(train={"nan/weights/dense/kernel": Line(steps, np.where(steps < 5, 0.0, 8.0))})
    not_finite = next(check for check in TRAINING_CHECKS if check.id == "CT001")
    silent = replace(not_finite, id="CT006", find=lambda _: (Hit((), step, "silent") for step in (4, 5, 9)))
    cause = replace(silent, id="CT012")
    told = [(one.check, one.step) for one in run(records, [not_finite, silent, cause])]
    assert told == [("CT012", 4), ("CT006", 4), ("CT012", 5), ("CT001", 5), ("CT012", 9)]
    assert [one.step for one in run(records, [silent])] == [4, 5, 9]  # asked for alone, it is told


def test_a_training_stops_on_an_error_and_says_why(tmp_path: Path) -> None:
    training = Training(dense(), lambda: optimizers.SGD(1e6), epochs=300)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        recorder = run_it(training, tmp_path, stop_on="error")
    assert [1 for one in told if "the training is stopped: error CT012" in str(one.message)] == [1]
    steps = trainings(tmp_path)["."].line("batch_loss").steps
    assert len(steps) < 3000 * 0.5
    assert recorder.model.stop_training


def test_a_healthy_training_is_not_stopped(tmp_path: Path) -> None:
    recorder = run_it(HEALTHY["dense"], tmp_path, stop_on="warning")
    assert not recorder.model.stop_training
    assert trainings(tmp_path)["."].line("epoch_loss").steps.tolist() == list(range(5))


def test_findings_are_written_as_texts_and_can_be_left_out(tmp_path: Path) -> None:
    training = SILENT
    recorder = run_it(training, tmp_path / "on")
    assert run_it(training, tmp_path / "off", checks=False).findings == ()
    folder = LogFolder(tmp_path)
    folder.read()
    told = [text for (text,) in folder.runs["on/train"].series["cutaway/findings"].values]
    assert len(told) == len(recorder.findings)
    assert any("error CT006" in text for text in told)
    assert "cutaway/findings" not in folder.runs["off/train"].series


def test_an_epoch_is_looked_at_once_with_its_validation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    def look(records: Records, checks: object) -> list[TrainingFinding]:
        looks.append([records.line("epoch_loss", validation=of).steps.tolist() for of in (False, True)])
        return []

    monkeypatch.setattr("cutaway.training.checks.watch.run", look)
    watch = Watch()
    train, validation = (watch.opened(f"{tmp_path}/{part}") for part in ("train", "validation"))
    for epoch in range(2):
        validation.scalars({"epoch_loss": 2.0}, epoch)
        train.scalars({"epoch_loss": 1.0}, epoch)
    watch.finish(train, 2, 0.0)
    assert looks == [[[0], [0]], [[0, 1], [0, 1]]]
    train.scalars({"batch_loss": 1.0}, 2)
    watch.finish(train, 2, 0.0)
    assert len(looks) == 3


def test_stop_on_is_checked(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="stop_on must be one of"):
        cutaway.Recorder(tmp_path, stop_on="panic")  # type: ignore[arg-type]


def test_a_log_folder_is_checked_as_a_model_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_it(FAULTS["pixels"][0], tmp_path / "a")
    run_it(HEALTHY["dense"], tmp_path / "b")
    report = cutaway.check(tmp_path, only=["CT014", "CT001"])
    (finding,) = report.findings
    assert isinstance(finding, Finding)
    assert finding.step == 1
    assert finding.what.startswith("a: x has a mean of")
    assert finding.where == ("x",)
    assert "end" in report.graph.ids
    assert main(["check", str(tmp_path), "--format", "json", "--only", "inputs-not-scaled"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"][0]["step"] == 1
    assert main(["check", str(tmp_path / "a"), "--fail-on", "warning"]) == 1


def test_logs_of_other_programs_are_checked_by_their_losses(tmp_path: Path) -> None:
    with EventWriter(tmp_path) as writer:
        for step in range(80):
            writer.scalars({"epoch_loss": 1.0 + step / 20}, step)
    assert [one.check for one in cutaway.check(tmp_path).findings] == ["CT012"]


def test_a_folder_without_event_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="event files"):
        trainings(tmp_path)


def test_accuracies_that_swing_are_told_and_those_that_rise_are_not() -> None:
    steps = np.arange(20)
    swinging = (0.7 + 0.1 * np.where(steps % 2, -1.0, 1.0)).astype(np.float64)
    rising = (0.5 + steps / 50).astype(np.float64)
    for values, expected in ((swinging, ["CT012"]), (rising, [])):
        records = Records(train={"epoch_accuracy": Line(steps, values)})
        assert [one.check for one in run(records, TRAINING_CHECKS)] == expected


SWIFT = {
    "SGD": Training(dense(), lambda: optimizers.SGD(0.9), epochs=2),
    "Adam": Training(dense(), lambda: optimizers.Adam(10.0), epochs=2),
    "seldom": Training(cnn, lambda: optimizers.SGD(3.0), IMAGES, CLASSES, "sparse_categorical_crossentropy", 2, 5),
}


@pytest.mark.parametrize("name", SWIFT)
def test_a_rate_that_is_too_high_is_named_before_what_comes_of_it(name: str, tmp_path: Path) -> None:
    run_it(SWIFT[name], tmp_path)
    found = found_in(tmp_path)
    kernels = {weight.id.rpartition("/")[0] for weight in trainings(tmp_path)["."].kernels().values()}
    assert (found[0].check, found[0].severity, set(found[0].where)) == ("CT012", "error", kernels)
    assert not {"CT004", "CT013"} & {one.check for one in found}


def test_a_loss_that_grows_until_it_is_no_number_is_told_by_losses_alone() -> None:
    for values, expected in (
        ([3.0, 90.0, 1e9, np.inf, np.nan], ["CT012", "CT001"]), ([3.0, 2.0, 1.0, np.nan], ["CT001"])
    ):  # fmt: skip
        records = Records(train={"batch_loss": Line(np.arange(1, len(values) + 1), np.array(values))})
        assert [one.check for one in run(records, TRAINING_CHECKS)] == expected


def test_every_check_has_words_and_a_module_of_its_own() -> None:
    folder = Path(thresholds.__file__).parent
    files = {path.stem for path in folder.glob("ct*.py")}
    assert files == {f"{check.id.lower()}_{check.name.replace('-', '_')}" for check in TRAINING_CHECKS}
    for check in TRAINING_CHECKS:
        assert check.why.endswith(".")
        assert check.do.endswith(".")
        assert "Bad:" in check.manual
        assert "Good:" in check.manual


def test_every_threshold_is_used_and_says_where_it_comes_from() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in Path(thresholds.__file__).parent.glob("*.py"))
    for name, found in vars(thresholds).items():
        if isinstance(found, thresholds.Threshold):
            assert f"{name}.value" in code, name
            assert found.source
            assert found.meaning
