"""Which message a file of protocol buffers holds: the encoding does not say, so its first fields have to.

No test may rely on the order of fields: some programs write them in descending order. A field that runs past the end
of the file means that it is cut; it counts like any other, and something that only this format has must be seen too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import islice
from typing import Literal

from cutaway.errors import ReadError
from cutaway.readers.source import Source
from cutaway.readers.wire.blob import Blob, load
from cutaway.readers.wire.fields import FIXED32, MESSAGE, VARINT, Bytes, Field, fields, varint

ProtobufKind = Literal[
    "graph_def", "meta_graph", "saved_model", "graph_def_text", "meta_graph_text", "saved_model_text",
    "keras_metadata", "fingerprint", "onnx", "coreml", "caffe2",
]  # fmt: skip

NAMES: dict[ProtobufKind, str] = {
    "keras_metadata": "the metadata of a Keras SavedModel; open the folder that it lies in",
    "fingerprint": "the fingerprint of a SavedModel; open the folder that it lies in",
    "onnx": "an ONNX model; cutaway reads TensorFlow and Keras formats",
    "coreml": "a Core ML model; cutaway reads TensorFlow and Keras formats",
    "caffe2": "a Caffe2 net; cutaway reads TensorFlow and Keras formats",
}
"""What the kinds are that no reader takes, in words that end a sentence "the file is …"."""

_LOOKED_AT = 40
"""Fields of a message that are looked at."""

_OP = re.compile(rb"[A-Za-z_>][\w.>/\-]*\Z")
_PRINTABLE = re.compile(rb"[^\x00-\x1f\x7f]+\Z")

_TEXTS: tuple[tuple[ProtobufKind, re.Pattern[bytes]], ...] = (
    ("saved_model_text", re.compile(rb"\A(?:saved_model_schema_version|meta_graphs)\s*[:{<]")),
    ("meta_graph_text",
     re.compile(rb"\A(?:meta_info_def|graph_def|saver_def|collection_def|signature_def)\s*:?\s*[{<]")),
    ("graph_def_text",
     re.compile(rb"(?s)\A(?:node|library|versions)\s*:?\s*[{<].*?\b(?:op|producer|signature)\s*[:{<]")),
)  # fmt: skip
_SPACE = re.compile(rb"\A(?:\s+|#[^\n]*\n)*")


@lru_cache(maxsize=8)
def protobuf_kind(source: Source) -> ProtobufKind | None:
    """Which message a file holds, as text or encoded; None for a file that is none of these, or is no file.

    Raises:
        ReadError: The file cannot be read.
    """
    if source.kind != "file" or len(source.head) < 2:
        return None
    text = text_kind(source.head)
    if text is not None:
        return text
    key = source.head[0]
    if not 8 <= key < 128 or key & 7 not in (VARINT, MESSAGE) or source.head[4:8] == b"TFL3":
        return None
    try:
        return encoded_kind(load(source))
    except ReadError:
        return None


def text_kind(head: bytes) -> ProtobufKind | None:
    """Which message a text is, by the first of its fields."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    space = _SPACE.match(head)
    head = head[space.end() :] if space else head
    return next((kind for kind, pattern in _TEXTS if pattern.match(head)), None)


def encoded_kind(blob: Blob) -> ProtobufKind | None:
    """Which message a file holds, by its first fields."""
    top = _fields(blob.data, 0, len(blob))
    if not top:
        return None
    return next((kind for kind, test in _TESTS if test(blob.data, top)), None)


def _fields(data: Bytes, start: int, end: int) -> list[Field]:
    return list(islice(fields(data, start, end, []), _LOOKED_AT))


def _inside(data: Bytes, field: Field) -> list[Field]:
    return _fields(data, field.start, field.end) if field.wire == MESSAGE else []


def _bytes(data: Bytes, field: Field, most: int = 4096) -> bytes:
    return bytes(data[field.start : min(field.end, field.start + most)])


def _all(found: Sequence[Field], wires: dict[int, int]) -> bool:
    return bool(found) and all(wires.get(field.number) == field.wire for field in found)


def _is_node(data: Bytes, field: Field) -> bool:
    parts = {part.number: part for part in _inside(data, field) if part.wire == MESSAGE and part.number < 8}
    return (
        1 in parts and 2 in parts
        and _PRINTABLE.match(_bytes(data, parts[1])) is not None
        and _OP.match(_bytes(data, parts[2])) is not None
    )  # fmt: skip


