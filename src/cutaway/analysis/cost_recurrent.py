"""What recurrent layers cost: the products of one step, times the steps, and the arithmetic of the gates."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cutaway.analysis.calls import Call, Size, Unknown, Work, count, number

Rule = Callable[[Call], Work]

_GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}
_LIGHT = {"SimpleRNN": 2, "GRU": 11, "LSTM": 13}
"""Additions, multiplications and functions for each unit and step, the bias not counted."""


def steps(call: Call, *, kind: str) -> Work:
    """SimpleRNN, GRU, LSTM and their cells: all that is read but its last axis are steps, times the batch."""
    source = call.source
    attributes = call.attributes
    if "units" not in attributes and "output_dim" not in attributes:
        return fused(call)
    units = number(attributes, "units" if "units" in attributes else "output_dim")
    positions = count(source[:-1])
    macs = positions * _GATES[kind] * units * (source[-1] + units)
    biases = _GATES[kind] * (2 if kind == "GRU" and attributes.get("reset_after") else 1) if call.has_bias else 0
    return Work(macs, positions * units * (_LIGHT[kind] + biases))


def convolutional(call: Call, *, rank: int) -> Work:
    """ConvLSTM1D, 2D, 3D: two convolutions for each step, of the input and of the state."""
    source, made, attributes = call.source, call.made, call.attributes
    kernel, inner = call.matrix(1, "kernel"), _named(call, "recurrent_kernel")
    filters = inner[-2]
    length = source[-rank - 2]
    if not length or not filters:
        return Work()
    state = count(made) // (length if attributes.get("return_sequences") else 1)
    macs = length * (state // filters) * (count(kernel) + count(inner))
    return Work(macs, length * state * (_LIGHT["LSTM"] + (4 if call.has_bias else 0)))


def _named(call: Call, name: str) -> Size:
    for found, shape in call.weights:
        if found == name:
            return shape
    raise Unknown(f"the shape of its {name} is unknown")


def fused(call: Call) -> Work:
    """A recurrent layer in one operation of TFLite: every matrix meets each step once."""
    source = call.source
    matrices = [shape for _, shape in call.weights if len(shape) == 2]
    if not source or not source[-1] or not matrices:
        raise Unknown("the shapes of its kernels are unknown")
    positions = count(source[:-1])
    units = sum(shape[0] for shape in matrices) // 2
    gates = "LSTM" if "LSTM" in call.op else "SimpleRNN"
    return Work(positions * sum(map(count, matrices)), positions * units // _GATES[gates] * (_LIGHT[gates] + 4))


def filtered(call: Call) -> Work:
    """SVDF: a filter of the input's features, and one of the steps that are remembered."""
    matrices = [shape for _, shape in call.weights if len(shape) == 2]
    if len(matrices) < 2:
        raise Unknown("the shapes of its kernels are unknown")
    return Work(count(call.source[:-1]) * sum(map(count, matrices[:2])), 2 * count(call.made))


def block(call: Call) -> Work:
    """LSTM in one operation of TensorFlow 1: a kernel for input and state together."""
    matrices = [shape for _, shape in call.weights if len(shape) == 2]
    matrices += [size for size in call.known_inputs if size and len(size) == 2 and size[1] % 4 == 0]
    source = next((size for size in call.known_inputs if size), None)
    if source is None or not matrices:
        raise Unknown("the shapes of its input and kernel are unknown")
    kernel = max(matrices, key=count)
    positions = count(source[:-1])
    return Work(positions * count(kernel), positions * kernel[1] // 4 * (_LIGHT["LSTM"] + 4))


_ROWS: tuple[tuple[Rule, str], ...] = (
    (partial(steps, kind="GRU"), "CuDNNGRU"),
    (partial(steps, kind="LSTM"), "CuDNNLSTM"),
    (
        fused,
        "UNIDIRECTIONAL_SEQUENCE_LSTM BIDIRECTIONAL_SEQUENCE_LSTM UNIDIRECTIONAL_SEQUENCE_RNN "
        "BIDIRECTIONAL_SEQUENCE_RNN",
    ),
    (filtered, "SVDF"),
    (block, "LSTMBlockCell"),
)

RECURRENT: dict[str, Rule] = {
    **{f"{kind}{part}": partial(steps, kind=kind) for kind in _GATES for part in ("", "Cell")},
    **{f"ConvLSTM{rank}D": partial(convolutional, rank=rank) for rank in (1, 2, 3)},
    **{op: rule for rule, ops in _ROWS for op in ops.split()},
}
"""Class or kind → rule."""
