"""Graphs as JSON, the way TensorFlow.js keeps them, to the same messages encoded, so that one reader serves all.

Converters of different age write them differently: numbers as texts, bytes in base64 or as lists of numbers, types by
name or number, and attributes with all the fields that they do not use.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cutaway.errors import ReadError
from cutaway.graph.model import Shape
from cutaway.readers.tensorflow.graph_def import read_program
from cutaway.readers.tensorflow.program import Attributes, Body, Constant, Program
from cutaway.readers.wire.blob import Blob
from cutaway.readers.wire.dtypes import dtype_numbers
from cutaway.readers.wire.protobuf import message

_HIDDEN = {
    ("GraphDef", "library"): "FunctionDefLibrary",
    ("FunctionDefLibrary", "function"): "FunctionDef",
    ("BytesEntry", "value"): "AttrValue",
}
"""Messages that the table of messages declares as bytes."""

_PER_PART = 20
"""Bytes of JSON for each message; real graphs have some 60."""

_FEWEST_PARTS = 100_000
"""Messages that any file may have."""

_EMPTY: tuple[Any, ...] = (None, "", 0, "0", False, "DT_INVALID", [], {})


def program_of_json(topology: Any, constants: Mapping[str, Constant], size: int) -> Program:
    """Read a graph.

    Args:
        topology: The ``GraphDef`` as JSON values.
        size: Bytes of its JSON, which limit how many parts it may have.
        constants: What is known of the constants by name; their values do not stand in the graph.

    Raises:
        ReadError: It is no graph, or nothing in it can be read.
    """
    if not isinstance(topology, dict) or not isinstance(topology.get("node", []), list):
        raise ReadError("expected a graph with a list of nodes under 'node'")
    try:
        encoded = _Encoder(max(_FEWEST_PARTS, size // _PER_PART)).encoded(topology, "GraphDef")
    except RecursionError as error:
        raise ReadError("the graph is nested too deeply to be a model's") from error
    program = read_program(Blob(encoded))
    if not len(program.main) and not program.function_names:
        raise ReadError("the graph has no nodes")
    place_constants(program, constants)
    return program


def place_constants(program: Program, constants: Mapping[str, Constant]) -> None:
    """Say of a graph what is known of its constants by name, in the main graph and in functions."""
    _place(program.main, constants)
    parse = program.parse
    if parse is not None:
        program.parse = lambda name: _place(parse(name), constants)


def _place(body: Body, constants: Mapping[str, Constant]) -> Body:
    body.attributes = PlacedAttributes(body.attributes, body.names, constants)
    return body


@dataclass(frozen=True, slots=True)
class PlacedAttributes:
    """Attributes of operations whose constants lie elsewhere.

    Attributes:
        inner: What the graph says.
        names: Name of each operation.
        constants: Constants by name.
    """

    inner: Attributes
    names: list[str]
    constants: Mapping[str, Constant]

    def __len__(self) -> int:
        return len(self.inner)

    def code(self, index: int) -> int:
        """A number that operations share whose attributes are the same; -1 where a constant lies elsewhere."""
        return -1 if self._known(index) else self.inner.code(index)

    def __getitem__(self, index: int) -> Mapping[str, Any]:
        """All attributes; the value of a constant is told by its type and shape."""
        told = self.inner[index]
        return {**told, "value": self._told(index)} if "value" in told and self._known(index) else told

    def get(self, index: int, key: str) -> Any:
        """One attribute; None where it is not there."""
        return self._told(index) if key == "value" and self._known(index) else self.inner.get(index, key)

    def shapes(self, index: int) -> tuple[Shape | None, ...] | None:
        """Shapes of the outputs."""
        return self.inner.shapes(index)

    def functions(self, index: int) -> tuple[tuple[str, str], ...]:
        """Attributes that name functions."""
        return self.inner.functions(index)

    def device(self, index: int) -> str:
        """Where the operation was placed."""
        return self.inner.device(index)

    def constant(self, index: int) -> Constant | None:
        """The tensor of a constant, by where its bytes lie."""
        return self.constants[self.names[index]] if self._known(index) else self.inner.constant(index)

    def location(self, index: int) -> str | None:
        """Where these bytes lie."""
        return self.constants[self.names[index]].location if self._known(index) else self.inner.location(index)

    def _known(self, index: int) -> bool:
        return self.names[index] in self.constants

    def _told(self, index: int) -> dict[str, Any]:
        constant = self.constants[self.names[index]]
        return {"dtype": constant.dtype, "shape": list(constant.shape)}


def _chosen(value: dict[str, Any]) -> dict[str, Any]:
    """The one field of an attribute that is meant: the long form writes all, those that are not meant empty.

    Where all are empty nobody can tell which it is, and the attribute has no value.
    """
    if len(value) < 2:
        return value
    named = value.get("value")
    if isinstance(named, str) and named in value:
        return {named: value[named]}
    meant = [key for key, item in value.items() if item not in _EMPTY]
    return {key: value[key] for key in meant[:1]}


@cache
def _fields(kind: str) -> dict[str, Any]:
    """Fields of a message by name, and by the name in JSON, which joins words by capitals."""
    found = {field.name: field for field in message(kind).DESCRIPTOR.fields}
    return found | {re.sub(r"_([a-z0-9])", lambda part: part[1].upper(), name): field for name, field in found.items()}


class _Encoder:
    """JSON objects to encoded messages; what does not fit is left out.

    Args:
        parts: Messages that may come out, whatever they lie in.
    """

    def __init__(self, parts: int) -> None:
        self._left = parts

    def encoded(self, value: Any, kind: str) -> bytes:
        """A JSON object as an encoded message.

        Raises:
            ReadError: It has more parts than a graph of its size.
        """
        into = message(kind)()
        if isinstance(value, dict):
            self._fill(into, kind, _chosen(value) if kind == "AttrValue" else value)
        data: bytes = into.SerializeToString()
        return data

    def _fill(self, into: Any, kind: str, value: dict[str, Any]) -> None:
        self._left -= 1
        if self._left < 0:
            raise ReadError("the graph has more parts, for its size, than any program writes")
        known = _fields(kind)
        for key, item in value.items():
            field = known.get(key)
            if field is None or item is None:
                continue
            hidden = _HIDDEN.get((kind, field.name))
            if field.is_repeated:
                self._fill_list(getattr(into, field.name), item, hidden, field)
            elif field.message_type is not None:
                below = getattr(into, field.name)
                below.SetInParent()
                if isinstance(item, dict):
                    self._fill(below, field.message_type.name, item)
            else:
                found = self.encoded(item, hidden) if hidden else _scalar(item, field.type)
                if found is not None:
                    setattr(into, field.name, found)

    def _fill_list(self, into: Any, item: Any, hidden: str | None, field: Any) -> None:
        inner = field.message_type
        if inner is not None and inner.name.endswith("Entry") and isinstance(item, dict):
            for key, value in item.items():
                self._fill(into.add(), inner.name, {"key": key, "value": value})
            return
        for each in item if isinstance(item, list) else ():
            if inner is not None:
                if isinstance(each, dict):
                    self._fill(into.add(), inner.name, each)
            else:
                found = self.encoded(each, hidden) if hidden else _scalar(each, field.type)
                if found is not None:
                    into.append(found)


_FLOATS, _TEXT, _BOOL, _BYTES = (1, 2), 9, 8, 12
"""Types of fields, as descriptors number them."""


def _scalar(item: Any, kind: int) -> Any:
    """A value as the type of its field; None where it cannot be one."""
    try:
        if kind == _TEXT:
            return item if isinstance(item, str) else None
        if kind == _BYTES:
            return base64.b64decode(item) if isinstance(item, str) else bytes(item)
        if kind == _BOOL:
            return item is True or item == "true"
        if kind in _FLOATS:
            return float(item)
        number = dtype_numbers().get(item) if isinstance(item, str) and item[:1] == "D" else None
        number = int(item) if number is None else number
        return number if -(1 << 63) <= number < 1 << 63 else None
    except (ValueError, TypeError, OverflowError, binascii.Error):
        return None
