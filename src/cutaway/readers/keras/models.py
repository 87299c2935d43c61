"""Functional and Sequential models, at the top and nested, of every Keras version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cutaway.errors import ReadError
from cutaway.graph.model import Shape, Tensor
from cutaway.readers.keras.assemble import NO_CALL, Assembler
from cutaway.readers.keras.calls import Key, ModelCalls
from cutaway.readers.keras.parsing import (
    Call,
    Input,
    Known,
    LayerSpec,
    checked_shape,
    layer_spec,
)
from cutaway.readers.keras.serialized import Attributes, dtype_policy
from cutaway.readers.keras.stored import stored_names
from cutaway.readers.keras.values import Place, Read, Value, is_model


def submodel(
    assembler: Assembler, spec: LayerSpec, call: Call, reads: list[Read], place: Place, known: Known | None
) -> list[Value]:
    """Add a call of a nested model: a group of its own, and weights shared with its other calls."""
    group = assembler.builder.group(
        spec.name,
        parent=place.group,
        kind="model",
        op=spec.op,
        found_by="config of the file",
        attributes=Attributes(spec.config, call.arguments),
    )
    inside = replace(
        place,
        group=group,
        path=f"{place.path}{spec.name}/",
        trainable=place.trainable and spec.trainable,
        depth=place.depth + 1,
        location=(*place.location, spec.stored, "layers"),
    )
    if "input_layers" in spec.config:
        return Functional(assembler, spec, inside).assemble(reads, call.keyed)
    return sequential(assembler, spec, inside, reads, known)


class Functional:
    """One call of a Functional model, at the top or nested.

    Args:
        assembler: Adds the layers.
        spec: The model.
        place: Where its layers go.
    """

    def __init__(self, assembler: Assembler, spec: LayerSpec, place: Place) -> None:
        calls = assembler.parsed.get(id(spec.config))
        if calls is None:  # a submodel is parsed once, however often it is called
            calls = assembler.parsed[id(spec.config)] = ModelCalls(spec)
        self._assembler = assembler
        self._calls = calls
        self._where = calls.where
        self._values: dict[Key, list[Value] | None] = {}
        self._place = place

    def assemble(self, reads: list[Read] | None, keyed: bool = False) -> list[Value]:
        """Add all calls and return the model's outputs.

        Args:
            reads: What a nested model reads; None for the model at the top, whose inputs become nodes.
            keyed: Whether ``reads`` came as a dictionary, in the order of its keys.

        Raises:
            ReadError: A call reads a layer that is not there, or reads itself through others.
        """
        if reads is not None:
            self._bind(reads, keyed)
        for spec in self._calls.specs.values():
            for number in range(len(spec.calls)):
                if (spec.name, number) not in self._values:
                    self._emit((spec.name, number))
        return [value for _, read in self._calls.outputs if (value := self._value(read, "an output")) is not None]

    def interface(self) -> None:
        """Mark inputs and outputs of the whole model."""
        builder = self._assembler.builder
        for name, read in self._calls.inputs:
            value = self._value(read, "an input")
            if value is not None:
                builder.mark_input(value.node, name or read.layer, value.port)
        for name, read in self._calls.outputs:
            value = self._value(read, "an output")
            if value is not None:
                builder.mark_output(value.node, name or read.layer, value.port)

    def _bind(self, reads: list[Read], keyed: bool) -> None:
        inputs = self._calls.inputs
        if keyed and not any(name for name, _ in inputs):  # called with a dictionary of input names
            inputs = sorted(inputs, key=lambda entry: entry[1].layer)
        trusted = self._place.trusted
        for at, (_, read) in enumerate(inputs):
            spec = self._calls.specs.get(read.layer)
            if spec is None:
                raise ReadError(f"{self._where}: its input layer {read.layer!r} is not among its layers")
            value = reads[at].value if at < len(reads) else None
            self._values[read.layer, read.call] = None if value is None else [value]
            if value is not None and trusted:
                trusted = _declared(spec).shape == self._place.inside(value.tensor).shape
        self._place = replace(self._place, trusted=trusted)

    def _emit(self, start: Key) -> None:
        """Add one call, and before it everything that it needs."""
        values, stack, open_calls = self._values, [start], set[Key]()
        while stack:
            key = stack[-1]
            if key in values:
                stack.pop()
                continue
            call = self._calls.specs[key[0]].calls[key[1]]
            missing = [
                producer
                for read in call.inputs
                if (producer := self._calls.producer(read, key[0])) not in values
            ]  # fmt: skip
            if not missing:
                values[key] = self._add(key, call)
                open_calls.discard(key)
                stack.pop()
                continue
            open_calls.add(key)
            if looped := [producer for producer in missing if producer in open_calls]:
                raise ReadError(
                    f"{self._where}: its layers form a cycle: {looped[0][0]!r} reads {key[0]!r}, which depends on it"
                )
            stack.extend(reversed(missing))

    def _add(self, key: Key, call: Call) -> list[Value]:
        spec = self._calls.specs[key[0]]
        reads: list[Read] = []
        for read in call.inputs:
            made = self._values[self._calls.producer(read, spec.name)]
            if made is None:  # an optional input that this call leaves out
                continue
            if read.port >= len(made):
                raise ReadError(
                    f"{self._where}: {spec.name!r} reads output {read.port} of layer {read.layer!r}, "
                    f"which has {len(made)}"
                )
            reads.append(Read(made[read.port], read.label))
        known = self._calls.hints.get(key)
        if spec.op == "InputLayer" and not reads:
            return input_node(self._assembler, spec, self._place)
        return self._assembler.layer(spec, call, reads, self._place, known)

    def _value(self, read: Input, what: str) -> Value | None:
        self._calls.check(read, what)
        made = self._values.get((read.layer, read.call))
        if made is None:
            return None
        if read.port >= len(made):
            raise ReadError(
                f"{self._where}: {what} is output {read.port} of layer {read.layer!r}, which has {len(made)}"
            )
        return made[read.port]


def _declared(spec: LayerSpec) -> Tensor:
    """What an InputLayer's config says."""
    config = spec.config
    shape = config.get("batch_shape", config.get("batch_input_shape"))
    dtype = config.get("dtype", config.get("input_dtype"))
    try:
        return Tensor(checked_shape(shape), dtype_policy(dtype)[0])
    except ValueError as error:
        raise ReadError(f"layer {spec.name!r} ({spec.op}): its input shape: {error}") from error


