"""A live Keras model, run once: the very objects of the user's, left exactly as they were."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from cutaway.errors import OptionError, UnbuiltModel
from cutaway.graph.model import Graph
from cutaway.readers.live.calls import Value, as_value, leaves, map_leaves
from cutaway.readers.live.kinds import framework_of, graph_of, is_built, kind_of_class
from cutaway.readers.live.model import read_located
from cutaway.readers.live.recording import first_line
from cutaway.readers.live.specs import arguments_of
from cutaway.readers.live.tracing import inlined
from cutaway.readers.live.untouched import untouched
from cutaway.running.alignment import Alignment, wanted
from cutaway.running.call_log import CallLog
from cutaway.running.inputs import arrays_for, wanted_inputs
from cutaway.running.outputs import Activations
from cutaway.running.store import Array, Kept, Store
from cutaway.running.tensors import values_of


def run_keras(model: Any, x: Any, *, seed: int, memory: int) -> Activations:
    """The outputs of all layer calls of a live Keras 3 model, or a Functional or Sequential model of tf_keras.

    Args:
        model: The model, built. It runs as for inference.
        x: As for `cutaway.activations`.
        seed: Seed of random inputs.
        memory: Bytes of outputs that are held in memory.

    Raises:
        UnbuiltModel: Its weights have no values yet.
        OptionError: The input does not fit, or the model fails on it.
    """
    if not is_built(model):
        raise UnbuiltModel(
            f"{type(model).__name__} {model.name!r} is not built: its weights have no values, so there is nothing to "
            f"run; call it once on data, or load its weights"
        )
    graph, located = read_located(model)
    args, kwargs, words = _arguments(model, graph, x, seed)
    store = Store(memory)
    log = CallLog(store, *wanted(located), _array_of)
    with _kept_as_it_is(model), log.listening(model):
        try:
            model(*args, **{"training": False, **kwargs})
        except Exception as error:  # any code of the user's may fail in any way
            raise OptionError(f"the model fails on {words}: {first_line(error)}") from error
    found = Alignment(model, graph, located, log.root)
    arrays = [leaf for leaf in leaves((args, kwargs)) if _array_of(leaf) is not None]
    inputs = {
        (port.node, port.port): _kept(store, array)
        for port, array in zip(graph.inputs, arrays, strict=False)
    }  # fmt: skip
    return Activations(graph, {**inputs, **found.outputs}, found.scores, found.missing, words, store)


def _kept(store: Store, tensor: Any) -> Kept:
    array = _array_of(tensor)
    return store.keep(np.zeros(0) if array is None else array)


def _arguments(model: Any, graph: Graph, x: Any, seed: int) -> tuple[tuple[Any, ...], dict[str, Any], str]:
    """What the model is called with: the structure that it takes, with arrays in the place of its tensors."""
    wanted_here = wanted_inputs(graph)
    arrays, words = arrays_for(wanted_here, x, seed)
    args, kwargs = _structure(model)
    given = iter([_tensor(model, array) for array in arrays])
    if len([leaf for leaf in leaves((args, kwargs)) if as_value(leaf) is not None]) != len(arrays):
        raise OptionError(
            f"the inputs of {model.name!r} cannot be told from its `call`; expected as many tensors as the "
            f"{len(arrays)} that the model was built with"
        )
    filled = map_leaves(lambda leaf: leaf if as_value(leaf) is None else next(given), (args, kwargs))
    return filled[0], filled[1], words


def _structure(model: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    graph = graph_of(model)
    if kind_of_class(type(model)) != "functional" or graph is None:
        return arguments_of(model, None, None)
    made = getattr(graph, "_inputs_struct", None)
    made = getattr(graph, "_nested_inputs", None) if made is None else made
    if made is None:
        made = list(graph.inputs)
    alone = isinstance(made, (list, tuple)) and len(made) == 1
    return (made[0] if alone else made,), {}


def _tensor(model: Any, array: Array) -> Any:
    framework = sys.modules[framework_of(type(model))]
    if array.dtype.kind in "SUO":
        return sys.modules["tensorflow"].constant(array)
    if framework.__name__ == "keras":
        return framework.ops.convert_to_tensor(array)
    return sys.modules["tensorflow"].convert_to_tensor(array)


def _array_of(thing: Any) -> Array | None:
    """The values of a tensor of any backend; None for what is none, or is ragged, sparse or symbolic."""
    if isinstance(thing, (str, bytes, Value, Mapping)) or not hasattr(thing, "shape") or not hasattr(thing, "dtype"):
        return None
    return values_of(thing)


@contextmanager
def _kept_as_it_is(model: Any) -> Iterator[None]:
    """Attributes, counters and random states are put back; in Keras 3 no variable is written to at all."""
    with ExitStack() as stack:
        stack.enter_context(untouched(model))
        if framework_of(type(model)) == "keras":
            stack.enter_context(sys.modules["keras"].StatelessScope())
        else:
            stack.enter_context(_variables_kept(model))
        if "tensorflow" in sys.modules:
            stack.enter_context(inlined(sys.modules["tensorflow"]))
        yield


@contextmanager
def _variables_kept(model: Any) -> Iterator[None]:
    """What inference may write to, such as the states of recurrent layers, gets its values back."""
    before = [(variable, variable.numpy()) for variable in model.non_trainable_variables]
    try:
        yield
    finally:
        for variable, value in before:
            if not np.array_equal(variable.numpy(), value):
                variable.assign(value)
