"""Shapes after recurrent layers: the output, and the last states where the layer returns them."""

from __future__ import annotations

from functools import partial

from cutaway.graph.model import Shape
from cutaway.readers.keras.shapes.common import (
    Config,
    Rule,
    Shapes,
    channels,
    channels_first,
    size,
    sizes,
    window,
    with_spatial,
)


def _sequence(config: Config, shape: Shape, made: Shape, states: int) -> list[Shape]:
    """``made`` is the shape of one step, batch first."""
    output = (made[0], shape[1], *made[1:]) if config.get("return_sequences") else made
    return [output, *[made] * states] if config.get("return_state") else [output]


def recurrent(config: Config, shapes: Shapes, *, states: int) -> list[Shape]:
    """SimpleRNN, GRU (one state) and LSTM (two)."""
    return _sequence(config, shapes[0], (shapes[0][0], size(config, "units")), states)


def convolutional(config: Config, shapes: Shapes, *, rank: int) -> list[Shape]:
    """ConvLSTM1D, 2D and 3D: the shape of a step is that after the convolution."""
    shape = shapes[0]
    step: Shape = (shape[0], *shape[2:])
    lengths = step[2:] if channels_first(config) else step[1:-1]
    kernel, strides = sizes(config, "kernel_size", rank), sizes(config, "strides", rank)
    dilations, padding = sizes(config, "dilation_rate", rank), config.get("padding", "valid")
    spans = zip(lengths, kernel, strides, dilations, strict=True)
    made = [window(length, k, stride, padding, dilation) for length, k, stride, dilation in spans]
    filters = size(config, "filters") if "filters" in config else channels(config, step)
    return _sequence(config, shape, with_spatial(config, step, made, filters), 2)


RECURRENT: dict[str, Rule] = {
    "SimpleRNN": partial(recurrent, states=1),
    "GRU": partial(recurrent, states=1),
    "LSTM": partial(recurrent, states=2),
    "CuDNNGRU": partial(recurrent, states=1),
    "CuDNNLSTM": partial(recurrent, states=2),
    "ConvLSTM1D": partial(convolutional, rank=1),
    "ConvLSTM2D": partial(convolutional, rank=2),
    "ConvLSTM3D": partial(convolutional, rank=3),
}

CELL_STATES = {"SimpleRNNCell": 1, "GRUCell": 1, "LSTMCell": 2}
"""Class of a built-in cell → number of its states."""
