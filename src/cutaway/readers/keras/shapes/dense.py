"""Shapes after dense layers, embeddings, attention, reshaping and merging."""

# ruff: noqa: ARG001  (all rules of the table take the same arguments)

from __future__ import annotations

from typing import Any

from cutaway.graph.model import Shape
from cutaway.readers.keras.shapes.common import (
    Config,
    NoRule,
    Rule,
    Shapes,
    axis_of,
    broadcast,
    product,
    same,
    size,
    whole,
)


def dense(config: Config, shapes: Shapes) -> Shape:
    """Dense: the last axis becomes the units."""
    return (*shapes[0][:-1], size(config, "units"))


def einsum_parts(config: Config, shape: Shape) -> tuple[str, str, str, Shape]:
    """Axes of input, kernel and output of an EinsumDense, and its output shape.

    Raises:
        ValueError: The equation is none.
    """
    equation = str(config.get("equation")).replace(" ", "")
    left, arrow, made = equation.partition("->")
    read, comma, kernel = left.partition(",")
    if not arrow or not comma:
        raise ValueError(f"expected 'equation' to be such as 'ab,bc->ac'; received {equation[:60]!r}")
    given = config.get("output_shape")
    given = [given] if isinstance(given, int) or given is None else list(given)
    elided = 0
    if "..." in read:
        elided = len(shape) - (len(read) - 3)
        start = read.startswith("...")
        letters = "0123456789"[: max(0, elided)]
        read, made = read.replace("...", letters), made.replace("...", letters)
        # in front, the elided axes begin with the batch, which is never given; at the end, all of them are missing
        given = [*shape[1:elided], *given] if start else [*given, *shape[len(shape) - elided :]]
    if len(given) + 1 != len(made) or len(read) != len(shape):
        raise ValueError(f"equation {equation[:60]!r} does not fit an input of shape {shape} and output_shape {given}")
    return read, kernel, made, (shape[0], *given)


def einsum_dense(config: Config, shapes: Shapes) -> Shape:
    """EinsumDense: what its equation and output shape say."""
    return einsum_parts(config, shapes[0])[3]


def embedding(config: Config, shapes: Shapes) -> Shape:
    """Embedding: one more axis."""
    return (*shapes[0], size(config, "output_dim"))


def reversible_embedding(config: Config, shapes: Shapes) -> Shape:
    """ReversibleEmbedding: an embedding, or from vectors back to scores, by an argument of the call."""
    if config.get("reverse"):
        return (*shapes[0][:-1], size(config, "input_dim"))
    return embedding(config, shapes)


def attention(config: Config, shapes: Shapes) -> list[Shape]:
    """Attention and AdditiveAttention on query, value and key."""
    query, value = shapes[0], shapes[1]
    return [(*query[:-1], value[-1])]


def flatten(config: Config, shapes: Shapes) -> Shape:
    """Flatten: batch, and everything else in one axis."""
    shape = shapes[0]
    return (shape[0], product(shape[1:]))


def reshape(config: Config, shapes: Shapes) -> Shape:
    """Reshape: one length may be -1."""
    target = [config["target_shape"]] if isinstance(config["target_shape"], int) else list(config["target_shape"])
    return (shapes[0][0], *reshaped(shapes[0][1:], target))


def reshaped(shape: Shape, target: list[Any]) -> Shape:
    """``target`` with its -1 worked out."""
    total = product(shape)
    known = product([whole(dim, "target_shape") for dim in target if dim is not None and dim != -1])
    free = total // known if total is not None and known else None
    return tuple(free if dim is None or dim == -1 else whole(dim, "target_shape") for dim in target)


def permute(config: Config, shapes: Shapes) -> Shape:
    """Permute: axes by number, from 1."""
    shape = shapes[0]
    return (shape[0], *(shape[whole(axis, "dims")] for axis in config["dims"]))


def repeat_vector(config: Config, shapes: Shapes) -> Shape:
    """RepeatVector: a new axis of ``n`` after the batch."""
    return (shapes[0][0], size(config, "n"), *shapes[0][1:])


