"""`cutaway.diff` and the command: text, JSON, exit code, drawing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cutaway
from cutaway.cli import main
from cutaway.comparison import to_json
from cutaway.errors import OptionError

MODELS = Path(__file__).parent / "models"
OLD, NEW = str(MODELS / "MobileNet.keras"), str(MODELS / "MobileNetV2.keras")


def test_equal_models_exit_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", OLD, OLD, "--exit-code"]) == 0
    assert "are the same" in capsys.readouterr().out


def test_models_that_differ_exit_with_1_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", OLD, NEW]) == 0
    assert main(["diff", OLD, NEW, "--exit-code"]) == 1
    told = capsys.readouterr().out
    assert "+ block_1_add" not in told.splitlines()[0]
    assert any(line.startswith("+ ") for line in told.splitlines())


def test_json_counts_what_it_lists(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", OLD, NEW, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["counts"]["added"] == len(told["added"]) > 0
    assert told["counts"]["removed"] == len(told["removed"])
    assert told["counts"]["same"] + len(told["changed"]) + len(told["removed"]) == told["old"]["nodes"]
    assert told["counts"]["same"] + len(told["changed"]) + len(told["added"]) == told["new"]["nodes"]


def test_equal_comparisons_are_equal_bytes() -> None:
    assert to_json(cutaway.diff(OLD, NEW)) == to_json(cutaway.diff(OLD, NEW))


def test_both_are_drawn_as_one(tmp_path: Path) -> None:
    found = cutaway.diff(OLD, NEW)
    picture = found.plot(tmp_path / "both.svg")
    both = len(found.new) + len(found.differences.removed)
    assert len(picture.graph) == both
    assert {unit.name for unit in found.differences.removed} <= set(picture.graph.names)
    text = (tmp_path / "both.svg").read_text(encoding="utf-8")
    assert all(f">{word}: {count}<" in text for word, count in found.counts().items() if word in ("added", "removed"))


def test_wrong_choices_are_told() -> None:
    found = cutaway.diff(OLD, OLD)
    with pytest.raises(OptionError, match="theme"):
        found.plot(theme="pink")
    assert main(["diff", OLD, OLD, "-o", "changes.doc"]) == 2


def test_a_missing_model_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", OLD, "nothing.keras"]) == 3
    assert "nothing.keras" in capsys.readouterr().err
