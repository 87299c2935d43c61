"""Logs in object stores: what is written there is whole, and read as it grows."""

from __future__ import annotations

import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from cutaway.errors import OptionError, ReadError
from cutaway.training import remote, writing
from cutaway.training.event_writer import EventWriter
from cutaway.training.runs import LogFolder
from cutaway.training.writing import Writing

pytest.importorskip("fsspec")


@pytest.fixture
def address() -> str:
    return f"memory://logs-{uuid.uuid4().hex}"


def test_what_is_written_is_read_as_it_grows(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_IDLE", 0.01)
    made = Writing(address)
    for step in range(10):
        made.put("train", lambda writer, step=step: writer.scalars({"loss": step}, step))  # type: ignore[misc]
    made.wait()
    log = LogFolder(address)
    log.read()
    assert list(log.runs) == ["train"]
    for step in range(10, 30):
        made.put("train", lambda writer, step=step: writer.scalars({"loss": step}, step))  # type: ignore[misc]
        made.put("validation", lambda writer, step=step: writer.scalars({"loss": -step}, step))  # type: ignore[misc]
    assert made.close()
    assert made.failure is None
    log.read()
    assert list(log.runs) == ["train", "validation"]
    assert log.runs["train"].series["loss"].values.tolist() == list(range(30))
    assert log.runs["validation"].series["loss"].steps.tolist() == list(range(10, 30))
    assert all(run.warnings == [] for run in log.runs.values())


def test_a_large_log_is_many_objects(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_LARGEST", 1000)
    made = Writing(address)
    for step in range(100):
        made.put("train", lambda writer, step=step: writer.scalars({"loss": step}, step))  # type: ignore[misc]
    assert made.close()
    log = LogFolder(address)
    log.read()
    assert len(log.runs["train"].files) > 3
    assert log.runs["train"].series["loss"].steps.tolist() == list(range(100))


def test_a_store_that_fails_ends_the_recording_alone(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("not allowed")

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", refuse)
    made = Writing(address)
    made.put("train", lambda writer: writer.scalars({"loss": 1}, 1))
    assert made.close()
    assert isinstance(made.failure, PermissionError)


def test_a_whole_archive_is_a_folder_of_logs(tmp_path: Path) -> None:
    for number, name in enumerate((".", "one", "one/deep")):
        with EventWriter(tmp_path / "logs" / name) as writer:
            writer.scalars({"loss": number}, 1)
    shutil.make_archive(str(tmp_path / "logs"), "zip", tmp_path / "logs")
    for inner, expected in (("", {".": [0], "one": [1], "one/deep": [2]}), ("one", {".": [1], "deep": [2]})):
        log = LogFolder(f"zip://{inner}::{tmp_path / 'logs.zip'}")
        log.read()
        assert {name: run.series["loss"].values.tolist() for name, run in log.runs.items()} == expected


def test_a_whole_store_is_a_folder_of_logs(address: str) -> None:
    made = Writing(address)
    made.put("train", lambda writer: writer.scalars({"loss": 1}, 1))
    assert made.close()
    log = LogFolder("memory://")
    log.read()
    run = log.runs[f"{address.removeprefix('memory://')}/train"]
    assert run.series["loss"].values.tolist() == [1]
    assert run.address == f"{address.replace('//', '///')}/train"


def test_a_store_that_lists_what_lies_elsewhere_is_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    made = Writing(address)
    made.put("train", lambda writer: writer.scalars({"loss": 1}, 1))
    assert made.close()
    log = LogFolder(address)
    monkeypatch.setattr(MemoryFileSystem, "find", lambda *_, **__: {"/elsewhere/events.out.tfevents.1": {}})
    with pytest.raises(ReadError, match=r"the store does not answer: .*elsewhere"):
        log.read()
    assert list(log.runs) == ["train"]


def test_addresses_that_are_none() -> None:
    with pytest.raises(OptionError, match=r"nope://x is no address that fsspec knows"):
        LogFolder("nope://x")
    with pytest.raises(ReadError, match="there is nothing"):
        LogFolder("memory://never-there")


def test_paths_do_not_import_fsspec(tmp_path: Path) -> None:
    code = f"""
import sys
from cutaway.training.runs import LogFolder
from cutaway.training.writing import Writing
made = Writing({str(tmp_path)!r})
made.put("train", lambda writer: writer.scalars({{"loss": 1}}, 1))
made.close()
LogFolder({str(tmp_path)!r}).read()
print("fsspec" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
