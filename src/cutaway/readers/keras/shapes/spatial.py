"""Shapes after convolutions, poolings, paddings, croppings and upsamplings."""

from __future__ import annotations

from collections.abc import Callable
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
    spatial,
    whole,
    window,
    with_spatial,
)


def _windows(config: Config, shape: Shape, kernel: tuple[int, ...], strides: tuple[int, ...]) -> list[int | None]:
    rank = len(kernel)
    dilations = sizes(config, "dilation_rate", rank)
    padding = config.get("padding", "valid")
    lengths = spatial(config, shape)
    if len(lengths) != rank:
        raise ValueError(f"expected {rank} spatial axes; the input has shape {shape}")
    return [window(*each[:3], padding, each[3]) for each in zip(lengths, kernel, strides, dilations, strict=True)]


def convolution(config: Config, shapes: Shapes, *, rank: int) -> Shape:
    """Conv1D, Conv2D, Conv3D, and the separable ones."""
    kernel, strides = sizes(config, "kernel_size", rank), sizes(config, "strides", rank)
    return with_spatial(config, shapes[0], _windows(config, shapes[0], kernel, strides), size(config, "filters"))


def depthwise(config: Config, shapes: Shapes, *, rank: int) -> Shape:
    """DepthwiseConv1D and 2D."""
    kernel, strides = sizes(config, "kernel_size", rank), sizes(config, "strides", rank)
    made = channels(config, shapes[0])
    made = None if made is None else made * size(config, "depth_multiplier", 1)
    return with_spatial(config, shapes[0], _windows(config, shapes[0], kernel, strides), made)


def transposed(config: Config, shapes: Shapes, *, rank: int) -> Shape:
    """Conv1DTranspose, 2D and 3D."""
    if isinstance(config.get("output_shape"), list):  # Deconvolution2D of Keras 1 says it itself
        return tuple(config["output_shape"])
    kernel, strides = sizes(config, "kernel_size", rank), sizes(config, "strides", rank)
    dilations = sizes(config, "dilation_rate", rank)
    extra = None if config.get("output_padding") is None else sizes(config, "output_padding", rank)
    padding = config.get("padding", "valid")
    made: list[int | None] = []
    for at, length in enumerate(spatial(config, shapes[0])):
        reach = kernel[at] + (kernel[at] - 1) * (dilations[at] - 1)
        if length is None:
            made.append(None)
        elif extra is None:
            made.append(length * strides[at] + (max(reach - strides[at], 0) if padding == "valid" else 0))
        else:
            cut = reach // 2 if padding == "same" else 0
            made.append((length - 1) * strides[at] + reach - 2 * cut + extra[at])
    return with_spatial(config, shapes[0], made, size(config, "filters"))


def pooling(config: Config, shapes: Shapes, *, rank: int) -> Shape:
    """AveragePooling and MaxPooling."""
    pool = sizes(config, "pool_size", rank, 2)
    strides = sizes(config, "strides", rank, pool)
    shape = shapes[0]
    return with_spatial(config, shape, _windows(config, shape, pool, strides), channels(config, shape))


def global_pooling(config: Config, shapes: Shapes, *, rank: int) -> Shape:
    """GlobalAveragePooling and GlobalMaxPooling."""
    made = channels(config, shapes[0])
    if config.get("keepdims"):
        return with_spatial(config, shapes[0], [1] * rank, made)
    return (shapes[0][0], made)


def adaptive_pooling(config: Config, shapes: Shapes, *, rank: int) -> Shape:
    """AdaptiveAveragePooling and AdaptiveMaxPooling."""
    return with_spatial(config, shapes[0], sizes(config, "output_size", rank), channels(config, shapes[0]))


def _pairs(config: Config, key: str, rank: int, default: int) -> list[tuple[int, int]]:
    """``1``, ``[1, 2]`` or ``[[1, 2], [3, 4]]`` → before and after for each spatial axis."""
    value = config.get(key, default)
    if isinstance(value, dict):  # Keras 1: {"top_pad": 1, ...}
        value = [list(value.values())[2 * at : 2 * at + 2] for at in range(rank)]
    if isinstance(value, int):
        value = [[value, value]] * rank
    elif rank == 1 and not isinstance(value[0], list | tuple):
        value = [value]
    elif rank == 2 and len(value) == 4:  # Keras 1: top, bottom, left, right
        value = [value[:2], value[2:]]
    if len(value) != rank:
        raise ValueError(f"expected {key!r} to name {rank} axes; received {repr(value)[:60]}")
    pairs = [(each, each) if isinstance(each, int) else (each[0], each[1]) for each in value]
    return [(whole(before, key), whole(after, key)) for before, after in pairs]


def padding(config: Config, shapes: Shapes, *, rank: int) -> Shape:
    """ZeroPadding."""
    pairs = _pairs(config, "padding", rank, 1)
    made = [
        None if length is None else length + before + after
        for length, (before, after) in zip(spatial(config, shapes[0]), pairs, strict=True)
    ]
    return with_spatial(config, shapes[0], made, channels(config, shapes[0]))


def cropping(config: Config, shapes: Shapes, *, rank: int) -> Shape:
    """Cropping."""
    pairs = _pairs(config, "cropping", rank, 1 if rank == 1 else 0)
    made = [
        None if length is None else max(0, length - before - after)
        for length, (before, after) in zip(spatial(config, shapes[0]), pairs, strict=True)
    ]
    return with_spatial(config, shapes[0], made, channels(config, shapes[0]))


def upsampling(config: Config, shapes: Shapes, *, rank: int) -> Shape:
    """UpSampling."""
    factors = sizes(config, "size", rank, 2)
    made = [
        None if length is None else length * factor
        for length, factor in zip(spatial(config, shapes[0]), factors, strict=True)
    ]
    return with_spatial(config, shapes[0], made, channels(config, shapes[0]))


def resized(config: Config, shapes: Shapes) -> Shape:
    """Resizing, CenterCrop, RandomCrop: images of one size, with or without a batch axis."""
    shape = shapes[0]
    made = (size(config, "height"), size(config, "width"))
    if channels_first(config):
        return (*shape[:-2], *made)
    return (*shape[:-3], *made, shape[-1])


def locally_connected(config: Config, shapes: Shapes, *, rank: int) -> Shape:
    """LocallyConnected1D and 2D of Keras 1 and 2."""
    return convolution(config, shapes, rank=rank)


def _ranked(name: str, rule: Callable[..., Shape], ranks: tuple[int, ...] = (1, 2, 3)) -> dict[str, Rule]:
    return {name.format(rank): partial(rule, rank=rank) for rank in ranks}


SPATIAL: dict[str, Rule] = {
    **_ranked("Conv{}D", convolution),
    **_ranked("SeparableConv{}D", convolution, (1, 2)),
    **_ranked("DepthwiseConv{}D", depthwise, (1, 2)),
    **_ranked("Conv{}DTranspose", transposed),
    **_ranked("LocallyConnected{}D", locally_connected, (1, 2)),
    **_ranked("AveragePooling{}D", pooling),
    **_ranked("MaxPooling{}D", pooling),
    **_ranked("GlobalAveragePooling{}D", global_pooling),
    **_ranked("GlobalMaxPooling{}D", global_pooling),
    **_ranked("AdaptiveAveragePooling{}D", adaptive_pooling),
    **_ranked("AdaptiveMaxPooling{}D", adaptive_pooling),
    **_ranked("ZeroPadding{}D", padding),
    **_ranked("Cropping{}D", cropping),
    **_ranked("UpSampling{}D", upsampling),
    "Resizing": resized,
    "CenterCrop": resized,
    "RandomCrop": resized,
}
