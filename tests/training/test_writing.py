"""What may go wrong with a disk while a training is recorded: nothing waits for it, nothing written is lost."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.errors import MissingExtra
from cutaway.training import writing
from cutaway.training.event_writer import EventWriter
from cutaway.training.runs import LogFolder, Run
from cutaway.training.writing import Clock, Writing
from tests.training.oracles import assert_same

ROOT = Path(__file__).resolve().parents[2]


def logged(folder: Path) -> Run:
    log = LogFolder(folder)
    log.read()
    return log.runs["train"]


def put(made: Writing, step: int, tag: str = "loss", size: int = 100) -> bool:
    return made.put("train", lambda writer: writer.scalars({tag: step / 2}, step), size=size)


def test_what_is_handed_over_is_written_in_order(tmp_path: Path) -> None:
    made = Writing(tmp_path)
    for step in range(500):
        assert put(made, step)
    assert made.close()
    run = logged(tmp_path)
    assert run.series["loss"].steps.tolist() == list(range(500))
    assert assert_same(run) == 500
    assert not put(made, 1)


def test_events_told_together_are_those_told_alone(tmp_path: Path) -> None:
    rows = np.array([[0.0, 1.0, 5.0]])
    for name in ("alone", "together"):
        with EventWriter(tmp_path / name) as writer:
            if name == "together":
                with writer.together():
                    for step in range(40):
                        writer.scalars({"loss": step, "a/longer/tag": -step}, step, wall_time=9.0 + step)
                        writer.histogram("weights" * 30, np.repeat(rows, step + 1, axis=0), step, wall_time=9.0 + step)
            else:
                for step in range(40):
                    writer.scalars({"loss": step, "a/longer/tag": -step}, step, wall_time=9.0 + step)
                    writer.histogram("weights" * 30, np.repeat(rows, step + 1, axis=0), step, wall_time=9.0 + step)
    files = [next((tmp_path / name).iterdir()).read_bytes() for name in ("alone", "together")]
    assert files[0][40:] == files[1][40:]  # behind the version and the time of the first event
    run = Run("together", tmp_path / "together")
    run.read()
    assert assert_same(run) == 120


def test_a_slow_disk_stalls_nothing_and_what_is_left_out_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_WAITING", 1000)
    gate = threading.Event()

    class Slow(EventWriter):
        def _write(self, data: bytes) -> None:
            gate.wait(30)
            super()._write(data)

    made = Writing(tmp_path, Slow)
    taken = [put(made, step, size=200) for step in range(50)]
    assert not gate.is_set()  # all of it was handed over while nothing could be written
    assert 5 <= sum(taken) <= 6
    assert made.left_out == 50 - sum(taken)
    gate.set()
    assert made.close()
    assert logged(tmp_path).series["loss"].steps.tolist() == [step for step, kept in enumerate(taken) if kept]


def test_a_disk_that_never_answers_does_not_hold_the_end_forever(tmp_path: Path) -> None:
    gate = threading.Event()

    class Stuck(EventWriter):
        def _write(self, data: bytes) -> None:
            gate.wait(30)

    made = Writing(tmp_path, Stuck)
    put(made, 1)
    assert not made.close(0.05)
    gate.set()


def test_a_full_disk_keeps_whole_what_was_written(tmp_path: Path) -> None:
    """In a process of its own, which may write no file larger than 10,000 bytes."""
    code = f"""
import resource, signal, sys
sys.path.insert(0, {str(ROOT / "src")!r})
from cutaway.training.writing import Writing
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
made = Writing({str(tmp_path)!r})
for step in range(1000):
    made.put("train", lambda writer, step=step: writer.scalars({{"loss": step}}, step))
made.close()
print(type(made.failure).__name__, made.put("train", None))
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["OSError", "False"]
    run = logged(tmp_path)
    assert (run.warnings, run.waiting) == ([], 0)
    steps = run.series["loss"].steps.tolist()
    assert steps == list(range(len(steps)))
    assert len(steps) > 100
    (path,) = (tmp_path / "train").iterdir()
    assert 9_900 < path.stat().st_size <= 10_000
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 10_000


