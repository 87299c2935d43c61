"""The server of the training view: what it answers, that it is live, and what the faults of log folders do to it."""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.explorer.guard import HEADER
from cutaway.training.event_process import EventProcess
from cutaway.training.event_writer import EventWriter
from cutaway.training_view import logs as view_logs
from cutaway.training_view.opening import is_log
from tests.training.oracles import columns
from tests.training_view.client import ViewClient, wait_for
from tests.training_view.logs import BEGAN, two_runs, write_run

View = Callable[[Path], ViewClient]


def test_values_are_those_that_tensorboard_reads(tmp_path: Path, view: View) -> None:
    pytest.importorskip("tensorboard", reason="needs TensorBoard, the oracle: pip install tensorboard")
    two_runs(tmp_path, 700)
    client = view(tmp_path)
    told = client.complete()
    assert sorted(run["name"] for run in told["runs"]) == ["first/train", "first/validation", "second"]
    for run in told["runs"]:
        expected = [(step, float(value), time) for time, step, _, value in columns(tmp_path / run["name"])["loss"]]
        lines, about, found = client.series([run["name"]], "loss")
        assert lines == [[run["index"], client.tag("loss"), 0, 700, 700]]
        assert about["points"] == 700
        assert list(zip(found["step"], found["y"], found["time"], strict=True)) == expected


def test_large_logs_are_read_by_processes_that_end_with_it(
    tmp_path: Path, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[EventProcess] = []

    class Noted(EventProcess):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)
            assert self._process is not None

    monkeypatch.setattr(view_logs, "EventProcess", Noted)
    monkeypatch.setattr(view_logs, "LOCAL", replace(view_logs.LOCAL, apart=1))
    written = two_runs(tmp_path, 700)
    client = view(tmp_path)
    client.complete()
    for name, values in written.items():
        assert _values(client, name) == values.tolist()
    assert 1 <= len(made) <= 3  # as many as there are runs
    assert [process._process for process in made] == [None] * len(made)
    write_run(tmp_path / "second", {"loss": np.full(5, 7.0)}, first=700)
    assert wait_for(functools.partial(_that_many, client, "second", 705))[-5:] == [7.0] * 5


def test_a_wide_view_has_the_extremes_and_a_narrow_one_all_points(tmp_path: Path, view: View) -> None:
    made = two_runs(tmp_path)["second"]
    client = view(tmp_path)
    client.complete()
    lines, about, columns = client.series(["second"], "loss", pixels=100)
    assert lines[0][4] == len(made)
    assert len(columns["y"]) <= 202
    assert [columns["y"].min(), columns["y"].max()] == [made.min(), made.max()] == about["y"]
    low, high = np.percentile(made, [5, 95])
    assert about["inner"] == pytest.approx([low, high])
    _, _, columns = client.series(["second"], "loss", pixels=100, view=[1000, 1300])
    assert columns["step"].tolist() == list(range(999, 1302))
    np.testing.assert_array_equal(columns["y"], made[999:1302])


def test_a_new_value_and_a_new_run_are_told(tmp_path: Path, view: View) -> None:
    write_run(tmp_path / "old", {"loss": np.ones(10)})
    client = view(tmp_path)
    version = client.complete()["version"]
    heard: list[bytes] = []
    connection = http.client.HTTPConnection("127.0.0.1", client.listening.port, timeout=20)
    connection.request("GET", f"/news?since={version}", headers={HEADER: client.listening.token})
    answer = connection.getresponse()

    def hear() -> None:
        with contextlib.closing(connection):
            while line := answer.readline():
                heard.append(line)

    hearing = threading.Thread(target=hear, daemon=True)
    hearing.start()
    with EventWriter(tmp_path / "new") as writer:
        for step in range(3):
            before = len(heard)
            writer.scalars({"loss": step + 0.5}, step)
            wait_for(functools.partial(_longer, heard, before))
            wait_for(lambda: any(run["name"] == "new" for run in client.overview()["runs"]))
            values = wait_for(functools.partial(_that_many, client, "new", step + 1))
            assert values == [0.5 + at for at in range(step + 1)]
    assert any(line.startswith(b"event: news") for line in heard)
    client.listening.end()
    hearing.join(10)
    assert not hearing.is_alive()


def _longer(heard: list[bytes], than: int) -> bool:
    return len(heard) > than


def _that_many(client: ViewClient, run: str, count: int) -> list[float] | None:
    found = _values(client, run)
    return found if len(found) == count else None


def _values(client: ViewClient, run: str, tag: str = "loss") -> list[float]:
    found: list[float] = client.series([run], tag)[2]["y"].tolist()
    return found


def test_a_resumed_run_shows_both_stretches(tmp_path: Path, view: View) -> None:
    write_run(tmp_path / "run", {"loss": np.arange(100.0)})
    time.sleep(1.1)  # the names of event files tell seconds
    write_run(tmp_path / "run", {"loss": np.arange(60.0)}, first=50, began=BEGAN + 500)
    client = view(tmp_path)
    client.complete()
    lines, _, columns = client.series(["run"], "loss")
    assert [line[2:] for line in lines] == [[0, 100, 100], [1, 60, 60]]
    assert columns["step"].tolist() == [*range(100), *range(50, 110)]
    assert columns["y"].tolist() == [*range(100), *range(60)]


def test_a_clock_that_is_set_back_loses_nothing(tmp_path: Path, view: View) -> None:
    with EventWriter(tmp_path / "run") as writer:
        for step, moment in enumerate([100.0, 101.0, 102.0, 50.0, 51.0]):
            writer.scalars({"loss": float(step)}, step, wall_time=moment)
    client = view(tmp_path)
    client.complete()
    by_step, _, _ = client.series(["run"], "loss")
    assert len(by_step) == 1
    lines, about, columns = client.series(["run"], "loss", axis="wall")
    assert [line[3] for line in lines] == [3, 2]
    assert columns["y"].tolist() == [0, 1, 2, 3, 4]
    assert about["x"] == [50, 102]


