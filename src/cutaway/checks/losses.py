"""Losses of a compiled model, beside the layers that make the outputs that they judge."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutaway.checks.families import OTHER, activation_of, behind_reshaping, is_linear
from cutaway.checks.subject import Subject

_LINEAR = ("BatchNormalization", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "Add")
"""Layers that have no activation, and whose results are no probabilities."""

_SHORT = {
    "mse": "mean_squared_error", "mae": "mean_absolute_error", "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error", "bce": "binary_crossentropy", "kld": "kl_divergence",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """An output of the model with its loss.

    Attributes:
        node: Node that makes the output.
        layer: Node whose values it has, in another shape perhaps.
        loss: Name of the loss, such as ``"binary_crossentropy"``.
        from_logits: Whether the loss applies softmax or sigmoid itself.
        activation: The activation that the output ends with; empty where it is linear, None where it is not known.
        width: Size of the last dimension; None where it is unknown.
    """

    node: int
    layer: int
    loss: str
    from_logits: bool
    activation: str | None
    width: int | None


def heads(subject: Subject) -> Iterator[Head]:
    """Outputs of the model of whose loss the name is known."""
    ports = subject.graph.outputs
    for at, port in enumerate(ports):
        said = _loss(subject.compiled.get("loss"), at, port.name, len(ports))
        name, settings = _named(said)
        if not name:
            continue
        layer = behind_reshaping(subject, port.node)
        activation: str | None = activation_of(subject, layer)
        linear = is_linear(subject, layer) or subject.op(layer) in _LINEAR
        if activation == OTHER or (not activation and not linear):
            activation = None
        shape = subject.shape(port.node, port.port)
        width = shape[-1] if shape else None
        yield Head(port.node, layer, name, settings.get("from_logits") is True, activation, width)


def _loss(said: Any, at: int, name: str, count: int) -> Any:
    """What is said of one output: losses come alone, as a list, or by the names of outputs."""
    if isinstance(said, Mapping) and "class_name" not in said:
        return said.get(name)
    if isinstance(said, Sequence) and not isinstance(said, str):
        return said[at] if len(said) == count else None
    return said


def _named(said: Any) -> tuple[str, Mapping[str, Any]]:
    """Name of a loss and its settings, in the words of every version of Keras."""
    settings: Any = {}
    if isinstance(said, Mapping):
        settings = said.get("config")
        inner = settings if isinstance(settings, str) else None
        said = inner or said.get("class_name")
    if not isinstance(said, str):
        return "", {}
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", said).lower()
    return _SHORT.get(name, name), settings if isinstance(settings, Mapping) else {}
