"""The object graph of a SavedModel: what the resources of its functions are, and which layers it tells of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cutaway.readers.tensorflow.entry import Variable
from cutaway.readers.tensorflow.op_kinds import VARIABLES
from cutaway.readers.tensorflow.program import Program
from cutaway.readers.wire.dtypes import dtype_name
from cutaway.readers.wire.protobuf import text
from cutaway.readers.wire.tensor_bundle import Bundle

_DEEPEST = 64
"""Steps from the root to an object; the path of a deeper one is cut there."""

_LONGEST_CONFIG = 16 << 20
"""Bytes of the configuration of one layer or model; the largest seen has 3 MB."""


class Objects:
    """Objects by number, with the names that their owners gave them.

    Args:
        graph: The ``SavedObjectGraph`` message.
        bundle: The checkpoint with the values, where it is there.
        assets: Names of the files of assets.
    """

    def __init__(self, graph: Any, bundle: Bundle | None, assets: Iterable[str] = ()) -> None:
        self._nodes = graph.nodes
        self._functions = {text(entry.key): entry.value for entry in graph.concrete_functions}
        self._bundle = bundle
        self._assets = list(assets)
        self._keys = _checkpoint_keys(bundle)
        self._paths: list[str] | None = None

    def bound(self, function: str) -> list[int]:
        """Objects that a function captured: they are its last arguments."""
        return list(self._functions[function].bound_inputs) if function in self._functions else []

    @property
    def is_legacy(self) -> bool:
        """Whether Keras 2 wrote it: it marks each of its objects."""
        return any(text(node.user_object.identifier).startswith("_tf_keras") for node in self._nodes)

    def variable(self, number: int) -> Variable | None:
        """What a captured object is; None for a constant of the graph, whose own operation tells more."""
        if not 0 <= number < len(self._nodes):
            return None
        node = self._nodes[number]
        kind = node.WhichOneof("kind")
        if kind == "variable":
            saved = node.variable
            shape = tuple(max(dim.size, 0) for dim in saved.shape.dim) if not saved.shape.unknown_rank else None
            name = text(saved.name) or self.path(number)
            dtype = dtype_name(saved.dtype) or "unknown"
            return Variable(name, shape, dtype, bool(saved.trainable), self._location(number))
        if kind == "asset":
            index = node.asset.asset_file_def_index
            name = self._assets[index] if 0 <= index < len(self._assets) else self.path(number)
            return Variable(name, None, "string", False, None, "asset")
        if kind == "resource":
            return Variable(self.path(number), None, "resource", False, None, "table")
        return None

    def path(self, number: int) -> str:
        """How an object is reached from the root: names of attributes, joined by a slash."""
        if self._paths is None:
            self._paths = self._all_paths()
        return self._paths[number] or f"object_{number}"

    def callables(self) -> dict[str, str]:
        """Functions of the root object by the names of its attributes, that of a call of the object itself first."""
        found: dict[str, str] = {}
        children = self._nodes[0].children if self._nodes else ()
        for child in sorted(children, key=lambda child: text(child.local_name) != "__call__"):
            if not 0 <= child.node_id < len(self._nodes):
                continue
            node = self._nodes[child.node_id]
            kind = node.WhichOneof("kind")
            if kind == "function" and node.function.concrete_functions:
                found[text(child.local_name)] = text(node.function.concrete_functions[0])
            elif kind == "bare_concrete_function":
                found[text(child.local_name)] = text(node.bare_concrete_function.concrete_function_name)
        return found

    def configurations(self) -> list[str]:
        """What Keras 2 wrote on its layers before it had a file for that."""
        return [text(node.user_object.metadata) for node in self._nodes if node.user_object.metadata]

    def _location(self, number: int) -> str | None:
        if self._bundle is None:
            return None
        key = self._keys.get(number) or f"{self.path(number)}/.ATTRIBUTES/VARIABLE_VALUE"
        entry = self._bundle.entries.get(key)
        return None if entry is None else entry.location

    def _all_paths(self) -> list[str]:
        paths = [""] * len(self._nodes)
        seen = {0}
        level = [0]
        for _ in range(_DEEPEST):
            below = []
            for number in level:
                for child in self._nodes[number].children:
                    other = child.node_id
                    if other in seen or not 0 <= other < len(self._nodes):
                        continue
                    seen.add(other)
                    name = text(child.local_name)
                    paths[other] = f"{paths[number]}/{name}" if paths[number] else name
                    below.append(other)
            level = below
        return paths


def _checkpoint_keys(bundle: Bundle | None) -> dict[int, str]:
    graph = None if bundle is None else bundle.object_graph()
    if graph is None:
        return {}
    return {
        number: text(attribute.checkpoint_key)
        for number, node in enumerate(graph.nodes)
        for attribute in node.attributes
        if text(attribute.name) == "VARIABLE_VALUE"
    }


def captured(program: Program, objects: Objects) -> dict[int, Variable]:
    """What the operations of the main graph stand for that are handed to functions as what those captured."""
    main = program.main
    found: dict[int, Variable] = {}
    kinds: dict[str, bool] = {}
    for at, op in enumerate(main.ops):
        if op not in kinds:
            kinds[op] = bool(main.attributes.functions(at))
        if not kinds[op]:
            continue
        for _, function in main.attributes.functions(at):
            bound = objects.bound(function)
            sources = [
                main.input_node[edge] for edge in range(main.input_start[at], main.input_start[at + 1])
                if main.input_port[edge] >= 0
            ]  # fmt: skip
            for source, number in zip(sources[len(sources) - len(bound) :], bound, strict=False):
                variable = objects.variable(number)
                if variable is not None:
                    found[source] = variable
    return found


def declared(program: Program, bundle: Bundle) -> dict[int, Variable]:
    """Variables of the main graph that a checkpoint keeps under their own names, as TensorFlow 1 does."""
    main = program.main
    found: dict[int, Variable] = {}
    for at, op in enumerate(main.ops):
        if op not in VARIABLES:
            continue
        shared = main.attributes.get(at, "shared_name")
        name = shared if shared and isinstance(shared, str) else main.names[at]
        entry = bundle.entries.get(name)
        if entry is not None:
            found[at] = Variable(name, entry.shape, entry.dtype, True, entry.location)
    return found


def classes_of(configurations: Iterable[str]) -> dict[str, str]:
    """Classes of layers by name, from what Keras 2 wrote on each of them."""
    found: dict[str, str] = {}
    for configuration in configurations:
        if len(configuration) > _LONGEST_CONFIG:
            continue
        try:
            told = json.loads(configuration)
        except (ValueError, RecursionError):
            continue
        _collect(told, found, 0)
    return found


def _collect(told: Any, found: dict[str, str], depth: int) -> None:
    if not isinstance(told, Mapping) or depth > _DEEPEST:
        return
    config = told.get("config")
    name = told.get("name") or (config.get("name") if isinstance(config, Mapping) else None)
    kind = told.get("class_name")
    if isinstance(name, str) and isinstance(kind, str):
        found.setdefault(name, kind.rpartition(">")[2])
    if isinstance(config, Mapping) and isinstance(config.get("layers"), list):
        for layer in config["layers"]:
            _collect(layer, found, depth + 1)
