"""An encoded `GraphDef` to a `Program`: the main graph at once, functions when somebody asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cutaway.errors import ReadError
from cutaway.graph.model import Shape
from cutaway.readers.limits import limit
from cutaway.readers.sniff_protobuf import text_kind
from cutaway.readers.source import Source
from cutaway.readers.tensorflow.attribute_values import decoded, shape_of
from cutaway.readers.tensorflow.node_attributes import NodeAttributes
from cutaway.readers.tensorflow.node_records import NodeScanner, Records
from cutaway.readers.tensorflow.op_outputs import Output, OutputPorts
from cutaway.readers.tensorflow.program import Body, Program
from cutaway.readers.tensorflow.rows import Rows
from cutaway.readers.wire.blob import Blob, load
from cutaway.readers.wire.dtypes import dtype_name
from cutaway.readers.wire.fields import Field, TooMuch, fields, told_of
from cutaway.readers.wire.protobuf import DecodeError, message, text

_FUNCTIONS = 5000
_BYTES_PER_FUNCTION = 300
"""Functions that any file may have, and bytes of the library for each one more. Real ones have 1,400 and more each."""

_TINY_FUNCTION = 4
_TINY_FUNCTIONS = 1000
"""Functions too short to have a name, up to which a file is believed."""


def read_program(blob: Blob, start: int = 0, end: int | None = None) -> Program:
    """Read a graph that lies between two places of a file.

    Args:
        blob: The file.
        start: Where the graph begins.
        end: Where it ends; the end of the file if None.

    Raises:
        ReadError: It is made of records that no program would write, or nothing in it can be read.
    """
    end = len(blob) if end is None else end
    rows = Rows()
    found = NodeScanner(blob, rows, 1).scan(start, end)
    program = Program(rows.finish("", NodeAttributes(blob, found)))
    library = Library(blob, program)
    for field in found.others:
        if field.number == 2 and field.wire == 2:
            library.add(field, found.lost)
        elif field.number == 4 and field.wire == 2:
            program.producer = _producer(blob, field)
    program.parse = library.body
    program.warnings += _damage(found, "graph", "nodes")
    if found.lost and not rows.names and not program.function_names:
        raise ReadError("is no graph, or damaged from its beginning on", path=blob.path, offset=found.lost[0])
    return program


def load_program(source: Source) -> Program:
    """Read the graph of a file, encoded or as text.

    Raises:
        ReadError: It is damaged from its beginning on, or is made of records that no program would write.
    """
    blob, warnings = load_encoded(source, "GraphDef")
    program = read_program(blob)
    program.warnings[:0] = warnings
    return program


def load_encoded(source: Source, name: str, member: str = "") -> tuple[Blob, list[str]]:
    """The bytes of a file that holds a message, encoded where the file is text, and what that lost in words.

    Args:
        source: Where the file lies.
        name: Name of the message, such as ``GraphDef``.
        member: Name of the file in a folder or zip.

    Raises:
        ReadError: It cannot be read, or is a text without a field of that message.
    """
    blob = load(source, member)
    if text_kind(bytes(blob.data[: limit("head")])) is None:
        return blob, []
    if len(blob) > limit("text"):
        raise ReadError(f"has {len(blob):,} bytes of text; at most {limit('text'):,} are read", path=blob.path)
    from cutaway.readers.wire.text_proto import encode_text  # few graphs are text

    encoded, warnings = encode_text(bytes(blob.data), name)
    if not encoded:
        raise ReadError(f"holds no {name}; {'; '.join(warnings) or 'none of its fields is known'}", path=blob.path)
    return Blob(encoded, None, blob.path), warnings


def _producer(blob: Blob, field: Field) -> str:
    try:
        versions = message("VersionDef").FromString(blob.data[field.start : field.end])
    except DecodeError:
        return ""
    return f"TensorFlow, graph version {versions.producer}" if versions.producer else ""


def _damage(found: Records, what: str, parts: str) -> list[str]:
    """What was lost, in words."""
    told = []
    if found.lost:
        told.append(f"the {what} {told_of(found.lost[0])}")
    if found.dropped:
        told.append(
            f"the {what} has more inputs than graphs of its size: those of {found.dropped:,} nodes are left out"
        )
    if found.damaged:
        told.append(
            f"{len(found.damaged):,} {parts} of the {what} are damaged and left out, the first at byte "
            f"{found.damaged[0]:,}"
        )
    return told


class Library:
    """The functions of a graph, by name.

    Args:
        blob: The file.
        program: Takes the names of the functions, and warnings.
    """

    def __init__(self, blob: Blob, program: Program) -> None:
        self._blob = blob
        self._view = memoryview(blob.data)
        self._program = program
        self._places: dict[str, Field] = {}
        program.function_names = self._places

    def add(self, library: Field, lost: list[int]) -> None:
        """Take the functions of an encoded ``FunctionDefLibrary``.

        Raises:
            ReadError: It is made of records that are too short to be functions.
        """
        tiny = 0
        most = _FUNCTIONS + (library.end - library.start) // _BYTES_PER_FUNCTION
        for field in fields(self._blob.data, library.start, library.end, lost):
            if field.number == 1 and field.wire == 2:
                if len(self._places) >= most:
                    lost.append(TooMuch(field.at))
                    break
                tiny += field.end - field.start < _TINY_FUNCTION
                name = self._name(field)
                if name:
                    self._places.setdefault(name, field)
        if tiny > _TINY_FUNCTIONS:
            raise ReadError(f"{tiny:,} functions are too short to have a name", path=self._blob.path)

    def body(self, name: str) -> Body:
        """Parse one function."""
        place = self._places[name]
        found = Records()
        head = self._head(place, found)
        arguments = [text(argument.name) for argument in head.signature.input_arg]
        attributes: list[NodeAttributes] = []
        ports = OutputPorts(lambda node, key: attributes[0].get(node, key), self._outputs)
        rows = Rows(arguments, ports.port)
        scanner = NodeScanner(self._blob, rows, 3)
        attributes.append(NodeAttributes(self._blob, scanner.found, *_arguments(head)))
        scanner.scan(place.start, place.end)
        body = rows.finish(name, attributes[0])
        _finish(body, rows, head)
        for warning in _damage(scanner.found, f"function {name!r}", "nodes"):
            self._program.warnings.append(warning)
        return body

    def _name(self, place: Field) -> str:
        for field in fields(self._blob.data, place.start, place.end, []):
            if field.number == 1 and field.wire == 2:
                for part in fields(self._blob.data, field.start, field.end, []):
                    if part.number == 1 and part.wire == 2:
                        return text(bytes(self._view[part.start : part.end]))
        return ""

    def _head(self, place: Field, found: Records) -> Any:
        """Everything of a function but its nodes."""
        parts = [
            self._view[field.at : field.end]
            for field in fields(self._blob.data, place.start, place.end, found.lost)
            if field.number != 3
        ]
        try:
            return message("FunctionDef").FromString(b"".join(parts))
        except DecodeError:
            return message("FunctionDef")()

    def _outputs(self, op: str) -> Sequence[Output] | None:
        """Output arguments of a function that is called as an operation."""
        place = self._places.get(op)
        if place is None:
            return None
        signature = self._head(place, Records()).signature
        return [Output(text(a.name), text(a.number_attr or a.type_list_attr)) for a in signature.output_arg]


def _arguments(head: Any) -> tuple[list[dict[str, Any]], list[tuple[Shape | None, ...] | None]]:
    """Attributes and shapes of the arguments of a function."""
    told: list[dict[str, Any]] = []
    shapes: list[tuple[Shape | None, ...] | None] = []
    extra = {entry.key: entry.value for entry in head.arg_attr}
    for index, argument in enumerate(head.signature.input_arg):
        attributes: dict[str, Any] = {"index": index}
        dtype = dtype_name(argument.type)
        if dtype is not None:
            attributes["T"] = dtype
        shape: tuple[Shape | None, ...] | None = None
        if index in extra:
            for entry in extra[index].attr:
                attributes[text(entry.key)] = decoded(entry.value)
                if entry.key == "_output_shapes":
                    shape = _shapes(entry.value)
        if argument.handle_data:
            attributes["handle_dtype"] = dtype_name(argument.handle_data[0].dtype)
            handle = shape_of(argument.handle_data[0].shape)
            attributes["handle_shape"] = None if handle is None else list(handle)
        told.append(attributes)
        shapes.append(shape)
    return told, shapes


def _shapes(raw: bytes) -> tuple[Shape | None, ...] | None:
    try:
        return tuple(map(shape_of, message("AttrValue").FromString(raw).list.shape))
    except DecodeError:
        return None


def _finish(body: Body, rows: Rows, head: Any) -> None:
    """Add the results of a function."""
    returned = {text(entry.key): text(entry.value) for entry in head.ret}
    results = []
    for argument in head.signature.output_arg:
        name = text(argument.name)
        found = rows.reference(returned[name]) if name in returned else None
        if found is None:
            body.lost += 1
        else:
            results.append((name, *found))
    body.results = tuple(results)
    controls = {text(entry.key): text(entry.value) for entry in head.control_ret}
    found_controls = [rows.reference(controls.get(text(name), "")) for name in head.signature.control_output]
    body.control_results = tuple(found[0] for found in found_controls if found is not None)