def test_a_removed_folder_keeps_what_was_read(tmp_path: Path, view: View) -> None:
    write_run(tmp_path / "logs" / "run", {"loss": np.arange(20.0)})
    client = view(tmp_path / "logs")
    client.complete()
    shutil.rmtree(tmp_path / "logs")
    wait_for(lambda: client.overview()["runs"][0]["state"] == "gone")
    assert len(_values(client, "run")) == 20
    write_run(tmp_path / "logs" / "run", {"loss": np.arange(5.0)}, first=20)
    wait_for(lambda: client.overview()["runs"][0]["state"] == "read")
    assert len(wait_for(lambda: found if len(found := _values(client, "run")) > 20 else None)) == 25


def test_a_rotated_file_is_read_anew(tmp_path: Path, view: View) -> None:
    write_run(tmp_path / "run", {"loss": np.arange(50.0)})
    (file,) = (tmp_path / "run").iterdir()
    client = view(tmp_path)
    client.complete()
    write_run(tmp_path / "other", {"loss": np.arange(7.0)})
    (other,) = (tmp_path / "other").iterdir()
    other.replace(file)
    assert wait_for(lambda: found if len(found := _values(client, "run")) == 7 else None) == list(range(7))
    (run,) = [run for run in client.overview()["runs"] if run["name"] == "run"]
    assert any("replaced" in warning for warning in run["warnings"])


def test_a_cut_record_is_waited_for(tmp_path: Path, view: View) -> None:
    write_run(tmp_path / "whole", {"loss": np.arange(3.0)})
    (file,) = (tmp_path / "whole").iterdir()
    data = file.read_bytes()
    (tmp_path / "run").mkdir()
    target = tmp_path / "run" / file.name
    target.write_bytes(data[:-7])
    client = view(tmp_path)
    client.complete()
    assert _values(client, "run") == [0, 1]
    with target.open("ab") as more:
        more.write(data[-7:])
    assert wait_for(lambda: found if len(found := _values(client, "run")) == 3 else None) == [0, 1, 2]


def test_epochs_are_counted_by_what_is_written_at_their_ends(tmp_path: Path, view: View) -> None:
    with EventWriter(tmp_path / "run") as writer:
        for step in range(1, 21):
            writer.scalars({"batch_loss": 1.0}, step, wall_time=1000.0 + step)
            if step % 10 == 0:
                writer.scalars({"epoch_loss": 1.0}, step // 10 - 1, wall_time=1000.0 + step)
    client = view(tmp_path)
    client.complete()
    assert client.series(["run"], "epoch_loss", axis="epoch")[2]["x"].tolist() == [1, 2]
    x = client.series(["run"], "batch_loss", axis="epoch")[2]["x"]
    assert [x[0], x[9], x[14], x[19]] == [0, 1, 1.5, 2]


def test_wrong_requests_are_refused_in_words(tmp_path: Path, view: View) -> None:
    write_run(tmp_path / "run", {"loss": np.arange(3.0)})
    client = view(tmp_path)
    client.complete()
    good = {"runs": [0], "tags": [0], "axis": "step", "view": None, "pixels": 10, "smoothing": 0}
    wrong: list[dict[str, Any]] = [
        {"runs": [1]}, {"runs": "0"}, {"tags": [-1]}, {"tags": [True]}, {"axis": "y"}, {"pixels": 0}, {"pixels": 1e9},
        {"smoothing": 1}, {"smoothing": "0"}, {"view": [2, 1]}, {"view": [0, float("nan")]},
    ]  # fmt: skip
    for change in wrong:
        status, _, body = client.ask("/series", method="POST", body=json.dumps({**good, **change}).encode())
        assert status == 400, (change, body)
        assert json.loads(body)["kind"] == "BadRequest"
    assert client.ask("/series", method="POST", body=b"[" * 100_000)[0] == 400
    assert client.ask("/overview", token=None)[0] == 401
    assert client.ask("/overview", {"host": "evil.example"})[0] == 403
    assert client.ask("/news", {"origin": "http://evil.example"})[0] == 403


def test_which_folders_are_logs(tmp_path: Path) -> None:
    write_run(tmp_path / "logs" / "deep" / "run", {"loss": np.ones(2)})
    (tmp_path / "logs" / "best.keras").write_bytes(b"")
    assert is_log(str(tmp_path / "logs"))
    (file,) = (tmp_path / "logs" / "deep" / "run").iterdir()
    assert is_log(str(file))
    (tmp_path / "empty").mkdir()
    assert not is_log(str(tmp_path / "empty"))
    assert not is_log(str(tmp_path / "missing"))
    (tmp_path / "logs" / "saved_model.pb").write_bytes(b"")
    assert not is_log(str(tmp_path / "logs"))
    assert is_log("s3://bucket/logs")
    assert not is_log("https://example.org/model.keras")


def test_of_few_values_none_is_an_outlier(tmp_path: Path, view: View) -> None:
    with EventWriter(tmp_path / "short") as writer:
        for step, value in enumerate([9.0, 1.0, 1.1, 1.2, 1.1, 1.0]):
            writer.scalars({"loss": value}, step)
    client = view(tmp_path)
    client.complete()
    _, about, _ = client.series(["short"], "loss", pixels=100)
    assert about["inner"] == about["y"] == [1.0, 9.0]
