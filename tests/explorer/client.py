"""A client of the explorer's server, as the tests need one."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any

from cutaway.explorer.guard import HEADER
from cutaway.explorer.server import Listening
from cutaway.explorer.session import Session


class Client:
    """Talks to a server as a browser does."""

    def __init__(self, listening: Listening) -> None:
        self.listening = listening
        self.host = f"127.0.0.1:{listening.port}"

    def ask(
        self,
        path: str,
        headers: dict[str, str] | None = None,
        *,
        method: str = "GET",
        body: bytes | None = None,
        token: str | None = "",
    ) -> tuple[int, dict[str, str], bytes]:
        sent = dict(headers or {})
        if token is not None:
            sent.setdefault(HEADER, token or self.listening.token)
        connection = http.client.HTTPConnection("127.0.0.1", self.listening.port, timeout=20)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def json(self, path: str, **more: Any) -> Any:
        status, headers, body = self.ask(path, **more)
        assert status == 200, (path, body)
        assert headers["content-type"] == "application/json"
        return json.loads(body)

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.listening.port, timeout=20)
        connection.request("GET", "/events", headers={HEADER: self.listening.token})
        answer = connection.getresponse()
        assert answer.getheader("content-type", "").startswith("text/event-stream")
        try:
            name = ""
            while line := answer.readline():
                if line.startswith(b"event: "):
                    name = line[7:].decode().strip()
                elif line.startswith(b"data: "):
                    yield name, json.loads(line[6:])
        finally:
            connection.close()


def serve(session: Session) -> tuple[Listening, threading.Thread]:
    listening = Listening(session, "127.0.0.1", 0)
    session.start()
    thread = threading.Thread(target=listening.serve, daemon=True)
    thread.start()
    return listening, thread
