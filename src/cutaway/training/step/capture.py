"""`Capture`: what one run of `train_step` does, as it does it: which layers it calls, which gradients it applies.

While it is traced, or run eagerly, the classes of Keras are patched; every thread has a capture of its own, for a
strategy traces each replica in a thread.
"""

from __future__ import annotations

import contextlib
import math
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cutaway.readers.live.calls import leaves
from cutaway.readers.live.recording import LOCK, definers, keras, patched
from cutaway.training.step.forms import form_of, units_axis
from cutaway.training.step.measuring import Measuring
from cutaway.training.step.names import Name, name_of
from cutaway.training.step.plan import Plan
from cutaway.training.step.statistics import Statistics, silent_share, squares

HERE = threading.local()
"""The capture of each thread."""

_LARGEST_DENSE = 1 << 24
"""Elements of a weight up to which gradients of single rows are added up to one of the whole weight."""


@dataclass(slots=True)
class _Frame:
    """A call in progress: the group that it is or lies in, how often each layer was called in it, and its pass."""

    group: str
    counts: dict[int, int] = field(default_factory=dict)
    turn: int = 0
    closed: bool = False


class Capture:
    """Takes tensors while a step is traced or run.

    Args:
        plan: What to take.
        measuring: Measures what is taken.
    """

    def __init__(self, plan: Plan, measuring: Measuring) -> None:
        self.plan = plan
        self.names: list[Name] = []
        self._measuring = measuring
        self._tf = sys.modules["tensorflow"]
        self._graph = None if self._tf.executing_eagerly() else self._tf.compat.v1.get_default_graph()
        self._frames = [_Frame("")]
        self._seen: dict[int, Any] = {}
        self._applying = False

    def call(self, target: Any, original: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Make a call, and take what it returns."""
        around = self._frames[-1]
        if around.closed:
            return original(target, *args, **kwargs)
        id, turn, is_group = self._locate(target, around)
        if id is None and len(self._frames) == 1 and hasattr(target, "_flatten_layers"):
            self._take_inputs((args, kwargs))
        frame = _Frame(id, turn=turn) if is_group and id is not None else around
        if "RNN" in (cls.__name__ for cls in type(target).__mro__):
            frame = _Frame("", closed=True)  # each step of its loop would be a call
        self._frames.append(frame)
        try:
            outputs = original(target, *args, **kwargs)
        finally:
            self._frames.pop()
        if id is not None and self.plan.wants_call(id):
            return self._taken(target, f"{id}#{turn + 1}" if turn else id, outputs)
        return outputs

    def _take_inputs(self, arguments: Any) -> None:
        """Take what the model itself is called with, once."""
        tensors = [leaf for leaf in leaves(arguments) if isinstance(leaf, self._tf.Tensor)]
        if len(tensors) == len(self.plan.inputs):
            for id, tensor in zip(self.plan.inputs, tensors, strict=True):
                if self.plan.wants_call(id):
                    self._taken(None, id, tensor)

    def _locate(self, target: Any, around: _Frame) -> tuple[str | None, int, bool]:
        """Id of a call, how often the same was made before in this step, and whether it is a group."""
        number = around.counts.get(id(target), 0)
        around.counts[id(target)] = number + 1
        ids = self.plan.located.calls.get((around.group, id(target)))
        if ids:
            mine = ids[number % len(ids)]
            return mine, around.turn + number // len(ids), mine in self.plan.located.groups
        if self.plan.known or not hasattr(target, "_flatten_layers"):
            return None, 0, False
        name = f"{around.group}/{target.name}" if around.group else str(target.name)
        return name, around.turn + number, True

    def _taken(self, target: Any, id: str, outputs: Any) -> Any:
        """Take the first tensor of what a call returns; that, where it is all, comes back behind its measurement."""
        tensor = next((leaf for leaf in leaves(outputs) if isinstance(leaf, self._tf.Tensor)), None)
        if tensor is None or builtins_id(tensor) in self._seen or not tensor.dtype.is_floating:
            return outputs
        if self._graph is not None and getattr(tensor, "graph", None) is not self._graph:
            return outputs  # made in the body of a loop or of another function, where it cannot be reached from here
        self._seen[builtins_id(tensor)] = tensor
        form = form_of(target)
        axis = units_axis(target, tensor.shape.rank) if form == "relu" else None
        width = tensor.shape[-1] if tensor.shape.rank else None
        name = Name("activations", id, form, int(width or 0), axis is not None)
        self._take(name, lambda: tensor, lambda: 0.0 if axis is None else silent_share(tensor, axis))
        if outputs is not tensor:
            return outputs
        behind = self._measuring.in_turn(name, tensor)
        self._seen[builtins_id(behind)] = behind
        vars(behind).update(vars(tensor))  # as its mask, and the logits that Keras' losses take for it
        return behind

    def apply(self, optimizer: Any, original: Callable[..., Any], grads: Any, variables: Any) -> Any:
        """Apply gradients, and take them and what they change; of optimizers in each other the outermost counts."""
        if self._applying:
            return original(optimizer, grads, variables)
        grads = list(grads)
        targets = list(optimizer._trainable_variables if variables is None else variables)
        ids = self._ids(grads, targets)
        if "gradients" in self.plan.kinds:
            grads = self._take_gradients(optimizer, grads, targets, ids)
        wanted = [targets[place] for place in ids] if "updates" in self.plan.kinds else []
        before = self._measuring.guarded(
            lambda: [self._tf.identity(_value(variable)) for variable in wanted],
            lambda: [self._tf.zeros([0], variable.dtype) for variable in wanted],
        )
        self._applying = True
        try:
            answer = original(optimizer, grads, variables)
        finally:
            self._applying = False
        for id, variable, old in zip(ids.values(), wanted, before, strict=False):
            new = self._tf.identity(_value(variable))
            name = name_of("updates", id, variable.shape)
            self._take(name, partial(self._change, old, new), partial(squares, old))
        return answer

    def _ids(self, grads: Sequence[Any], targets: Sequence[Any]) -> dict[int, str]:
        """Of the gradients that are taken the places, as backpropagation has them, and ids, new ones in this step."""
        applied = [name.id for name in self.names if name.kind in ("gradients", "updates")]
        turn = 1 + max(map(_turn, applied), default=0)
        found = {}
        for place, (gradient, variable) in reversed(list(enumerate(zip(grads, targets, strict=False)))):
            if gradient is not None and (id := self.plan.weight_id(variable)) is not None:
                found[place] = f"{id}#{turn}" if id in applied else id
        return found

    def _take_gradients(
        self, optimizer: Any, grads: Sequence[Any], targets: Sequence[Any], ids: Mapping[int, str]
    ) -> list[Any]:
        """Take gradients; all of them, as the optimizer may have them: each once it is measured."""
        scale = getattr(optimizer, "dynamic_scale", None) if hasattr(optimizer, "inner_optimizer") else None
        scale = None if scale is None else self._tf.identity(_value(scale))
        behind = list(grads)
        for place, id in ids.items():
            gradient, variable = grads[place], targets[place]
            name = name_of("gradients", id, variable.shape)
            self._take(name, partial(self._gradient, gradient, variable, scale), lambda: 0.0)
            if isinstance(gradient, self._tf.Tensor):
                behind[place] = self._measuring.in_turn(name, gradient)
        return behind

    def _change(self, old: Any, new: Any) -> Any:
        return new - self._tf.reshape(old, new.shape)

    def _gradient(self, gradient: Any, variable: Any, scale: Any) -> Any:
        tf = self._tf
        if isinstance(gradient, tf.IndexedSlices):
            size = math.prod(map(int, variable.shape))
            gradient = tf.convert_to_tensor(gradient) if size <= _LARGEST_DENSE else gradient.values
        replica = tf.distribute.get_replica_context()
        if replica is not None and replica.num_replicas_in_sync > 1:
            gradient = replica.all_reduce("SUM", gradient)
        gradient = tf.cast(gradient, tf.float32)
        return gradient if scale is None else gradient / tf.cast(scale, tf.float32)

    def _take(self, name: Name, tensor: Callable[[], Any], extra: Callable[[], Any]) -> None:
        self.names.append(name)
        self._measuring.take(name, tensor, extra)

    def statistics(self) -> Statistics:
        """What is told of all that was taken."""
        return self._measuring.statistics()


def builtins_id(thing: Any) -> int:
    """Its identity; `id` is a word of the graph here."""
    return id(thing)


def _turn(id: str) -> int:
    _, mark, number = id.rpartition("#")
    return int(number) if mark and number.isdigit() else 1


def _value(variable: Any) -> Any:
    """The TensorFlow variable, or the tensor, in a variable of Keras."""
    return getattr(variable, "value", variable)


@contextlib.contextmanager
def patches() -> Iterator[None]:
    """While this lasts, the calls and optimizers of every thread that has a capture tell it."""
    layer_class = keras().layers.Layer
    operation_class = keras().Operation

    def layer_call(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            capture = getattr(HERE, "capture", None)
            if capture is None:
                return original(self, *args, **kwargs)
            return capture.call(self, original, args, kwargs)

        return call

    def operation_call(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            capture = getattr(HERE, "capture", None)
            if capture is None or isinstance(self, layer_class):
                return original(self, *args, **kwargs)
            return capture.call(self, original, args, kwargs)

        return call

    def apply(original: Callable[..., Any]) -> Callable[..., Any]:
        def applied(self: Any, grads: Any, trainable_variables: Any = None, *args: Any, **kwargs: Any) -> Any:
            capture = getattr(HERE, "capture", None)
            if capture is None or args or kwargs:
                return original(self, grads, trainable_variables, *args, **kwargs)
            return capture.apply(self, original, grads, trainable_variables)

        return applied

    with LOCK, ExitStack() as stack:
        stack.enter_context(patched(layer_class, "__call__", layer_call))
        stack.enter_context(patched(operation_class, "__call__", operation_call))
        for owner in definers(keras().optimizers.Optimizer, "apply"):
            stack.enter_context(patched(owner, "apply", apply))
        yield
