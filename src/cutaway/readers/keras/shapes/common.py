"""Small helpers that the rules share: arguments with their defaults, lengths after a window, broadcasting."""

# ruff: noqa: ARG001  (all rules of the table take the same arguments)

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cutaway.graph.model import Shape

Config = Mapping[str, Any]
Shapes = Sequence[Shape]
Rule = Callable[[Config, Shapes], "Shape | list[Shape]"]
"""Config and shapes of all inputs → shape of the output, or a list of one shape for each output port."""


class NoRule(Exception):
    """The table cannot answer for this configuration."""


def same(config: Config, shapes: Shapes) -> Shape:
    """The output has the shape of the first input."""
    return shapes[0]


def size(config: Config, key: str, default: int | None = None) -> int:
    """A whole number from 0 in the config."""
    return whole(config.get(key, default), key)


def whole(value: Any, what: str) -> int:
    """``value`` as a whole number from 0; Keras 1 wrote some of them as 8.0.

    Raises:
        ValueError: It is something else.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or not 0 <= value < 1 << 62:
        raise ValueError(f"expected {what!r} to be a whole number from 0; received {repr(value)[:60]}")
    return value


def sizes(config: Config, key: str, rank: int, default: Any = 1) -> tuple[int, ...]:
    """``rank`` whole numbers; one number stands for all of them."""
    value = config.get(key)
    value = default if value is None else value
    if isinstance(value, list | tuple):
        if len(value) == 1:
            value = list(value) * rank
        if len(value) != rank:
            raise ValueError(f"expected {key!r} to be {rank} numbers; received {repr(value)[:60]}")
        return tuple(whole(item, key) for item in value)
    return (whole(value, key),) * rank


def channels_first(config: Config) -> bool:
    """Whether the channels stand before the spatial axes."""
    return config.get("data_format") == "channels_first"


def channels(config: Config, shape: Shape) -> int | None:
    """Number of channels of an input."""
    return shape[1] if channels_first(config) else shape[-1]


def with_spatial(config: Config, shape: Shape, spatial: Sequence[int | None], filters: int | None) -> Shape:
    """Batch, channels and new spatial lengths in the order of the data format."""
    if channels_first(config):
        return (shape[0], filters, *spatial)
    return (shape[0], *spatial, filters)


def spatial(config: Config, shape: Shape) -> Shape:
    """Lengths of the spatial axes."""
    return shape[2:] if channels_first(config) else shape[1:-1]


def window(length: int | None, kernel: int, stride: int, padding: str, dilation: int = 1) -> int | None:
    """Length after a sliding window."""
    if length is None:
        return None
    if padding == "valid":
        length -= dilation * (kernel - 1)
    elif padding == "full":
        length += dilation * (kernel - 1)
    elif padding not in ("same", "causal"):
        raise ValueError(f"expected 'padding' to be valid, same, causal or full; received {repr(padding)[:60]}")
    return max(0, (length + stride - 1) // stride)


def axis_of(config: Config, rank: int, default: int = -1, key: str = "axis") -> int:
    """An axis counted from the front.

    Raises:
        ValueError: The axis lies outside ``rank`` axes.
    """
    axis = config.get(key, default)
    axis = axis[0] if isinstance(axis, list | tuple) and len(axis) == 1 else axis
    if type(axis) is not int or not -rank <= axis < rank:
        raise ValueError(f"expected {key!r} to be an axis of {rank}; received {repr(axis)[:60]}")
    return axis % rank


def broadcast(shapes: Shapes) -> Shape:
    """Shape of an elementwise operation on all of ``shapes``.

    Raises:
        ValueError: Two lengths differ, and neither is 1.
    """
    result: list[int | None] = []
    for axis in range(-max(map(len, shapes)), 0):
        dims = [shape[axis] for shape in shapes if len(shape) >= -axis]
        known = {dim for dim in dims if dim is not None and dim != 1}
        if len(known) > 1:
            raise ValueError(f"cannot broadcast {' and '.join(map(str, shapes[:4]))}")
        result.append(known.pop() if known else (None if None in dims else 1))
    return tuple(result)


def product(dims: Sequence[int | None]) -> int | None:
    """Product of lengths; None where one is unknown."""
    total = 1
    for dim in dims:
        if dim is None:
            return None
        total *= dim
    return total
