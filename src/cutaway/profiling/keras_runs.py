"""Live models of Keras as something that runs: forward, or one step of training."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

from cutaway.errors import OptionError, UnbuiltModel
from cutaway.graph.model import Graph
from cutaway.profiling.calls import trace_calls
from cutaway.profiling.fusing import fusions_in
from cutaway.profiling.landing import place_by_name
from cutaway.profiling.runnable import Landed, Runnable
from cutaway.profiling.traced_places import TracedPlaces
from cutaway.readers.live.calls import as_value, leaves, map_leaves
from cutaway.readers.live.kinds import framework_of, graph_of, is_built, kind_of_class
from cutaway.readers.live.recording import keras
from cutaway.readers.live.specs import arguments_of


def check_runs(model: Any) -> None:
    """Refuse a model that cannot be run by TensorFlow as it is.

    Raises:
        OptionError: The backend is another.
        UnbuiltModel: It has no weights yet.
    """
    if framework_of(type(model)) == "keras" and keras().backend.backend() != "tensorflow":
        raise OptionError(
            f"profile measures with TensorFlow's profiler; the backend of Keras is {keras().backend.backend()}. Set "
            "KERAS_BACKEND=tensorflow before Keras is imported"
        )
    if not is_built(model):
        raise UnbuiltModel(
            f"{type(model).__name__} {model.name!r} has no weights yet, and to make them would change it; call it once "
            "on data, or model.build(input_shape), before it is profiled"
        )


def runnable(tf: Any, model: Any, graph: Graph, tensors: Sequence[Any], *, training: bool) -> Runnable:
    """A model of Keras 3 or tf_keras that runs on some tensors.

    Args:
        tf: TensorFlow.
        model: The model, which is built.
        graph: The model as it was read, before it is grouped.
        tensors: Its inputs, in the order of those of the graph.
        training: Whether a step of training is run, and not the forward pass.
    """
    call = _caller(model, tensors)
    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors]
    if framework_of(type(model)) != "keras":
        if training:
            raise OptionError("a step of training is profiled for models of Keras 3; this one is of tf_keras")
        function = tf.function(lambda *given: call(given, False), autograph=False).get_concrete_function(*specs)
        find = place_by_name(graph)
        return Runnable(
            lambda: function(*tensors),
            lambda name: Landed(find(name)),
            lambda times: fusions_in(graph, lambda name: Landed(find(name)), times),
            "names of operations",
        )
    run = _training_step(tf, model, call) if training else lambda *given: call(given, False)
    function, traced = trace_calls(tf, model, run, specs)
    places = TracedPlaces(graph, traced)
    return Runnable(
        lambda: function(*tensors),
        places.land,
        places.fusions,
        "calls that made the operations",
        (lambda: restored(model)) if training else nullcontext,
    )


def _caller(model: Any, tensors: Sequence[Any]) -> Callable[[Sequence[Any], bool], Any]:
    """From flat tensors to a call with the structure that the model takes."""
    inner = graph_of(model) if kind_of_class(type(model)) == "functional" else None
    if inner is not None:
        struct = getattr(inner, "_inputs_struct", None)
        if struct is None or framework_of(type(model)) != "keras":
            return lambda given, training: model(given[0] if len(given) == 1 else list(given), training=training)
        return lambda given, training: model(keras().tree.pack_sequence_as(struct, list(given)), training=training)
    args, kwargs = arguments_of(model, None, tensors[0] if len(tensors) == 1 else None)

    def call(given: Sequence[Any], training: bool) -> Any:
        waiting = iter(given)
        positional, named = map_leaves(lambda leaf: leaf if as_value(leaf) is None else next(waiting), (args, kwargs))
        return model(*positional, **{**named, **_training(model, training)})

    return call


def _training(model: Any, training: bool) -> dict[str, bool]:
    takes = getattr(model, "_call_has_training_arg", True)
    return {"training": training} if takes else {}


def _training_step(tf: Any, model: Any, call: Callable[[Sequence[Any], bool], Any]) -> Callable[..., Any]:
    """Forward in training mode, the gradients of the mean square of the outputs, and an update of all weights.

    Labels are not known, so the loss stands for that of the model; it costs next to nothing.
    """
    variables = list(model.trainable_variables)
    if not variables:
        raise OptionError(f"{model.name!r} has no weights that are trained, so there is no step of training to profile")
    optimizer = _optimizer(model)
    optimizer.build(variables)

    def step(*given: Any) -> Any:
        with tf.GradientTape() as tape:
            made = [leaf for leaf in leaves(call(given, True)) if leaf is not None and leaf.dtype.is_floating]
            loss = tf.add_n([tf.reduce_mean(tf.square(tf.cast(leaf, tf.float32))) for leaf in made])
            for extra in model.losses:
                loss += tf.cast(extra, tf.float32)
        gradients = tape.gradient(loss, variables)
        pairs = [(one, each) for one, each in zip(gradients, variables, strict=True) if one is not None]
        optimizer.apply_gradients(pairs)
        return loss

    return step


def _optimizer(model: Any) -> Any:
    """A new optimizer with the settings of the model's own, so that that is not touched; else plain SGD."""
    own = getattr(model, "optimizer", None)
    own = getattr(own, "inner_optimizer", own)
    if own is not None:
        with contextlib.suppress(Exception):  # a user's optimizer may refuse to be made again
            return type(own).from_config(own.get_config())
    return keras().optimizers.SGD()


@contextlib.contextmanager
def restored(model: Any) -> Iterator[None]:
    """Put the weights and states of a model back at the end of a block."""
    before = [(variable, variable.numpy()) for variable in model.variables]
    try:
        yield
    finally:
        for variable, value in before:
            variable.assign(value)
