"""Which kind of thing a live layer is: what may be opened, and how."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any, Literal, cast

from cutaway.graph.model import GroupKind

Kind = Literal["leaf", "functional", "composite", "bidirectional", "wrapper", "recurrent", "attention"]

FRAMEWORKS = ("keras", "tf_keras")

_BUILT_IN: dict[str, Kind] = {
    "Functional": "functional",
    "Sequential": "functional",
    "Bidirectional": "bidirectional",
    "RNN": "recurrent",
    "MultiHeadAttention": "attention",
    "GroupQueryAttention": "attention",
    "GroupedQueryAttention": "attention",
}


def is_framework_class(cls: type) -> bool:
    """Whether Keras itself defines a class."""
    return cls.__module__.partition(".")[0] in FRAMEWORKS


def framework_of(cls: type) -> str:
    """``"keras"`` for classes that extend Keras 3, ``"tf_keras"`` for Keras 2, else an empty string."""
    roots = (base.__module__.partition(".")[0] for base in cls.__mro__)
    return next((root for root in roots if root in FRAMEWORKS), "")


def class_names(cls: type) -> tuple[str, ...]:
    """Names of a class and of those of its bases that Keras defines."""
    return tuple(base.__name__ for base in cls.__mro__ if is_framework_class(base))


def kind_of(target: Any) -> Kind:
    """How the inside of a layer or operation can be found; ``"leaf"`` where there is none to show."""
    kind = kind_of_class(type(target))
    if kind == "composite" and not sublayers(target):
        return "leaf"
    return kind


def kind_of_class(cls: type) -> Kind:
    """As `kind_of`, for what the class alone says: a composite may still turn out to hold no layer."""
    return _kind_of_class(cast(Hashable, cls))


@lru_cache(maxsize=4096)
def _kind_of_class(cls: Any) -> Kind:
    names = class_names(cls)
    if not is_framework_class(cls):
        owner = next((base for base in cls.__mro__ if "call" in vars(base)), object)
        if "Layer" in names and not is_framework_class(owner):
            return "composite" if framework_of(cls) == "keras" else "leaf"
    # A subclass that keeps the `call` of Keras does what Keras does. Keras also puts Functional among the bases
    # of a subclass of Model that is constructed from inputs and outputs.
    nearest = names[0] if names else ""
    return _BUILT_IN.get(nearest) or ("wrapper" if "Wrapper" in names else "leaf")


def sublayers(target: Any) -> list[Any]:
    """The layers that a layer holds directly."""
    flatten = getattr(target, "_flatten_layers", None)
    return [] if flatten is None else list(flatten(include_self=False, recursive=False))


def group_kind(target: Any) -> GroupKind:
    """Which kind of group the inside of a layer is."""
    names = class_names(type(target))
    if "Model" in names:
        return "model"
    if any(name in names for name in ("Wrapper", "Bidirectional", "TimeDistributed", "RNN", "StackedRNNCells")):
        return "wrapper"
    return "layer"


def graph_of(target: Any) -> Any | None:
    """The Functional that holds a model's nodes: the model itself, or a Sequential's own; None where none is built."""
    if "Sequential" in class_names(type(target)) and hasattr(target, "_functional"):
        return target._functional
    return target if getattr(target, "inputs", None) else None


def is_built(layer: Any) -> bool:
    """Whether a layer has all of its weights, so that a call does not change it.

    What a layer of Keras itself holds and never builds, as TextVectorization its lookup, is its own business.
    """
    seen: set[int] = set()  # a layer may hold the one that holds it
    waiting = [layer]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if not getattr(each, "built", True) and "InputLayer" not in class_names(type(each)):
            return False
        if kind_of_class(type(each)) != "leaf":
            waiting += sublayers(each)
    return True
