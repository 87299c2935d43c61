"""``.tflite`` of TensorFlow Lite, now called LiteRT. The values of tensors are never touched."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from cutaway.errors import OptionError, ReadError
from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Graph
from cutaway.readers.litert import metadata
from cutaway.readers.litert.graph import Assembler
from cutaway.readers.litert.metadata import Metadata
from cutaway.readers.litert.model import Model, Signature, parse
from cutaway.readers.litert.names import LayerNames
from cutaway.readers.options import ReadOptions
from cutaway.readers.source import Source
from cutaway.readers.wire.flatbuffer import FlatBufferError


def read(source: Source, options: ReadOptions) -> Graph:
    """Read a model: its main subgraph, or that of the signature that is asked for, with what it calls inside of it.

    Raises:
        ReadError: The file is damaged.
        OptionError: There is no such signature.
    """
    return _read(source, options)[0]


class Step(NamedTuple):
    """One operation of a subgraph, in the order in which the file has them.

    Attributes:
        op: What it is.
        inputs, outputs: Tensors that it reads and makes.
        node: The node that shows it; None for what calls other subgraphs, and for what is left out.
        group: The group of what it calls; None where it calls nothing.
        calls: Indices of the subgraphs that it calls.
    """

    op: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    node: int | None
    group: int | None
    calls: tuple[int, ...] = ()


class Steps(NamedTuple):
    """A model as what runs it knows it.

    Attributes:
        graph: The model.
        steps: What it runs.
        bodies: The operations of each subgraph that is called from one place alone, by its index.
        subgraph: Index of the subgraph that is run.
        inputs: The tensor behind each input of the graph.
        key: Name of the signature that runs it; empty where the file has none.
        made: By node, which tensors of that subgraph its outputs are.
    """

    graph: Graph
    steps: tuple[Step, ...]
    bodies: Mapping[int, tuple[Step, ...]]
    subgraph: int
    inputs: tuple[int, ...]
    key: str
    made: Mapping[int, tuple[int, ...]]


def read_steps(source: Source, options: ReadOptions) -> Steps:
    """The graph, and what its signature runs; raises as `read`."""
    graph, model, assembler = _read(source, options)
    signature = _chosen(model, options.signature)
    key = "" if signature is None else signature.key
    inputs = tuple(assembler.tensors[port.node][1][port.port] for port in graph.inputs)
    main = assembler.main
    made = {node: tensors for node, (subgraph, tensors) in assembler.tensors.items() if subgraph == main}
    return Steps(graph, _steps(model, assembler, main), _bodies(model, assembler), main, inputs, key, made)


def _steps(model: Model, assembler: Assembler, subgraph: int) -> tuple[Step, ...]:
    operators = model.subgraphs[subgraph].operators if model.subgraphs else []
    places = ((subgraph, at) for at in range(len(operators)))
    return tuple(
        Step(
            each.code.op, each.inputs, each.outputs, assembler.nodes.get(place), assembler.groups.get(place),
            assembler.calls.get(place, ()),
        )
        for place, each in zip(places, operators, strict=True)
    )  # fmt: skip


def _bodies(model: Model, assembler: Assembler) -> dict[int, tuple[Step, ...]]:
    """What runs in the calls of the main subgraph, and in theirs, where each body is called once only."""
    counts = Counter(callee for calls in assembler.calls.values() for callee in calls)
    found: dict[int, tuple[Step, ...]] = {}
    waiting = [_steps(model, assembler, assembler.main)]
    while waiting:
        for step in waiting.pop():
            for callee in step.calls:
                if counts[callee] == 1 and callee not in found and callee != assembler.main:
                    found[callee] = _steps(model, assembler, callee)
                    waiting.append(found[callee])
    return found


def _read(source: Source, options: ReadOptions) -> tuple[Graph, Model, Assembler]:
    with source.view() as data:
        try:
            model = parse(data)
            return _graph(model, source, options)
        except FlatBufferError as error:
            raise ReadError(
                f"the TensorFlow Lite model is damaged or cut short: {error}; get the file again", path=source.path,
                offset=error.offset,
            ) from error  # fmt: skip
        except struct.error as error:
            raise ReadError(f"the TensorFlow Lite model is damaged: {error}", path=source.path) from error


def _graph(model: Model, source: Source, options: ReadOptions) -> tuple[Graph, Model, Assembler]:
    told = metadata.read(model)
    signature = _chosen(model, options.signature)
    main = signature.subgraph if signature is not None and signature.subgraph < len(model.subgraphs) else 0
    names = _names(model, main, options)
    name = (names.model if names is not None else "") or source.path.stem
    builder = GraphBuilder(name, "tflite", told.producer)
    assembler = Assembler(model, builder, raw=options.raw)
    if not model.subgraphs:
        model.warnings.append("the file holds no subgraph")
    elif not options.raw or len(model.subgraphs) == 1:
        assembler.entry(main, 0, signature, told, names)
    if options.signature is None:
        _all(model, builder, assembler, options)
    about = dict(told.about)
    if model.signatures:
        about["signatures"] = {entry.key: _described(model, entry) for entry in model.signatures}
    builder.describe_group(0, attributes=about)
    builder.warnings += model.warnings
    return builder.build(), model, assembler


def _names(model: Model, index: int, options: ReadOptions) -> LayerNames | None:
    """What the names of a subgraph tell of its layers; None where they tell too little."""
    if options.raw or index >= len(model.subgraphs):
        return None
    names = LayerNames(model.subgraphs[index])
    return names if names.is_telling else None


def _all(model: Model, builder: GraphBuilder, assembler: Assembler, options: ReadOptions) -> None:
    """Every subgraph that is not shown yet, as a group of its own."""
    for subgraph in model.subgraphs:
        if subgraph.index not in assembler.shown:
            signature = next((entry for entry in model.signatures if entry.subgraph == subgraph.index), None)
            name = (signature.key if signature is not None else "") or subgraph.name or f"subgraph {subgraph.index}"
            group = builder.group(name, kind="function")
            assembler.entry(subgraph.index, group, signature, Metadata(), _names(model, subgraph.index, options))


def _chosen(model: Model, key: str | None) -> Signature | None:
    """The signature that is asked for, or the one of the main subgraph."""
    if key is None:
        return next((entry for entry in model.signatures if entry.subgraph == 0), None)
    for entry in model.signatures:
        if entry.key == key:
            return entry
    listed = ", ".join(repr(entry.key) for entry in model.signatures) or "none"
    raise OptionError(f"signature must be one of those in the file, {listed}; received {key!r}")


def _described(model: Model, signature: Signature) -> dict[str, Any]:
    graph = model.subgraphs[signature.subgraph] if signature.subgraph < len(model.subgraphs) else None
    sides = {"inputs": signature.inputs, "outputs": signature.outputs}
    found: dict[str, Any] = {}
    for side, names in sides.items():
        found[side] = {}
        for index, name in names.items():
            tensor = graph.tensors[index] if graph is not None and index < len(graph.tensors) else None
            shape = "" if tensor is None or tensor.shape is None else f" {list(tensor.shape)}"
            found[side][name] = "" if tensor is None else f"{tensor.dtype}{shape}"
    return found
