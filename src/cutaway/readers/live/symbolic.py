"""Following `call` with Keras' own symbolic tensors: needs no TensorFlow, and sees operations of ``keras.ops`` alone.

A composite layer runs its `call` on symbolic tensors; only layers that stay closed answer with their shape rule.
The batch is fixed to 2 meanwhile, because code that computes with ``ops.shape(x)[0]`` needs a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from cutaway.graph import Tensor
from cutaway.readers.live.calls import (
    Call,
    Inside,
    Value,
    as_value,
    dtype_name,
    map_leaves,
    named_leaves,
    plain_shape,
    values,
)
from cutaway.readers.live.kinds import kind_of_class
from cutaway.readers.live.recording import LOCK, Frame, Recorder, keras, patched
from cutaway.readers.live.untouched import seeds_kept

FOUND_BY = "followed symbolically, batch fixed to 2"

_BATCH = 2


def follow(call: Call) -> Inside:
    """The inside of one call.

    Raises:
        Exception: Whatever `call` raises on symbolic tensors.
    """
    recorder = SymbolicRecorder()
    received = values((tuple(call.args), dict(call.kwargs)))
    made = [recorder.make(value.tensor) for value in received]
    own = iter(made)
    args, kwargs = map_leaves(
        lambda leaf: leaf if as_value(leaf) is None else next(own), (tuple(call.args), dict(call.kwargs))
    )
    with LOCK, seeds_kept(call.target), _patches(recorder):
        outputs = call.target(*args, **{"training": False, **kwargs})
    inputs = [value for value in map(recorder.to_value, made) if type(value) is Value]
    root = recorder.root.frames[0]
    named = [(name, recorder.output_value(leaf)) for name, leaf in named_leaves(outputs)]
    returned: list[tuple[Value, ...]] = [(value,) for _, value in named if type(value) is Value]
    names = [name for name, value in named if type(value) is Value]
    return Inside(inputs, [_call(frame) for frame in root.frames], returned, FOUND_BY, names)


def _call(frame: Frame) -> Call:
    target = frame.target
    call = Call(target, target.name, type(target).__name__, frame.args, frame.kwargs, frame.outputs, found_by=FOUND_BY)
    if frame.frames:
        call.inside = [_call(inner) for inner in frame.frames]
    elif kind_of_class(type(target)) == "composite":
        call.inside = []
    return call


class SymbolicRecorder(Recorder):
    """Values of symbolic tensors of Keras, with the batch unknown again."""

    def __init__(self) -> None:
        self._symbolic = keras().KerasTensor
        self._real: set[int] = set()
        self._kept: list[Any] = []  # an identity stays a name only while its object lives
        super().__init__(self.to_value)

    def make(self, tensor: Tensor) -> Any:
        """A symbolic tensor that stands for an input."""
        if tensor.shape is None:
            raise ValueError("the rank of an input is unknown")
        shape = tuple(_BATCH if place == 0 and dim is None else dim for place, dim in enumerate(tensor.shape))
        return self._symbolic(shape, dtype=tensor.dtype or "float32")

    def to_value(self, thing: Any) -> Any:
        """The value of a symbolic tensor, or of a real one that a call returned; anything else unchanged."""
        if isinstance(thing, self._symbolic):
            shape = plain_shape(thing.shape)
            if shape and shape[0] == _BATCH:
                shape = (None, *shape[1:])
            return self._value(thing, shape)
        return self._value(thing, plain_shape(thing.shape)) if id(thing) in self._real else thing

    def output_value(self, thing: Any) -> Any:
        """As `to_value`; a layer that was called on constants alone returns a real tensor."""
        if not isinstance(thing, self._symbolic) and keras().ops.is_tensor(thing):
            self._real.add(id(thing))
        return self.to_value(thing)

    def _value(self, thing: Any, shape: Any) -> Value:
        self._kept.append(thing)
        return Value(id(thing), Tensor(shape, dtype_name(thing.dtype)))


@contextmanager
def _patches(recorder: SymbolicRecorder) -> Iterator[None]:
    def follow_calls(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not recorder.wants(self):
                return original(self, *args, **kwargs)
            return recorder.record(self, original, args, kwargs)

        return call

    def open_composites(original: Callable[..., Any]) -> Callable[..., Any]:
        def symbolic_call(self: Any, *args: Any, **kwargs: Any) -> Any:
            if recorder.top.target is self and kind_of_class(type(self)) == "composite":
                recorder.top.frames.clear()  # what it called before, to build itself, is no part of this call
                return self.call(*args, **kwargs)
            return original(self, *args, **kwargs)

        return symbolic_call

    layer, operation = keras().layers.Layer, keras().Operation
    with ExitStack() as stack:
        stack.enter_context(patched(layer, "__call__", follow_calls))
        stack.enter_context(patched(layer, "symbolic_call", open_composites))
        stack.enter_context(patched(operation, "symbolic_call", follow_calls))
        yield
