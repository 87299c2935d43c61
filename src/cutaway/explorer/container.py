"""The binary container in which columns travel: a header in JSON, then one section a column, aligned to 8 bytes."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Literal

from cutaway.explorer.contract import SCHEMA, Section
from cutaway.explorer.text import to_json

Kind = Literal["u8", "i32", "u32", "f32", "f64", "utf8"]

_CODES: dict[Kind, str] = {"u8": "B", "i32": "i", "u32": "I", "f32": "f", "f64": "d"}
_ALIGN = 8


class Container:
    """Collects sections and joins them."""

    def __init__(self) -> None:
        self._sections: list[Section] = []
        self._bodies: list[bytes] = []
        self._at = 0

    def numbers(self, name: str, kind: Kind, values: Iterable[float]) -> None:
        """Add a column of numbers."""
        column = (
            values if isinstance(values, array) and values.typecode == _CODES[kind] else array(_CODES[kind], values)
        )
        if sys.byteorder == "big":
            column = array(column.typecode, column)
            column.byteswap()
        self._add(name, kind, column.tobytes(), len(column))

    def texts(self, name: str, texts: Sequence[str]) -> None:
        """Add a column of texts: ``name`` holds them end to end, ``name_start`` where each begins, in bytes."""
        joined = "".join(texts)
        if joined.isascii():
            lengths: Iterable[int] = map(len, texts)
            body = joined.encode("ascii")
        else:
            encoded = [utf8(text) for text in texts]
            lengths = map(len, encoded)
            body = b"".join(encoded)
        self._add(name, "utf8", body, len(texts))
        self.numbers(f"{name}_start", "u32", accumulate(lengths, initial=0))

    def json(self, name: str, value: object) -> None:
        """Add a value as one text of JSON."""
        body = to_json(value).encode()
        self._add(name, "utf8", body, 1)

    def made(self, name: str, kind: Kind, body: bytes, count: int) -> None:
        """Add a column whose little-endian bytes are made already."""
        self._add(name, kind, body, count)

    def pieces(self, extra: Mapping[str, object] | None = None) -> list[bytes]:
        """The container, in pieces that follow one another; what is extra stands in its header."""
        header = to_json({"schema": SCHEMA, **(extra or {}), "sections": self._sections}).encode()
        header += b" " * (-(4 + len(header)) % _ALIGN)
        return [len(header).to_bytes(4, "little") + header, *self._bodies]

    def _add(self, name: str, kind: Kind, body: bytes, count: int) -> None:
        padding = -len(body) % _ALIGN
        self._sections.append({"name": name, "type": kind, "offset": self._at, "length": len(body), "count": count})
        self._bodies.append(body + b"\0" * padding)
        self._at += len(body) + padding


def utf8(text: str) -> bytes:
    """A text in UTF-8; half of a surrogate pair, which has no code there, becomes U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
