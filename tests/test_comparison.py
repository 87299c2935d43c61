"""`cutaway.diff` and the command: text, JSON, exit code, drawing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import cutaway
from cutaway.analysis.merging import STATES
from cutaway.cli import main
from cutaway.comparison import to_json
from cutaway.drawing.changes import HOLDER, change_counts
from cutaway.drawing.scene import Box, Text
from cutaway.drawing.scene import Path as Path_
from cutaway.errors import OptionError
from cutaway.graph.select import members
from cutaway.style.changes import CHANGES
from tests.analysis.pair_of_models import pair_of_models

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


def test_a_group_with_changes_inside_says_how_many_and_has_a_dot() -> None:
    found = cutaway.diff(MODELS / "ResNet50.keras", MODELS / "ResNet152V2.keras")
    both, states = found.grouped[0], found.merged.states
    texts = [item for item, *_ in found.plot().scene.flat() if isinstance(item, Text)]
    dots = [item for item in texts if item.content == HOLDER and item.font == "letter"]
    told = change_counts(both, states)
    assert set(told.values()) <= {item.content for item in texts}
    assert len(dots) == len(told)
    for group, words in told.items():
        inside = Counter(STATES[states[node]] for node in members(both, [group]))
        assert words == " ".join(f"{look.letter}{inside[name]}" for name, look in CHANGES.items() if inside[name])


def test_the_outline_of_both_is_drawn_to_a_depth(tmp_path: Path) -> None:
    found = cutaway.diff(MODELS / "ResNet50.keras", MODELS / "ResNet152V2.keras")
    opened = [sum(at >= 0 for at in found.plot(depth=depth).nested.placement_of) for depth in (0, 1, None)]
    assert opened[0] == 1 < opened[1] < opened[2]
    whole, outline = tmp_path / "whole.svg", tmp_path / "outline.svg"
    assert (
        main(["diff", OLD, NEW, "-o", str(whole)]) == main(["diff", OLD, NEW, "-o", str(outline), "--depth", "0"]) == 0
    )
    assert outline.stat().st_size < whole.stat().st_size
    with pytest.raises(OptionError, match="depth"):
        found.plot(depth=-1)


def test_wrong_choices_are_told() -> None:
    found = cutaway.diff(OLD, OLD)
    with pytest.raises(OptionError, match="theme"):
        found.plot(theme="pink")
    assert main(["diff", OLD, OLD, "-o", "changes.doc"]) == 2


def test_a_missing_model_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", OLD, "nothing.keras"]) == 3
    assert "nothing.keras" in capsys.readouterr().err


def test_what_changed_is_marked_by_more_than_colour(tmp_path: Path) -> None:
    old, new = pair_of_models(tmp_path)
    found = cutaway.diff(old, new)
    scene = found.plot().scene
    letters = [item.content for item, *_ in scene.flat() if isinstance(item, Text) and item.font == "letter"]
    assert sorted(letters) == sorted("+\u2212~~\u2192")
    dashed = [item for item, *_ in scene.flat() if isinstance(item, Box) and scene.paints[item.paint].dash]
    assert len(dashed) == 1  # what is gone
    hatched = [item for item, *_ in scene.flat() if isinstance(item, Path_) and item.paint.startswith("hatch")]
    assert len(hatched) == 1
    box = dashed[0]
    for segment in hatched[0].segments:
        x, y = (float(value) for value in segment[1:])
        assert box.x <= x <= box.x + box.width
        assert box.y <= y <= box.y + box.height
    wires = [item for item, *_ in scene.flat() if isinstance(item, Path_) and item.paint.startswith("ghost")]
    assert len(wires) == 2


@pytest.mark.parametrize("extension", ["svg", "pdf", "html"])
def test_the_extension_chooses_the_form(tmp_path: Path, extension: str, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = map(str, pair_of_models(tmp_path))
    target = tmp_path / f"x.{extension}"
    assert main(["diff", old, new, "-o", str(target)]) == 0
    assert target.stat().st_size > 1000
    assert f"wrote {target}" in capsys.readouterr().err
