"""`cutaway.check` and the command: real models, losses in files, values of weights, text, JSON, SARIF, exit codes."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import cutaway
from cutaway import inspection
from cutaway.cli import main
from cutaway.errors import OptionError
from cutaway.graph import GraphBuilder, Tensor
from scripts.make_checks import PAGE, page

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "tests" / "models"
KERAS = sorted(MODELS.glob("*.keras"))
RESNET = MODELS / "ResNet50.keras"

_DENSE = {"units": 3, "activation": "linear", "use_bias": True, "name": "d"}
_CONFIG: dict[str, Any] = {
    "module": "keras", "class_name": "Sequential", "registered_name": None,
    "config": {
        "name": "small",
        "layers": [
            {"module": "keras.layers", "class_name": "InputLayer", "registered_name": None,
             "config": {"batch_shape": [None, 8], "dtype": "float32", "name": "x"}},
            {"module": "keras.layers", "class_name": "Dense", "registered_name": None, "config": _DENSE,
             "build_config": {"input_shape": [None, 8]}},
        ],
    },
}  # fmt: skip


def keras_file(path: Path, **more: Any) -> str:
    """A small model as a ``.keras`` file, without values."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", json.dumps({**_CONFIG, **more}))
        file.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
    return str(path)


def test_models_of_keras_applications_give_no_error_and_hardly_a_warning() -> None:
    reports = [cutaway.check(path) for path in KERAS]
    assert len(reports) > 15
    assert sum(report.counts["error"] for report in reports) == 0
    assert sum(report.counts["warning"] for report in reports) <= len(reports)


def test_biases_before_normalization_of_resnet_are_all_found() -> None:
    report = cutaway.check(RESNET)
    assert {finding.check for finding in report} == {"CA020"}
    graph = cutaway.read(RESNET)
    biased = {f"{weight.id.rpartition('/')[0]}" for weight in graph.weights if weight.name == "bias"}
    assert {finding.where[0] for finding in report.findings} == biased - {"predictions"}


def test_the_loss_in_a_keras_file_is_looked_at(tmp_path: Path) -> None:
    assert cutaway.check(keras_file(tmp_path / "a.keras")).findings == ()
    loss = {"loss": "categorical_crossentropy"}
    (finding,) = cutaway.check(keras_file(tmp_path / "b.keras", compile_config=loss)).findings
    assert (finding.check, finding.severity, finding.where) == ("CA017", "error", ("d",))


def test_the_loss_in_an_hdf5_file_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(_CONFIG)
        file.attrs["training_config"] = json.dumps({"loss": "sparse_categorical_crossentropy"})
    assert [finding.check for finding in cutaway.check(path).findings] == ["CA017"]


def test_damaged_settings_take_nothing_from_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(_CONFIG)
        file.attrs["training_config"] = "{damaged"
    assert cutaway.check(path).findings == ()


def test_the_loss_of_a_live_model_is_looked_at() -> None:
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, activation="sigmoid", name="d")])
    assert cutaway.check(model).findings == ()
    model.compile(loss="categorical_crossentropy")
    assert {finding.check for finding in cutaway.check(model).findings} == {"CA019"}


def test_values_are_looked_at_where_they_are_asked_for(tmp_path: Path) -> None:
    kernel = np.ones((3, 4, 5, 6), "float32")
    kernel[0, 0, 0, 0] = np.nan
    np.savez(tmp_path / "w.npz", kernel=kernel, other=np.zeros((8, 8), "float32"))
    path = tmp_path / "w.npz"
    assert cutaway.check(path).findings == ()
    report = cutaway.check(path, weights=True)
    assert [(finding.check, finding.severity) for finding in report.findings] == [
        ("CA070", "error"),
        ("CA071", "warning"),
    ]
    assert "1 of 360 values of kernel" in report.findings[0].what
    assert report.unread == 0


def test_values_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    path = keras_file(tmp_path / "a.keras")
    report = cutaway.check(path, weights=True)
    assert report.unread == len(cutaway.read(path).weights) == 2
    assert "values of 2 weights could not be read" in str(report)


def test_values_need_a_file() -> None:
    with pytest.raises(OptionError, match="expected a path"):
        cutaway.check(cutaway.read(RESNET), weights=True)


