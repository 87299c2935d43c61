"""Messages as text (``.pbtxt``) to the same messages encoded, so that one reader serves both.

The text library of protobuf needs a third of a millisecond for each node. Here the text is cut into tokens by one
expression and written in the encoding at once; no message is built. The attributes of nodes, nine tenths of a file,
repeat word by word: what one of them becomes is known by its text.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from cutaway.readers.wire.dtypes import dtype_numbers
from cutaway.readers.wire.protobuf import message

_DEPTH = 100
"""Messages inside one another; protobuf decodes no more either."""

_MANY = 200_000
_SHORT = 4
"""Tokens of a text, and their bytes on average, from which on it says nothing and would cost minutes to read."""

_STRING = r""""(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'"""

_TOKEN = re.compile(
    rf"""(?:\s+|\#[^\n]*)*+(?:(?P<name>[A-Za-z_][\w.]*+)|(?P<mark>[{{}}<>\[\]:,;/])|(?P<string>{_STRING})"""
    r"""|(?P<number>[-+.\d][\w.+-]*+)|(?P<end>\Z))"""
)

_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_SELDOM = re.compile(rb"\\[^0-7abfnrtv\\'\"]")
_LETTERS = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def _nested(depth: int) -> str:
    """Expression for a message in braces that holds messages up to a depth, without comments."""
    inside = rf"""[^{{}}<>"'#]++|{_STRING}"""
    block = rf"\{{(?:{inside})*+\}}"
    for _ in range(depth):
        block = rf"\{{(?:{inside}|{block})*+\}}"
    return block


_BLOCK = re.compile(rf"\s*+:?\s*+({_nested(5)})")

_HIDDEN = {
    ("MetaGraphDef", "graph_def"): "GraphDef",
    ("GraphDef", "library"): "FunctionDefLibrary",
    ("FunctionDefLibrary", "function"): "FunctionDef",
    ("BytesEntry", "value"): "AttrValue",
}
"""Messages that `messages.txt` declares as bytes."""

_KEPT_WHEN_CUT = frozenset({"SavedModel", "MetaGraphDef", "GraphDef", "FunctionDefLibrary", "SavedObjectGraph"})
"""Messages of which the complete parts are worth keeping."""

_NUMBERS = {**dtype_numbers(), "V1": 1, "V2": 2, "LEGACY": 0, "true": 1, "True": 1, "t": 1}
"""Words for numbers; others, of enums that nobody reads, count as 0."""


class _Field(NamedTuple):
    """How a field is written: its number, its type, the message that it holds, the key before a value with a length."""

    number: int
    type: int
    message: str
    key: bytes


class _Stop(Exception):
    """The text is no text of a message from a place on."""


@dataclass(slots=True)
class _Frame:
    """A message that has begun: its name, how it becomes a field of the one around it, and its encoded fields."""

    name: str
    key: bytes
    pieces: list[bytes] = field(default_factory=list)


@cache
def _fields(name: str) -> dict[str, _Field]:
    """The fields of a message by name; none of a message that is skipped."""
    if not name:
        return {}
    found = {}
    for described in message(name).DESCRIPTOR.fields:
        inside = described.message_type.name if described.message_type else _HIDDEN.get((name, described.name), "")
        found[described.name] = _Field(described.number, described.type, inside, _varint(described.number << 3 | 2))
    return found


