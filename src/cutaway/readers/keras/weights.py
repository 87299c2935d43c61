"""Weights by rule: class → rule(config, input shapes) → names and shapes, in the order in which Keras lists them.

A layer without weights has a rule that says so; a class that is not listed may have any.
"""

# ruff: noqa: ARG001  (all rules of the table take the same arguments)

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from cutaway.graph.model import Shape
from cutaway.readers.keras.serialized import quantization
from cutaway.readers.keras.shapes import SHAPE_RULES
from cutaway.readers.keras.shapes.common import NoRule, axis_of, channels_first, product, size, sizes
from cutaway.readers.keras.shapes.dense import einsum_parts
from cutaway.readers.keras.shapes.spatial import convolution


class WeightSpec(NamedTuple):
    """A weight that a rule expects."""

    name: str
    shape: tuple[int, ...]
    trainable: bool = True
    dtype: str | None = None
    """None for the variable dtype of the layer's policy."""
    stored: int | None = None
    """Its place among those that the layer stores; None where that is the order in which Keras lists them."""


Config = Mapping[str, Any]
Shapes = Sequence[Shape]
WeightRule = Callable[[Config, Shapes], list[WeightSpec]]


def _known(dim: int | None) -> int:
    if dim is None:
        raise NoRule("an axis that gives a weight its shape is unknown")
    return dim


def _channels(config: Config, shape: Shape) -> int:
    return _known(shape[1] if channels_first(config) else shape[-1])


def _biased(config: Config, kernel: list[WeightSpec], units: int) -> list[WeightSpec]:
    if config.get("use_bias", True):
        kernel.append(WeightSpec("bias", (units,)))
    return kernel


def _with_lora(config: Config, found: list[WeightSpec]) -> list[WeightSpec]:
    """Low-rank adaptation freezes the first weight and adds two that are trained."""
    adapters = adapters_of(config, found[0])
    return [found[0]._replace(trainable=False), *found[1:], *adapters] if adapters else found


def adapters_of(config: Config, adapted: WeightSpec) -> list[WeightSpec]:
    """The two matrices whose product a layer adds to a weight; none without ``lora_rank``."""
    if not config.get("lora_rank"):
        return []
    rank = size(config, "lora_rank")
    return [
        WeightSpec(f"lora_{adapted.name}_a", (*adapted.shape[:-1], rank), True, "float32"),
        WeightSpec(f"lora_{adapted.name}_b", (rank, *adapted.shape[-1:]), True, "float32"),
    ]


