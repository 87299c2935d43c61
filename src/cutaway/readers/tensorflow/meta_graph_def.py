"""Encoded `MetaGraphDef` and `SavedModel` messages: each meta graph with its `Program`, in any order of the fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cutaway.errors import ReadError
from cutaway.readers.source import Source
from cutaway.readers.tensorflow.graph_def import load_encoded, read_program
from cutaway.readers.tensorflow.program import Program
from cutaway.readers.wire.blob import Blob
from cutaway.readers.wire.fields import Field, fields, told_of
from cutaway.readers.wire.protobuf import DecodeError, message, text

_META_GRAPHS = 64
"""Meta graphs of a SavedModel; real ones have up to four, one for each way of running it."""

_TINY = 3
_TINY_OBJECTS = 100_000
"""Messages too short to say anything, up to which an object graph is believed; each takes fifty times its bytes."""


@dataclass(slots=True)
class MetaGraph:
    """One meta graph.

    Attributes:
        message: The ``MetaGraphDef`` without its ``graph_def``.
        program: Its operations and functions.
    """

    message: Any
    program: Program

    @property
    def tags(self) -> tuple[str, ...]:
        """What it is for, such as ``serve``."""
        return tuple(map(text, self.message.meta_info_def.tags))


def load_saved_model(source: Source, member: str = "") -> list[MetaGraph]:
    """Read the meta graphs of a ``saved_model.pb`` or ``saved_model.pbtxt``.

    Args:
        source: Where the file lies.
        member: Name of the file in a folder or zip.

    Raises:
        ReadError: It holds none, or is made of records that no program would write.
    """
    blob, warnings = load_encoded(source, "SavedModel", member)
    found = read_saved_model(blob)
    found[-1].program.warnings[:0] = warnings
    return found


def load_meta_graph(source: Source, member: str = "") -> MetaGraph:
    """Read the meta graph of a ``.meta`` file, encoded or as text.

    Raises:
        ReadError: It holds no graph, or is made of records that no program would write.
    """
    blob, warnings = load_encoded(source, "MetaGraphDef", member)
    found = read_meta_graph(blob)
    found.program.warnings[:0] = warnings
    return found


def read_saved_model(blob: Blob) -> list[MetaGraph]:
    """Read the meta graphs of a ``saved_model.pb``.

    Raises:
        ReadError: It holds none, or is made of records that no program would write.
    """
    lost: list[int] = []
    places = [field for field in fields(blob.data, 0, len(blob), lost) if field.number == 2 and field.wire == 2]
    if not places or len(places) > _META_GRAPHS:
        raise ReadError(
            f"is no SavedModel: it holds {len(places):,} meta graphs, expected 1 to {_META_GRAPHS}",
            path=blob.path,
            offset=lost[0] if lost else None,
        )
    found = [read_meta_graph(blob, place.start, place.end) for place in places]
    if lost:
        _tell_cut(found[-1].program, lost[0] if places[-1].end < len(blob) else None)
    return found


def read_meta_graph(blob: Blob, start: int = 0, end: int | None = None) -> MetaGraph:
    """Read the meta graph between two places of a file.

    Raises:
        ReadError: Its graph cannot be read, or it is made of records that no program would write.
    """
    end = len(blob) if end is None else end
    lost: list[int] = []
    program, others = None, []
    for field in fields(blob.data, start, end, lost):
        if field.number == 2 and field.wire == 2:
            program = read_program(blob, field.start, field.end)
        else:
            others.append(field)
    if program is None:
        raise ReadError("the meta graph holds no graph", path=blob.path, offset=lost[0] if lost else None)
    if lost:
        _tell_cut(program, lost[0])
    meta = _decoded(blob, others, program)
    version = text(meta.meta_info_def.tensorflow_version)
    if version:
        program.producer = f"TensorFlow {version}"
    return MetaGraph(meta, program)


def _tell_cut(program: Program, at: int | None) -> None:
    if at is not None and not any("cut or damaged" in warning for warning in program.warnings):
        program.warnings.append(f"the file {told_of(at)}")


def _decoded(blob: Blob, others: list[Field], program: Program) -> Any:
    """All fields but the graph; what is damaged is read in parts, and what of that cannot be read is left out."""
    meta = message("MetaGraphDef")()
    for field in others:
        if field.number == 7 and field.wire == 2:
            _check_objects(blob, field)
        try:
            meta.MergeFromString(blob.data[field.at : field.end])
        except DecodeError:
            _save_parts(meta, blob, field, program)
    return meta


def _save_parts(meta: Any, blob: Blob, field: Field, program: Program) -> None:
    """Take what can be read of a damaged message, such as the complete objects of a cut object graph."""
    program.warnings.append(
        f"a part of the meta graph (field {field.number}), which begins at byte {field.at:,}, is cut or damaged"
    )
    names = {1: "meta_info_def", 7: "object_graph_def"}
    if field.wire != 2 or field.number not in names:
        return
    target = getattr(meta, names[field.number])
    for part in _intact(blob, field):
        try:
            target.MergeFromString(blob.data[part.at : part.end])
        except DecodeError:
            return


def _intact(blob: Blob, field: Field) -> Iterator[Field]:
    lost: list[int] = []
    for part in fields(blob.data, field.start, field.end, lost):
        if not lost:
            yield part


def _check_objects(blob: Blob, field: Field) -> None:
    tiny = 0
    for part in fields(blob.data, field.start, field.end, []):
        tiny += part.end - part.start < _TINY
    if tiny > _TINY_OBJECTS:
        raise ReadError(f"the object graph holds {tiny:,} empty objects; nobody writes that", path=blob.path)