def _is_library(data: Bytes, field: Field) -> bool:
    """Whether the functions in it have a signature with a name."""
    for function in _inside(data, field)[:1]:
        for part in _inside(data, function):
            if function.number == 1 and part.number == 1:
                return any(name.number == 1 and _OP.match(_bytes(data, name)) for name in _inside(data, part))
    return False


def _is_graph(data: Bytes, found: Sequence[Field]) -> bool:
    if not _all(found, {1: MESSAGE, 2: MESSAGE, 3: VARINT, 4: MESSAGE}):
        return False
    nodes = [field for field in found if field.number == 1]
    if nodes:
        return _is_node(data, nodes[0])
    return any(field.number == 2 and _is_library(data, field) for field in found)


def _is_empty_graph(found: Sequence[Field]) -> bool:
    return not found or (_all(found, {2: MESSAGE, 3: VARINT, 4: MESSAGE}) and any(field.number == 4 for field in found))


def _is_meta_graph(data: Bytes, found: Sequence[Field]) -> bool:
    if not _all(found, dict.fromkeys(range(1, 8), MESSAGE)):
        return False
    graphs = [_inside(data, field) for field in found if field.number == 2]
    if graphs and _is_graph(data, graphs[0]):
        return True
    described = any(
        part.number in (4, 5, 6) and _PRINTABLE.match(_bytes(data, part))
        for field in found if field.number == 1
        for part in _inside(data, field)
    )  # fmt: skip
    return described and (not graphs or _is_empty_graph(graphs[0]))


def _is_saved_model(data: Bytes, found: Sequence[Field]) -> bool:
    if not _all(found, {1: VARINT, 2: MESSAGE}):
        return False
    return any(field.number == 2 and _is_meta_graph(data, _inside(data, field)) for field in found)


def _is_keras_metadata(data: Bytes, found: Sequence[Field]) -> bool:
    return _all(found, {1: MESSAGE}) and any(
        part.number == 4 and _bytes(data, part, 9) == b"_tf_keras" for part in _inside(data, found[0])
    )


def _is_fingerprint(_: Bytes, found: Sequence[Field]) -> bool:
    numbers = {field.number for field in found}
    return numbers >= {1, 2, 3, 4} and all(
        field.wire == (MESSAGE if field.number in (6, 7) else VARINT) and field.number < 9 for field in found
    )


def _is_onnx(data: Bytes, found: Sequence[Field]) -> bool:
    wires = {1: VARINT, 2: MESSAGE, 3: MESSAGE, 4: MESSAGE, 5: VARINT, 6: MESSAGE, 7: MESSAGE, 8: MESSAGE, 14: MESSAGE,
             20: MESSAGE, 25: MESSAGE}  # fmt: skip
    version = [varint(data, field.start, field.end)[0] for field in found if field.number == 1]
    graphs = [field for field in found if field.number == 7]
    return _all(found, wires) and len(version) == 1 and version[0] < 100 and len(graphs) == 1


def _is_coreml(_: Bytes, found: Sequence[Field]) -> bool:
    return (
        found[0].number == 1 and found[0].wire == VARINT
        and any(field.number >= 200 and field.wire == MESSAGE for field in found)
        and all(field.wire in (VARINT, MESSAGE) for field in found)
    )  # fmt: skip


def _is_caffe2(data: Bytes, found: Sequence[Field]) -> bool:
    operators = [field for field in found if field.number == 2]
    if not operators or any(field.wire not in (VARINT, MESSAGE, FIXED32) or field.number > 11 for field in found):
        return False
    return any(part.number == 4 and _OP.match(_bytes(data, part)) for part in _inside(data, operators[0]))


_TESTS: tuple[tuple[ProtobufKind, Callable[[Bytes, Sequence[Field]], bool]], ...] = (
    ("saved_model", _is_saved_model),
    ("graph_def", _is_graph),
    ("keras_metadata", _is_keras_metadata),
    ("meta_graph", _is_meta_graph),
    ("fingerprint", _is_fingerprint),
    ("onnx", _is_onnx),
    ("coreml", _is_coreml),
    ("caffe2", _is_caffe2),
)
