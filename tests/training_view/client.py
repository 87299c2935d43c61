"""A client of the server of the training view."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from cutaway.explorer.guard import HEADER
from cutaway.explorer.server import Listening
from cutaway.training_view.logs import Logs
from cutaway.training_view.server import listening
from tests.explorer.client import Client
from tests.explorer.hand import decode


class ViewClient(Client):
    """Asks as the page does."""

    def post(self, path: str, said: Any) -> bytes:
        status, _, body = self.ask(path, method="POST", body=json.dumps(said).encode())
        assert status == 200, body
        return body

    def overview(self) -> Any:
        return self.json("/overview")

    def complete(self) -> Any:
        """What there is when everything is read."""
        return wait_for(lambda: found if (found := self.overview())["complete"] else None)

    def run(self, name: str) -> int:
        return next(int(run["index"]) for run in self.overview()["runs"] if run["name"] == name)

    def tag(self, tag: str) -> int:
        return next(at for at, (name, _) in enumerate(self.overview()["tags"]) if name == tag)

    def series(self, runs: list[str], tag: str, **more: Any) -> tuple[list[list[int]], dict[str, Any], dict[str, Any]]:
        said = {"axis": "step", "view": None, "pixels": 400, "smoothing": 0, **more}
        said |= {"runs": [self.run(name) for name in runs], "tags": [self.tag(tag)]}
        columns = decode([self.post("/series", said)])
        return columns["lines"], columns["about"], columns

    def token_header(self) -> dict[str, str]:
        return {HEADER: self.listening.token}


def serve_logs(logs: Logs) -> tuple[Listening, threading.Thread]:
    made = listening(logs, "127.0.0.1", 0)
    logs.start()
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    return made, thread


def wait_for(look: Callable[[], Any], seconds: float = 15.0) -> Any:
    """What a look gives, once it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError("it never came")
