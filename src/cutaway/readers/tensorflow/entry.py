"""`Entry`: where a graph of operations is entered, what it returns, and what its resources are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cutaway.graph.model import CONTROL
from cutaway.readers.tensorflow.flow import is_constant
from cutaway.readers.tensorflow.program import Body

INPUTS = frozenset({"Placeholder", "PlaceholderV2", "PlaceholderWithDefault"})
"""Operations by which data comes into a graph."""

_PLUMBING = frozenset({
    "NoOp", "Assert", "SaveV2", "Save", "SaveSlices", "RestoreV2", "Restore", "RestoreSlice", "ShardedFilename",
    "MergeV2Checkpoints", "Assign", "AssignVariableOp", "AssignAdd", "AssignSub", "AssignAddVariableOp",
    "AssignSubVariableOp", "IsVariableInitialized", "VarIsInitializedOp", "ScalarSummary", "HistogramSummary",
    "ImageSummary", "AudioSummary", "TensorSummary", "TensorSummaryV2", "MergeSummary", "ReadVariableOp", "Print",
    "InitializeTable", "InitializeTableV2", "InitializeTableFromTextFileV2", "QueueCloseV2", "QueueEnqueueV2",
    "QueueEnqueueManyV2", "QueueSizeV2", "LookupTableImportV2", "LookupTableSizeV2", "InitializeTableFromTextFile",
    "Shape", "Size", "Rank", "ControlTrigger", "CountUpTo", "WriteFile", "DestroyResourceOp",
})  # fmt: skip
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

    Saving, restoring, summaries and the updates of training are no results. Where nothing else is left,
    everything that nobody reads is one.
    """
    read = bytearray(len(body))
    for source, port in zip(body.input_node, body.input_port, strict=True):
        if port != CONTROL:
            read[source] = 1
    ends = [at for at in range(len(body)) if not read[at]]
    saving = _scopes_of_saving(body)
    results = [
        at for at in ends
        if not (
            body.ops[at] in _PLUMBING
            or is_constant(body.ops[at])
            or body.ops[at].startswith(_TRAINING)
            or body.names[at].partition("/")[0] in saving
        )
    ]  # fmt: skip
    results = results or [at for at in ends if body.ops[at] not in ("NoOp", "Const")] or ends
    inputs = {at: body.names[at] for at, op in enumerate(body.ops) if op in INPUTS}
    return Entry(outputs=[(body.names[at], at, 0) for at in results], inputs=inputs)


def _scopes_of_saving(body: Body) -> set[str]:
    """Outermost scopes in which variables are saved and restored, and gradients are made."""
    scopes = {"gradients", "init", "report_uninitialized_variables"}
    for name, op in zip(body.names, body.ops, strict=True):
        if op in ("SaveV2", "RestoreV2", "Save", "Restore") and "/" in name:
            scopes.add(name.partition("/")[0])
    return scopes
