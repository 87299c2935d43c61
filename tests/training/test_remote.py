"""Logs in object stores: what is written there is whole, and read as it grows."""

from __future__ import annotations

import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import OptionError, ReadError
from cutaway.training import remote, writing
from cutaway.training.addresses import below
from cutaway.training.event_writer import EventWriter
from cutaway.training.remote import RemoteWriter
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


def test_a_whole_store_can_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(MemoryFileSystem, "store", {})
    monkeypatch.setattr(MemoryFileSystem, "pseudo_dirs", [""])
    made = Writing("memory://")
    for part in ("train", "validation"):
        made.put(part, lambda writer: writer.scalars({"loss": 1}, 1))
    assert made.close()
    assert made.failure is None
    log = LogFolder("memory://")
    log.read()
    assert sorted(log.runs) == ["train", "validation"]
    assert list(tmp_path.iterdir()) == []  # no folder called memory:


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("memory://", "memory://train"), ("file:///", "file:///train"), ("s3://bucket/", "s3://bucket/train"),
        ("s3://bucket/logs", "s3://bucket/logs/train"), ("logs/", "logs/train"), ("/", "/train"),
    ],
)  # fmt: skip
def test_what_lies_below_a_folder(folder: str, expected: str) -> None:
    assert below(folder, "train") == expected


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


class Store:
    """Takes objects, or fails.

    Attributes:
        refused: Whether it refuses an object, by its number.
        tries: How many objects it was given.
    """

    def __init__(self, refused: Callable[[int], bool]) -> None:
        from fsspec.implementations.memory import MemoryFileSystem

        self.refused = refused
        self.tries = 0
        self._take = MemoryFileSystem.pipe_file

    def __call__(self, system: object, *given: object, **named: object) -> None:
        self.tries += 1
        if self.refused(self.tries):
            raise OSError(f"503, try {self.tries}")
        self._take(system, *given, **named)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store that fails at every second try, and that is tried at every write."""
    from fsspec.implementations.memory import MemoryFileSystem

    made = Store(lambda tries: tries % 2 == 0)
    monkeypatch.setattr(remote, "_EVERY", -1.0)
    monkeypatch.setattr(MemoryFileSystem, "pipe_file", lambda *given, **named: made(*given, **named))
    return made


def steps(address: str) -> Any:
    log = LogFolder(address)
    log.read()
    assert log.runs["train"].warnings == []
    return log.runs["train"].series["loss"].steps.tolist()


@pytest.mark.parametrize("largest", [1000, 1 << 20])
def test_a_store_that_fails_now_and_then_loses_nothing(
    address: str, store: Store, monkeypatch: pytest.MonkeyPatch, largest: int
) -> None:
    monkeypatch.setattr(remote, "_LARGEST", largest)
    made = Writing(address)
    for step in range(100):
        made.put("train", lambda writer, step=step: writer.scalars({"loss": step}, step))  # type: ignore[misc]
        made.wait()
    store.refused = lambda _: False
    assert made.close()
    assert made.failure is None
    assert store.tries > 50
    assert steps(address) == list(range(100))


def test_a_store_that_fails_for_long_is_told_and_given_the_rest_at_the_end(
    address: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = RemoteWriter(f"{address}/train")
    store.refused = lambda _: True
    for step in range(10):
        writer.scalars({"loss": step}, step)
    monkeypatch.setattr(remote, "_PATIENCE", -1.0)
    with pytest.raises(OSError, match="503, try 11"):
        writer.scalars({"loss": 10}, 10)
    with pytest.raises(OSError, match="503, try 12"):
        writer.close()
    store.refused = lambda _: False
    writer.close()
    assert steps(address) == list(range(11))
    writer.close()
    assert store.tries == 13


def test_what_is_kept_for_a_store_that_fails_is_bounded(
    address: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_UNSTORED", 1000)
    writer = RemoteWriter(f"{address}/train")
    store.refused = lambda _: True
    writer.text("note", "x" * 100, 1)
    with pytest.raises(OSError, match="503"):
        writer.text("note", "x" * 1000, 2)


def test_a_store_that_fails_is_not_tried_at_every_write(
    address: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_EVERY", 1000.0)
    monkeypatch.setattr(remote, "_LARGEST", 500)
    writer = RemoteWriter(f"{address}/train")
    writer.flush()
    store.refused = lambda _: True
    for step in range(50):
        writer.scalars({"loss": step}, step)
    assert store.tries == 2
    store.refused = lambda _: False
    writer.close()
    assert steps(address) == list(range(50))


def test_addresses_that_are_none() -> None:
    with pytest.raises(OptionError, match=r"nope://x is no address that fsspec knows"):
        LogFolder("nope://x")
    with pytest.raises(ReadError, match="there is nothing"):
        LogFolder("memory://never-there")


def test_paths_do_not_import_fsspec(tmp_path: Path) -> None:
    code = f"""
import sys
from cutaway.training.remote import RemoteWriter
from cutaway.training.runs import LogFolder
from cutaway.training.writing import Writing
made = Writing({str(tmp_path)!r})
made.put("train", lambda writer: writer.scalars({{"loss": 1}}, 1))
made.close()
LogFolder({str(tmp_path)!r}).read()
print("fsspec" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
