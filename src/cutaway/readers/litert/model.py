"""The tables of a ``.tflite`` as columns, as the file has them; the values of tensors are not touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cutaway.graph.model import Shape
from cutaway.readers.litert import schema
from cutaway.readers.wire.flatbuffer import FlatBuffer, FlatBufferError, Table

ABSENT = -1
"""Index of an optional input that is not given."""


@dataclass(frozen=True, slots=True)
class Code:
    """An operation that the model uses: its name, its version, and whether it is builtin."""

    op: str
    version: int
    custom: bool


@dataclass(slots=True)
class TensorEntry:
    """One tensor of a subgraph.

    Attributes:
        name: As in the file; may be empty.
        shape: Dimensions, None where they are free; None as a whole where even the rank is free.
        dtype: Name of the element type.
        buffer: Index of the buffer with its values; 0 for none.
        external: Index of its bytes in another file; 0 for none.
        variable: Whether it keeps its values from one run to the next.
        table: The rest: quantisation and sparsity.
    """

    name: str
    shape: Shape | None
    dtype: str
    buffer: int
    external: int
    variable: bool
    table: Table


@dataclass(slots=True)
class Operator:
    """One operation of a subgraph: what it is, and indices of the tensors that it reads and makes."""

    code: Code
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    table: Table

    @property
    def options(self) -> Mapping[str, object]:
        """Its options by name."""
        return schema.options(self.table)[1]


@dataclass(slots=True)
class Subgraph:
    """Tensors and operations of one function of the model."""

    index: int
    name: str
    tensors: list[TensorEntry]
    operators: list[Operator]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """A named way to call the model: a subgraph, and the names of its tensors."""

    key: str
    subgraph: int
    inputs: Mapping[int, str]
    outputs: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class External:
    """Bytes in another file."""

    file: str
    offset: int
    size: int


@dataclass(slots=True)
class Model:
    """The whole file.

    Attributes:
        description: In the words of the program that wrote it.
        codes: Operations that it uses.
        subgraphs: The first is the main one.
        buffers: Place and size of each buffer's bytes in the file, zeros for none.
        external: Bytes in other files, by their number.
        metadata: Index of the buffer of each named piece of metadata.
        signatures: In the order of the file.
        warnings: What could not be read.
    """

    description: str
    codes: list[Code]
    subgraphs: list[Subgraph]
    buffers: list[tuple[int, int]]
    external: dict[int, External]
    metadata: list[tuple[str, int]]
    signatures: list[Signature]
    data: memoryview
    warnings: list[str] = field(default_factory=list)

    def bytes_of(self, buffer: int, most: int) -> bytes | None:
        """Values of a buffer; None where there are none, or more than ``most``, or they are cut off."""
        start, size = self.place(buffer)
        if not 0 < size <= most or start + size > len(self.data):
            return None
        return bytes(self.data[start : start + size])

    def place(self, buffer: int) -> tuple[int, int]:
        """Where a buffer lies; zeros for none."""
        return self.buffers[buffer] if 0 <= buffer < len(self.buffers) else (0, 0)


def parse(data: memoryview) -> Model:
    """Read all tables.

    Raises:
        FlatBufferError: An offset leads out of the file, or tables overlap.
    """
    root = FlatBuffer(data).root()
    codes = [_code(table) for table in root.tables(1)]
    model = Model(
        description=root.text(3),
        codes=codes,
        subgraphs=[],
        buffers=[_buffer(table) for table in root.tables(4)],
        external=_external(root),
        metadata=[(table.text(0), table.number(1, "I")) for table in root.tables(6)],
        signatures=[_signature(table) for table in root.tables(7)],
        data=data,
    )
    if not codes and not root.has(2):
        raise FlatBufferError("holds neither operations nor subgraphs", 0)
    for table in root.tables(2):
        model.subgraphs.append(_subgraph(table, len(model.subgraphs), codes))
    _check(model)
    return model


def _code(table: Table) -> Code:
    code = max(table.number(0, "b"), table.number(3, "i"))
    name = schema.operation(code)
    custom = name == "CUSTOM"
    return Code((table.text(1) or "CUSTOM") if custom else name, table.number(2, "i", 1), custom)


def _buffer(table: Table) -> tuple[int, int]:
    offset, size = table.number(1, "Q"), table.number(2, "Q")
    if offset > 1:  # behind the tables, for models that are larger than an offset of 32 bits can reach
        return offset, size
    return table.span(0)


def _external(root: Table) -> dict[int, External]:
    groups = [table.text(0) for table in root.tables(8)]
    found = {}
    for table in root.tables(9):
        group = table.number(1, "I")
        file = groups[group] if group < len(groups) else ""
        found[table.number(0, "I")] = External(file, table.number(2, "Q"), table.number(3, "Q"))
    return found


def _signature(table: Table) -> Signature:
    inputs, outputs = (
        {entry.number(1, "I"): entry.text(0) for entry in table.tables(slot)} for slot in (0, 1)
    )  # fmt: skip
    return Signature(table.text(2), table.number(4, "I"), inputs, outputs)


def _subgraph(table: Table, index: int, codes: list[Code]) -> Subgraph:
    tensors = table.tables(0)
    ranked = any(tensor.has(8) for tensor in tensors)
    operators = []
    for operator in table.tables(3):
        code = operator.number(0, "I")
        known = codes[code] if code < len(codes) else Code(f"OPERATION {code}", 1, False)
        operators.append(Operator(known, operator.numbers(1, "i"), operator.numbers(2, "i"), operator))
    return Subgraph(
        index=index,
        name=table.text(4),
        tensors=[_tensor(tensor, ranked) for tensor in tensors],
        operators=operators,
        inputs=table.numbers(1, "i"),
        outputs=table.numbers(2, "i"),
    )


def _tensor(table: Table, ranked: bool) -> TensorEntry:
    shape: Shape | None = table.numbers(0, "i")
    signature = table.numbers(7, "i")
    if shape is not None and len(signature) == len(shape):
        shape = tuple(None if dim < 0 else dim for dim in signature)
    elif shape is not None:
        shape = tuple(None if dim is None or dim < 0 else dim for dim in shape)
    if not shape and ranked and not table.number(8, "?", False):
        shape = None  # only newer files tell a scalar from a tensor of any rank
    return TensorEntry(
        name=table.text(3),
        shape=shape,
        dtype=schema.dtype(table.number(1, "b")),
        buffer=table.number(2, "I"),
        external=table.number(10, "I"),
        variable=bool(table.number(5, "?", False)),
        table=table,
    )


def _check(model: Model) -> None:
    """Say in words what names something that is not there."""
    lost = sum(
        not ABSENT <= index < len(subgraph.tensors)
        for subgraph in model.subgraphs
        for operator in subgraph.operators
        for index in (*operator.inputs, *operator.outputs)
    )
    if lost:
        model.warnings.append(f"{lost:,} inputs and outputs of operations name tensors that are not in the file")
    lost = sum(tensor.buffer >= len(model.buffers) > 0 for graph in model.subgraphs for tensor in graph.tensors)
    if lost:
        model.warnings.append(f"{lost:,} tensors name buffers that are not in the file; they are shown without values")
    cut = [start for start, size in model.buffers if size and start + size > len(model.data)]
    if cut:
        model.warnings.append(
            f"the values of {len(cut):,} tensors are cut off: they begin at byte {min(cut):,} or later"
        )
