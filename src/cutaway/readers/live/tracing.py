"""Following `call` in TensorFlow without computing: one trace for all calls that are to be opened.

TensorFlow runs the Python code of `call` on symbolic tensors and keeps every operation in a graph. Meanwhile
the calls of layers are recorded, with the number of operations that the graph held when each began and ended:
so every operation belongs to the innermost call that made it, and `opgraph` can read the flow between calls.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from cutaway.graph import Tensor
from cutaway.readers.live.assemble import Assembler
from cutaway.readers.live.calls import (
    Call,
    Inside,
    Value,
    as_value,
    dtype_name,
    leaves,
    map_leaves,
    named_leaves,
    plain_shape,
    values,
)
from cutaway.readers.live.kinds import is_framework_class
from cutaway.readers.live.opgraph import OpGraph
from cutaway.readers.live.recording import LOCK, Frame, Recorder, keras, patched

FOUND_BY = "inside followed by tracing `call` (inference)"


@dataclass(slots=True)
class Job:
    """A call whose inside is wanted, and what came of it.

    Attributes:
        call: The layer and its arguments.
        inside: What was found, or None.
        error: Why nothing was found.
        frame: The recorded call.
        names: Key of each output, where it has one.
    """

    call: Call
    inside: Inside | None = None
    error: Exception | None = None
    frame: Frame | None = None
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def trace(jobs: Sequence[Job]) -> None:
    """Fill in the inside or the error of each job; one that fails does not stop the others."""
    tf = sys.modules["tensorflow"]
    recorder = TraceRecorder(tf)
    signature = [tf.TensorSpec(value.tensor.shape, value.tensor.dtype) for job in jobs for value in _received(job.call)]

    def follow(*tensors: Any) -> Any:
        recorder.reset()
        given = iter(tensors)
        return [_run(job, given, recorder) for job in jobs]

    with LOCK, patches(recorder, [job.call.target for job in jobs]), inlined(tf):
        graph = tf.function(follow, autograph=False).get_concrete_function(*signature).graph
    inputs = [value.key for job in jobs for value in job.inputs]
    outputs = [value.key for job in jobs for value in job.outputs]
    flow = OpGraph(graph, recorder, inputs, outputs)
    assembler = Assembler(flow, _variables([job.call.target for job in jobs]), FOUND_BY)
    for job in jobs:
        if job.frame is not None and job.error is None:
            calls = assembler.inside_of(job.frame)
            job.inside = Inside(job.inputs, calls, assembler.outputs(job.outputs), FOUND_BY, job.names)


def _variables(targets: Sequence[Any]) -> dict[int, Any]:
    """Keras' variables by the identity of the TensorFlow variable that they hold."""
    return {id(getattr(one, "_value", one)): one for target in targets for one in target.weights}


def _received(call: Call) -> list[Value]:
    return values((tuple(call.args), dict(call.kwargs)))


def _run(job: Job, given: Iterator[Any], recorder: TraceRecorder) -> Any:
    """Call one layer on placeholders; its error is kept, for the next way to open it."""
    mine = [next(given) for _ in _received(job.call)]
    own = iter(mine)
    args, kwargs = map_leaves(
        lambda leaf: leaf if as_value(leaf) is None else next(own), (tuple(job.call.args), dict(job.call.kwargs))
    )
    job.inputs = [recorder.value(tensor) for tensor in mine]
    job.frame, job.error = None, None
    begun = len(recorder.root.frames)
    try:
        outputs = job.call.target(*args, **{"training": False, **kwargs})
    except Exception as error:  # any code of the user's may fail in any way
        job.error = error
        return []
    job.frame = recorder.root.frames[begun]
    returned = [(name, recorder.to_value(leaf)) for name, leaf in named_leaves(outputs)]
    job.outputs = [value for _, value in returned if type(value) is Value]
    job.names = [name for name, value in returned if type(value) is Value]
    return [tensor for tensor in leaves(outputs) if recorder.is_symbolic(tensor)]


