"""`Inquiry`: asks the routes of the explorer without a server, for pages that cannot reach one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp, Message


@dataclass(slots=True)
class Answer:
    """What a route says.

    Attributes:
        status: As in HTTP.
        body: Its bytes.
    """

    status: int = 500
    body: bytearray = field(default_factory=bytearray)


def inquire(application: ASGIApp, path: str, query: str, body: str | None) -> Answer:
    """Ask a route and wait for its answer; in any thread that runs no event loop.

    Args:
        application: The routes.
        path: Such as ``"weight/stats"``.
        query: Such as ``"code=3"``, encoded as in an address.
        body: What is sent with it; None only asks.
    """
    return asyncio.run(_ask(application, path, query, body))


async def _ask(application: ASGIApp, path: str, query: str, body: str | None) -> Answer:
    answer = Answer()
    sent = [(body or "").encode("utf-8", "replace")]
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
        "method": "GET" if body is None else "POST", "path": f"/{path}", "raw_path": quote(f"/{path}").encode(),
        "query_string": query.encode("ascii", "replace"), "root_path": "", "headers": [(b"host", b"notebook")],
        "client": None, "server": ("notebook", 80),
    }  # fmt: skip

    async def receive() -> Message:
        if sent:
            return {"type": "http.request", "body": sent.pop(), "more_body": False}
        await asyncio.Event().wait()  # this client never goes away
        raise AssertionError("waits for ever")

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")

    await application(scope, receive, send)
    return answer
