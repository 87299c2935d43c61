"""Shapes inside a nested model that is called on other shapes than it was made with."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any, Literal

from cutaway.graph import Tensor
from cutaway.readers.live.calls import Call, Value, as_value, leaves, map_leaves
from cutaway.readers.live.recording import keras

Pairs = Sequence[tuple[Value, Value]]
"""An input of a nested model as it was made, and what it receives in a call."""


def change_of(pairs: Pairs) -> Literal["", "batch", "shape"]:
    """How far a call differs from the definition: not at all, in the batch alone, or more."""
    change: Literal["", "batch"] = ""
    for made, received in pairs:
        before, now = made.tensor.shape, received.tensor.shape
        if before == now or before is None or now is None:
            continue
        if len(before) != len(now) or before[1:] != now[1:]:
            return "shape"
        change = "batch"
    return change


def with_batch(calls: Sequence[Call], pairs: Pairs) -> list[Call]:
    """The same calls with the batch that they receive: a Sequential that was built on data keeps the data's."""
    made, received = pairs[0]
    before, now = (made.tensor.shape or (None,))[0], (received.tensor.shape or (None,))[0]

    def changed(leaf: Any) -> Any:
        value = as_value(leaf)
        if value is None or not value.tensor.shape or value.tensor.shape[0] != before:
            return leaf
        return Value(value.key, Tensor((now, *value.tensor.shape[1:]), value.tensor.dtype))

    return [
        replace(
            call,
            args=map_leaves(changed, tuple(call.args)),
            kwargs=map_leaves(changed, dict(call.kwargs)),
            outputs=[changed(value) for value in call.outputs],
        )
        for call in calls
    ]


def with_shapes(calls: Sequence[Call], pairs: Pairs) -> list[Call]:
    """The same calls with the shapes that Keras' own rules give for what they receive."""
    known: dict[Hashable, Tensor] = {made.key: received.tensor for made, received in pairs}

    def changed(leaf: Any) -> Any:
        value = as_value(leaf)
        return leaf if value is None else Value(value.key, known.get(value.key, value.tensor))

    found = []
    for call in calls:
        again = replace(call, args=map_leaves(changed, tuple(call.args)), kwargs=map_leaves(changed, dict(call.kwargs)))
        again.outputs = _outputs(again)
        known.update((value.key, value.tensor) for value in again.outputs)
        found.append(again)
    return found


def _outputs(call: Call) -> list[Value]:
    """What a call returns; the shape is unknown where the layer has no answer, as layers of Keras 2 have none."""

    def specification(leaf: Any) -> Any:
        value = as_value(leaf)
        return leaf if value is None else keras().KerasTensor(value.tensor.shape, dtype=value.tensor.dtype)

    try:
        made = call.target.compute_output_spec(
            *map_leaves(specification, tuple(call.args)), **map_leaves(specification, dict(call.kwargs))
        )
    except Exception:  # shape rules raise whatever they like
        return [Value(value.key, Tensor(None, value.tensor.dtype)) for value in call.outputs]
    again = [value for value in map(as_value, leaves(made)) if value is not None]
    return [Value(old.key, new.tensor) for old, new in zip(call.outputs, again, strict=False)]
