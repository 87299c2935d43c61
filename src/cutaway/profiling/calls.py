"""Which call of which layer made each operation: the model is traced once while its calls are recorded.

The trace is the very function that is measured then, so the names of its operations are those in the profile.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from cutaway.readers.live.recording import LOCK, Frame, definers, keras, patched
from cutaway.readers.live.tracing import TraceRecorder, inlined, patches
from cutaway.readers.live.untouched import untouched

Phase = Literal["forward", "backward", "update"]

_TAPE = "gradient_tape/"
"""What TensorFlow writes before the scope of an operation whose gradient it computes."""

_BODIES = ("_body_graph", "_cond_graph", "_true_graph", "_false_graph")
_BODY = re.compile(r"/(?:body|cond|then|else)/_\d+/")
"""What stands between the name of a loop or condition and those in its body, once TensorFlow has inlined it."""

_LAYOUT = re.compile(r"-\d+-\w+-LayoutOptimizer\Z")
_STAGE = re.compile(r"(?:ArithmeticOptimizer|ConstantFolding|LayoutOptimizer|DependencyOptimizer)/(?:\w+?Rewrite_)?")
_INNER = "//"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an operation is.

    Attributes:
        frame: The innermost call that made it.
        phase: What it is part of.
    """

    frame: Frame
    phase: Phase = "forward"


@dataclass(slots=True)
class Traced:
    """Whose each operation of a function is that runs a model.

    Attributes:
        root: The frame around all calls.
        operations: Operations by name, those in bodies behind the name of what runs them.
        owners: Whose each of them is.
        updates: Identities of the frames that are updates of weights.
        gradient_of: For a gradient in a scope that only one operation has, that operation.
    """

    root: Frame
    operations: dict[str, Any] = field(default_factory=dict)
    owners: dict[str, Owner] = field(default_factory=dict)
    updates: set[int] = field(default_factory=set)
    gradient_of: dict[str, Any] = field(default_factory=dict)
    _scopes: dict[str, Counter[int]] = field(default_factory=dict)
    _by_id: dict[int, Owner] = field(default_factory=dict)

    def owner(self, name: str) -> Owner | None:
        """Whose an operation of the profile is, also one that TensorFlow renamed or put in the place of others."""
        plain = _BODY.sub(_INNER, name)
        for candidate in dict.fromkeys((plain, _LAYOUT.sub("", plain), _STAGE.sub("", plain))):
            found = self.owners.get(candidate)
            if found is not None:
                return found
        parts = _STAGE.sub("", plain).split("/")
        for length in range(len(parts) - 1, 0, -1):
            scope = "/".join(parts[:length])
            found = self.owners.get(scope) or self.owner_of_scope(scope)
            if found is not None:
                return Owner(found.frame, "backward") if plain.startswith(_TAPE) else found
        return None

    def around(self, name: str) -> Iterator[Any]:
        """An operation of the profile, and the loops and conditions in whose bodies it runs, from within."""
        path = _BODY.sub(_INNER, name)
        while path:
            if path in self.operations:
                yield self.operations[path]
            path = path.rpartition(_INNER)[0]

    def owner_of_scope(self, scope: str) -> Owner | None:
        """Who made most of the operations right in a scope, where any layer did."""
        counted = self._scopes.get(scope)
        return self._by_id[counted.most_common(1)[0][0]] if counted else None

    def add(self, name: str, operation: Any, owner: Owner) -> None:
        """Note whose an operation is."""
        self.operations[name], self.owners[name] = operation, owner
        if owner.frame.target is not None:
            self._by_id[id(owner.frame)] = owner if owner.phase == "forward" else Owner(owner.frame)
            self._scopes.setdefault(name.rpartition("/")[0], Counter())[id(owner.frame)] += 1


class CallRecorder(TraceRecorder):
    """Records the calls of every layer and operation, those within closed layers too, and updates of weights.

    Attributes:
        updates: Frames that stand for the update of the weights of a layer, by identity.
    """

    def __init__(self, tf: Any) -> None:
        self.updates: set[int] = set()
        super().__init__(tf)

    def closes(self, target: Any) -> bool:
        """Nothing is closed: time within an attention goes to its projections."""
        del target
        return False

    @contextmanager
    def updating(self, layers: Sequence[Any]) -> Iterator[None]:
        """What is made in this block updates the weights of a layer.

        Args:
            layers: The layer, and before it those around it.
        """
        for layer in layers:
            frame = Frame(layer, self.top)
            self.updates.add(id(frame))
            self.top.frames.append(frame)
            self._stack.append(frame)
        self.entered(self.top)
        try:
            yield
        finally:
            del self._stack[len(self._stack) - len(layers) :]
            self.left()


def trace_calls(
    tf: Any, model: Any, run: Callable[..., Any], specs: Sequence[Any]
) -> tuple[Callable[..., Any], Traced]:
    """Trace a model.

    Args:
        tf: TensorFlow.
        model: The model of Keras 3, which is built.
        run: Runs it on flat tensors.
        specs: ``tf.TensorSpec`` of each tensor.

    Returns:
        The function, of flat tensors, and whose its operations are.
    """
    found: list[Traced] = []

    def follow(*tensors: Any) -> Any:
        with followed(tf, model) as traced:
            made = run(*tensors)
        found.append(traced)
        return made

    with LOCK, untouched(model), inlined(tf):
        function = tf.function(follow, autograph=False).get_concrete_function(*specs)
    return function, found[-1]


