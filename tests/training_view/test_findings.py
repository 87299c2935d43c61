"""Findings: what the checks of trainings say, as the page gets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.training_view.client import ViewClient
from tests.training_view.logs import write_run


def test_a_loss_that_is_nan_is_found_with_its_step(tmp_path: Path, view: Callable[[Path], ViewClient]) -> None:
    loss = np.linspace(2, 1, 60)
    write_run(tmp_path / "good" / "train", {"batch_loss": loss})
    loss[40:] = np.nan
    write_run(tmp_path / "bad" / "train", {"batch_loss": loss})
    client = view(tmp_path)
    client.complete()
    told = json.loads(client.post("/findings", {"runs": [client.run("bad/train"), client.run("good/train")]}))
    (found,) = [one for one in told["findings"] if one["severity"] == "error"]
    assert (found["training"], found["check"], found["step"]) == ("bad", "CT001", 40)
    assert found["what"]
    assert found["do"]
    assert told["left_out"] == 0
