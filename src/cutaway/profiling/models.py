"""From a path or a live object to something that runs: each kind of source has its own function."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutaway.errors import OptionError
from cutaway.graph.model import Graph, Shape
from cutaway.loading.keras_files import has_weights, load_keras, model_of_config
from cutaway.loading.saved_graphs import (
    Argument,
    arguments_of,
    import_graph,
    load_graph_def,
    load_signature,
    shown_signature,
    unloaded,
)
from cutaway.profiling.fusing import fusions_in
from cutaway.profiling.inputs import Input, filled, inputs_of, smallest_vocabulary
from cutaway.profiling.landing import place_by_name
from cutaway.profiling.runnable import Landed, Runnable
from cutaway.readers import keras_live, read, tf_function
from cutaway.readers.live.calls import leaves
from cutaway.readers.options import ReadOptions

_KERAS_FILES = frozenset({"keras_v3", "keras_h5"})

_CALLER = "cutaway.profile"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """How a model is to be run.

    Attributes:
        batch: Length of every free batch axis.
        shapes: Shapes of some inputs, by name.
        training: Whether a step of training is run.
        data: Inputs, as the model takes them; None for numbers that are made up.
        input_shape, inputs, signature: As for `cutaway.read`.
    """

    batch: int = 1
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    training: bool = False
    data: Any = None
    input_shape: Any = None
    inputs: Any = None
    signature: str | None = None


def open_model(tf: Any, source: Any, wish: Wish) -> tuple[Graph, Runnable, dict[str, Shape]]:
    """A model that runs.

    Returns:
        The graph as it was read; how to run it; the shape of each input by the id of its node.

    Raises:
        ReadError: The source cannot be loaded.
        OptionError: It cannot be run as wished.
        UnbuiltModel: A live model has no weights yet.
        MissingExtra: A package is missing.
    """
    if isinstance(source, Graph):
        raise OptionError("a Graph cannot be run; give the model or its path, or a trace of it with trace=")
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        graph = read(path, input_shape=wish.input_shape, signature=wish.signature)
        if graph.format in _KERAS_FILES:
            load = load_keras if has_weights(path) else model_of_config  # times do not depend on weights
            return _keras(tf, load(path, _CALLER, compiled=wish.training), wish)
        _only_forward(wish, graph.format)
        if graph.format == "saved_model":
            return _function(tf, load_signature(tf, path, shown_signature(graph), _CALLER), graph, wish)
        if graph.format == "graph_def":
            return _function(tf, _imported(tf, path, graph), graph, wish)
        raise OptionError(
            f"{path} is of the format {graph.format}, which is not run here; expected a .keras, .h5, .tflite, .pb or a "
            "SavedModel, or a trace that was recorded elsewhere: --trace FILE"
        )
    if keras_live.matches(source):
        return _keras(tf, source, wish)
    if tf_function.matches(source):
        _only_forward(wish, "tf_function")
        options = ReadOptions(input_shape=wish.input_shape, signature=wish.signature)
        function = tf_function.concrete_function(source, options, wish.inputs)
        return _function(tf, function, read(function), wish)
    raise OptionError(f"expected a model of Keras or TensorFlow, or its path; received {type(source).__name__}")


def _only_forward(wish: Wish, kind: str) -> None:
    if wish.training:
        raise OptionError(f"a step of training is profiled for models of Keras; this is a {kind}")


def _keras(tf: Any, model: Any, wish: Wish) -> tuple[Graph, Runnable, dict[str, Shape]]:
    from cutaway.profiling.keras_runs import check_runs, runnable
    from cutaway.profiling.running import attempted, made_up

    check_runs(model)
    graph = read(model, input_shape=wish.input_shape, inputs=wish.inputs)
    wanted = inputs_of(graph)
    if wish.data is not None:
        tensors = _given(tf, wish.data, wanted)
    else:
        below = smallest_vocabulary(list(model._flatten_layers()))
        shapes = filled(wanted, wish.batch, wish.shapes)
        tensors = [made_up(tf, shape, each.dtype, below) for shape, each in zip(shapes, wanted, strict=True)]
    ran = {graph.ids[port.node]: tuple(each.shape) for port, each in zip(graph.inputs, tensors, strict=True)}
    return graph, attempted(lambda: runnable(tf, model, graph, tensors, training=wish.training)), ran


def _given(tf: Any, data: Any, wanted: Sequence[Input]) -> list[Any]:
    """The caller's own tensors, in the order of the inputs."""
    found = list(leaves(data))
    if len(found) != len(wanted):
        raise OptionError(f"data: the model takes {len(wanted)} tensors; received {len(found)}")
    try:
        return [tf.convert_to_tensor(each, dtype=one.dtype) for each, one in zip(found, wanted, strict=True)]
    except (ValueError, TypeError) as error:
        types = ", ".join(f"{one.names[0]!r} of {one.dtype}" for one in wanted)
        raise OptionError(f"data: expected {types}; {error!s:.200}") from error


def _imported(tf: Any, path: str, graph: Graph) -> Any:
    """A frozen GraphDef as a function from its inputs to its outputs."""
    definition = load_graph_def(tf, path, [graph.ids[port.node] for port in graph.outputs], _CALLER)
    names = {each.name for each in definition.node}
    given = [f"{graph.ids[port.node]}:0" for port in graph.inputs if graph.ids[port.node] in names]
    made = [f"{graph.ids[port.node]}:{port.port}" for port in graph.outputs if graph.ids[port.node] in names]
    if not given or not made:
        raise OptionError("the graph does not say what its inputs and outputs are; save it as a SavedModel to run it")
    whole = import_graph(tf, definition, path, _CALLER)
    try:
        return whole.prune(given, made)
    except Exception as error:  # TensorFlow raises whatever its many parts raise
        raise unloaded(path, _CALLER, error) from error


def _function(tf: Any, function: Any, graph: Graph, wish: Wish) -> tuple[Graph, Runnable, dict[str, Shape]]:
    """A concrete function, whose operations are told apart by their names."""
    from cutaway.profiling.running import made_up

    wanted = [_input(argument) for argument in arguments_of(function)]
    if wish.data is not None:
        tensors = _given(tf, wish.data, wanted)
    else:
        shapes = filled(wanted, wish.batch, wish.shapes)
        tensors = [made_up(tf, shape, each.dtype, 2) for shape, each in zip(shapes, wanted, strict=True)]
    nodes = {name: graph.ids[port.node] for port in graph.inputs for name in (port.name, graph.names[port.node])}
    ran = {
        nodes[name]: tuple(tensor.shape)
        for each, tensor in zip(wanted, tensors, strict=True)
        for name in each.names
        if name in nodes
    }
    find = place_by_name(graph)
    names = [each.names[0] for each in wanted]

    def run() -> Any:
        signature = function.structured_input_signature  # None where the function was cut out of a graph
        if signature and not signature[0] and len(signature[1]) == len(names):
            return function(**dict(zip(names, tensors, strict=True)))
        return function(*tensors)

    def land(name: str) -> Landed:
        return Landed(find(name))

    running = Runnable(run, land, lambda times: fusions_in(graph, land, times), "names of operations")
    return graph, running, ran


def _input(argument: Argument) -> Input:
    tensor = argument.tensor
    return Input(argument.names, None if tensor.shape.rank is None else tuple(tensor.shape), tensor.dtype.name)
