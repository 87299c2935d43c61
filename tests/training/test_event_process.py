"""What another process reads is what is read here, also where that process is killed; and it never stays behind."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cutaway.errors import ReadError
from cutaway.training.event_messages import ScalarForm
from cutaway.training.event_process import EventProcess
from cutaway.training.event_reader import EventFile
from cutaway.training.event_writer import EventWriter
from cutaway.training.histograms import distribution
from cutaway.training.runs import LogFolder, Run

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus" / "tfevents"
LOSS = [ScalarForm("loss").record(100.0 + step, step, step / 4) for step in range(300)]


@pytest.fixture(scope="module")
def process() -> Iterator[EventProcess]:
    with EventProcess() as made:
        yield made


def assert_alike(one: Run, two: Run) -> None:
    assert list(one.series) == list(two.series)
    for tag, series in one.series.items():
        other = two.series[tag]
        assert (series.kind, series.left_out) == (other.kind, other.left_out)
        np.testing.assert_array_equal(series.times, other.times)
        np.testing.assert_array_equal(series.steps, other.steps)
        assert len(series.values) == len(other.values)
        for value, expected in zip(series.values, other.values, strict=True):
            np.testing.assert_array_equal(value, expected)
    assert (one.others, one.warnings, one.waiting) == (two.others, two.warnings, two.waiting)


def written(folder: Path) -> None:
    """Runs of all that an event file may hold, whole, compressed, cut and damaged."""
    with EventWriter(folder / "all") as writer:
        for step in range(40):
            writer.scalars({"loss": step / 3, "other": float("nan")}, step)
            writer.histogram("weights", distribution(np.arange(step + 5.0)).rows(), step)
        writer.contract("cutaway/structure", "cutaway_graph", b"{}")
    data = (folder / "all" / writer.path.name).read_bytes()
    hurt = bytearray(data)
    hurt[len(data) // 2] ^= 1
    parts = {"packed": gzip.compress(data), "cut": data[:-9], "hurt": bytes(hurt), "empty": b""}
    for name, content in parts.items():
        (folder / name).mkdir()
        (folder / name / "events.out.tfevents.1").write_bytes(content)


def test_everything_is_read_as_it_is_here(tmp_path: Path, process: EventProcess) -> None:
    written(tmp_path)
    here, there = LogFolder(tmp_path), LogFolder(tmp_path)
    assert here.read() == sum(sum(run.reading(process.read)) for run in there.runs.values()) > 400
    for name, run in here.runs.items():
        assert_alike(there.runs[name], run)
    assert here.runs["hurt"].warnings
    assert here.runs["cut"].waiting > 0


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is not beside this checkout")
def test_real_logs_are_read_as_they_are_here(process: EventProcess) -> None:
    here, there = LogFolder(CORPUS), LogFolder(CORPUS)
    assert here.read() == sum(sum(run.reading(process.read)) for run in there.runs.values()) > 0
    for name, run in here.runs.items():
        assert_alike(there.runs[name], run)


def test_what_comes_later_is_read_here_from_where_the_process_stopped(tmp_path: Path, process: EventProcess) -> None:
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(b"".join(LOSS[:200]) + LOSS[200][:20])
    run = Run(".", tmp_path)
    assert sum(run.reading(process.read)) == 200
    assert run.waiting == 20
    assert not run.has_more()
    path.write_bytes(b"".join(LOSS))
    assert run.has_more()
    assert run.read() == 100
    assert run.series["loss"].steps.tolist() == list(range(300))
    assert run.warnings == []


def test_a_file_that_cannot_be_read_is_told_and_the_next_one_is_read(tmp_path: Path, process: EventProcess) -> None:
    missing = EventFile(tmp_path / "events.out.tfevents.1")
    with pytest.raises(ReadError) as there:
        list(process.read(missing))
    with pytest.raises(ReadError) as here:
        list(missing.read())
    assert str(there.value) == str(here.value)
    missing.path.write_bytes(LOSS[0])
    (taken,) = process.read(missing)
    assert [block.tag for block in taken.blocks] == ["loss"]


@pytest.mark.parametrize("killed", ["before", "amid"])
def test_a_process_that_is_killed_loses_nothing(tmp_path: Path, killed: str) -> None:
    times = 1_700  # 26 MB: two stretches
    (tmp_path / "events.out.tfevents.1").write_bytes(b"".join(LOSS) * times)
    run = Run(".", tmp_path)
    with EventProcess() as process:
        if killed == "before":
            os.kill(pid_of(process), signal.SIGKILL)
        for _ in run.reading(process.read):
            if killed == "amid" and process._process is not None:
                os.kill(pid_of(process), signal.SIGKILL)
                process._process.wait()
        assert process._process is None
    assert np.array_equal(run.series["loss"].steps, np.tile(np.arange(300), times))
    assert run.warnings == []


@pytest.mark.parametrize("name", ["frozen", "executable"])
def test_where_no_python_can_be_started_files_are_read_here(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "events.out.tfevents.1").write_bytes(b"".join(LOSS))
    monkeypatch.setattr(sys, name, name == "frozen" or None, raising=False)
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("it would be another program"))
    with EventProcess() as process:
        assert sum(Run(".", tmp_path).reading(process.read)) == 300


def test_a_path_that_is_no_text_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, tmp_path])
    (tmp_path / "events.out.tfevents.1").write_bytes(b"".join(LOSS))
    with EventProcess() as process:
        assert sum(Run(".", tmp_path).reading(process.read)) == 300
        assert process._process is not None


def test_a_python_that_prints_when_it_starts_is_not_taken_for_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('Welcome to this Python')", encoding="utf-8")
    (tmp_path / "events.out.tfevents.1").write_bytes(b"".join(LOSS))
    monkeypatch.syspath_prepend(tmp_path)
    with EventProcess() as process:
        assert sum(Run(".", tmp_path).reading(process.read)) == 300
        assert process._process is None


def test_who_stops_listening_ends_the_process_and_reads_on_here(tmp_path: Path) -> None:
    (tmp_path / "events.out.tfevents.1").write_bytes(b"".join(LOSS) * 1_700)
    file = EventFile(tmp_path / "events.out.tfevents.1")
    with EventProcess() as process:
        pid = pid_of(process)
        count = sum(len(block.steps) for block in next(process.read(file)).blocks)
        assert_gone(pid)
        count += sum(len(block.steps) for taken in process.read(file) for block in taken.blocks)
    assert count == 300 * 1_700


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_the_process_ends_with_the_one_that_started_it(sign: signal.Signals) -> None:
    program = (
        "from cutaway.training.event_process import EventProcess; import time\n"
        "process = EventProcess(); print(process._process.pid, flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.send_signal(sign)
    owner.communicate(timeout=20)
    assert_gone(pid)


def pid_of(process: EventProcess) -> int:
    assert process._process is not None
    return process._process.pid


def assert_gone(pid: int) -> None:
    """Wait until there is no process of a number, and not what is left of one that nobody has waited for."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} is still there")
