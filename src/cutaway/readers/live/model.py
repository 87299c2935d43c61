"""From a live model to its graph: which recipe its outermost level needs, and its interface."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

from cutaway.errors import ReadError, UnbuiltModel
from cutaway.graph import Graph, GraphBuilder, Tensor
from cutaway.readers.live import functional
from cutaway.readers.live.attributes import LazyAttributes, configuration
from cutaway.readers.live.calls import Call, Inside, Value, argument_name, as_value, labelled, values
from cutaway.readers.live.compose import Composer, Known
from cutaway.readers.live.kinds import Kind, framework_of, graph_of, kind_of, kind_of_class
from cutaway.readers.live.locate import Located, located
from cutaway.readers.live.opener import Opener
from cutaway.readers.live.specs import Arguments, arguments_of
from cutaway.readers.live.weights import WeightBook, group_variables


def read_model(model: Any, *, input_shape: Any = None, inputs: Any = None) -> Graph:
    """The graph of a live model of Keras 3 or tf_keras.

    Raises:
        UnbuiltModel: The model has no layers, or it has no shapes, and none were given.
        ReadError: A subclassed model of tf_keras, whose `call` is not followed.
    """
    return read_located(model, input_shape=input_shape, inputs=inputs)[0]


def read_located(model: Any, *, input_shape: Any = None, inputs: Any = None) -> tuple[Graph, Located]:
    """As `read_model`, and where the layers and variables of the model are in the graph."""
    kind = kind_of_class(type(model))
    _check_not_empty(model, kind)
    if framework_of(type(model)) == "tf_keras":
        _check_keras_2(model, kind)
    with Opener(model) as opener:
        if kind == "functional":
            graph = _built(model, input_shape, inputs, opener)
            return _read_functional(model, graph, opener)
        return _read_called(model, arguments_of(model, input_shape, inputs), opener, inputs is not None)


def _check_not_empty(model: Any, kind: Kind) -> None:
    if kind == "functional" and graph_of(model) is None and not model.layers:
        raise UnbuiltModel(
            f"{type(model).__name__} {model.name!r} has no layers, so there is nothing to draw; expected a model "
            f"with layers; call model.add(layer) before"
        )


def _check_keras_2(model: Any, kind: Kind) -> None:
    if kind != "functional":
        raise ReadError(
            f"{type(model).__name__} {model.name!r} is a subclassed model of tf_keras; expected a Functional or "
            f"Sequential model of tf_keras, or any model of Keras 3; make a Functional model of it and draw that: "
            f"x = tf_keras.Input(shape); tf_keras.Model(x, model.call(x))"
        )
    if graph_of(model) is None:
        raise UnbuiltModel(
            f"{type(model).__name__} {model.name!r} of tf_keras is not built, so its shapes are not known; "
            f"expected a built model; call model.build(input_shape) before, such as model.build((None, 224, 224, 3))"
        )


def _built(model: Any, input_shape: Any, inputs: Any, opener: Opener) -> Any:
    """The Functional in a Sequential, which is built on what the caller says for as long as it is read."""
    graph = graph_of(model)
    if graph is not None:
        return graph
    args, kwargs = arguments_of(model, input_shape, inputs)
    opener.begin()
    for value in values((args, kwargs))[:1]:
        model.build(value.tensor.shape)
    return graph_of(model)


def _read_functional(model: Any, graph: Any, opener: Opener) -> tuple[Graph, Located]:
    builder = _builder(model)
    composer = Composer(builder, WeightBook(model), opener)
    known: Known = {}
    for tensor, (name, value) in zip(graph.inputs, functional.interface(graph), strict=True):
        layer = tensor._keras_history[0]
        _place_input(composer, layer.name, name, value, known, LazyAttributes(partial(configuration, layer)))
    calls = composer.calls_of(graph)
    opener.prepare(_composites(composer, calls))
    composer.place_all(calls, known, 0, "")
    composer.close_group(0, model, "")
    for name, value in functional.interface(graph, "outputs"):
        composer.mark_outputs(known.get(value.key, ()), name)
    builder.warnings += opener.warnings
    return located(builder.build(), composer)


def _composites(composer: Composer, calls: list[Call]) -> list[Call]:
    """The calls of composite layers in a model and in the models nested in it."""
    found = []
    waiting = [calls]
    seen: set[int] = set()
    while waiting:
        for call in waiting.pop():
            kind = kind_of(call.target)
            if kind == "composite":
                found.append(call)
            elif kind == "functional" and id(call.target) not in seen:
                seen.add(id(call.target))
                graph = graph_of(call.target)
                if graph is not None:
                    waiting.append(composer.calls_of(graph))
    return found


def _read_called(model: Any, arguments: Arguments, opener: Opener, inputs_given: bool) -> tuple[Graph, Located]:
    """A subclassed model or a layer: what its `call` does with the given arguments."""
    builder = _builder(model)
    args, kwargs = arguments
    call = Call(model, model.name, type(model).__name__, args, kwargs)
    inside = opener.open(call)
    composer = Composer(builder, WeightBook(model), opener)
    known: Known = {}
    for (name, value), inner in zip(_named_arguments(call), inside.inputs, strict=True):
        tensor = value.tensor if inputs_given else _as_read(value.tensor, inner, inside)
        _place_input(composer, name, name, Value(inner.key, tensor), known, {})
    builder.describe_group(0, found_by=inside.found_by)
    composer.weights.of(group_variables(model), "", model)  # named before any loose operation that reads them
    composer.place_all(inside.calls, known, 0, "")
    composer.close_group(0, model, "")
    for position, made in enumerate(inside.outputs):
        name = inside.output_names[position] if inside.output_names else ""
        composer.mark_outputs([source for one in made for source in known.get(one.key, ())], name)
    builder.warnings += opener.warnings
    return located(builder.build(), composer)


def _as_read(tensor: Tensor, value: Value, inside: Inside) -> Tensor:
    """An input whose type was guessed: ids where an Embedding reads it."""
    for call in inside.calls:
        if call.op == "Embedding" and any(read.key == value.key for _, read in labelled(call)):
            return Tensor(tensor.shape, "int32")
    return tensor


def _named_arguments(call: Call) -> list[tuple[str, Value]]:
    """The tensors of a call, named by the key or the argument under which they are passed."""
    found: list[tuple[str, Value]] = []
    for position, arg in enumerate(call.args):
        found += _named(argument_name(call.target, position) or f"input_{position}", arg)
    for name, arg in call.kwargs.items():
        found += _named(name, arg)
    return found


def _named(name: str, structure: Any) -> list[tuple[str, Value]]:
    if isinstance(structure, Mapping):
        return [pair for key, item in structure.items() for pair in _named(str(key), item)]
    if isinstance(structure, (list, tuple)):
        return [pair for place, item in enumerate(structure) for pair in _named(f"{name}_{place}", item)]
    value = as_value(structure)
    return [] if value is None else [(name, value)]


def _place_input(
    composer: Composer, layer: str, name: str, value: Value, known: Known, attributes: Mapping[str, Any]
) -> None:
    node = composer.builder.node(layer, "InputLayer", outputs=[value.tensor], attributes=attributes)
    composer.builder.mark_input(node, name)
    composer.names[node] = layer
    known[value.key] = ((node, 0),)


def _builder(model: Any) -> GraphBuilder:
    framework = framework_of(type(model))
    version = getattr(sys.modules.get(framework), "__version__", "")
    builder = GraphBuilder(model.name, "keras", f"Keras {version}".rstrip())
    builder.describe_group(0, op=type(model).__name__, attributes=LazyAttributes(lambda: configuration(model), model))
    return builder