@contextmanager
def followed(tf: Any, model: Any) -> Iterator[Traced]:
    """Follow the calls and updates in a function that is traced in this block; behind it their operations are owned.

    Args:
        tf: TensorFlow.
        model: The model of Keras 3 that is called.
    """
    recorder = CallRecorder(tf)
    traced = Traced(recorder.root, updates=recorder.updates)
    with LOCK, _recorded(recorder, model):
        yield traced
    _own(traced, tf.compat.v1.get_default_graph(), recorder)


@contextmanager
def _recorded(recorder: CallRecorder, model: Any) -> Iterator[None]:
    layer_class = keras().layers.Layer
    layers_of = _layers_by_variable(model)

    def follow_operations(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(self, layer_class) or not recorder.wants(self):
                return original(self, *args, **kwargs)
            return recorder.record(self, original, args, kwargs)

        return call

    def follow_updates(original: Callable[..., Any]) -> Callable[..., Any]:
        def update_step(self: Any, gradient: Any, variable: Any, *rest: Any, **more: Any) -> Any:
            if id(recorder.top) in recorder.updates or not recorder.wants(self):
                return original(self, gradient, variable, *rest, **more)
            with recorder.updating(layers_of.get(id(variable), [model])):
                return original(self, gradient, variable, *rest, **more)

        return update_step

    with ExitStack() as stack:
        stack.enter_context(patches(recorder, [model]))
        stack.enter_context(patched(keras().Operation, "__call__", follow_operations))
        for owner in definers(keras().optimizers.Optimizer, "update_step"):
            stack.enter_context(patched(owner, "update_step", follow_updates))
        yield


def _layers_by_variable(model: Any) -> dict[int, list[Any]]:
    """The layers that hold each variable, the outermost first; the model itself where no layer does."""
    found: dict[int, list[Any]] = {}
    for layer in model._flatten_layers(include_self=False):
        for variable in layer.weights:
            for each in (variable, getattr(variable, "_value", variable)):  # some optimizers see TensorFlow's own
                found.setdefault(id(each), []).append(layer)
    return found


def _own(traced: Traced, graph: Any, recorder: CallRecorder) -> None:
    """Give each operation to the innermost call in progress when it was made; a gradient to whose gradient it is."""
    later: list[tuple[str, Any]] = []
    waiting: list[tuple[Any, Frame, str]] = [(graph, recorder.root, "")]
    while waiting:
        current, frame, prefix = waiting.pop()
        marks = iter(recorder.marks.get(id(current), ()))
        mark = next(marks, None)
        for index, operation in enumerate(current.get_operations()):
            while mark is not None and mark[0] <= index:
                frame, mark = mark[2], next(marks, None)
            name = prefix + operation.name
            if operation.name.startswith(_TAPE) and frame.target is None:
                later.append((name, operation))
                continue
            phase: Phase = "update" if id(frame) in recorder.updates else "forward"
            traced.add(name, operation, Owner(frame, phase))
            waiting += [
                (body, frame, f"{name}{_INNER}")
                for body in (getattr(operation, kind, None) for kind in _BODIES)
                if body is not None
            ]
    _own_gradients(traced, later, recorder.root)


def _own_gradients(traced: Traced, found: Sequence[tuple[str, Any]], root: Frame) -> None:
    """Gradients stand in the scope of what they are the gradient of."""
    makers = _sole_functions(traced)
    for name, operation in found:
        scope = operation.name.removeprefix(_TAPE).rpartition("/")[0]
        if scope in makers:
            traced.gradient_of[name] = makers[scope]
        owner = None
        while scope and owner is None:
            owner = traced.owner_of_scope(scope)
            scope = scope.rpartition("/")[0]
        made = Owner(root if owner is None else owner.frame, "backward")
        waiting = [(name, operation)]
        while waiting:
            path, each = waiting.pop()
            traced.add(path, each, made)
            for kind in _BODIES:
                body = getattr(each, kind, None)
                if body is not None:
                    waiting += [(f"{path}{_INNER}{inner.name}", inner) for inner in body.get_operations()]
    _own_sums(traced, root)


def _sole_functions(traced: Traced) -> dict[str, Any]:
    """An operation of each scope that one call opened for one function of its own, such as ``model/einsum``."""
    found: dict[str, tuple[Any, Frame]] = {}
    shared = set()
    for name, owner in traced.owners.items():
        scope = name.rpartition("/")[0]
        first = found.setdefault(scope, (traced.operations[name], owner.frame))
        if first[1] is not owner.frame:
            shared.add(scope)
    return {scope: operation for scope, (operation, _) in found.items() if scope not in shared}


def _own_sums(traced: Traced, root: Frame) -> None:
    """The sum of the gradients of a tensor that several read belongs to the call whose gradient reads it."""
    for name, owner in list(traced.owners.items()):
        operation = traced.operations[name]
        if owner.frame is not root or operation.type != "AddN":
            continue
        readers = (traced.owners.get(reader.name) for tensor in operation.outputs for reader in tensor.consumers())
        known = next((each for each in readers if each is not None and each.phase == "backward"), None)
        if known is not None and known.frame is not root:
            traced.owners[name] = known