def dense(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """Dense."""
    units = size(config, "units")
    shape = (_known(shapes[0][-1]), units)
    if quantization(config.get("dtype")) == "int8":
        bias = [WeightSpec("bias", (units,), stored=1)] if config.get("use_bias", True) else []
        kernel = WeightSpec("kernel", shape, False, "int8", stored=0)
        scale = WeightSpec("kernel_scale", (units,), False, "float32", stored=len(bias) + 1)
        adapters = [each._replace(stored=at) for at, each in enumerate(adapters_of(config, kernel), len(bias) + 2)]
        return [*bias, *adapters, kernel, scale]
    return _with_lora(config, _biased(config, [WeightSpec("kernel", shape)], units))


def einsum_dense(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """EinsumDense: the letters of the equation give the shapes."""
    read, kernel, made, output = einsum_parts(config, shapes[0])
    dims = {**dict(zip(made, output, strict=True)), **dict(zip(read, shapes[0], strict=True))}
    found = [WeightSpec("kernel", tuple(_known(dims[letter]) for letter in kernel))]
    axes = config.get("bias_axes")
    if axes:
        marked = [at for at, letter in enumerate(made) if letter in axes]
        shape = tuple(
            _known(dims[letter]) if letter in axes else 1 for letter in made[marked[0] :]
        )  # fmt: skip
        found.append(WeightSpec("bias", shape))
    return _with_lora(config, found)


def embedding(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """Embedding."""
    units = size(config, "output_dim")
    return _with_lora(config, [WeightSpec("embeddings", (size(config, "input_dim"), units))])


def reversible_embedding(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """ReversibleEmbedding: a second table for the way back, unless both share one."""
    found = embedding(config, shapes)
    if config.get("tie_weights", True):
        return found
    back = WeightSpec("reverse_embeddings", (size(config, "output_dim"), size(config, "input_dim")))
    return [found[0], back, *found[1:]]


def convolution_weights(config: Config, shapes: Shapes, *, rank: int) -> list[WeightSpec]:
    """Conv1D, 2D and 3D."""
    filters = size(config, "filters")
    depth = _channels(config, shapes[0]) // (size(config, "groups", 1) or 1)
    found = [WeightSpec("kernel", (*sizes(config, "kernel_size", rank), depth, filters))]
    found = _biased(config, found, filters)
    return _with_lora(config, found)


def transposed(config: Config, shapes: Shapes, *, rank: int) -> list[WeightSpec]:
    """Conv1DTranspose, 2D and 3D."""
    filters = size(config, "filters")
    shape = (*sizes(config, "kernel_size", rank), filters, _channels(config, shapes[0]))
    return _biased(config, [WeightSpec("kernel", shape)], filters)


def depthwise(config: Config, shapes: Shapes, *, rank: int) -> list[WeightSpec]:
    """DepthwiseConv1D and 2D."""
    depth, multiplier = _channels(config, shapes[0]), size(config, "depth_multiplier", 1)
    name = "kernel" if "depthwise_initializer" in config and config.get("_keras3", True) else "depthwise_kernel"
    found = [WeightSpec(name, (*sizes(config, "kernel_size", rank), depth, multiplier))]
    return _biased(config, found, depth * multiplier)


def separable(config: Config, shapes: Shapes, *, rank: int) -> list[WeightSpec]:
    """SeparableConv1D and 2D."""
    depth, multiplier = _channels(config, shapes[0]), size(config, "depth_multiplier", 1)
    filters = size(config, "filters")
    return _biased(
        config,
        [
            WeightSpec("depthwise_kernel", (*sizes(config, "kernel_size", rank), depth, multiplier)),
            WeightSpec("pointwise_kernel", (*[1] * rank, depth * multiplier, filters)),
        ],
        filters,
    )


def locally_connected(config: Config, shapes: Shapes, *, rank: int) -> list[WeightSpec]:
    """LocallyConnected1D and 2D: a kernel for each place."""
    output = convolution(config, shapes, rank=rank)
    places = [_known(dim) for dim in (output[2:] if channels_first(config) else output[1:-1])]
    filters = size(config, "filters")
    reach = _known(product(sizes(config, "kernel_size", rank))) * _channels(config, shapes[0])
    found = [WeightSpec("kernel", (_known(product(places)), reach, filters))]
    if config.get("use_bias", True):
        found.append(WeightSpec("bias", (*places, filters)))
    return found


def _scaled(config: Config, shape: tuple[int, ...]) -> list[WeightSpec]:
    found = [WeightSpec("gamma", shape)] if config.get("scale", True) else []
    return [*found, WeightSpec("beta", shape)] if config.get("center", True) else found


def batch_normalization(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """BatchNormalization: what it learns, and the moments it keeps."""
    shape = (_known(shapes[0][axis_of(config, len(shapes[0]))]),)
    moments = [WeightSpec("moving_mean", shape, False), WeightSpec("moving_variance", shape, False)]
    found = _scaled(config, shape)
    if config.get("renorm"):
        moments += [WeightSpec(name, shape, False) for name in ("renorm_mean", "renorm_stddev")]
    return found + moments


def layer_normalization(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """LayerNormalization over one or more axes."""
    axis, shape = config.get("axis", -1), shapes[0]
    if config.get("rms_scaling"):
        return [WeightSpec("gamma", (_known(shape[axis_of(config, len(shape))]),))]
    axes = list(axis) if isinstance(axis, list | tuple) else [axis]
    return _scaled(config, tuple(_known(shape[each]) for each in axes))


def rms_normalization(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """RMSNormalization."""
    axis, shape = config.get("axis", -1), shapes[0]
    axes = list(axis) if isinstance(axis, list | tuple) else [axis]
    return [WeightSpec("scale", tuple(_known(shape[each]) for each in axes))]


def group_normalization(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """GroupNormalization."""
    return _scaled(config, (_known(shapes[0][axis_of(config, len(shapes[0]))]),))


def normalization(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """Normalization: moments that `adapt` finds; none where they are given."""
    if config.get("mean") is not None:
        return []
    shape, axis = shapes[0], config.get("axis", -1)
    axes = [] if axis is None else (list(axis) if isinstance(axis, list | tuple) else [axis])
    kept = sorted(each % len(shape) for each in axes)
    moments = tuple(_known(shape[each]) for each in kept)
    return [
        WeightSpec("mean", moments, False),
        WeightSpec("variance", moments, False),
        WeightSpec("count", (), False, "int64"),
    ]


def recurrent(config: Config, shapes: Shapes, *, gates: int) -> list[WeightSpec]:
    """SimpleRNN (1 gate), GRU (3) and LSTM (4), layers and cells."""
    units = size(config, "units")
    found = [
        WeightSpec("kernel", (_known(shapes[0][-1]), gates * units)),
        WeightSpec("recurrent_kernel", (units, gates * units)),
    ]
    if config.get("use_bias", True):
        twice = gates == 3 and config.get("reset_after", False)
        found.append(WeightSpec("bias", (2, gates * units) if twice else (gates * units,)))
    return found


def cudnn(config: Config, shapes: Shapes, *, gates: int) -> list[WeightSpec]:
    """CuDNNLSTM and CuDNNGRU: two biases in one."""
    units = size(config, "units")
    found = recurrent({**config, "use_bias": False}, shapes, gates=gates)
    return [*found, WeightSpec("bias", (2 * gates * units,))]


def conv_lstm(config: Config, shapes: Shapes, *, rank: int) -> list[WeightSpec]:
    """ConvLSTM1D, 2D and 3D."""
    filters, kernel = size(config, "filters"), sizes(config, "kernel_size", rank)
    shape = (shapes[0][0], *shapes[0][2:])
    found = [
        WeightSpec("kernel", (*kernel, _channels(config, shape), 4 * filters)),
        WeightSpec("recurrent_kernel", (*kernel, filters, 4 * filters)),
    ]
    return _biased(config, found, 4 * filters)


def prelu(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """PReLU: one slope for each place, but for shared axes."""
    shared = config.get("shared_axes") or []
    shared = [shared] if isinstance(shared, int) else shared
    shape = tuple(1 if at in shared else _known(dim) for at, dim in enumerate(shapes[0]) if at > 0)
    return [WeightSpec("alpha", shape)]


def srelu(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """SReLU of Keras 1."""
    shape = tuple(_known(dim) for dim in shapes[0][1:])
    return [WeightSpec(name, shape) for name in ("t_left", "a_left", "t_right", "a_right")]


def attention(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """Attention: a scale, and a score weight in the mode that concatenates."""
    found = [WeightSpec("scale", ())] if config.get("use_scale") else []
    return [*found, WeightSpec("concat_score_weight", ())] if config.get("score_mode") == "concat" else found


def additive_attention(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """AdditiveAttention: a scale of the width of the query."""
    return [WeightSpec("scale", (_known(shapes[0][-1]),))] if config.get("use_scale", True) else []


def layer_scale(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """LayerScale of ConvNeXt in ``keras.applications``."""
    return [WeightSpec("gamma", (size(config, "projection_dim"),))]


def maxout(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """MaxoutDense of Keras 1."""
    parts, units = size(config, "num_features", 4), size(config, "units")
    found = [WeightSpec("W", (parts, _known(shapes[0][-1]), units))]
    return [*found, WeightSpec("b", (parts, units))] if config.get("use_bias", True) else found


def highway(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """Highway of Keras 1."""
    units = _known(shapes[0][-1])
    found = [WeightSpec("W", (units, units)), WeightSpec("W_carry", (units, units))]
    if config.get("use_bias", True):
        found += [WeightSpec("b", (units,)), WeightSpec("b_carry", (units,))]
    return found


def stft_spectrogram(config: Config, shapes: Shapes) -> list[WeightSpec]:
    """STFTSpectrogram: kernels for the real and the imaginary part."""
    frame = size(config, "frame_length", 256)
    fft = config.get("fft_length") or 1 << max(0, frame - 1).bit_length()
    shape = (frame, 1, fft // 2 + 1)
    names = {"real": ["real_kernel"], "imag": ["imag_kernel"]}.get(str(config.get("mode", "log")))
    return [WeightSpec(name, shape) for name in names or ["real_kernel", "imag_kernel"]]


_WEIGHTED: dict[str, WeightRule] = {
    "Dense": dense,
    "EinsumDense": einsum_dense,
    "Embedding": embedding,
    "ReversibleEmbedding": reversible_embedding,
    **{f"Conv{rank}D": partial(convolution_weights, rank=rank) for rank in (1, 2, 3)},
    **{f"Conv{rank}DTranspose": partial(transposed, rank=rank) for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": partial(depthwise, rank=rank) for rank in (1, 2)},
    **{f"SeparableConv{rank}D": partial(separable, rank=rank) for rank in (1, 2)},
    **{f"LocallyConnected{rank}D": partial(locally_connected, rank=rank) for rank in (1, 2)},
    **{f"ConvLSTM{rank}D": partial(conv_lstm, rank=rank) for rank in (1, 2, 3)},
    **{f"SimpleRNN{kind}": partial(recurrent, gates=1) for kind in ("", "Cell")},
    **{f"GRU{kind}": partial(recurrent, gates=3) for kind in ("", "Cell")},
    **{f"LSTM{kind}": partial(recurrent, gates=4) for kind in ("", "Cell")},
    "CuDNNGRU": partial(cudnn, gates=3),
    "CuDNNLSTM": partial(cudnn, gates=4),
    "BatchNormalization": batch_normalization,
    "LayerNormalization": layer_normalization,
    "RMSNormalization": rms_normalization,
    "GroupNormalization": group_normalization,
    "Normalization": normalization,
    "PReLU": prelu,
    "SReLU": srelu,
    "Attention": attention,
    "AdditiveAttention": additive_attention,
    "LayerScale": layer_scale,
    "MaxoutDense": maxout,
    "Highway": highway,
    "STFTSpectrogram": stft_spectrogram,
}


def _none(config: Config, shapes: Shapes) -> list[WeightSpec]:
    return []


WEIGHT_RULES: Mapping[str, WeightRule] = {**dict.fromkeys(SHAPE_RULES, _none), **_WEIGHTED}
"""Layers, by today's class names."""

_FREE = ("Embedding", "ReversibleEmbedding")
"""Layers whose weights do not depend on what they read."""

_QUANTIZED = {"Dense": "kernel", "EinsumDense": "kernel", "Embedding": "embeddings"}
"""What these layers quantize."""

_ANSWERED_BY_FILE = ("Dense", "EinsumDense", "Embedding", "ReversibleEmbedding")


def stored_when_quantized(op: str, config: Config) -> tuple[str, ...]:
    """What a quantized layer stores, in that order, the last of which may be missing; empty where that is not known.

    Of these Keras trains the bias alone.
    """
    first = _QUANTIZED.get(op)
    if first is None or quantization(config.get("dtype")) not in ("int8", "int4"):
        return ()
    biased = config.get("use_bias", True) if op == "Dense" else config.get("bias_axes")
    return (first, *(("bias",) if biased else ()), f"{first}_scale", f"{first}_zero", "g_idx")


def adapters_when_quantized(op: str, config: Config, stored: Sequence[tuple[str, tuple[int, ...]]]) -> list[WeightSpec]:
    """The adapters of a quantized layer, which Keras adds to what it stores and makes anew when it loads the layer.

    Args:
        op: The layer.
        config: Its configuration.
        stored: Names and shapes of what it stores; of four bits, two values lie in one, which hides the shape.
    """
    adapted = next((WeightSpec(name, shape) for name, shape in stored if name == _QUANTIZED.get(op)), None)
    if adapted is None or quantization(config.get("dtype")) != "int8":
        return []
    try:
        return adapters_of(config, adapted)
    except (NoRule, ValueError, TypeError, KeyError):
        return []


def layer_weights(op: str, config: Config, shapes: Sequence[Shape | None]) -> list[WeightSpec]:
    """Weights that a layer under today's names has.

    Raises:
        NoRule: No rule covers this class or configuration, or an input shape that it needs is unknown.
        ValueError, TypeError, KeyError, IndexError: The config is not that of a layer of this class.
    """
    rule = WEIGHT_RULES.get(op)
    if rule is None:
        raise NoRule(op)
    if rule is _none:
        return []
    mode = quantization(config.get("dtype"))
    if mode and op in _ANSWERED_BY_FILE and not (op == "Dense" and mode == "int8"):
        raise NoRule("how a quantized layer stores its weights depends on its mode")
    known: list[Shape] = []
    for shape in shapes:
        if shape is None:
            if op in _FREE:
                break
            raise NoRule("the shape of an input is unknown")
        known.append(shape)
    if not known and op not in _FREE:
        raise NoRule("it reads nothing")
    return rule(config, known)
