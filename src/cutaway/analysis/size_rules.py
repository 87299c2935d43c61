"""Sizes that operations make of the sizes that they read: TensorFlow's and TFLite's, and what opens in Keras layers.

In: a `Call`. Out: the size of each output. An operation that is not listed has no rule, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cutaway.analysis.calls import Call, Size, Unknown, count, number, numbers

SizeRule = Callable[[Call], "Sequence[Size | None]"]

CELLS = frozenset({"SimpleRNNCell", "GRUCell", "LSTMCell"})
"""Cells of recurrent wrappers: their nodes stand for all steps."""


def layer_size(call: Call, ranks: Sequence[int | None]) -> Sequence[Size | None]:
    """Sizes of what stands inside opened Keras layers.

    Args:
        call: A cell, a projection or the middle of attention.
        ranks: Number of axes of each output, as declared.
    """
    source = call.source
    if call.op in CELLS:
        state = (*source[:-2], number(call.attributes, "units"))
        whole = (*source[:-1], state[-1])
        return [whole if rank == len(whole) else state for rank in ranks]
    if call.op == "DotProductAttention":
        query, key, value = call.inputs[:3]
        return [(*query[:-1], value[-1]), (query[0], query[-2], *query[1:-2], *key[1:-2])]
    return _einsum(str(call.attributes.get("equation")), [source, call.matrix()])


def _einsum(equation: str, operands: list[Size]) -> list[Size]:
    left, arrow, made = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow or len(terms) != len(operands):
        raise Unknown("its equation does not fit")
    lengths: dict[str, int] = {}
    elided = ""
    for term, size in zip(terms, operands, strict=True):
        named = term
        if "..." in term:
            elided = "0123456789"[: len(size) - len(term) + 3]
            named = term.replace("...", elided)
        extra = len(size) - len(named)
        if extra > 0 and size is operands[0]:  # steps of a wrapper, which the equation is not about
            elided = "0123456789"[:extra]
            named, made = named[0] + elided + named[1:], made[0] + elided + made[1:]
        lengths.update({letter: max(lengths.get(letter, 1), one) for letter, one in zip(named, size, strict=True)})
    return [tuple(lengths[letter] for letter in made.replace("...", elided))]


def operation_sizes(call: Call) -> Sequence[Size | None]:
    """Sizes that an operation makes.

    Raises:
        Unknown: There is no rule, or it cannot answer; other errors where the attributes are not those of it.
    """
    rule = SIZE_RULES.get(call.op)
    if rule is None or call.op in NAMED_AS_LAYERS:
        rule = SIZE_RULES.get(str(call.attributes.get("kind", call.op)), rule)
    if rule is None:
        raise Unknown("no rule")
    return rule(call)


def same(call: Call) -> list[Size]:
    """The size of the first input."""
    return [call.source]


def broadcast(call: Call) -> list[Size]:
    """The common size of all inputs and weights."""
    sizes = [*call.inputs, *(shape for _, shape in call.weights)]
    made: list[int] = []
    for axis in range(-max(map(len, sizes)), 0):
        wide = {size[axis] for size in sizes if len(size) >= -axis} - {1}
        if len(wide) > 1:
            raise Unknown("its operands do not fit each other")
        made.append(wide.pop() if wide else 1)
    return [tuple(made)]


def _spatial(attributes: Mapping[str, Any], rank: int) -> list[int]:
    """Positions of the spatial axes."""
    first = str(attributes.get("data_format", "")).startswith("NC")
    return list(range(2, rank)) if first else list(range(1, rank - 1))


def _at(attributes: Mapping[str, Any], key: str, axes: list[int], names: tuple[str, str]) -> list[int]:
    """A setting for each spatial axis: one entry of a list for all axes, or two attributes of TFLite."""
    if names[0] in attributes:
        return [number(attributes, name) for name in names]
    if key not in attributes:
        return [1] * len(axes)
    given = numbers(attributes, key)
    return [given[axis] for axis in axes]


def _window(length: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    if padding.upper() == "SAME":
        return -(-length // max(1, stride))
    if padding.upper() != "VALID":
        raise Unknown("its padding is given explicitly")
    return max(0, -(-(length - dilation * (kernel - 1)) // max(1, stride)))


def _windows(call: Call, kernel: Sequence[int], channels: int | None) -> list[Size]:
    attributes, source = call.attributes, call.source
    axes = _spatial(attributes, len(source))
    strides = _at(attributes, "strides", axes, ("stride_h", "stride_w"))
    dilations = _at(attributes, "dilations", axes, ("dilation_h_factor", "dilation_w_factor"))
    made = list(source)
    for at, axis in enumerate(axes):
        made[axis] = _window(source[axis], kernel[at], strides[at], dilations[at], str(attributes.get("padding")))
    if channels is not None:
        made[1 if axes[0] == 2 else -1] = channels
    return [tuple(made)]


def convolution(call: Call) -> list[Size]:
    """Conv2D, Conv3D."""
    kernel = call.matrix()
    return _windows(call, kernel[:-2], kernel[-1])


def convolution_rows(call: Call) -> list[Size]:
    """CONV_2D."""
    kernel = call.matrix()
    return _windows(call, kernel[1:-1], kernel[0])


def depthwise(call: Call) -> list[Size]:
    """DepthwiseConv2dNative."""
    kernel = call.matrix()
    return _windows(call, kernel[:-2], kernel[-2] * kernel[-1])


def depthwise_rows(call: Call) -> list[Size]:
    """DEPTHWISE_CONV_2D."""
    kernel = call.matrix()
    return _windows(call, kernel[1:-1], kernel[-1])


def pooling(call: Call) -> list[Size]:
    """MaxPool, AvgPool and those of TFLite."""
    attributes, source = call.attributes, call.source
    axes = _spatial(attributes, len(source))
    return _windows(call, _at(attributes, "ksize", axes, ("filter_height", "filter_width")), None)


def matmul(call: Call) -> list[Size]:
    """Products of matrices; of a weight, how many of its products fit into what is read is what counts."""
    attributes = call.attributes
    known = call.known_inputs
    source, other = call.source, call.matrix()
    turned = attributes.get("transpose_b") or attributes.get("adj_y")
    made, depth = (other[-2], other[-1]) if turned else (other[-1], other[-2])
    if len(known) > 1:
        rows = source[-1] if attributes.get("transpose_a") or attributes.get("adj_x") else source[-2]
        front = source[:-2] if len(source) >= len(other) else other[:-2]
        return [(*front, rows, made)]
    if len(other) > 2:  # a kernel of more axes, read as a matrix
        made = count(other) // source[-1]
        return [(*source[:-1], made)]
    if len(source) == 2 and not attributes.get("transpose_a"):
        return [(count(source) // max(1, depth), made)]
    return [(*source[:-1], made)]


def fully_connected(call: Call) -> list[Size]:
    """FULLY_CONNECTED: all but the last axis become rows, unless they are kept."""
    source, (units, depth) = call.source, call.matrix()
    if call.attributes.get("keep_num_dims"):
        return [(*source[:-1], units)]
    return [(count(source) // max(1, depth), units)]


def reshape(call: Call) -> list[Size | None]:
    """Reshape: one length follows from the others.

    Of several that are computed in front, all but the last stay what they were, as where axes behind them are joined;
    of a matrix without any length, the last axis stays, as in Tensordot.
    """
    source, target = call.source, call.attributes.get("shape", call.attributes.get("new_shape"))
    declared = call.declared
    wanted: list[Any] = list(target) if isinstance(target, list | tuple) and target else list(declared or ())
    if not wanted and declared is None:
        raise Unknown("its shape is computed")
    wanted = [-1 if each is None else each for each in wanted]
    free = [at for at, each in enumerate(wanted) if each == -1]
    if len(free) == 2 == len(wanted) and source:
        return [(count(source[:-1]), source[-1])]
    if len(free) > 1 and free == list(range(len(free))) and len(source) > len(free):
        wanted[: len(free) - 1] = source[: len(free) - 1]
        free = free[-1:]
    if len(free) > 1 or not all(type(each) is int for each in wanted):
        raise Unknown("its shape is computed")
    if free:
        rest = math.prod(each for each in wanted if each != -1)
        if rest and count(source) % rest:
            raise Unknown("its shape is computed")
        wanted[free[0]] = count(source) // max(1, rest)
    return [tuple(wanted)]


def transpose(call: Call) -> list[Size]:
    """Transpose: axes in a given order, or reversed."""
    source = call.source
    perm = call.attributes.get("perm")
    if perm is None:
        raise Unknown("its order of axes is computed")
    return [tuple(source[axis] for axis in perm)]


def _axes(call: Call, rank: int, key: str = "axis") -> set[int]:
    axis = call.attributes.get(key)
    if axis is None:
        raise Unknown("its axis is computed")
    return {each % rank for each in (axis if isinstance(axis, list | tuple) else [axis])}


def reduction(call: Call) -> list[Size]:
    """Mean, Sum, Max and the like."""
    source = call.source
    axes = _axes(call, max(1, len(source)))
    if call.attributes.get("keep_dims") or call.attributes.get("keepdims"):
        return [tuple(1 if at in axes else length for at, length in enumerate(source))]
    return [tuple(length for at, length in enumerate(source) if at not in axes)]


def squeeze(call: Call) -> list[Size]:
    """Squeeze: some or all axes of 1 go."""
    source, given = call.source, call.attributes.get("squeeze_dims")
    gone = {axis % len(source) for axis in given} if given else {at for at, one in enumerate(source) if one == 1}
    return [tuple(length for at, length in enumerate(source) if at not in gone)]


def expand_dims(call: Call) -> list[Size]:
    """ExpandDims: a new axis of 1."""
    made = list(call.source)
    for axis in _axes(call, len(made) + 1):
        made.insert(axis, 1)
    return [tuple(made)]


def concatenation(call: Call) -> list[Size]:
    """ConcatV2: lengths along one axis add up."""
    sizes = [*call.inputs, *(shape for _, shape in call.weights)]
    made = list(sizes[0])
    axis = _axes(call, len(made)).pop()
    made[axis] = sum(size[axis] for size in sizes)
    return [tuple(made)]


def pack(call: Call) -> list[Size]:
    """Pack: a new axis as long as there are inputs."""
    made = list(call.source)
    made.insert(int(call.attributes.get("axis", 0)) % (len(made) + 1), len(call.inputs))
    return [tuple(made)]


def split(call: Call) -> list[Size]:
    """Split into equal parts."""
    source, attributes = call.source, call.attributes
    axis = _axes(call, len(source)).pop()
    parts = number(attributes, "num_split" if "num_split" in attributes else "num_splits")
    each = list(source)
    each[axis] = source[axis] // max(1, parts)
    return [tuple(each)] * min(parts, 1 << 16)


def padded(call: Call) -> list[Size]:
    """Pad: so much before and after each axis."""
    pairs = _pairs(call, "paddings")
    return [tuple(length + sum(pair) for length, pair in zip(call.source, pairs, strict=True))]


def _pairs(call: Call, key: str) -> list[tuple[int, int]]:
    """``[[1, 2], [3, 4]]``, or the same in a row."""
    value = call.attributes[key]
    row = [each for pair in value for each in (pair if isinstance(pair, list | tuple) else [pair])]
    return [(int(row[at]), int(row[at + 1])) for at in range(0, len(row) - 1, 2)]


def resized(call: Call) -> list[Size]:
    """ResizeBilinear and the like, to a size that is written down."""
    source, size = call.source, numbers(call.attributes, "size")
    return [(source[0], size[0], size[1], source[-1])]


def gathered(call: Call) -> list[Size]:
    """GatherV2 from a weight: a row for each index."""
    if len(call.inputs) != 1 or call.attributes.get("axis", 0) != 0:
        raise Unknown("it does not look up rows of a weight")
    return [(*call.source, *call.matrix(2, "embeddings")[1:])]


def einsum(call: Call) -> list[Size]:
    """Einsum of what is read, and of a weight where that is one tensor less than the equation names."""
    operands = call.inputs
    equation = str(call.attributes.get("equation"))
    missing = equation.partition("->")[0].count(",") + 1 - len(operands)
    return _einsum(equation, [*operands, *(shape for _, shape in call.weights if shape)][: len(operands) + missing])


def tiled(call: Call) -> list[Size]:
    """Tile: each axis so many times."""
    times = numbers(call.attributes, "multiples")
    return [tuple(length * each for length, each in zip(call.source, times, strict=True))]


def space_to_batch(call: Call) -> list[Size]:
    """SpaceToBatchND, which stands before a dilated convolution: each block of places becomes an example."""
    source, blocks = call.source, numbers(call.attributes, "block_shape")
    sides = zip(source[1:], _pairs(call, "paddings"), blocks, strict=False)
    places = [(length + sum(pair)) // max(1, block) for length, pair, block in sides]
    return [(source[0] * math.prod(blocks), *places, *source[1 + len(blocks) :])]


def batch_to_space(call: Call) -> list[Size]:
    """BatchToSpaceND: the way back."""
    source, blocks = call.source, numbers(call.attributes, "block_shape")
    cut = zip(source[1:], _pairs(call, "crops"), blocks, strict=False)
    places = [length * block - sum(pair) for length, pair, block in cut]
    return [(source[0] // max(1, math.prod(blocks)), *places, *source[1 + len(blocks) :])]


_SAME = (
    "BiasAdd Softmax LogSoftmax Relu Relu6 Elu Selu LeakyRelu Sigmoid Tanh Softplus Softsign Erf Erfc Exp Expm1 Log "
    "Log1p Sqrt Rsqrt Square Abs Neg Sign Ceil Floor Round Reciprocal Inv Sin Cos Tan Cast Identity StopGradient "
    "FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 LRN ReverseV2 Cumsum Cumprod Dropout CheckNumerics ZerosLike "
    "OnesLike LogicalNot PreventGradient Snapshot FakeQuantWithMinMaxVars FakeQuantWithMinMaxArgs "
    "RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 LEAKY_RELU PRELU ELU LOGISTIC TANH GELU HARD_SWISH SOFTMAX LOG_SOFTMAX ABS "
    "NEG SIGN CEIL FLOOR ROUND EXP LOG SQRT RSQRT SQUARE SIN COS CAST CUMSUM QUANTIZE DEQUANTIZE L2_NORMALIZATION "
    "LOCAL_RESPONSE_NORMALIZATION REVERSE_V2 ReLU BatchNormalization Activation LeakyReLU ELU Enter Exit"
)
_BROADCAST = (
    "Add AddV2 AddN Sub Mul RealDiv Div DivNoNan FloorDiv FloorMod Pow Maximum Minimum SquaredDifference Equal "
    "NotEqual Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr Subtract Multiply "
    "ADD ADD_N SUB MUL DIV POW MAXIMUM MINIMUM SQUARED_DIFFERENCE EQUAL NOT_EQUAL GREATER GREATER_EQUAL LESS "
    "LESS_EQUAL LOGICAL_AND LOGICAL_OR FLOOR_DIV FLOOR_MOD"
)

_ROWS: tuple[tuple[SizeRule, str], ...] = (
    (same, _SAME),
    (broadcast, _BROADCAST),
    (convolution, "Conv2D Conv3D _FusedConv2D CONV_3D"),
    (convolution_rows, "CONV_2D"),
    (depthwise, "DepthwiseConv2dNative DepthwiseConv2D FusedDepthwiseConv2dNative"),
    (depthwise_rows, "DEPTHWISE_CONV_2D"),
    (
        pooling,
        "MaxPool MaxPoolV2 AvgPool MaxPool3D AvgPool3D MAX_POOL_2D AVERAGE_POOL_2D L2_POOL_2D MaxPooling2D "
        "MaxPooling3D AveragePooling2D AveragePooling3D",
    ),
    (matmul, "MatMul BatchMatMul BatchMatMulV2 BatchMatMulV3 _FusedMatMul BATCH_MATMUL Dense"),
    (fully_connected, "FULLY_CONNECTED"),
    (reshape, "Reshape RESHAPE Flatten"),
    (transpose, "Transpose TRANSPOSE Permute"),
    (reduction, "Mean Sum Max Min Prod All Any MEAN SUM REDUCE_MAX REDUCE_MIN REDUCE_PROD REDUCE_ANY REDUCE_ALL"),
    (squeeze, "Squeeze SQUEEZE"),
    (expand_dims, "ExpandDims EXPAND_DIMS"),
    (concatenation, "ConcatV2 Concat CONCATENATION Concatenate"),
    (pack, "Pack PACK"),
    (split, "Split SPLIT"),
    (padded, "Pad PadV2 MirrorPad PAD PADV2 MIRROR_PAD"),
    (resized, "ResizeBilinear ResizeNearestNeighbor ResizeBicubic RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR"),
    (gathered, "GatherV2 ResourceGather GATHER EMBEDDING_LOOKUP Embedding"),
    (einsum, "Einsum"),
    (tiled, "Tile TILE"),
    (space_to_batch, "SpaceToBatchND SPACE_TO_BATCH_ND"),
    (batch_to_space, "BatchToSpaceND BATCH_TO_SPACE_ND"),
)

SIZE_RULES: dict[str, SizeRule] = {op: rule for rule, ops in _ROWS for op in ops.split()}
"""Kind of the operation → rule."""

KEEPS_FRONT: frozenset[str] = frozenset(
    op
    for op, rule in SIZE_RULES.items()
    if rule in (same, convolution, convolution_rows, depthwise, depthwise_rows, pooling, resized)
)
"""Operations that make as many examples as they read."""

CHANGES_FRONT = frozenset({
    "SpaceToBatchND", "BatchToSpaceND", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", "Reshape", "RESHAPE",
})  # fmt: skip
"""Operations whose first axis is not the batch of their input: unknown where no rule answers."""

NAMED_AS_LAYERS = frozenset({
    "Activation", "AveragePooling2D", "AveragePooling3D", "BatchNormalization", "Concatenate", "Dense",
    "DepthwiseConv2D", "EinsumDense", "Embedding", "Flatten", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
    "GlobalMaxPooling1D", "GlobalMaxPooling2D", "MaxPooling2D", "MaxPooling3D", "Multiply", "Permute", "ReLU",
    "RepeatVector", "Subtract", "Conv1D", "Conv2DTranspose", "Conv3DTranspose",
})  # fmt: skip
"""Layers that one operation was; its own kind is told among the attributes."""