@pytest.mark.parametrize("when", ["opened", "written", "flushed", "closed"])
def test_errors_of_any_kind_are_told_and_hold_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr(writing, "_IDLE", 0.02)
    error = MissingExtra("needs s3fs: pip install s3fs")

    class Odd(EventWriter):
        def __init__(self, folder: str | Path) -> None:
            if when == "opened":
                raise error
            super().__init__(folder)

        def flush(self) -> None:
            if when == "flushed":
                raise error

        def close(self) -> None:
            super().close()
            if when == "closed":
                raise error

    def job(writer: EventWriter) -> None:
        if when == "written":
            raise error

    made = Writing(tmp_path, Odd)
    assert made.put("train", job)
    begun = time.monotonic()
    assert made.wait(10)
    while when == "flushed" and made.failure is None and time.monotonic() < begun + 10:
        time.sleep(0.01)
    if when != "closed":
        assert made.failure is error
        assert not put(made, 2)
    assert made.wait(10)
    assert made.close(10)
    assert made.failure is error
    assert time.monotonic() < begun + 9


def test_files_that_are_removed_are_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_LOOKS", 0.0)
    made = Writing(tmp_path / "run")
    made.put("train", lambda writer: writer.text("structure", "whole", 0), first=True)
    put(made, 1)
    assert made.wait()
    shutil.rmtree(tmp_path / "run")
    put(made, 2)
    assert made.wait()
    put(made, 3)
    assert made.close()
    run = logged(tmp_path / "run")
    assert run.series["loss"].steps.tolist() == [2, 3]
    assert run.series["structure"].values == [["whole"]]
    assert made.moved == 1


def test_two_writers_in_one_folder_and_a_step_that_goes_back(tmp_path: Path) -> None:
    first, second = Writing(tmp_path), Writing(tmp_path)
    for step in range(20):
        put(first, step)
        put(second, step, tag="other")
    assert first.close()
    assert second.close()
    resumed = Writing(tmp_path)
    for step in range(10, 30):
        put(resumed, step)
    assert resumed.close()
    run = logged(tmp_path)
    assert run.warnings == []
    assert run.series["loss"].steps.tolist() == [*range(20), *range(10, 30)]
    assert run.series["other"].steps.tolist() == list(range(20))
    assert assert_same(run) == 60


def test_a_clock_that_is_set_back_changes_no_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    before = clock()
    monkeypatch.setattr(time, "time", lambda: 1_000_000_000.0)
    assert before <= clock() < before + 60
    monkeypatch.undo()
    with EventWriter(tmp_path) as writer:
        writer.scalars({"loss": 1}, 1, wall_time=before)
    monkeypatch.setattr(time, "time", lambda: 1_000_000_000.0)
    with EventWriter(tmp_path) as writer:
        writer.scalars({"loss": 2}, 2, wall_time=clock())
    monkeypatch.undo()
    run = Run(".", tmp_path)
    run.read()
    assert run.series["loss"].steps.tolist() == [1, 2]
    assert np.diff(run.series["loss"].times).min() >= 0


def test_a_process_that_is_killed_in_mid_write_leaves_whole_records(tmp_path: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(ROOT / "src")!r})
import numpy
from cutaway.training.writing import Writing
made = Writing({str(tmp_path)!r})
rows = numpy.ones((64, 3))
step = 0
while True:
    step += 1
    def job(writer, step=step):
        with writer.together():
            for name in range(50):
                writer.histogram(f"activations/{{name}}", rows, step)
        if step % 10 == 0:
            print(step, flush=True)
    made.put("train", job, size=1 << 16)
    if step > 100:
        made.wait()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = 0
        while told < 100:
            told = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
    run = logged(tmp_path)
    assert run.warnings == []
    for name in range(50):
        steps = run.series[f"activations/{name}"].steps.tolist()
        assert steps == list(range(1, len(steps) + 1))
        assert len(steps) >= told


def test_an_interpreter_that_ends_early_writes_what_waits(tmp_path: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(ROOT / "src")!r})
from cutaway.training.writing import Writing
made = Writing({str(tmp_path)!r})
for step in range(300):
    made.put("train", lambda writer, step=step: writer.scalars({{"loss": step}}, step))
raise SystemExit(0)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert len(logged(tmp_path).series["loss"]) == 300


def test_what_is_written_is_held_no_longer(tmp_path: Path) -> None:
    made, values = Writing(tmp_path), np.zeros(3)
    held = weakref.ref(values)

    def job(writer: EventWriter, values: Any = values) -> None:
        writer.scalars({"loss": float(values[0])}, 1)

    made.put("train", job)
    del job, values
    assert made.wait()
    for _ in range(500):
        if held() is None:
            break
        time.sleep(0.01)
    assert held() is None
    assert made.close()