def encode_text(data: bytes, name: str) -> tuple[bytes, list[str]]:
    """Encode a message that is given as text.

    Args:
        data: The text.
        name: Name of the message, such as ``GraphDef``.

    Returns:
        The encoded message, and what could not be read, in words.
    """
    transcoder = _Transcoder(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape"), name)
    return transcoder.run(), transcoder.warnings


class _Transcoder:
    """One pass over a text."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._at = 0
        self._tokens = 0
        self._is_full = False
        self._stack = [_Frame(name, b"")]
        self._known: dict[str, bytes] = {}
        self.warnings: list[str] = []

    def run(self) -> bytes:
        """Encode the text, as far as it is one."""
        try:
            while self._field():
                pass
        except _Stop:
            line = self._text.count("\n", 0, self._at) + 1
            byte = len(self._text[: self._at].encode("utf-8", "surrogateescape"))
            why = "holds more short words than texts of its size do" if self._is_full else "is cut or damaged"
            self.warnings.append(f"the text {why} at byte {byte:,} (line {line:,}): what follows is lost")
            while len(self._stack) > 1:
                self._close(keep=self._stack[-1].name in _KEPT_WHEN_CUT)
        return b"".join(self._stack[0].pieces)

    def _token(self) -> tuple[str, str]:
        """Kind and text of the next token."""
        match = _TOKEN.match(self._text, self._at)
        self._tokens += 1
        if match is None:
            raise _Stop
        if self._tokens > _MANY and self._at < self._tokens * _SHORT:
            self._is_full = True
            raise _Stop
        kind = match.lastgroup or "end"
        self._at = match.end()
        return kind, match[kind]

    def _field(self) -> bool:
        """Take one field, the beginning or the end of a message; False at the end of the text."""
        kind, word = self._token()
        if kind == "end":
            if len(self._stack) > 1:
                raise _Stop
            return False
        if kind == "mark":
            if word in "}>" and len(self._stack) > 1:
                self._close()
            elif word == "[":
                self._extension()
            elif word not in ",;":
                raise _Stop
            return True
        if kind != "name":
            raise _Stop
        frame = self._stack[-1]
        known = _fields(frame.name).get(word)
        if known is not None and known.message == "BytesEntry" and self._attribute(frame, known):
            return True
        self._value(frame, known)
        return True

    def _attribute(self, frame: _Frame, known: _Field) -> bool:
        """Take an attribute of a node as a whole; False where it is too deep, or its text is no attribute."""
        if frame.name != "NodeDef":
            return False
        match = _BLOCK.match(self._text, self._at)
        if match is None:
            return False
        block = match[1]
        encoded = self._known.get(block)
        if encoded is None:
            inner = _Transcoder(block[1:-1], known.message)
            encoded = inner.run()
            if inner.warnings:
                return False
            if len(block) < 1024:
                self._known[block] = encoded
        self._at = match.end()
        frame.pieces += (known.key, _varint(len(encoded)), encoded)
        return True

    def _extension(self) -> None:
        """Skip a field whose name is in brackets."""
        while self._token() != ("mark", "]"):
            if self._at >= len(self._text):
                raise _Stop
        self._value(self._stack[-1], None)

    def _value(self, frame: _Frame, known: _Field | None) -> None:
        """Take the value of a field: a message, a list, or a scalar."""
        kind, word = self._token()
        if word == ":" and kind == "mark":
            kind, word = self._token()
        if kind != "mark":
            self._scalar(frame, known, kind, word)
        elif word in "{<":
            self._open(known)
        elif word == "[":
            self._list(frame, known)
        else:
            raise _Stop

    def _list(self, frame: _Frame, known: _Field | None) -> None:
        while True:
            kind, word = self._token()
            if kind != "mark":
                self._scalar(frame, known, kind, word)
            elif word in "{<":
                depth = len(self._stack)
                self._open(known)
                while len(self._stack) > depth:
                    self._field_inside()
            elif word == "]":
                return
            elif word != ",":
                raise _Stop

    def _field_inside(self) -> None:
        if not self._field():
            raise _Stop

    def _open(self, known: _Field | None) -> None:
        if len(self._stack) >= _DEPTH:
            raise _Stop
        inside = known is not None and known.message
        self._stack.append(_Frame(inside or "", known.key if known is not None and inside else b""))

    def _close(self, keep: bool = True) -> None:
        """End a message; it becomes a field of the one around it unless it is skipped."""
        frame = self._stack.pop()
        if keep and frame.key:
            content = b"".join(frame.pieces)
            self._stack[-1].pieces += (frame.key, _varint(len(content)), content)

    def _scalar(self, frame: _Frame, known: _Field | None, kind: str, word: str) -> None:
        if kind == "end":
            raise _Stop
        if kind == "string":
            value: str | bytes = self._joined(word)
        else:
            value = word
        if known is None or not frame.name:
            return
        try:
            frame.pieces.append(_encoded(known, value))
        except (ValueError, OverflowError, struct.error):
            raise _Stop from None

    def _joined(self, word: str) -> bytes:
        """A string with those that follow it directly."""
        value = _unescaped(word)
        while True:
            match = _TOKEN.match(self._text, self._at)
            if match is None or match.lastgroup != "string":
                return value
            self._at = match.end()
            value += _unescaped(match["string"])


def _unescaped(word: str) -> bytes:
    """The bytes of a string in quotes."""
    raw = word[1:-1].encode("utf-8", "surrogateescape")
    if b"\\" not in raw:
        return raw
    if not _SELDOM.search(raw):
        try:
            return raw.decode("unicode_escape").encode("latin-1")
        except UnicodeError:  # an octal number above 255
            pass
    return _ESCAPE.sub(_one_escape, raw)


def _one_escape(match: re.Match[bytes]) -> bytes:
    octal, hexadecimal, short, long, letter = match.groups()
    if octal:
        return bytes([int(octal, 8) & 255])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    if short or long:
        code = int(short or long, 16)
        return chr(code).encode("utf-8", "surrogatepass") if code < 0x110000 else b"?"
    return _LETTERS.get(letter, letter)


def _encoded(known: _Field, value: str | bytes) -> bytes:
    """A scalar with its key."""
    types: Any = message("NodeDef").DESCRIPTOR.fields[0]
    if isinstance(value, bytes):
        if known.type not in (types.TYPE_STRING, types.TYPE_BYTES):
            raise ValueError("a string where a number is expected")
        return known.key + _varint(len(value)) + value
    if known.type == types.TYPE_FLOAT:
        return _varint(known.number << 3 | 5) + struct.pack("<f", _real(value))
    if known.type == types.TYPE_DOUBLE:
        return _varint(known.number << 3 | 1) + struct.pack("<d", _real(value))
    if known.type in (types.TYPE_STRING, types.TYPE_BYTES, types.TYPE_MESSAGE):
        raise ValueError("a number where a string is expected")
    number = _integer(value)
    if known.type == types.TYPE_FIXED32:
        return _varint(known.number << 3 | 5) + struct.pack("<I", number)
    if known.type == types.TYPE_SINT64:
        number = number << 1 ^ number >> 63
    return _varint(known.number << 3) + _varint(number & 0xFFFFFFFFFFFFFFFF)


def _real(word: str) -> float:
    lower = word.lower().rstrip("f") if not word.lower().endswith("inf") else word.lower()
    if lower.lstrip("+-") in ("in", "infinity"):
        lower = lower.replace("infinity", "inf")
    value = float(lower)
    try:
        struct.pack("<f", value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    return value


def _integer(word: str) -> int:
    if word[0].isalpha() or word[0] == "_":
        return _NUMBERS.get(word, 0)
    digits = word.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0" and digits.isdigit():
        return int(word, 8)
    return int(word, 0)


def _varint(number: int) -> bytes:
    if number < 128:
        return bytes((number,))
    told = bytearray()
    while number > 127:
        told.append(number & 127 | 128)
        number >>= 7
    told.append(number)
    return bytes(told)
