"""Models that run: whose each operation is, what is heavy is slow, and nothing of the model is changed."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from keras.src.backend.common import global_state

import cutaway
from cutaway.errors import MissingExtra, OptionError, ReadError, UnbuiltModel
from cutaway.measurement import Profile
from cutaway.overlays.overlay import overlay_on
from cutaway.overlays.table import read_table
from cutaway.profile_forms import to_csv, to_json
from cutaway.profiling.roofline import Ceiling
from cutaway.readers import read

FAST: dict[str, Any] = {"runs": 3, "peak": 1e11, "bandwidth": 1e10}


def by_name(found: Profile) -> dict[str, Any]:
    return {row.name: row for row in found.rows}


@pytest.fixture(scope="module")
def branched() -> keras.Model:
    """Many kinds of layers: convolutions, a nested model called twice, recurrent layers, attention, an operation."""
    image = keras.Input((16, 16, 3), name="image")
    tower = keras.Sequential([layers.Conv2D(8, 3, padding="same", name="tower_conv"), layers.ReLU()], name="tower")
    x = tower(layers.Conv2D(3, 3, padding="same", activation="relu", name="first")(image))
    x = layers.Conv2D(3, 1, name="narrow")(x)
    x = layers.Dropout(0.5, name="drop")(tower(x))
    x = layers.Reshape((64, 32), name="steps")(x)
    x = x + layers.MultiHeadAttention(2, 8, name="mha")(x, x)
    x = layers.Bidirectional(layers.LSTM(8, name="lstm"), name="both")(x)
    return keras.Model(image, layers.Dense(4, activation="softmax", name="last")(x), name="net")


@pytest.fixture(scope="module")
def profiled(branched: keras.Model) -> Profile:
    return cutaway.profile(branched, batch=2, **FAST)


def test_all_operations_land_and_figures_sum_to_the_whole(profiled: Profile) -> None:
    assert profiled.landed >= 0.99
    assert sum(row.seconds for row in profiled.rows) == pytest.approx(profiled.groups[0].seconds, rel=1e-6)
    assert profiled.groups[0].seconds == pytest.approx(profiled.whole * profiled.landed, rel=1e-6)
    assert profiled.raw_share > 0
    ids = {group.id: group for group in profiled.groups}
    for group in profiled.groups:
        inside = [row.seconds for row in profiled.rows if row.group == group.id]
        inside += [each.seconds for each in profiled.groups[1:] if each.group == group.id and each.id != group.id]
        assert ids[group.id].seconds >= sum(inside) * (1 - 1e-6)


def test_each_call_has_its_own_time(profiled: Profile, branched: keras.Model) -> None:
    assert [row.id for row in profiled.rows] == list(read(branched).ids)
    calls = [row for row in profiled.rows if row.name == "tower_conv"]
    assert len(calls) == 2
    assert all(row.seconds > 0 for row in calls)
    for name in ("first", "narrow", "query", "attention", "forward_lstm", "backward_lstm", "last"):
        assert by_name(profiled)[name].seconds > 0, name
    assert by_name(profiled)["drop"].seconds == 0
    assert by_name(profiled)["image"].seconds == 0


def test_a_layer_made_100_times_heavier_is_the_slowest() -> None:
    x = inputs = keras.Input((128, 64))
    for at in range(8):
        x = layers.Dense(64 if at != 5 else 6400, activation="relu", name=f"dense{at}")(x)
        x = layers.Dense(64, name=f"back{at}")(x) if at == 5 else x
    found = cutaway.profile(keras.Model(inputs, x), batch=4, **FAST)
    heavy = {row.name for row in found.slowest(2)}
    assert heavy == {"dense5", "back5"}
    assert found.slowest(1)[0].share > 0.3
    assert by_name(found)["dense5"].macs == 100 * by_name(found)["dense4"].macs


def test_operations_of_a_models_own_call_and_what_is_fused_into_what() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = layers.Dense(64, name="one"), layers.Dense(64, name="two")

        def call(self, x: Any) -> Any:
            x = ops.relu(self.one(x))
            x = ops.einsum("bi,bj->bij", x, x)
            for _ in range(2):
                x = self.two(x)
            return ops.sum(x, axis=-1)

    model = Own()
    model(np.zeros((2, 8), np.float32))
    found = cutaway.profile(model, batch=4, **FAST)
    assert found.landed >= 0.99
    rows = by_name(found)
    assert rows["einsum"].seconds > 0
    assert rows["sum"].seconds > 0
    assert len([row for row in found.rows if row.name == "two" and row.seconds > 0]) == 2
    assert rows["relu"].seconds > 0 or rows["relu"].fused_into == rows["one"].id


def test_a_step_of_training_has_three_parts_and_changes_nothing(branched: keras.Model) -> None:
    before = [variable.numpy() for variable in branched.variables]
    found = cutaway.profile(branched, batch=2, training=True, **FAST)
    for variable, value in zip(branched.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    assert found.landed >= 0.95  # the rest is the loss: for so small a model not nothing
    for name in ("first", "query", "last"):
        assert min(by_name(found)[name].phases.values()) > 0, name
    assert by_name(found)["steps"].phases["update"] == 0
    assert "backward" in str(found)


def test_files_and_functions_say_the_same_as_the_live_model(tmp_path: Path) -> None:
    inputs = keras.Input((32,), name="x")
    hidden = layers.Dense(512, activation="relu", name="wide")(inputs)
    model = keras.Model(inputs, layers.Dense(3, name="narrow")(layers.Dense(512, name="square")(hidden)))
    model.save(tmp_path / "model.keras")
    model.export(tmp_path / "saved", verbose=False)
    for source in (tmp_path / "model.keras", tmp_path / "saved"):
        found = cutaway.profile(source, batch=16, **FAST)
        assert found.landed >= 0.9, source
        assert "square" in found.slowest(1)[0].id.split("/"), source
        assert found.slowest(1)[0].macs == 16 * 512 * 512
    function = tf.function(lambda x: tf.nn.relu(tf.matmul(x, tf.ones((64, 64))), name="act"))
    found = cutaway.profile(function.get_concrete_function(tf.TensorSpec((None, 64))), batch=8, **FAST)
    assert found.landed > 0.9


def test_the_file_takes_the_shape_that_is_given_and_asks_for_one_that_is_not() -> None:
    inputs = keras.Input((None, 8), name="x")
    model = keras.Model(inputs, layers.GRU(4)(inputs))
    with pytest.raises(OptionError, match=r"free lengths.*--shape x="):
        cutaway.profile(model, **FAST)
    found = cutaway.profile(model, shapes={"x": (3, 5, 8)}, **FAST)
    assert found.setting["shapes"] == {"x": [3, 5, 8]}
    with pytest.raises(OptionError, match="no input 'y'; the inputs are 'x'"):
        cutaway.profile(model, shapes={"y": (3, 5, 8)}, **FAST)
    given = cutaway.profile(model, data=np.zeros((2, 6, 8)), **FAST)
    assert given.setting["shapes"] == {"x": [2, 6, 8]}


def test_what_cannot_run_is_told(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Lambda(lambda x: x + 1)])
    model.save(tmp_path / "code.keras")
    with pytest.raises(ReadError, match=r"Lambda, which runs code.*cutaway\.profile"):
        cutaway.profile(tmp_path / "code.keras", **FAST)
    with pytest.raises(UnbuiltModel, match="no weights yet"):
        cutaway.profile(keras.Sequential([layers.Dense(3)]), **FAST)
    with pytest.raises(OptionError, match="runs must be"):
        cutaway.profile(model, runs=0)
    with pytest.raises(OptionError, match="a Graph cannot be run"):
        cutaway.profile(read(model))


def test_what_a_layer_of_keras_never_builds_is_its_own_business() -> None:
    words = keras.Input((), dtype="string")
    ids = layers.TextVectorization(max_tokens=10, output_sequence_length=5, name="ids")
    ids.adapt(["one two three"])
    model = keras.Model(words, layers.Embedding(10, 4, name="rows")(ids(words)))
    found = cutaway.profile(model, data=tf.constant(["one two", "three"]), **FAST)
    assert {row.name for row in found.rows if row.seconds > 0} >= {"rows"}
    assert found.landed >= 0.99
    assert "ids" in cutaway.activations(model, np.array(["one two", "three"]))


def test_operations_that_no_line_of_python_made_land_too() -> None:
    class Mapped(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.inner = layers.Dense(4, name="inner")

        def call(self, x: Any) -> Any:
            return tf.map_fn(lambda row: row * 2, self.inner(x))

    model = Mapped()
    model(np.zeros((2, 4), "float32"))
    found = cutaway.profile(model, **FAST)
    assert found.landed >= 0.99
    assert any(row.seconds > 0 for row in found.rows if row.op == "Dense")


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", ["m.keras", "m.h5", "bare.keras"])
def test_no_code_in_a_file_is_run_where_keras_would_run_it(tmp_path: Path, name: str, training: bool) -> None:
    called = tmp_path / "called"
    x = keras.Input((4,))
    lay = layers.Lambda(lambda x, at=str(called): __import__("os").makedirs(at, exist_ok=True) or x)
    keras.Model(x, lay(x)).save(tmp_path / name)
    called.rmdir()
    if name == "bare.keras":
        leave_weights_out(tmp_path / name)
    keras.config.enable_unsafe_deserialization()
    try:
        with pytest.raises(ReadError, match="Lambda, which runs code"):
            cutaway.profile(tmp_path / name, training=training, **FAST)
    finally:
        global_state.set_global_attribute("safe_mode_saving", None)
    assert not called.exists()


def leave_weights_out(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if "weights" not in name}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_what_a_file_was_compiled_with_is_looked_at_where_it_is_loaded(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    model.compile(optimizer="adam", loss=keras.losses.mean_squared_error, metrics=["mae", keras.metrics.AUC()])
    model.save(tmp_path / "m.keras")
    model.save(tmp_path / "m.h5")
    for name in ("m.keras", "m.h5"):
        assert cutaway.profile(tmp_path / name, training=True, **FAST).rows
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        settings = json.loads(file.attrs["training_config"])
        file.attrs["training_config"] = json.dumps(settings | {"loss": {"class_name": "Loss", "module": "os"}})
    with pytest.raises(ReadError, match="'os', which is no part of Keras"):
        cutaway.profile(tmp_path / "m.h5", training=True, **FAST)
    assert cutaway.profile(tmp_path / "m.h5", **FAST).rows


def test_without_tensorflow_it_says_what_is_missing(branched: keras.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(MissingExtra, match=r"needs TensorFlow.*pip install tensorflow.*--trace FILE"):
        cutaway.profile(branched, **FAST)


def test_forms_hold_all_rows_and_plain_values(profiled: Profile, tmp_path: Path) -> None:
    document = json.loads(to_json(profiled))
    assert document["kind"] == "profile"
    assert [row["id"] for row in document["rows"]] == [row.id for row in profiled.rows]
    assert sum(row["time_ms"] for row in document["rows"]) == pytest.approx(profiled.groups[0].seconds * 1e3, rel=1e-3)
    table = read_table(profiled.save(tmp_path / "t.json"))
    assert table.columns[:3] == ("time_ms", "spread_ms", "share")
    assert not {"name", "op", "backward_ms"} & set(table.columns)
    lines = list(csv.DictReader(io.StringIO(to_csv(profiled))))
    assert len(lines) == len(profiled.rows) + len(profiled.groups) - 1
    assert profiled.save(tmp_path / "t.json").read_text(encoding="utf-8") == to_json(profiled)
    with pytest.raises(OptionError, match=r"\.json or \.csv"):
        profiled.save(tmp_path / "t.txt")
    text = str(profiled)
    assert "operations sum to" in text
    assert "roof (given)" in text


def test_names_are_no_formulas_in_a_spreadsheet_and_overlays_find_them_still(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,), name="x"), layers.Dense(2, name="-1"), layers.Dense(2, name="plain")])
    found = cutaway.profile(model, **FAST)
    path = found.save(tmp_path / "times.csv")
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))}
    assert rows["-1"]["name"] == "'-1"
    assert rows["plain"]["name"] == "plain"
    over = overlay_on(found.graph, path)
    assert not over.unmatched
    assert len(over.nodes) == len(found.rows)


def test_what_bounds_a_layer_is_what_the_roofline_says() -> None:
    roof = Ceiling(peak=1e11, bandwidth=1e10)
    assert roof.ridge == 10
    assert roof.least(1e9, 1e6) == pytest.approx(0.01)
    assert roof.bound(1e9, 1e6, 0.02) == "compute"
    assert roof.bound(1e6, 1e8, 0.02) == "memory"
    assert roof.bound(1e6, 1e4, 0.02) == "overhead"
    assert roof.bound(0, 0, 0.02) == ""
    assert roof.bound(1e6, 1e4, 0) == ""
