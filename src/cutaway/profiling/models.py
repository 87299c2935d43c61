"""From a path or a live object to something that runs: each kind of source has its own function."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutaway.errors import MissingExtra, OptionError, ReadError
from cutaway.graph.model import Graph, Shape
from cutaway.profiling.fusing import fusions_in
from cutaway.profiling.inputs import Input, filled, inputs_of, smallest_vocabulary
from cutaway.profiling.landing import place_by_name
from cutaway.profiling.runnable import Landed, Runnable
from cutaway.profiling.trusting import check_graph, check_saved_model
from cutaway.readers import keras_live, read, tf_function
from cutaway.readers.checkpoint_files import at_path
from cutaway.readers.keras.code_in_config import check_no_code
from cutaway.readers.live.calls import leaves
from cutaway.readers.options import ReadOptions

_KERAS_FILES = frozenset({"keras_v3", "keras_h5"})

_BY_HAND = "load it yourself, if you trust it, and hand over the live model: cutaway.profile(model)"


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
            return _keras(tf, _loaded(path, wish.training), wish)
        _only_forward(wish, graph.format)
        if graph.format == "saved_model":
            return _function(tf, _signature(tf, path, wish.signature), graph, wish)
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


def _loaded(path: str, training: bool) -> Any:
    """The model in a file, loaded by Keras without running code from it."""
    try:
        import keras
    except ImportError as error:
        raise MissingExtra(
            "to run a model of Keras needs Keras, which is not installed: pip install keras tensorflow"
        ) from error
    check_no_code(at_path(path), _BY_HAND, compiled=training)
    try:
        if _has_no_weights(path):
            return _of_config(keras, path, training)
        return keras.saving.load_model(path, compile=training, safe_mode=True)
    except Exception as error:  # whatever the code of layers may raise
        said = " ".join(str(error).split())
        raise ReadError(
            f"cannot be loaded by Keras {keras.__version__}: {said:.300}. Where it has layers of your own, load it "
            "with custom_objects and give it to cutaway.profile",
            path=path,
        ) from error


def _has_no_weights(path: str) -> bool:
    """Whether a file of Keras 3 holds the configuration of a model alone."""
    source = at_path(path)
    return "config.json" in source.names and not any(name.startswith("model.weights") for name in source.names)


def _of_config(keras: Any, path: str, training: bool) -> Any:
    """The model of a configuration, with weights that are new: how long it takes does not depend on them."""
    config = json.loads(at_path(path).read("config.json"))
    if not training:
        config["compile_config"] = None
    return keras.saving.deserialize_keras_object(config, safe_mode=True)


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


def _signature(tf: Any, path: str, name: str | None) -> Any:
    """A function of a SavedModel; what it needs stays alive with it."""
    check_saved_model(path)
    try:
        loaded = tf.saved_model.load(path)
    except Exception as error:  # TensorFlow raises whatever its many parts raise
        raise _unloaded(path, error) from error
    signatures = dict(loaded.signatures)
    wanted = name or ("serving_default" if "serving_default" in signatures else next(iter(signatures), ""))
    if wanted not in signatures:
        raise OptionError(f"signature must be one of {', '.join(signatures) or 'none'}; received {wanted!r}")
    function = signatures[wanted]
    function.cutaway_keeps = loaded  # variables die with the object that loaded them
    return function


def _imported(tf: Any, path: str, graph: Graph) -> Any:
    """A frozen GraphDef as a function from its inputs to its outputs."""
    from pathlib import Path

    try:
        if Path(path).suffix == ".pbtxt":
            from google.protobuf import text_format

            definition = text_format.Parse(Path(path).read_text(encoding="utf-8"), tf.compat.v1.GraphDef())
        else:
            definition = tf.compat.v1.GraphDef.FromString(Path(path).read_bytes())
    except Exception as error:  # protobuf has errors of its own in each of its forms
        raise _unloaded(path, error) from error
    names = {each.name for each in definition.node}
    given = [graph.ids[port.node] for port in graph.inputs if graph.ids[port.node] in names]
    made = [f"{graph.ids[port.node]}:{port.port}" for port in graph.outputs if graph.ids[port.node] in names]
    if not given or not made:
        raise OptionError("the graph does not say what its inputs and outputs are; save it as a SavedModel to run it")
    check_graph(definition, made, [], path)
    try:
        whole = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(definition, name=""), [])
        return whole.prune([f"{name}:0" for name in given], made)
    except Exception as error:  # TensorFlow raises whatever its many parts raise
        raise _unloaded(path, error) from error


def _unloaded(path: str, error: Exception) -> ReadError:
    said = " ".join(str(error).split())
    return ReadError(
        f"cannot be loaded by TensorFlow: {type(error).__name__}: {said:.300}. Where it has operations of its own, "
        "load it with their library and give the function to cutaway.profile",
        path=path,
    )


def _function(tf: Any, function: Any, graph: Graph, wish: Wish) -> tuple[Graph, Runnable, dict[str, Shape]]:
    """A concrete function, whose operations are told apart by their names."""
    from cutaway.profiling.running import made_up

    captured = {id(inner) for _, inner in function.graph.captures}
    own = [tensor for tensor in function.graph.inputs if id(tensor) not in captured]
    wanted = [_input(tensor, at, function) for at, tensor in enumerate(own)]
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


def _input(tensor: Any, at: int, function: Any) -> Input:
    shape = None if tensor.shape.rank is None else tuple(tensor.shape)
    given = list(function.structured_input_signature[1]) if function.structured_input_signature else []
    plain = tensor.op.name.rpartition("/")[2]
    best = [name for name in given if plain == name or plain == f"{function.name}_{name}"]
    named = best or ([given[at]] if len(given) > at else [])
    return Input(tuple(dict.fromkeys([*named, plain])), shape, tensor.dtype.name)
