"""The values of one step, against what was written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.training.event_writer import EventWriter
from cutaway.training.histograms import distribution
from tests.training_view.client import ViewClient

View = Callable[[Path], ViewClient]


def ask(client: ViewClient, tags: list[str], step: int | None) -> list[Any]:
    said = {"runs": [0], "tags": [client.tag(tag) for tag in tags], "step": step}
    found: list[Any] = json.loads(client.post("/at-step", said))
    return found


def test_a_number_is_that_of_the_step_or_the_last_before_it(tmp_path: Path, view: View) -> None:
    with EventWriter(tmp_path / "run") as writer:
        for step in (0, 10, 20, 30):
            writer.scalars({"norm/weights/a": step + 0.5}, step)
        writer.scalars({"norm/weights/a": 99.0}, 20)  # after a resume the later value counts
        writer.scalars({"mean/weights/a": float("nan")}, 10)
    client = view(tmp_path)
    client.complete()
    both = ["norm/weights/a", "mean/weights/a"]
    assert ask(client, both, None) == [{"step": 30, "value": 30.5}, {"step": 10, "value": "NaN"}]
    assert ask(client, both, 15) == [{"step": 10, "value": 10.5}, {"step": 10, "value": "NaN"}]
    assert ask(client, both, 20)[0] == {"step": 20, "value": 99.0}
    assert ask(client, both, 9) == [{"step": 0, "value": 0.5}, None]
    assert ask(client, both, -1) == [None, None]


def test_a_histogram_has_the_shares_of_its_step_over_one_range(tmp_path: Path, view: View) -> None:
    values = {step: np.random.default_rng(step).normal(step / 10, 1 + step / 10, 4_000) for step in (0, 5, 10)}
    with EventWriter(tmp_path / "run") as writer:
        for step, made in values.items():
            writer.histogram("weights/a", distribution(made.astype(np.float32)).rows(), step)
    client = view(tmp_path)
    client.complete()
    told = [ask(client, ["weights/a"], step)[0] for step in values]
    assert len({(one["low"], one["high"]) for one in told}) == 1
    for step, one in zip(values, told, strict=True):
        assert (one["step"], one["finite"]) == (step, 4_000)
        truth, _ = np.histogram(values[step], bins=len(one["shares"]), range=(one["low"], one["high"]))
        assert np.abs(np.cumsum(one["shares"]) - np.cumsum(truth) / 4_000).max() < 0.06
        assert sum(one["shares"]) == pytest.approx(1, abs=0.02)


def test_values_that_are_all_the_same_are_one_bar_wherever_they_lie(tmp_path: Path, view: View) -> None:
    with EventWriter(tmp_path / "run") as writer:
        for step, made in enumerate((np.linspace(0, 2, 500), np.zeros(500), np.full(500, 2.0), np.full(500, 0.7))):
            writer.histogram("weights/a", distribution(made.astype(np.float32)).rows(), step)
    client = view(tmp_path)
    client.complete()
    for step, value in ((1, 0.0), (2, 2.0), (3, 0.7)):
        (told,) = ask(client, ["weights/a"], step)
        bars = np.flatnonzero(told["shares"])
        width = (told["high"] - told["low"]) / len(told["shares"])
        assert sum(told["shares"]) == pytest.approx(1)
        assert told["low"] + bars[0] * width <= value + width
        assert told["low"] + (bars[-1] + 1) * width >= value - width
        assert len(bars) <= 2


@pytest.mark.parametrize("wrong", [{"runs": []}, {"step": "1"}, {"step": 1 << 63}, {"tags": [99]}, {"step": True}])
def test_what_makes_no_sense_is_refused(tmp_path: Path, view: View, wrong: dict[str, Any]) -> None:
    with EventWriter(tmp_path / "run") as writer:
        writer.scalars({"a": 1.0}, 0)
    client = view(tmp_path)
    client.complete()
    said = {"runs": [0], "tags": [0], "step": 0} | wrong
    assert client.ask("/at-step", method="POST", body=json.dumps(said).encode())[0] == 400
