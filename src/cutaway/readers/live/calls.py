"""`Call` and `Value`: what every recipe for opening a live model yields, whatever it followed."""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

from cutaway.graph import Tensor


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor as a recipe saw it: a key that names it among the calls of one recipe, its shape and its type."""

    key: Hashable
    tensor: Tensor


@dataclass(slots=True)
class Call:
    """One call of a layer or an operation.

    Attributes:
        target: The layer or operation; None for loose operations that no layer owns.
        name: Name of the layer or operation.
        op: Its class or kind.
        args, kwargs: What it was called with; nested structures that hold symbolic tensors or `Value`s in place.
        outputs: What it returned, flat.
        inside: Calls made during this call, in order, in the same keys; None where nobody looked.
        found_by: How ``inside`` was found, in words.
        attributes: Only for loose operations, which have no configuration.
        variables: Variables that a loose operation reads.
    """

    target: Any
    name: str
    op: str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Sequence[Value] = ()
    inside: list[Call] | None = None
    found_by: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    variables: Sequence[Any] = ()


@dataclass(slots=True)
class Inside:
    """What a recipe found in one call: its calls, which values enter, and what each output is made of."""

    inputs: list[Value]
    calls: list[Call]
    outputs: list[tuple[Value, ...]]
    found_by: str
    output_names: list[str] = field(default_factory=list)


def as_value(thing: Any) -> Value | None:
    """The value that a leaf of a call's arguments stands for, or None where it is no tensor."""
    if type(thing) is Value:
        return thing
    if hasattr(thing, "_keras_history") or type(thing).__name__ == "KerasTensor":
        return Value(id(thing), Tensor(plain_shape(thing.shape), dtype_name(thing.dtype)))
    return None


def plain_shape(shape: Any) -> tuple[int | None, ...] | None:
    """A shape of Keras or TensorFlow as a plain tuple; None where the rank is unknown."""
    if type(shape) is tuple:
        return shape
    if shape is None or getattr(shape, "rank", 0) is None:
        return None
    return tuple(None if dim is None else int(dim) for dim in shape)


def dtype_name(dtype: Any) -> str:
    """``"float32"`` for whatever object a framework uses for it."""
    return dtype if type(dtype) is str else str(getattr(dtype, "name", dtype))


def leaves(structure: Any) -> Iterator[Any]:
    """Everything in a nested structure of lists, tuples and mappings; mappings by key, which is how Keras counts."""
    stack = [structure]
    while stack:
        thing = stack.pop()
        if isinstance(thing, (list, tuple)):
            stack.extend(reversed(thing))
        elif isinstance(thing, Mapping):
            stack.extend(thing[key] for key in reversed(_ordered(thing)))
        else:
            yield thing


def _ordered(mapping: Mapping[Any, Any]) -> list[Any]:
    try:
        return sorted(mapping)
    except TypeError:
        return list(mapping)


def named_leaves(structure: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """As `leaves`, each with the innermost key under which it stands, or ``name``."""
    if isinstance(structure, (list, tuple)):
        for item in structure:
            yield from named_leaves(item, name)
    elif isinstance(structure, Mapping):
        for key in _ordered(structure):
            yield from named_leaves(structure[key], str(key))
    else:
        yield name, structure


def values(structure: Any) -> list[Value]:
    """The tensors in a nested structure, in order."""
    return [value for value in map(as_value, leaves(structure)) if value is not None]


def map_leaves(function: Any, structure: Any) -> Any:
    """The same structure with ``function`` applied to each leaf, in the order of `leaves`; mappings become dicts."""
    if isinstance(structure, Mapping):
        made = {key: map_leaves(function, structure[key]) for key in _ordered(structure)}
        return {key: made[key] for key in structure}
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*(map_leaves(function, item) for item in structure))
    if isinstance(structure, (list, tuple)):
        return type(structure)(map_leaves(function, item) for item in structure)
    return function(structure)


def labelled(call: Call) -> Iterator[tuple[str, Value]]:
    """The tensors that a call receives, in argument order, with their argument's name unless it is the first."""
    args, kwargs = call.args, call.kwargs
    if len(args) == 1 and not kwargs:
        value = as_value(args[0])
        if value is not None:
            yield "", value
            return
    for position, arg in enumerate(args):
        for value in values(arg):
            yield (argument_name(call.target, position) if position else ""), value
    for name, arg in kwargs.items():
        for value in values(arg):
            yield name, value


def plain_arguments(call: Call) -> Iterator[tuple[str, Any]]:
    """The arguments of a call that are or hold something else than tensors, by name."""
    for position, arg in enumerate(call.args):
        if _holds_constant(arg):
            yield argument_name(call.target, position) or str(position), arg
    for name, arg in call.kwargs.items():
        if _holds_constant(arg):
            yield name, arg


def _holds_constant(arg: Any) -> bool:
    return any(leaf is not None and as_value(leaf) is None for leaf in leaves(arg))


def argument(call: Call, name: str) -> Any:
    """What a call passed for a named argument, by keyword or by position; None where it passed nothing."""
    if name in call.kwargs:
        return call.kwargs[name]
    for position, arg in enumerate(call.args):
        if argument_name(call.target, position) == name:
            return arg
    return None


def argument_name(target: Any, position: int) -> str:
    """Name of a positional parameter of a layer's `call`; empty where it cannot be told."""
    names = _parameters(cast(Hashable, type(target)))
    return names[position] if position < len(names) else ""


@lru_cache(maxsize=4096)
def _parameters(cls: Any) -> tuple[str, ...]:
    try:
        signature = inspect.signature(cls.call)
    except (AttributeError, TypeError, ValueError):
        return ()
    wanted = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(name for name, parameter in signature.parameters.items() if parameter.kind in wanted)[1:]
