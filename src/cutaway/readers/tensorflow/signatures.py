"""Signatures: the named entry points of a meta graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cutaway.readers.tensorflow.entry import Entry
from cutaway.readers.tensorflow.meta_graph_def import MetaGraph
from cutaway.readers.tensorflow.program import Program
from cutaway.readers.wire.protobuf import text

_PREFERRED = ("serving_default", "serve", "default", "predict")


@dataclass(frozen=True, slots=True)
class Signature:
    """One entry point.

    Attributes:
        inputs, outputs: Names of tensors of the main graph, such as ``"serving_default_x:0"``, by the name that
            the signature gives them; several for a sparse or ragged one.
    """

    inputs: Mapping[str, tuple[str, ...]]
    outputs: Mapping[str, tuple[str, ...]]


def signatures_of(meta: MetaGraph) -> dict[str, Signature]:
    """All signatures of a meta graph by name, sorted."""
    return {
        name: Signature(_tensors(told.inputs), _tensors(told.outputs))
        for name, told in sorted(_by_name(meta.message.signature_def).items())
    }


def _tensors(entries: Iterable[Any]) -> dict[str, tuple[str, ...]]:
    told = _by_name(entries)
    return {name: _names(told[name]) for name in sorted(told)}


def _by_name(entries: Iterable[Any]) -> dict[str, Any]:
    return {text(entry.key): entry.value for entry in entries}


def _names(info: Any) -> tuple[str, ...]:
    kind = info.WhichOneof("encoding")
    if kind == "coo_sparse":
        sparse = info.coo_sparse
        parts = (sparse.values_tensor_name, sparse.indices_tensor_name, sparse.dense_shape_tensor_name)
        return tuple(text(part) for part in parts if part)
    if kind == "composite_tensor":
        return tuple(name for part in info.composite_tensor.components for name in _names(part))
    return (text(info.name),)


def default_signature(signatures: Mapping[str, Signature]) -> str:
    """The name of the signature that is served; empty where there is none."""
    for name in (*_PREFERRED, *signatures):
        if name in signatures and not name.startswith("__") and signatures[name].outputs:
            return name
    return ""


def entry_of(signature: Signature, program: Program, warnings: list[str]) -> Entry:
    """The entry that a signature describes; what it names and the graph does not hold is told in ``warnings``."""
    places = {name: at for at, name in enumerate(program.main.names)}
    inputs: dict[int, str] = {}
    outputs: list[tuple[str, int, int]] = []
    for name, tensors in signature.inputs.items():
        for tensor in tensors:
            at = places.get(tensor.partition(":")[0])
            if at is not None:
                inputs[at] = name
    for name, tensors in signature.outputs.items():
        for tensor in tensors:
            operation, _, port = tensor.partition(":")
            at = places.get(operation)
            if at is None:
                warnings.append(f"the signature returns {tensor!r}, which is not in the graph")
            else:
                outputs.append((name, at, int(port) if port.isdecimal() else 0))
    return Entry(outputs=outputs, inputs=inputs)