def input_node(assembler: Assembler, spec: LayerSpec, place: Place) -> list[Value]:
    """Add an input of the model as a node."""
    outputs = [place.outside(_declared(spec))]
    attributes = Attributes(spec.config, {})
    return assembler.node(spec.name, spec.op, (), group=place.group, outputs=outputs, attributes=attributes)


def sequential(
    assembler: Assembler, spec: LayerSpec, place: Place, reads: list[Read], known: Known | None = None
) -> list[Value]:
    """Add the layers of a Sequential model one after another and return what the last one makes.

    Args:
        assembler: Adds the layers.
        spec: The model.
        place: Where its layers go.
        reads: What the first layer reads.
        known: What the config around says about the model's outputs.
    """
    specs = [layer_spec(raw) for raw in spec.config["layers"]]
    stored_names(specs)
    specs = [each for each in specs if each.op != "InputLayer"]
    names: dict[str, int] = {}
    for at, each in enumerate(specs):
        names[each.name] = names.get(each.name, 0) + 1
        own = place if names[each.name] == 1 else replace(place, path=f"{place.path}{names[each.name]}@")
        if at + 1 == len(specs):
            made = assembler.layer(each, NO_CALL, reads, own, None, _first(known, place))
        else:
            made = assembler.layer(each, NO_CALL, reads, own, None, _read_by(specs[at + 1]))
        reads = [Read(value) for value in made]
        if len(made) > 1 and at + 1 < len(specs):
            reads = reads[:1]
    return [read.value for read in reads]


def _first(known: Known | None, place: Place) -> Tensor | None:
    config = known.get(0) if known and place.trusted else None
    try:
        return None if config is None else Tensor(checked_shape(config.get("shape")), None)
    except ValueError:
        return None


def _read_by(following: LayerSpec) -> Tensor | None:
    """What a layer was built for is what the one before it makes."""
    try:
        shape = checked_shape(following.built.get("input_shape")) if following.built else None
    except ValueError:
        return None
    return None if shape is None else Tensor((None, *shape[1:]), None)


def sequential_input(spec: LayerSpec, given: Shape | None) -> LayerSpec | None:
    """The input of a Sequential model at the top: its InputLayer, or one made of what the config says.

    Args:
        spec: The model.
        given: Input shape that the caller knows, the batch included; used where the config has none.

    Returns:
        The input layer, or None for a model that was never built.
    """
    layers = spec.config["layers"]
    first = layer_spec(layers[0]) if layers else None
    depth = 0
    while first is not None and is_model(first.config) and first.config["layers"] and depth < 8:
        if "input_layers" in first.config:
            break
        first, depth = layer_spec(first.config["layers"][0]), depth + 1
    if first is not None and first.op == "InputLayer":
        return first
    config: Mapping[str, Any] = first.config if first is not None else {}
    shape = config.get("batch_input_shape") or spec.config.get("build_input_shape")
    if shape is None and config.get("input_dim") and first is not None and first.op != "Embedding":
        shape = [None, config["input_dim"]]
    if shape is None and spec.built:
        shape = spec.built.get("input_shape")
    shape = shape if shape is not None else given
    if shape is None:
        return None
    dtype = config.get("input_dtype") or ("int32" if first is not None and first.op == "Embedding" else "float32")
    return LayerSpec("input", "InputLayer", {"batch_shape": shape, "dtype": dtype})
