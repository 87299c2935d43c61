"""`Entry`: where a graph of operations is entered, what it returns, and what its resources are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cutaway.graph.model import CONTROL
from cutaway.readers.tensorflow.flow import is_constant
from cutaway.readers.tensorflow.op_kinds import INPUTS
from cutaway.readers.tensorflow.program import ARGUMENT, Body

_PLUMBING = frozenset({
    "NoOp", "Assert", "SaveV2", "Save", "SaveSlices", "RestoreV2", "Restore", "RestoreSlice", "ShardedFilename",
    "MergeV2Checkpoints", "Assign", "AssignVariableOp", "AssignAdd", "AssignSub", "AssignAddVariableOp",
    "AssignSubVariableOp", "IsVariableInitialized", "VarIsInitializedOp", "ScalarSummary", "HistogramSummary",
    "ImageSummary", "AudioSummary", "TensorSummary", "TensorSummaryV2", "MergeSummary", "ReadVariableOp", "Print",
    "InitializeTable", "InitializeTableV2", "InitializeTableFromTextFileV2", "QueueCloseV2", "QueueEnqueueV2",
    "QueueEnqueueManyV2", "QueueSizeV2", "LookupTableImportV2", "LookupTableSizeV2", "InitializeTableFromTextFile",
    "Shape", "Size", "Rank", "ControlTrigger", "CountUpTo", "WriteFile", "DestroyResourceOp",
})  # fmt: skip
_HARMLESS = frozenset({"NoOp", "Assert", "Print", "ReadVariableOp", "Shape", "Size", "Rank"})
"""Plumbing that frozen graphs have too, which hold nothing for training."""

_TRAINING = ("Apply", "ResourceApply", "SparseApply", "ResourceSparseApply")


Kind = Literal["variable", "constant", "table", "asset", "resource"]


@dataclass(frozen=True, slots=True)
class Variable:
    """What a resource is, as far as the file says.

    Attributes:
        name: The name that its author gave.
        shape: Dimensions; None where the file does not say.
        dtype: Name of the element type.
        trainable: Whether training changes it.
        location: Where its values lie, as `cutaway.readers.values` reads them; None where they were not saved.
        kind: What it is. Only variables and constants are weights.
    """

    name: str
    shape: tuple[int, ...] | None = None
    dtype: str = "float32"
    trainable: bool = True
    location: str | None = None
    kind: Kind = "variable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How a model is entered.

    Attributes:
        outputs: Name, operation of the main graph, and port of each value that it returns.
        inputs: Names of the operations of the main graph that bring data, or of a function's arguments.
        function: Function that is entered from outside; empty for the main graph.
        variables: What operations of the main graph, or arguments of the function, stand for.
        classes: Classes of layers by name, from a configuration in the file.
        legacy: Whether Keras 2 made the graph, where all calls of a layer share one scope.
    """

    outputs: Sequence[tuple[str, int, int]] = ()
    inputs: Mapping[int, str] = field(default_factory=dict)
    function: str = ""
    variables: Mapping[int, Variable] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    legacy: bool = False


def whole_graph(body: Body) -> Entry:
    """The entry of a graph that does not say how it is used: from its placeholders to what nobody reads.

    Initialising, saving, restoring, summaries, gradients and the updates of training are no results, and do not count
    as readers of one. Where nothing else is left, everything that nobody reads is a result.
    """
    plumbing = _plumbing(body)
    read = _read_by(body, [at for at, outside in enumerate(plumbing) if not outside])
    variables = _handed_in(body)
    results = [at for at, outside in enumerate(plumbing) if not outside and not read[at] and at not in variables]
    if not results:
        read = _read_by(body, range(len(body)))
        ends = [at for at in range(len(body)) if not read[at]]
        results = [at for at in ends if body.ops[at] not in ("NoOp", "Const")] or ends
    inputs = {at: body.names[at] for at, op in enumerate(body.ops) if op in INPUTS and at not in variables}
    return Entry(outputs=[(body.names[at], at, 0) for at in results], inputs=inputs, variables=variables)


def _handed_in(body: Body) -> dict[int, Variable]:
    """Variables that a function got as arguments, as in the trace of a run; what reads one tells its shape."""
    found: dict[int, Variable] = {}
    if ARGUMENT not in body.ops:
        return found
    handles = {at for at, op in enumerate(body.ops) if op == ARGUMENT and body.attributes.get(at, "T") == "resource"}
    for at, op in enumerate(body.ops):
        start = body.input_start[at]
        if op != "ReadVariableOp" or start == body.input_start[at + 1] or body.input_node[start] not in handles:
            continue
        shapes = body.attributes.shapes(at)
        shape = shapes[0] if shapes else None
        known = tuple(size for size in shape if size is not None) if shape is not None else None
        handle = body.input_node[start]
        dtype = body.attributes.get(at, "dtype")
        found.setdefault(handle, Variable(body.names[handle], known, dtype if isinstance(dtype, str) else "float32"))
    for handle in handles:
        found.setdefault(handle, Variable(body.names[handle], None, "resource", False, None, "resource"))
    return found


def _read_by(body: Body, readers: Iterable[int]) -> bytearray:
    """For each operation, whether one of ``readers`` reads data of it."""
    read = bytearray(len(body))
    starts, nodes, ports = body.input_start.tolist(), body.input_node.tolist(), body.input_port.tolist()
    for at in readers:
        for edge in range(starts[at], starts[at + 1]):
            if ports[edge] == CONTROL:
                break
            read[nodes[edge]] = 1
    return read


def _plumbing(body: Body) -> bytearray:
    """For each operation, whether it serves something else than the model's results."""
    kinds = {op: op in _PLUMBING or is_constant(op) or op.startswith(_TRAINING) for op in set(body.ops)}
    found = bytearray(map(kinds.__getitem__, body.ops))
    if not any(op.startswith(_TRAINING) or op in _PLUMBING - _HARMLESS for op in kinds):
        return found
    scopes = _outer_scopes(body)
    known: dict[str, bool] = {"": False}
    for at, name in enumerate(body.names):
        scope = name.rpartition("/")[0]
        if not scope:
            continue
        outside = known.get(scope)
        if outside is None:
            parts = scope.split("/")
            outside = known[scope] = any(
                part == "Initializer" or part.startswith("gradients") for part in parts
            ) or any("/".join(parts[: end + 1]) in scopes for end in range(len(parts)))
        if outside:
            found[at] = 1
    return found


def _outer_scopes(body: Body) -> set[str]:
    """Scopes in which variables are saved, restored and updated."""
    scopes = {"init", "report_uninitialized_variables"}
    for name, op in zip(body.names, body.ops, strict=True):
        if "/" not in name:
            continue
        if op in ("SaveV2", "RestoreV2", "Save", "Restore"):
            scopes.add(name.partition("/")[0])
        elif op.startswith(_TRAINING) and "/update_" in name:
            scopes.add(name.partition("/update_")[0])
    return scopes