class TraceRecorder(Recorder):
    """Also notes how many operations each graph held when calls began and ended.

    Attributes:
        marks: For each graph by identity: (operations so far, number of the mark, innermost call).
        graphs: The graphs, which must live as long as their identities are used.
    """

    def __init__(self, tf: Any) -> None:
        self._tf = tf
        super().__init__(self.to_value)

    def reset(self) -> None:
        """Forget all calls and marks."""
        super().reset()
        self.marks: dict[int, list[tuple[int, int, Frame]]] = {}
        self.graphs: dict[int, Any] = {}
        self._number = 0

    def is_symbolic(self, thing: Any) -> bool:
        """Whether something is a tensor of a graph under construction."""
        return isinstance(thing, self._tf.Tensor) and not hasattr(thing, "numpy")

    def value(self, tensor: Any) -> Value:
        """The value of a symbolic tensor."""
        return tensor_value(tensor)

    def to_value(self, thing: Any) -> Any:
        """The value of a symbolic tensor, of each part of a ragged or sparse one; anything else unchanged."""
        if self.is_symbolic(thing):
            return tensor_value(thing)
        if isinstance(thing, (self._tf.RaggedTensor, self._tf.SparseTensor)):
            parts = self._tf.nest.flatten(thing, expand_composites=True)
            return next((tensor_value(part) for part in parts if self.is_symbolic(part)), thing)
        return thing

    def entered(self, frame: Frame) -> None:
        """Mark where the operations of a call begin."""
        frame.graph = self._mark(frame)
        frame.mark = self._number

    def left(self) -> None:
        """Mark where the caller's operations go on."""
        self._mark(self.top)

    def _mark(self, frame: Frame) -> int:
        graph = self._tf.compat.v1.get_default_graph()
        self.graphs[id(graph)] = graph
        self._number += 1
        self.marks.setdefault(id(graph), []).append((graph.version, self._number, frame))
        return id(graph)

    def returned(self, outputs: Any, arguments: Any) -> Any:
        """An output that is an input gets an operation of its own, else the call could not be seen in the flow."""
        received = {id(leaf) for leaf in leaves(arguments)}
        if not any(id(leaf) in received and self.is_symbolic(leaf) for leaf in leaves(outputs)):
            return outputs
        return map_leaves(lambda leaf: self._own(leaf) if id(leaf) in received else leaf, outputs)

    def _own(self, tensor: Any) -> Any:
        if not self.is_symbolic(tensor):
            return tensor
        copy = self._tf.identity(tensor)
        if getattr(tensor, "_keras_mask", None) is not None:
            copy._keras_mask = tensor._keras_mask
        return copy


def tensor_value(tensor: Any) -> Value:
    """The value of a tensor of a TensorFlow graph."""
    return Value((id(tensor.graph), tensor.name), Tensor(plain_shape(tensor.shape), dtype_name(tensor.dtype)))


@contextlib.contextmanager
def inlined(tf: Any) -> Iterator[None]:
    """Functions within the traced one are run in place; behind a call of a graph function their calls would hide."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


@contextlib.contextmanager
def patches(recorder: TraceRecorder, targets: Sequence[Any]) -> Iterator[None]:
    """Record the calls of all layers, and of the user's own `call` methods of the targets, for the time of a block."""
    layer_class = keras().layers.Layer
    symbolic = keras().KerasTensor

    def follow_calls(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not recorder.wants(self):
                return original(self, *args, **kwargs)
            if any(isinstance(leaf, symbolic) for leaf in leaves((args, kwargs))):
                with recorder.paused():  # shapes are inferred in a graph of no importance
                    return original(self, *args, **kwargs)
            return recorder.record(self, original, args, kwargs)

        return call

    with ExitStack() as stack:
        stack.enter_context(patched(layer_class, "__call__", follow_calls))
        for owner in owners_of_call(targets):
            stack.enter_context(patched(owner, "call", follow_calls))
        yield


def owners_of_call(targets: Sequence[Any]) -> list[type]:
    """The user's classes that define `call`: some code calls it directly and not through ``__call__``."""
    found: dict[type, None] = {}
    for target in targets:
        for layer in target._flatten_layers(include_self=True, recursive=True):
            for cls in type(layer).__mro__:
                if "call" in vars(cls) and not is_framework_class(cls):
                    found[cls] = None
    return list(found)
