"""Functions with limits, by which the output of a layer saturates or falls silent."""

from __future__ import annotations

from typing import Any

_FORMS = {
    "relu": "relu", "relu6": "relu", "sigmoid": "sigmoid", "hardsigmoid": "sigmoid", "tanh": "tanh",
    "hardtanh": "tanh", "softmax": "softmax",
}  # fmt: skip


def form_of(target: Any) -> str:
    """``relu``, ``sigmoid``, ``tanh`` or ``softmax`` where such a function makes the output of a layer, else empty."""
    names = [cls.__name__ for cls in type(target).__mro__]
    if "RNN" in names:  # its activation is inside the loop
        return ""
    activation = getattr(target, "activation", None)
    name = names[0] if activation is None else str(getattr(activation, "__name__", type(activation).__name__))
    if names[0] == "ReLU" and getattr(target, "negative_slope", False):
        return ""
    return _FORMS.get(name.replace("_", "").lower(), "")


def units_axis(target: Any, rank: int | None) -> int | None:
    """Which axis of the output counts units or channels; None where there is none, or it is not known."""
    if rank is None or rank < 2:
        return None
    return 1 if getattr(target, "data_format", "channels_last") == "channels_first" and rank > 2 else -1
