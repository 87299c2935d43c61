"""Live models of Keras as something that runs: forward, or one step of training."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from cutaway.errors import OptionError, UnbuiltModel
from cutaway.graph.model import Graph
from cutaway.profiling.calls import CallRecorder, Owner, Traced, trace_calls
from cutaway.profiling.fusing import HEAVY, MOST, fusions_in
from cutaway.profiling.landing import CallPlaces, Place, place_by_name
from cutaway.profiling.optimes import OpTimes
from cutaway.profiling.runnable import Fusion, Landed, Runnable
from cutaway.readers.live.calls import as_value, leaves, map_leaves
from cutaway.readers.live.kinds import framework_of, graph_of, kind_of_class
from cutaway.readers.live.recording import keras
from cutaway.readers.live.specs import arguments_of

_NO_WORK = {"Const", "Placeholder", "ReadVariableOp", "VarHandleOp", "Identity", "NoOp", "_Arg"}


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
    if not all(getattr(layer, "built", True) for layer in [model, *model._flatten_layers()]):
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
    step = _training_step(tf, model, call) if training else None
    traced = trace_calls(tf, model, lambda recorder: step(recorder) if step else _forward(call), specs)
    places = _places(graph, traced)
    return Runnable(
        lambda: traced.function(*tensors),
        lambda name: _landed(traced, places, name),
        lambda times: _fusions(traced, places, times),
        "calls that made the operations",
        (lambda: restored(model)) if training else nullcontext,
    )


def _forward(call: Callable[[Sequence[Any], bool], Any]) -> Callable[..., Any]:
    return lambda *given: call(given, False)


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


def _training_step(
    tf: Any, model: Any, call: Callable[[Sequence[Any], bool], Any]
) -> Callable[[CallRecorder], Callable[..., Any]]:
    """Forward in training mode, the gradients of the mean square of the outputs, and an update of all weights.

    Labels are not known, so the loss stands for that of the model; it costs next to nothing.
    """
    variables = list(model.trainable_variables)
    if not variables:
        raise OptionError(f"{model.name!r} has no weights that are trained, so there is no step of training to profile")
    optimizer = _optimizer(model)
    optimizer.build(variables)
    layers_of = _layers_by_variable(model)

    def make(recorder: CallRecorder) -> Callable[..., Any]:
        update = optimizer.update_step

        def update_step(gradient: Any, variable: Any, *rest: Any, **more: Any) -> Any:
            with recorder.updating(layers_of.get(id(variable), [model])):
                return update(gradient, variable, *rest, **more)

        optimizer.update_step = update_step

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

    return make


def _optimizer(model: Any) -> Any:
    """A new optimizer with the settings of the model's own, so that that is not touched; else plain SGD."""
    own = getattr(model, "optimizer", None)
    own = getattr(own, "inner_optimizer", own)
    if own is not None:
        with contextlib.suppress(Exception):  # a user's optimizer may refuse to be made again
            return type(own).from_config(own.get_config())
    return keras().optimizers.SGD()


def _layers_by_variable(model: Any) -> dict[int, list[Any]]:
    """The layers that hold each variable, the outermost first; the model itself where no layer does."""
    found: dict[int, list[Any]] = {}
    for layer in model._flatten_layers(include_self=False):
        for variable in layer.trainable_variables:
            for each in (variable, getattr(variable, "_value", variable)):  # some optimizers see TensorFlow's own
                found.setdefault(id(each), []).append(layer)
    return found


@contextlib.contextmanager
def restored(model: Any) -> Iterator[None]:
    """Put the weights and states of a model back at the end of a block."""
    before = [(variable, variable.numpy()) for variable in model.variables]
    try:
        yield
    finally:
        for variable, value in before:
            variable.assign(value)


def _places(graph: Graph, traced: Traced) -> CallPlaces:
    own: dict[int, list[Any]] = {}
    for name, owner in traced.owners.items():
        if owner.phase == "forward":
            own.setdefault(id(owner.frame), []).append(traced.operations[name])
    return CallPlaces(graph, traced.root, own, traced.updates)


def _landed(traced: Traced, places: CallPlaces, name: str) -> Landed:
    owner = traced.owner(name)
    if owner is None or owner.frame is traced.root:
        return Landed(None, "forward" if owner is None else owner.phase)
    made = traced.gradient_of.get(name) or traced.operations.get(name)
    return Landed(places.of(owner.frame, made), owner.phase)


def _fusions(traced: Traced, places: CallPlaces, times: OpTimes) -> Mapping[str, Fusion]:
    """What ran as one operation: those before it that did not run themselves."""
    found = {}
    for name, kind in times.kinds.items():
        operation = traced.operations.get(name)
        if operation is None or kind == operation.type or "Fused" not in kind:
            continue
        parts = _absorbed(operation, times)
        heavy = next((each for each in parts if each.type in HEAVY), operation)
        place = _place(traced, places, heavy)
        others = dict.fromkeys(_place(traced, places, each) for each in (operation, *parts))
        if place is not None:
            found[name] = Fusion(place, tuple(each for each in others if each is not None and each != place))
    return found


def _absorbed(operation: Any, times: OpTimes) -> list[Any]:
    """The operations right before one that did not run themselves and do work."""
    found: list[Any] = []
    waiting = [operation]
    while waiting and len(found) < MOST:
        for tensor in waiting.pop().inputs:
            maker = tensor.op
            if maker.name not in times.kinds and maker.type not in _NO_WORK and maker not in found:
                found.append(maker)
                waiting.append(maker)
    return found


def _place(traced: Traced, places: CallPlaces, operation: Any) -> Place | None:
    owner: Owner | None = traced.owners.get(operation.name)
    return None if owner is None or owner.frame is traced.root else places.of(owner.frame, operation)
