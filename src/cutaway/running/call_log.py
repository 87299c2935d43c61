"""`CallLog`: the calls of layers while a model runs on real numbers, with what each returned."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from cutaway.readers.live.calls import leaves
from cutaway.readers.live.kinds import class_names, is_framework_class, kind_of
from cutaway.readers.live.recording import LOCK, patched
from cutaway.readers.live.tracing import owners_of_call
from cutaway.running.store import Array, Kept, Store


@dataclass(slots=True, eq=False)
class LoggedCall:
    """One call.

    Attributes:
        target: The layer or operation; None for the root.
        outputs: What it returned, flat; empty where nobody wants it.
        first_input: What it was called with first, where that is wanted.
        scores: Attention weights, where they could be had.
        calls: Calls made during it.
    """

    target: Any
    outputs: list[Kept] = field(default_factory=list)
    first_input: Kept | None = None
    scores: Kept | None = None
    calls: list[LoggedCall] = field(default_factory=list)


class CallLog:
    """Records the calls of one thread.

    Args:
        store: Keeps what calls return.
        wanted: Identities of the layers and operations whose outputs are kept.
        wanted_inputs: Identities of those whose first argument is kept.
        to_array: Makes an array of a tensor of the framework; None for anything else.
    """

    def __init__(
        self,
        store: Store,
        wanted: Collection[int],
        wanted_inputs: Collection[int],
        to_array: Callable[[Any], Array | None],
    ) -> None:
        self._store = store
        self._wanted = wanted
        self._wanted_inputs = wanted_inputs
        self._to_array = to_array
        self._thread = threading.get_ident()
        self._paused = False
        self.root = LoggedCall(None)
        self._stack = [self.root]

    @contextmanager
    def listening(self, model: Any) -> Iterator[None]:
        """Patch the classes of the model's framework, and put them back at the end of the block, whatever happens."""
        with LOCK, ExitStack() as stack:
            for cls in _callable_classes(model):
                stack.enter_context(patched(cls, "__call__", self._followed))
            for cls in owners_of_call([model]) if "Layer" in class_names(type(model)) else []:
                stack.enter_context(patched(cls, "call", self._followed))
            for cls in _attention_classes(model):
                stack.enter_context(patched(cls, "_compute_attention", self._with_scores))
            yield

    def _followed(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(target: Any, *args: Any, **kwargs: Any) -> Any:
            if self._paused or threading.get_ident() != self._thread or self._stack[-1].target is target:
                return original(target, *args, **kwargs)
            return self._record(original, target, args, kwargs)

        return call

    def _record(self, original: Callable[..., Any], target: Any, args: Any, kwargs: Any) -> Any:
        logged = LoggedCall(target)
        self._stack[-1].calls.append(logged)
        self._stack.append(logged)
        self._paused = _is_closed(target)
        try:
            if id(target) in self._wanted_inputs:
                logged.first_input = next(self._kept((args, kwargs)), None)
            outputs = original(target, *args, **kwargs)
            if id(target) in self._wanted:
                logged.outputs = list(self._kept(outputs))
            return outputs
        finally:
            self._stack.pop()
            self._paused = False

    def _kept(self, structure: Any) -> Iterator[Kept]:
        for leaf in leaves(structure):
            array = self._to_array(leaf)
            if array is not None:
                yield self._store.keep(array)

    def _with_scores(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """The attention once more for its weights alone: what the model goes on with is what it made without them."""

        def compute(layer: Any, *args: Any, **kwargs: Any) -> Any:
            outputs = original(layer, *args, **kwargs)
            logged = self._stack[-1]
            if logged.target is not layer or threading.get_ident() != self._thread:
                return outputs
            self._paused = True
            try:
                logged.scores = next(self._kept(_scores(original, layer, args, kwargs, outputs)), None)
            except Exception:  # a subclass may compute its attention in any way; then there are no weights to show
                logged.scores = None
            finally:
                self._paused = False
            return outputs

        return compute


def _scores(original: Callable[..., Any], layer: Any, args: Any, kwargs: Any, outputs: Any) -> Any:
    """The weights of an attention; None where the layer cannot give them, as with flash attention."""
    if outputs[1] is not None:
        return outputs[1]
    if getattr(layer, "_flash_attention", False):
        return None
    own = "_return_attention_scores" in vars(layer)  # how GroupQueryAttention is told
    if own:
        before = layer._return_attention_scores
        layer._return_attention_scores = True
        try:
            return original(layer, *args, **kwargs)[1]
        finally:
            layer._return_attention_scores = before
    return original(layer, *args[:5], **{**kwargs, "return_attention_scores": True})[1]


def _is_closed(target: Any) -> bool:
    """Whether calls within a layer are of no interest: there are none to show, or one for every step."""
    kind = kind_of(target)
    return kind in ("leaf", "recurrent") or (kind == "wrapper" and "TimeDistributed" in class_names(type(target)))


def _callable_classes(model: Any) -> list[type]:
    """The classes of the framework through which everything in a model is called: that of layers, of operations."""
    framework = [cls for cls in type(model).__mro__ if is_framework_class(cls) and "__call__" in vars(cls)]
    return [cls for cls in framework if cls.__name__ in ("Layer", "Operation")]


def _attention_classes(model: Any) -> list[type]:
    found: dict[type, None] = {}
    for layer in model._flatten_layers(include_self=True, recursive=True):
        if kind_of(layer) == "attention":
            owner = next((cls for cls in type(layer).__mro__ if "_compute_attention" in vars(cls)), None)
            if owner is not None:
                found[owner] = None
    return list(found)
