"""Models of TensorFlow.js: a JSON with the topology, a Keras config or a graph, and shards of weights beside it.

Also what came before: ``tensorflowjs_model.pb`` with ``weights_manifest.json``; and manifests alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cutaway.errors import OptionError, ReadError
from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Graph, Weight
from cutaway.readers.hdf5 import Array, Tree
from cutaway.readers.keras.json_text import parse_json
from cutaway.readers.keras.weight_names import like
from cutaway.readers.keras.weight_tree import add_weight_tree, put
from cutaway.readers.members import member
from cutaway.readers.options import ReadOptions
from cutaway.readers.source import Source
from cutaway.readers.tfjs_files import GRAPH, MANIFEST
from cutaway.readers.tfjs_manifest import Stored, weights_of

_FORMAT = "tfjs"


def read(source: Source, options: ReadOptions) -> Graph:
    """Read a model.

    Raises:
        ReadError: The JSON is damaged, or is no model's.
        OptionError: A signature is asked for that is not there.
    """
    stem = source.path.stem
    if source.kind != "file" or (source.path.name == MANIFEST and member(source, GRAPH) is not None):
        return _early(source, stem if source.kind != "file" else source.path.parent.name, options)
    raw = parse_json(source.read(), str(source.path))
    try:
        return _weights_alone(raw, source, stem) if isinstance(raw, list) else _whole(raw, source, stem, options)
    except ReadError as error:
        if error.path is None:
            raise type(error)(str(error), path=source.path) from error
        raise


def _whole(raw: Any, source: Source, stem: str, options: ReadOptions) -> Graph:
    topology = raw.get("modelTopology") if isinstance(raw, dict) else None
    topology = parse_json(topology.encode(), "modelTopology") if isinstance(topology, str) else topology
    if not isinstance(raw, dict) or not (isinstance(topology, dict) or raw.get("weightsManifest")):
        raise ReadError("expected an object with 'modelTopology' or 'weightsManifest'")
    warnings: list[str] = []
    stored = weights_of(raw.get("weightsManifest") or [], source, warnings)
    if not isinstance(topology, dict):
        return _tree_of(stored, stem, warnings)
    producer = next((raw[key] for key in ("convertedBy", "generatedBy") if isinstance(raw.get(key), str)), "")
    if "node" in topology or "library" in topology:
        _only(options, "input_shape", "a graph")
        metadata = raw.get("userDefinedMetadata")
        signature = raw.get("signature") or (metadata.get("signature") if isinstance(metadata, dict) else None)
        graph = _graph(topology, source.size, signature, stored, stem, producer, options)
    else:
        _only(options, "signature", "a model of layers")
        graph = _layers(topology, source, stored, producer, options)
    return replace(graph, warnings=(*warnings, *graph.warnings))


def _only(options: ReadOptions, name: str, what: str) -> None:
    if getattr(options, name) is not None:
        raise OptionError(f"{name} means nothing for {what} of TensorFlow.js")


def _graph(
    topology: Any,
    size: int,
    signature: Any,
    stored: Mapping[str, Stored],
    name: str,
    producer: str,
    options: ReadOptions,
) -> Graph:
    from cutaway.readers.tensorflow.graph_json import program_of_json
    from cutaway.readers.tensorflow.program import Constant

    constants = {key: Constant(each.dtype, each.shape, each.location) for key, each in stored.items()}
    program = program_of_json(topology, constants, size)
    return _of_program(program, signature, stored, name, producer, options)


def _of_program(
    program: Any, signature: Any, stored: Mapping[str, Stored], name: str, producer: str, options: ReadOptions
) -> Graph:
    from cutaway.readers.tensorflow.assemble import graph_of
    from cutaway.readers.tensorflow.entry import whole_graph
    from cutaway.readers.tensorflow.raw import raw_graph
    from cutaway.readers.tensorflow.signatures import Signature, entry_of

    _check_signature(options, signature)
    if options.raw or not len(program.main):
        return raw_graph(program, name=name, format=_FORMAT, producer=producer)
    entry = whole_graph(program.main)
    if isinstance(signature, dict):
        told = entry_of(Signature(_ends(signature, "inputs"), _ends(signature, "outputs")), program, program.warnings)
        entry = replace(told, inputs={**entry.inputs, **told.inputs}) if told.outputs else entry
    return graph_of(program, entry, name=name, format=_FORMAT, producer=producer, attributes=_quantization(stored))


def _check_signature(options: ReadOptions, signature: Any) -> None:
    if options.signature is not None and (options.signature != "default" or not isinstance(signature, dict)):
        known = "'default'" if isinstance(signature, dict) else "none"
        raise OptionError(f"the model has no signature {options.signature!r}; there is {known}")


def _ends(signature: Mapping[str, Any], side: str) -> dict[str, tuple[str, ...]]:
    """Names of tensors by the names that the signature gives them."""
    told = signature.get(side)
    found: dict[str, tuple[str, ...]] = {}
    for name, info in told.items() if isinstance(told, dict) else ():
        tensor = info.get("name", name) if isinstance(info, dict) else name
        found[str(name)] = (str(tensor),)
    return found


def _quantization(stored: Mapping[str, Stored]) -> dict[str, Any]:
    """How many weights are stored in a smaller type than they have in the model."""
    counts: dict[str, int] = {}
    for each in stored.values():
        if each.dtype != each.meant:
            counts[f"{each.meant} as {each.dtype}"] = counts.get(f"{each.meant} as {each.dtype}", 0) + 1
    return {"quantized": counts} if counts else {}


def _layers(
    topology: dict[str, Any], source: Source, stored: Mapping[str, Stored], producer: str, options: ReadOptions
) -> Graph:
    from cutaway.readers.keras.config import read_config
    from cutaway.readers.keras.stored import StoredByName

    config = topology.get("model_config")
    config = parse_json(config.encode(), "model_config") if isinstance(config, str) else config
    version = topology.get("keras_version")
    graph = read_config(
        config if isinstance(config, dict) else topology,
        format=_FORMAT,
        producer=producer or (f"Keras {version}" if isinstance(version, str) else ""),
        path=source.path,
        stored=StoredByName(lambda: _tree(stored)),
        input_shape=options.input_shape,
    )
    told = _quantization(stored)
    groups = replace(graph.groups, attributes={**graph.groups.attributes, 0: {**graph.group(0).attributes, **told}})
    return replace(graph, weights=_placed(graph.weights, stored), groups=groups if told else graph.groups)


def _placed(weights: Sequence[Weight], stored: Mapping[str, Stored]) -> tuple[Weight, ...]:
    """Weights with where their values lie.

    Names differ between versions of Keras: more scopes or fewer, another last name. So the name itself is looked
    for first, then the one name that is like it and of its shape, each once.
    """
    left: dict[tuple[int, ...], dict[str, list[str]]] = {}
    named = {weight.id for weight in weights if weight.id in stored and stored[weight.id].shape == weight.shape}
    for key, each in stored.items():
        if key not in named:
            left.setdefault(each.shape, {})[key] = key.split("/")
    found: list[Weight] = []
    for weight in weights:
        name = weight.id if weight.id in named else like(weight.id.split("/"), left.get(weight.shape, {}))
        if name is not None:
            left.get(weight.shape, {}).pop(name, None)
            weight = replace(weight, dtype=stored[name].dtype, location=stored[name].location)
        found.append(weight)
    return tuple(found)


def _early(source: Source, name: str, options: ReadOptions) -> Graph:
    """A model of TensorFlow.js 0.x: an encoded graph without values, and a manifest."""
    from cutaway.readers.tensorflow.graph_def import load_program
    from cutaway.readers.tensorflow.graph_json import place_constants
    from cutaway.readers.tensorflow.program import Constant

    _only(options, "input_shape", "a graph")
    file, manifest = member(source, GRAPH), member(source, MANIFEST)
    if file is None:
        raise ReadError(f"the graph {GRAPH!r} is missing")
    warnings: list[str] = []
    stored: dict[str, Stored] = {}
    if manifest is not None:
        stored = weights_of(parse_json(manifest.read(), MANIFEST), source, warnings)
    program = load_program(file)
    place_constants(program, {key: Constant(each.dtype, each.shape, each.location) for key, each in stored.items()})
    graph = _of_program(program, None, stored, name, "TensorFlow.js Converter 0.x", options)
    return replace(graph, warnings=(*warnings, *graph.warnings))


def _weights_alone(manifest: Any, source: Source, stem: str) -> Graph:
    warnings: list[str] = []
    stored = weights_of(manifest, source, warnings)
    return _tree_of(stored, re.sub(r"[-_]?weights_manifest$", "", stem) or stem, warnings)


def _tree_of(stored: Mapping[str, Stored], name: str, warnings: list[str]) -> Graph:
    builder = GraphBuilder(name, _FORMAT)
    builder.describe_group(0, attributes=_quantization(stored))
    add_weight_tree(builder, _tree(stored), found_by="weights only: a manifest holds no topology", as_told=True)
    builder.warnings += warnings
    builder.warnings.append("the manifest lists weights alone: it says nothing of the calls between the layers")
    return builder.build()


def _tree(stored: Mapping[str, Stored]) -> Tree:
    tree: Tree = {}
    for name, each in stored.items():
        put(tree, [part for part in name.split("/") if part] or [name], Array(each.shape, each.dtype, each.location))
    return tree
