"""Logs in object stores in the training view: as they grow, and while the store is slow, refuses or forgets."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.errors import ReadError
from cutaway.training.event_writer import EventWriter
from cutaway.training.histograms import distribution
from cutaway.training_view import logs as view_logs
from cutaway.training_view.logs import Logs
from tests.explorer.hand import decode
from tests.training_view.client import ViewClient, serve_logs, wait_for

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def address() -> str:
    return f"memory://bucket-{uuid.uuid4().hex}/logs"


@pytest.fixture
def view_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ViewClient]]:
    monkeypatch.setattr(view_logs, "REMOTE", replace(view_logs.REMOTE, least=0.05))
    running = []

    def start(address: str) -> ViewClient:
        running.append(serve_logs(Logs(address)))
        client = ViewClient(running[-1][0])
        client.complete()
        return client

    yield start
    for listening, thread in running:
        listening.end()
        thread.join(10)
        assert not thread.is_alive()


class Grows:
    """An event file that is put into a store anew, with all that it holds, whenever values are added."""

    def __init__(self, folder: Path, address: str) -> None:
        self.writer = EventWriter(folder)
        self.target = f"{address}/{self.writer.path.name}"

    def add(self, first: int, last: int) -> None:
        for step in range(first, last):
            self.writer.scalars({"loss": step / 4}, step, wall_time=100.0 + step)
        self.writer.flush()
        fsspec.filesystem("memory").pipe_file(self.target.removeprefix("memory:/"), self.writer.path.read_bytes())


def losses(client: ViewClient, run: str) -> list[float]:
    if not any(one["name"] == run and one["values"] for one in client.overview()["runs"]):
        return []
    found: list[float] = client.series([run], "loss")[2]["y"].tolist()
    return found


def test_what_is_put_into_a_store_comes_to_the_page(
    tmp_path: Path, address: str, view_of: Callable[[str], ViewClient]
) -> None:
    first = Grows(tmp_path / "a", f"{address}/a/train")
    first.add(0, 5)
    client = view_of(address)
    assert client.overview()["name"] == "logs"
    assert losses(client, "a/train") == [0, 0.25, 0.5, 0.75, 1.0]
    first.add(5, 9)
    wait_for(lambda: len(losses(client, "a/train")) == 9)
    Grows(tmp_path / "b", f"{address}/b").add(0, 3)
    wait_for(lambda: losses(client, "b") == [0, 0.25, 0.5])
    fsspec.filesystem("memory").rm(f"{address}/b".removeprefix("memory:/"), recursive=True)
    wait_for(lambda: [run["state"] for run in client.overview()["runs"]] == ["read", "gone"])
    assert losses(client, "b") == [0, 0.25, 0.5]
    assert not any(run["warnings"] for run in client.overview()["runs"])


def test_a_store_that_fails_is_told_and_asked_again(
    tmp_path: Path, address: str, view_of: Callable[[str], ViewClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fsspec.implementations.memory import MemoryFile, MemoryFileSystem

    class OddError(Exception):
        """As the libraries of stores have them: of no kind that anybody else knows."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise OddError("slow down")

    grows = Grows(tmp_path / "a", address)
    grows.add(0, 4)
    client = view_of(address)
    with monkeypatch.context() as patched:
        patched.setattr(MemoryFileSystem, "find", refuse)
        wait_for(lambda: "slow down" in client.overview()["trouble"])
        assert len(losses(client, ".")) == 4
    wait_for(lambda: not client.overview()["trouble"])
    with monkeypatch.context() as patched:
        patched.setattr(MemoryFile, "read", refuse, raising=False)
        grows.add(4, 8)
        wait_for(lambda: any("slow down" in one for one in client.overview()["runs"][0]["warnings"]))
        assert len(losses(client, ".")) == 4
    wait_for(lambda: len(losses(client, ".")) == 8)
    assert not client.overview()["runs"][0]["warnings"]


def test_a_store_that_hangs_stops_nobody(
    tmp_path: Path, address: str, view_of: Callable[[str], ViewClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    Grows(tmp_path / "a", address).add(0, 4)
    client = view_of(address)
    hung, go_on = threading.Event(), threading.Event()
    find = MemoryFileSystem.find

    def hang(*given: Any, **named: Any) -> Any:
        hung.set()
        go_on.wait(20)
        return find(*given, **named)

    monkeypatch.setattr(MemoryFileSystem, "find", hang)
    try:
        assert hung.wait(10)
        assert len(losses(client, ".")) == 4
        told = json.loads(client.post("/findings", {"runs": [0]}))
        assert told["left_out"] == 0
    finally:
        go_on.set()


def test_only_new_bytes_are_fetched(
    tmp_path: Path, address: str, view_of: Callable[[str], ViewClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fsspec.implementations import memory

    grows = Grows(tmp_path / "a", address)
    grows.add(0, 20_000)
    size = grows.writer.path.stat().st_size
    client = view_of(address)
    assert len(losses(client, ".")) > 0
    fetched = []
    read = memory.MemoryFile.read

    def counted(self: Any, count: int = -1) -> bytes:
        found: bytes = read(self, count)
        fetched.append(len(found))
        return found

    monkeypatch.setattr(memory.MemoryFile, "read", counted)
    grows.add(20_000, 20_010)
    wait_for(lambda: client.overview()["runs"][0]["values"] == 20_010)
    assert 0 < sum(fetched) < size / 2


def test_pictures_and_distributions_come_from_a_store(
    tmp_path: Path, address: str, view_of: Callable[[str], ViewClient]
) -> None:
    grows = Grows(tmp_path / "a", address)
    grows.writer.images("kernel", np.zeros((2, 4, 5, 1), np.uint8), 0)
    grows.writer.histogram("weights/a", distribution(np.arange(9, dtype=np.float32)).rows(), 0)
    grows.add(0, 1)
    client = view_of(address)
    found = decode([client.ask(f"/media?run=0&tag={client.tag('kernel')}&at=0")[2]])
    assert [one["type"] for one in found["about"]] == ["image/png"] * 2
    (told,) = json.loads(client.post("/at-step", {"runs": [0], "tags": [client.tag("weights/a")], "step": None}))
    assert told["finite"] == 9


def test_addresses_that_lead_nowhere_are_told(address: str) -> None:
    with pytest.raises(ReadError, match="there is nothing"):
        Logs(address)
    fsspec.filesystem("memory").pipe_file(f"{address}/model.keras".removeprefix("memory:/"), b"PK")
    with pytest.raises(ReadError, match="models are opened from files on this machine"):
        Logs(address)


def test_the_command_opens_an_address(tmp_path: Path) -> None:
    with EventWriter(tmp_path / "run") as writer:
        writer.scalars({"loss": 1.0}, 0)
    for target in (tmp_path, writer.path):
        command = [sys.executable, "-m", "cutaway", target.as_uri(), "--no-browser"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert "http://" in process.stdout.readline()
            process.terminate()


def test_checks_read_an_address(tmp_path: Path) -> None:
    import cutaway

    with EventWriter(tmp_path / "run") as writer:
        for step in range(20):
            writer.scalars({"batch_loss": float("nan") if step > 9 else 1.0}, step)
    report = cutaway.check(tmp_path.as_uri())
    assert [(one.check, one.step) for one in report.findings if one.severity == "error"] == [("CT001", 10)]