def merged(config: Config, shapes: Shapes) -> Shape:
    """Add, Multiply and the like: broadcast, each shape filled with 1 after the batch."""
    rank = max(map(len, shapes))
    filled = [(shape[0], *[1] * (rank - len(shape)), *shape[1:]) for shape in shapes]
    batches = {shape[0] for shape in filled} - {None}
    rest = broadcast([shape[1:] for shape in filled])
    unknown = [None in dims for dims in zip(*(shape[1:] for shape in filled), strict=True)]
    return (
        batches.pop() if len(batches) == 1 else None,
        *(None if at else dim for at, dim in zip(unknown, rest, strict=True)),
    )


def concatenate(config: Config, shapes: Shapes) -> Shape:
    """Concatenate: lengths along one axis add up, other lengths agree."""
    first = list(shapes[0])
    axis = axis_of(config, len(first))
    for at in range(len(first)):
        if at != axis:
            first[at] = next((shape[at] for shape in shapes if shape[at] is not None), None)
    lengths = [shape[axis] for shape in shapes]
    first[axis] = None if None in lengths else sum(length for length in lengths if length is not None)
    return tuple(first)


def dot(config: Config, shapes: Shapes) -> Shape:
    """Dot: the contracted axes go."""
    axes = config.get("axes", config.get("dot_axes", -1))
    axes = [axes, axes] if isinstance(axes, int) else list(axes)
    left, right = list(shapes[0]), list(shapes[1])
    first, second = axes[0] % len(left), axes[1] % len(right)
    rest = [*left[:first], *left[first + 1 :], *right[1:second], *right[second + 1 :]]
    return (*rest, 1) if len(rest) == 1 else tuple(rest)


_MERGE_MODES = {"sum": merged, "mul": merged, "ave": merged, "max": merged, "min": merged, "concat": concatenate}


def merge(config: Config, shapes: Shapes) -> Shape:
    """Merge of Keras 1, by its mode."""
    mode = config.get("mode", "sum")
    if mode == "dot":
        return dot({"axes": config.get("dot_axes", -1)}, shapes)
    if mode not in _MERGE_MODES:
        raise NoRule(f"mode {mode!r}")
    return _MERGE_MODES[mode](config, shapes)


def maxout(config: Config, shapes: Shapes) -> Shape:
    """MaxoutDense of Keras 1."""
    return (shapes[0][0], size(config, "units"))


def lambda_layer(config: Config, shapes: Shapes) -> Shape:
    """Lambda: only an output shape that was written down is known; its code is never run."""
    shape = config.get("output_shape")
    if not isinstance(shape, list | tuple) or not all(dim is None or isinstance(dim, int) for dim in shape):
        raise NoRule("the shape follows from code, which is not executed")
    return (shapes[0][0], *shape)


_IDENTITY = (
    "Activation ActivityRegularization AlphaDropout AugMix AutoContrast BatchNormalization "
    "ContrastLimitedAdaptiveHistogramEqualization CutMix Dropout ELU Equalization GaussianDropout GaussianNoise "
    "GroupNormalization Highway Identity InputLayer LayerNormalization LayerScale LeakyReLU Masking MixUp "
    "Normalization PReLU ParametricSoftplus RMSNormalization RandAugment RandomBrightness RandomColorDegeneration "
    "RandomColorJitter RandomContrast RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur "
    "RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation "
    "RandomSharpness RandomShear RandomTranslation RandomZoom ReLU Rescaling SReLU Softmax Solarization "
    "SpatialDropout1D SpatialDropout2D SpatialDropout3D ThresholdedReLU UnitNormalization"
)

DENSE: dict[str, Rule] = {
    **dict.fromkeys(_IDENTITY.split(), same),
    "Dense": dense,
    "MaxoutDense": maxout,
    "EinsumDense": einsum_dense,
    "Embedding": embedding,
    "ReversibleEmbedding": reversible_embedding,
    "Attention": attention,
    "AdditiveAttention": attention,
    "Flatten": flatten,
    "Reshape": reshape,
    "Permute": permute,
    "RepeatVector": repeat_vector,
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), merged),
    "Concatenate": concatenate,
    "Dot": dot,
    "Merge": merge,
    "Lambda": lambda_layer,
}
