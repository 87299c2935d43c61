"""The messages of TensorFlow's files: a table of fields, made into classes of a private descriptor pool.

Generated code would pin a version of the protobuf runtime and clash with TensorFlow's own in the same process. The
table, ``messages.txt``, names only the fields that cutaway reads; others are skipped. The file that is made of it is
proto2: proto3 refuses all of a message for one string that is not UTF-8, proto2 hands that string out as bytes (see
`text`).

Two things are declared looser than TensorFlow does, which changes nothing on the wire. Maps are repeated entries of
``key`` and ``value``, so that the order of the file is kept. What is large and seldom looked at (attributes of nodes,
functions, graphs inside other messages) is ``bytes``, parsed by whoever needs it: half the time and memory.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError as DecodeError

_PACKAGE = "cutaway"
_TABLE = Path(__file__).with_name("messages.txt")
_Field = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "string": _Field.TYPE_STRING, "bytes": _Field.TYPE_BYTES, "int": _Field.TYPE_INT64, "uint": _Field.TYPE_UINT64,
    "sint": _Field.TYPE_SINT64, "bool": _Field.TYPE_BOOL, "float": _Field.TYPE_FLOAT, "double": _Field.TYPE_DOUBLE,
    "fixed32": _Field.TYPE_FIXED32,
}  # fmt: skip


@cache
def message(name: str) -> Any:
    """The class of a message of the table.

    Raises:
        KeyError: The table has no such message.
    """
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{_PACKAGE}.{name}"))


def text(value: str | bytes) -> str:
    """A string field as text, also where the file holds bytes that are no UTF-8."""
    return value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    """The pool, made once from the table."""
    file = descriptor_pb2.FileDescriptorProto(name="cutaway.proto", package=_PACKAGE, syntax="proto2")
    entries: dict[str, str] = {}
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    for line in filter(lambda line: not line.startswith("#"), lines):
        name, _, fields = line.partition(":")
        _declare(file.message_type.add(name=name.strip()), fields, entries)
    for name, kind in entries.items():
        _declare(file.message_type.add(name=name), f"1 key string, 2 value {kind}", {})
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def _declare(into: Any, fields: str, entries: dict[str, str]) -> None:
    """Add the fields of one line to a message; what follows ``|`` shares one ``oneof``, named behind the bar."""
    plain, _, choice = fields.partition("|")
    for text_of_field in filter(None, map(str.strip, plain.split(","))):
        _add_field(into, text_of_field, entries)
    if choice:
        name, _, rest = choice.strip().partition(" ")
        into.oneof_decl.add(name=name)
        for text_of_field in rest.split(","):
            _add_field(into, text_of_field, entries).oneof_index = 0


def _add_field(into: Any, described: str, entries: dict[str, str]) -> Any:
    number, name, kind = described.split()
    repeated = kind[0] in "*<"
    if kind[0] == "<":
        entry = f"{kind[1:].capitalize() if kind[1:] in _TYPES else kind[1:]}Entry"
        entries[entry] = kind[1:]
        kind = entry
    kind = kind.lstrip("*")
    field = into.field.add(name=name, number=int(number))
    field.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
    field.type = _TYPES.get(kind, _Field.TYPE_MESSAGE)
    if kind not in _TYPES:
        field.type_name = f".{_PACKAGE}.{kind}"
    return field
