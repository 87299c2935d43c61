"""A server of the training view for each test that wants one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cutaway.explorer.server import Listening
from cutaway.training_view.logs import Logs
from tests.training_view.client import ViewClient, serve_logs


@pytest.fixture
def view() -> Iterator[Callable[[Path], ViewClient]]:
    running: list[tuple[Listening, threading.Thread]] = []

    def start(folder: Path) -> ViewClient:
        running.append(serve_logs(Logs(folder)))
        return ViewClient(running[-1][0])

    yield start
    for listening, thread in running:
        listening.end()
        thread.join(10)
        assert not thread.is_alive()
