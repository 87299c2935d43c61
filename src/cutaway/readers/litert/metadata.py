"""What a model says about itself: its own description, the tools that wrote it, the files that go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cutaway.readers.litert.model import Model
from cutaway.readers.wire.flatbuffer import FlatBuffer, FlatBufferError, Table

_MOST = 1 << 20
_NAMES = ("name", "description", "version")


@dataclass(slots=True)
class Metadata:
    """Everything that is told beside the graph.

    Attributes:
        about: Facts about the model, by name.
        inputs: Name and description of each input of the main subgraph.
        outputs: The same for its outputs.
        producer: Program that converted the model.
    """

    about: dict[str, Any] = field(default_factory=dict)
    inputs: list[tuple[str, str]] = field(default_factory=list)
    outputs: list[tuple[str, str]] = field(default_factory=list)
    producer: str = ""


def read(model: Model) -> Metadata:
    """Read what is known; damaged metadata is a warning, as the graph does not need it."""
    found = Metadata()
    if model.description:
        found.about["description"] = model.description
    others = []
    for name, buffer in model.metadata:
        start, size = model.place(buffer)
        data = model.data[start : start + min(size, _MOST)]
        try:
            if name == "TFLITE_METADATA":
                _own(FlatBuffer(data).root(), found)
            elif name == "CONVERSION_METADATA":
                _conversion(FlatBuffer(data).root(), found)
            elif name == "min_runtime_version":
                found.about[name] = bytes(data[:32]).split(b"\0")[0].decode("ascii", errors="backslashreplace")
            else:
                others.append(name)
        except FlatBufferError as error:
            model.warnings.append(f"the metadata {name!r} cannot be read: {error}")
    if others:
        found.about["metadata"] = others
    return found


def _own(root: Table, found: Metadata) -> None:
    for slot, name in enumerate(_NAMES):
        if root.has(slot):
            found.about[f"model_{name}" if name != "description" else name] = root.text(slot)
    for slot, name in ((4, "author"), (5, "license")):
        if root.has(slot):
            found.about[name] = root.text(slot)
    files = root.tables(6)
    subgraphs = root.tables(3)
    if subgraphs:
        found.inputs, found.outputs = (_tensors(subgraphs[0].tables(slot), files) for slot in (2, 3))
        files += subgraphs[0].tables(4)
    names = [_file(file) for file in files]
    if names:
        found.about["associated_files"] = names


def _tensors(tables: Sequence[Table], files: list[Table]) -> list[tuple[str, str]]:
    for table in tables:
        files += table.tables(6)
    return [(table.text(0), table.text(1)) for table in tables]


def _file(table: Table) -> str:
    name, description = table.text(0), table.text(1)
    return f"{name}: {description}" if description else name


def _conversion(root: Table, found: Metadata) -> None:
    environment = root.table(0)
    version = environment.text(0) if environment is not None else ""
    if version:
        found.producer = f"TensorFlow {version}"