def test_checks_are_chosen_by_id_or_name() -> None:
    assert cutaway.check(RESNET, ignore=["CA020"]).findings == ()
    assert cutaway.check(RESNET, ignore=["bias-before-normalization"]).findings == ()
    assert cutaway.check(RESNET, only=["CA013"]).findings == ()
    assert len(cutaway.check(RESNET, only=["CA020"]).findings) == 53
    assert [check.id for check in cutaway.check(RESNET, only=["CA020", "CA013"], ignore=["CA020"]).checks] == ["CA013"]


def test_less_grave_findings_are_counted_where_they_are_not_told() -> None:
    report = cutaway.check(RESNET, severity="warning")
    assert (report.findings, report.hidden) == ((), 53)
    assert "53 less grave not shown" in str(report)


@pytest.mark.parametrize(
    ("options", "told"),
    [({"ignore": ["CA999"]}, "CA001 "), ({"only": "CA001"}, "list"), ({"severity": "bad"}, "error, warning, info")],
)
def test_wrong_choices_are_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        cutaway.check(RESNET, **options)


def test_json_is_plain_and_stable(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(RESNET), "--format", "json"]) == 0
    text = capsys.readouterr().out
    told = json.loads(text)
    assert told["schema"] == inspection.SCHEMA
    assert told["counts"] == {"error": 0, "warning": 0, "info": len(told["findings"])}
    assert set(told["findings"][0]) == {"check", "severity", "where", "what", "why", "do"}
    assert inspection.to_json(cutaway.check(str(RESNET))) == text


def test_sarif_names_every_rule_and_places_every_result(tmp_path: Path) -> None:
    path = keras_file(tmp_path / "a b.keras", compile_config={"loss": "categorical_crossentropy"})
    told = cutaway.check(path).to_sarif()
    assert told["version"] == "2.1.0"
    (run,) = told["runs"]
    (result,) = run["results"]
    rules = run["tool"]["driver"]["rules"]
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "CA017"
    assert result["level"] == "error"
    (place,) = result["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"].endswith("/a%20b.keras")
    assert place["logicalLocations"] == [{"fullyQualifiedName": "d", "kind": "element"}]
    assert json.loads(json.dumps(told)) == told


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are texts there")
def test_sarif_names_a_file_whose_name_is_no_text(tmp_path: Path) -> None:
    path = keras_file(tmp_path / os.fsdecode(b"m\xff.keras"), compile_config={"loss": "categorical_crossentropy"})
    (result,) = cutaway.check(path).to_sarif()["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("/m%FF.keras")


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 0), ("info", 1)])
def test_exit_code_follows_what_was_asked(fail_on: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(RESNET), "--fail-on", fail_on]) == code
    assert capsys.readouterr().out.startswith("resnet50 (keras_v3): 53 info by ")


def test_an_error_fails_without_being_asked(tmp_path: Path) -> None:
    path = keras_file(tmp_path / "a.keras", compile_config={"loss": "categorical_crossentropy"})
    assert main(["check", path]) == 1
    assert main(["check", path, "--ignore", "CA017"]) == 0


def test_what_is_hidden_fails_nothing_and_wrong_words_are_told() -> None:
    assert main(["check", str(RESNET), "--severity", "error", "--fail-on", "info"]) == 0
    assert main(["check", str(RESNET), "--ignore", "nothing"]) == 2
    assert main(["check", "nothing.keras"]) == 3


def test_the_list_names_every_check(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "--list"])
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [
        [check.id, check.severity, check.name] for check in inspection.all_checks()
    ]


def test_names_of_strangers_cannot_write_to_a_terminal() -> None:
    builder = GraphBuilder("evil\x1b[2J", "keras_v3")
    start = builder.node("x\x1b[31m", "InputLayer", outputs=[Tensor((None, 8), "float32")])
    builder.mark_input(start)
    builder.connect(start, builder.node("d\x07", "Dropout", attributes={"rate": 0.9}))
    builder.mark_output(1)
    text = str(cutaway.check(builder.build()))
    assert "CA022" in text
    assert "\x1b" not in text
    assert "\x07" not in text


def test_the_page_of_checks_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python scripts/make_checks.py"


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_values_in_files_of_keras_are_looked_at(suffix: str, tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, name="d")])
    kernel = np.ones((8, 4), "float32")
    kernel[3, 2] = np.inf
    model.layers[0].set_weights([kernel, np.zeros(4, "float32")])
    model.save(tmp_path / f"m{suffix}")
    report = cutaway.check(tmp_path / f"m{suffix}", weights=True)
    assert [(finding.check, finding.where) for finding in report.findings] == [("CA070", ("d",))]
    assert report.findings[0].what.startswith("1 of 32 values")
    assert report.unread == 0
