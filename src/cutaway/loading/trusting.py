"""Whether operations of a saved graph reach for files or for Python, told before TensorFlow runs any of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cutaway.errors import ReadError

_NEVER = frozenset({
    "AppendFile", "DebugIdentity", "DebugIdentityV2", "DebugIdentityV3", "DebugNanCount", "DebugNumericSummary",
    "DeleteFile", "DistributedSave", "EagerPyFunc", "FileSystemSetConfiguration",
    "FixedLengthRecordReader", "FixedLengthRecordReaderV2", "GenerateVocabRemapping", "LMDBReader",
    "LoadAndRemapMatrix", "MatchingFiles", "PyFunc", "PyFuncStateless", "ReadFile", "RecordInput", "TFRecordReader",
    "TFRecordReaderV2", "TextLineReader", "TextLineReaderV2", "WholeFileReader", "WholeFileReaderV2", "WriteFile",
    "CreateSummaryFileWriter", "CreateSummaryDbWriter",
})  # fmt: skip
"""What no model computes with; nor with a ``Dataset``, of which many kinds read, cache or send what they hold."""

_SETTINGS: Mapping[str, tuple[str, bytes]] = {
    "PrintV2": ("output_stream", b"file://"),
}
"""By operation, the attribute that makes it touch a file, and how its value then begins."""

_CHECKPOINTS = frozenset({
    "MergeV2Checkpoints", "Restore", "RestoreSlice", "RestoreV2", "Save", "SaveSlices", "SaveV2"
})  # fmt: skip
"""What every SavedModel has to save itself; nothing of that runs, unless the model computes with it."""


def check_saved_model(folder: str, path: str, caller: str) -> None:
    """Refuse a SavedModel whose operations would touch files or run Python.

    Args:
        folder: Where it lies.
        path: What its user calls it, for the message.
        caller: The function that takes a live function instead, for the message.

    Raises:
        ReadError: They would, or its messages cannot be read.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    encoded = Path(folder, "saved_model.pb")
    try:
        if encoded.exists():
            saved = saved_model_pb2.SavedModel.FromString(encoded.read_bytes())
        else:
            from google.protobuf import text_format

            written = Path(folder, "saved_model.pbtxt").read_text(encoding="utf-8")
            saved = text_format.Parse(written, saved_model_pb2.SavedModel())
    except Exception as error:  # protobuf has errors of its own in each of its forms
        raise ReadError(f"its messages cannot be read by TensorFlow: {error!s:.200}", path=path) from error
    for meta in saved.meta_graphs:
        given = [tensor.name for each in meta.signature_def.values() for tensor in each.outputs.values()]
        begun = [name for each in meta.collection_def.values() for name in each.node_list.value]
        check_graph(meta.graph_def, [*given, *begun], meta.object_graph_def.concrete_functions, path, caller)


def check_graph(definition: Any, outputs: Iterable[str], functions: Iterable[str], path: str, caller: str) -> None:
    """Refuse a graph whose operations would touch files or run Python.

    Args:
        definition: A ``GraphDef``.
        outputs: Tensors of it that are computed.
        functions: Functions of it that may be called besides.
        path: The file, for the message.
        caller: The function that takes a live function instead, for the message.

    Raises:
        ReadError: They would.
    """
    bodies = {each.signature.name: each.node_def for each in definition.library.function}
    every = [definition.node, *bodies.values()]
    for node in (node for nodes in every for node in nodes):
        if _is_never(node):
            raise _refused(node, path, caller)
    for node in _reached(definition.node, bodies, outputs, functions):
        if node.op in _CHECKPOINTS:
            raise _refused(node, path, caller)


def _is_never(node: Any) -> bool:
    """Whether a model has no use for an operation but to reach outside; a setting that its caller fills in may."""
    if node.op in _NEVER or "Dataset" in node.op:
        return True
    name, start = _SETTINGS.get(node.op, ("", b""))
    value = node.attr.get(name)
    return value is not None and (value.s.startswith(start) or bool(value.placeholder))


def _refused(node: Any, path: str, caller: str) -> ReadError:
    return ReadError(
        f"its operation {node.name!r:.120} is a {node.op}, which can touch files or run Python when the model runs; "
        f"expected operations that only compute. If you trust it, load it yourself and hand over the live function: "
        f"{caller}(function)",
        path=path,
    )


def _reached(nodes: Any, bodies: dict[str, Any], outputs: Iterable[str], functions: Iterable[str]) -> Iterator[Any]:
    """All operations that some outputs and functions take to compute."""
    named, called = {node.name: node for node in nodes}, list(functions)
    waiting, seen = [*outputs], set[str]()
    while waiting:
        name = waiting.pop().removeprefix("^").partition(":")[0]
        if name in seen or name not in named:
            continue
        seen.add(name)
        yield named[name]
        waiting.extend(named[name].input)
        called.extend(_calls(named[name]))
    known = set[str]()
    while called:
        name = called.pop()
        if name in known:
            continue
        known.add(name)
        for node in bodies.get(name, ()):
            yield node
            called.extend(_calls(node))


def _calls(node: Any) -> Iterator[str]:
    """Functions that an operation calls: those of its attributes, or the one that it is itself."""
    yield node.op
    for value in node.attr.values():
        if value.HasField("func"):
            yield value.func.name
        elif value.HasField("list"):
            yield from (each.name for each in value.list.func)
