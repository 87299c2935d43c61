"""Forms of answers: JSON, binary containers, and problems in words."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from cutaway.explorer.text import to_json


class Refused(Exception):
    """A request that makes no sense.

    Attributes:
        status: Status of the answer.
        kind: A word for programs.
    """

    def __init__(self, status: int, words: str, kind: str = "BadRequest") -> None:
        super().__init__(words)
        self.status = status
        self.kind = kind


def problem(status: int, words: str, kind: str) -> Response:
    """What went wrong, of the type `contract.Problem`."""
    return as_json(to_json({"error": words, "kind": kind}).encode(), status)


async def json_body(request: Request, most: int) -> Any:
    """What the body of a request says.

    Args:
        request: The request.
        most: Bytes that it may have.

    Raises:
        Refused: It has more, or is no JSON.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise Refused(413, f"the request has more than {most:,} bytes", "TooLarge")
    try:
        return json.loads(bytes(body))
    except (ValueError, RecursionError):
        raise Refused(400, "expected JSON") from None


def as_json(body: bytes, status: int = 200) -> Response:
    """JSON that is written already."""
    return Response(body, status, media_type="application/json")


def container(pieces: Sequence[bytes]) -> Response:
    """A binary container, sent piece by piece."""

    async def send() -> AsyncIterator[bytes]:
        for piece in pieces:
            for at in range(0, len(piece), _PIECE):
                yield piece[at : at + _PIECE]

    length = str(sum(map(len, pieces)))
    return StreamingResponse(send(), media_type="application/octet-stream", headers={"content-length": length})


_PIECE = 1 << 20


def whole_number(request: Request, name: str, most: int, default: int | None = None) -> int:
    """A number of the query from 0 up to below a bound.

    Raises:
        Refused: It is missing, no whole number, or too large.
    """
    text = request.query_params.get(name)
    if text is None and default is not None:
        return default
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 12 or int(text) >= most:
        raise Refused(400, f"{name} must be a whole number from 0 to {most - 1}; received {(text or '')[:40]!r}")
    return int(text)


def whole_numbers(request: Request, name: str, most: int, count: int) -> list[int]:
    """Numbers of the query with commas between them, each once, in their order.

    Raises:
        Refused: One of them is no whole number or too large, or there are too many.
    """
    words = [word for word in request.query_params.get(name, "").split(",") if word]
    if len(words) > count:
        raise Refused(400, f"{name}: at most {count} at once; received {len(words)}")
    for word in words:
        if not word.isascii() or not word.isdecimal() or len(word) > 12 or int(word) >= most:
            raise Refused(400, f"{name} must be whole numbers from 0 to {most - 1}; received {word[:40]!r}")
    return list(dict.fromkeys(map(int, words)))


def signed_numbers(request: Request, name: str) -> list[int]:
    """Whole numbers of the query with commas between them, which may be negative.

    Raises:
        Refused: One of them is no whole number, or there are too many.
    """
    words = [word for word in request.query_params.get(name, "").split(",") if word]
    plain = [word.removeprefix("-") for word in words]
    if len(words) > 64 or not all(word.isascii() and word.isdecimal() and len(word) <= 12 for word in plain):
        raise Refused(400, f"{name} must be whole numbers; received {request.query_params.get(name, '')[:60]!r}")
    return list(map(int, words))
