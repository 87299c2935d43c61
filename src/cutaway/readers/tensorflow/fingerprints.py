"""Layers by exactly the operations that they leave, and by what those are set to where that alone does not decide.

Where two layers leave the very same operations, the one that is used more stands here: ``Flatten`` for a ``Reshape``
to one axis, ``UpSampling2D`` for a ``Resizing`` to a multiple, ``ThresholdedReLU`` for a ``ReLU`` of a threshold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from cutaway.readers.tensorflow.evidence import Evidence

Question = Callable[[Evidence], str]
"""Finds the class of a layer; empty for operations that are none."""

Kinds = tuple[str, ...]
"""Kinds of operations, sorted, without the casts of mixed precision."""


def kinds_of(ops: Iterable[str]) -> Kinds:
    """What the tables here are asked with."""
    ops = list(ops)
    return tuple(sorted([op for op in ops if op != "Cast"] or ops))


def question(ops: Sequence[str], parts: int) -> Question | None:
    """What to ask operations with these kinds, in their order; None where nothing is to be found.

    Args:
        ops: Their kinds.
        parts: How many scopes lie beside them.
    """
    kinds = kinds_of(ops)
    if parts:
        return _time_distributed if parts == 1 and kinds == ("Reshape", "Reshape") else None
    if ops[:1] == ("Transpose",) and ops[-2:] == ("Pack", "Transpose"):
        return _unrolled_over_time
    if "LookupTableFindV2" in kinds and _OF_LOOKUPS.issuperset(kinds):
        return _lookup
    return _BY_KINDS.get(kinds) or _BY_SET.get(frozenset(kinds))


def _unary(layer: str) -> Question:
    """A layer that works on one tensor, with constants but no weights."""
    return lambda asked: layer if asked.is_unary() else ""


def _unweighted(layer: str) -> Question:
    return lambda asked: "" if asked.weights else layer


def _weighted(layer: str) -> Question:
    return lambda asked: layer if asked.weights else ""


def _joining(layer: str) -> Question:
    """A layer that joins two tensors or more by one operation after the other."""
    return lambda asked: layer if not asked.weights and len(asked.inputs()) == len(asked.ops) + 1 else ""


def _pooling(kind: str) -> Question:
    def find(asked: Evidence) -> str:
        shape, axes = asked.read(), asked.integers(asked.ops[0], "axis")
        if shape is None or len(shape) not in (3, 4, 5):
            return ""
        spatial = list(range(1, len(shape) - 1))
        is_pooling = axes in (spatial, [each + 1 for each in spatial])
        return f"Global{kind}Pooling{len(spatial)}D" if is_pooling else ""

    return find


def _padding(asked: Evidence) -> str:
    paddings = asked.integers(asked.ops[0], "paddings")
    if asked.setting(asked.ops[0], "constant_values") or len(paddings) not in (6, 8, 10):
        return ""
    pairs = [any(paddings[at : at + 2]) for at in range(0, len(paddings), 2)]
    return f"ZeroPadding{len(pairs) - 2}D" if not pairs[0] and not (pairs[1] and pairs[-1]) else ""


def _slice(asked: Evidence) -> str:
    """`Cropping2D` and its like count from the end, `CenterCrop` from the beginning of an axis of known length."""
    op = asked.ops[0]
    begin, end, strides = (asked.integers(op, name) for name in ("begin", "end", "strides"))
    if len(begin) not in (3, 4, 5) or len(end) != len(begin) or any(step != 1 for step in strides):
        return ""
    if any(asked.number(op, mask) for mask in ("shrink_axis_mask", "new_axis_mask", "ellipsis_mask")):
        return ""
    begin, end = _unmasked(begin, asked.number(op, "begin_mask")), _unmasked(end, asked.number(op, "end_mask"))
    whole = [not first and not last for first, last in zip(begin, end, strict=True)]
    if not whole[0] or not (whole[1] or whole[-1]):
        return ""
    if all(first >= 0 and last <= 0 for first, last in zip(begin, end, strict=True)):
        return f"Cropping{len(begin) - 2}D"
    return "CenterCrop" if len(begin) == 4 and _is_centered(begin, end, asked.read()) else ""


def _unmasked(bounds: Sequence[int], mask: int) -> list[int]:
    """Bounds of a slice, those that do not count as 0."""
    return [0 if mask >> axis & 1 else each for axis, each in enumerate(bounds)]


def _is_centered(begin: Sequence[int], end: Sequence[int], shape: Sequence[int | None] | None) -> bool:
    if shape is None or len(shape) != len(begin):
        return False
    return all(
        not last or (length is not None and first == (length - (last - first)) // 2)
        for first, last, length in zip(begin, end, shape, strict=True)
    )


def _flatten(asked: Evidence) -> str:
    read, made = asked.read(), asked.made()
    if read is None or made is None or len(made) != 2 or len(read) < 2 or read[0] != made[0]:
        return ""
    rest = read[1:]
    length = None if None in rest else math.prod(each for each in rest if each is not None)
    return "Flatten" if made[1] == length else ""


def _resize(asked: Evidence) -> str:
    """`UpSampling2D` multiplies a shape, `Resizing` replaces it."""
    size, shape = asked.integers(asked.ops[0], "size"), asked.read()
    if len(size) != 2 or shape is None or len(shape) != 4:
        return "UpSampling2D"
    multiple = all(length and each % length == 0 for each, length in zip(size, shape[1:3], strict=True))
    return "UpSampling2D" if multiple else "Resizing"


def _repeated(asked: Evidence) -> str:
    """Up-sampling that repeats each row: an axis beside that of the rows, tiled and merged."""
    shape, axes = asked.read(), asked.count("Tile")
    if shape is None or not asked.is_unary() or asked.count("ExpandDims") != axes:
        return ""
    if asked.ops[0] == "ExpandDims" and len(shape) == axes + 2 and asked.setting("ExpandDims", "axis") == 2:
        return f"UpSampling{axes}D" if asked.count("Reshape") == axes else ""
    made = asked.made()
    return "RepeatVector" if len(shape) == 2 and made is not None and len(made) == 3 and axes == 1 else ""


def _split_and_joined(asked: Evidence) -> str:
    """Up-sampling that joins each row to itself."""
    axes, shape = asked.count("Split"), asked.read()
    rows, joined = asked.number("Split", "num_split"), asked.number("ConcatV2", "N")
    if not rows or not joined or joined % rows or joined == rows or shape is None or not asked.is_unary():
        return ""
    return f"UpSampling{axes}D" if asked.count("ConcatV2") == axes == len(shape) - 2 else ""


def _average(asked: Evidence) -> str:
    sums = asked.count("AddV2")
    halves = asked.setting("RealDiv", "input_1") == sums + 1 and asked.count("RealDiv") == 1
    return "Average" if halves and not asked.weights and len(asked.inputs()) == sums + 1 else ""


def _rescaling(asked: Evidence) -> str:
    """`Rescaling`, or a `Normalization` that is inverted: its factor is computed from a variance."""
    if not asked.is_unary():
        return ""
    factor, mean = (asked.setting(op, "input_0") or asked.setting(op, "input_1") for op in ("Mul", "AddV2"))
    is_inverted = factor is None and isinstance(mean, (list, dict))
    return "Normalization" if is_inverted else "Rescaling"


def _normalization(asked: Evidence) -> str:
    mean = asked.setting("Sub", "input_1")
    return "Normalization" if isinstance(mean, (list, dict)) and asked.is_unary() else ""


def _one_hot(asked: Evidence) -> str:
    return "CategoryEncoding" if asked.casts and asked.is_unary() else ""


def _lookup(asked: Evidence) -> str:
    sides = asked.attribute("LookupTableFindV2", "Tin"), asked.attribute("LookupTableFindV2", "Tout")
    return "StringLookup" if "string" in sides else "IntegerLookup"


def _scored_by_sum(asked: Evidence) -> str:
    """Both attentions add queries to keys: one has a weight for the sum, the other one for each of its terms."""
    return "Attention" if () in asked.weights.values() else "AdditiveAttention"


def _time_distributed(asked: Evidence) -> str:
    """A layer between a ``Reshape`` that merges time with batch, and one that takes them apart again."""
    whole, merged, result = asked.read(0), asked.made(0), asked.made(1)
    if whole is None or merged is None or result is None or len(result) < 2 or len(whole) < 3:
        return ""
    return "TimeDistributed" if merged[1:] == whole[2:] and result[1] == whole[1] else ""


def _unrolled_over_time(asked: Evidence) -> str:
    turned = asked.integers("Transpose", "perm")[:2] == [1, 0]
    return "TimeDistributed" if turned and asked.count("StridedSlice") == asked.number("Pack", "N") else ""


_RELU = _unary("ReLU")
_ACTIVATION = _unary("Activation")
_DOT = _unweighted("Dot")
_ATTENTION = _unweighted("Attention")
_RESIZING = _unary("Resizing")

_ROWS: Sequence[tuple[str, Question]] = (
    ("Mean", _pooling("Average")),
    ("Max", _pooling("Max")),
    ("Pad", _padding),
    ("PadV2", _padding),
    ("StridedSlice", _slice),
    ("Reshape", _flatten),
    ("ResizeNearestNeighbor", _resize),
    ("ResizeBilinear", _resize),
    ("ResizeBicubic", _resize),
    ("ResizeBilinear Minimum Maximum", _resize),  # for types of less than 32 bits
    ("ResizeBicubic Minimum Maximum", _resize),
    ("Slice ResizeBilinear", _RESIZING),
    ("Slice ResizeNearestNeighbor", _RESIZING),
    ("StridedSlice ResizeBilinear", _RESIZING),
    ("StridedSlice ResizeNearestNeighbor", _RESIZING),
    ("ExpandDims SelectV2 Sum Sum RealDiv", _unweighted("GlobalAveragePooling1D")),  # with a mask
    ("ExpandDims Mul Sum Sum RealDiv", _unweighted("GlobalAveragePooling1D")),
    ("ExpandDims MaxPool Squeeze", _unweighted("MaxPooling1D")),
    ("ExpandDims AvgPool Squeeze", _unweighted("AveragePooling1D")),
    ("Relu Neg Relu Mul AddV2", _weighted("PReLU")),
    ("Relu Minimum Maximum", _RELU),
    ("Neg Relu Relu Mul Sub", _RELU),
    ("Neg Relu Relu6 Mul Sub", _RELU),
    ("Neg Relu Relu Minimum Maximum Mul Sub", _RELU),
    ("Greater SelectV2", _RELU),
    ("Greater SelectV2 Minimum Maximum", _RELU),
    ("Neg AddV2 Relu Greater SelectV2 Mul Sub", _RELU),
    ("Neg AddV2 Relu Greater SelectV2 Minimum Maximum Mul Sub", _RELU),
    ("Greater Mul", _unary("ThresholdedReLU")),
    ("Greater Mul Minimum Maximum", _RELU),
    ("Neg AddV2 Relu Greater Mul Mul Sub", _RELU),
    ("Neg AddV2 Relu Greater Mul Minimum Maximum Mul Sub", _RELU),
    ("Elu Greater Mul SelectV2", _unary("ELU")),
    ("Transpose Softmax Transpose", _unary("Softmax")),
    ("Max IsFinite SelectV2 Sub Exp Sum Log AddV2 Sub Exp", _unary("Softmax")),
    ("Mul AddV2 Minimum Maximum", _ACTIVATION),  # hard_sigmoid
    ("Maximum Minimum RealDiv Expm1 Mul AddV2", _ACTIVATION),  # celu
    ("Split Sigmoid Mul", _ACTIVATION),  # glu
    ("Greater Sub Less AddV2 SelectV2 SelectV2", _ACTIVATION),  # soft_shrink
    ("Abs Greater SelectV2", _ACTIVATION),  # hard_shrink
    ("LessEqual Less AddV2 Pow Mul SelectV2 SelectV2", _ACTIVATION),  # sparse_plus
    ("LessEqual GreaterEqual AddV2 Mul SelectV2 SelectV2", _ACTIVATION),  # sparse_sigmoid
    ("Square AddV2 Sqrt AddV2 RealDiv", _ACTIVATION),  # squareplus
    ("Square Sum Rsqrt Minimum Mul", _unary("UnitNormalization")),
    ("Square Sum Maximum Rsqrt Mul", _unary("UnitNormalization")),
    ("Square Mean AddV2 Rsqrt Mul Mul", _weighted("RMSNormalization")),
    ("Mean Sub Square Mean AddV2 Rsqrt Mul Mul", _weighted("LayerNormalization")),
    ("Mean SquaredDifference Mean AddV2 Rsqrt Mul Mul", _weighted("LayerNormalization")),
    ("NotEqual Any SelectV2", _unary("Masking")),
    ("NotEqual Any Mul", _unary("Masking")),
    ("Mul AddV2", _rescaling),
    ("Sub RealDiv", _normalization),
    ("Transpose BatchMatMulV2", _DOT),
    ("ExpandDims ExpandDims BatchMatMulV2 Squeeze", _DOT),
    ("Square Sum Rsqrt Minimum Mul Square Sum Rsqrt Minimum Mul Transpose BatchMatMulV2", _DOT),
    ("Square Sum Maximum Rsqrt Mul Square Sum Maximum Rsqrt Mul Transpose BatchMatMulV2", _DOT),
    (
        "Square Sum Rsqrt Minimum Mul Square Sum Rsqrt Minimum Mul ExpandDims ExpandDims BatchMatMulV2 Squeeze",
        _DOT,
    ),
    (
        "Square Sum Maximum Rsqrt Mul Square Sum Maximum Rsqrt Mul ExpandDims ExpandDims BatchMatMulV2 Squeeze",
        _DOT,
    ),
    ("BatchMatMulV2 Softmax BatchMatMulV2", _ATTENTION),
    ("BatchMatMulV2 Sub Softmax BatchMatMulV2", _ATTENTION),
    ("BatchMatMulV2 ExpandDims LogicalNot Mul Sub Softmax BatchMatMulV2 ExpandDims Mul", _ATTENTION),
    ("Transpose BatchMatMulV2 Softmax BatchMatMulV2", _ATTENTION),
    ("Transpose BatchMatMulV2 Sub SelectV2 Softmax BatchMatMulV2", _ATTENTION),
    (
        "Transpose BatchMatMulV2 LogicalNot ExpandDims Sub SelectV2 Softmax BatchMatMulV2 ExpandDims SelectV2",
        _ATTENTION,
    ),
    ("BatchMatMulV2 Mul Softmax BatchMatMulV2", _weighted("Attention")),
    ("Transpose BatchMatMulV2 Mul Softmax BatchMatMulV2", _weighted("Attention")),
    ("ExpandDims ExpandDims AddV2 Tanh Sum Mul Softmax BatchMatMulV2", _scored_by_sum),
    (
        "ExpandDims ExpandDims AddV2 Tanh Mul Sum ExpandDims LogicalNot Mul Sub Softmax BatchMatMulV2 ExpandDims Mul",
        _scored_by_sum,
    ),
    (
        "ExpandDims ExpandDims AddV2 Tanh Mul Sum LogicalNot ExpandDims Sub SelectV2 Softmax BatchMatMulV2 ExpandDims "
        "SelectV2",
        _scored_by_sum,
    ),
    ("ExpandDims Tile", _repeated),
    ("Bucketize", _unary("Discretization")),
    ("Bucketize OneHot", _unary("Discretization")),
    ("AsString StringToHashBucketFast", _unary("Hashing")),
    ("SparseCross SparseToDense", _unweighted("HashedCrossing")),
    ("SparseCross SparseToDense Reshape", _unweighted("HashedCrossing")),
    ("OneHot", _one_hot),
    ("Reshape OneHot", _one_hot),
    ("StringToHashBucketFast", _unary("Hashing")),
    ("StringToHashBucketStrong", _unary("Hashing")),
)

_OF_LOOKUPS = frozenset({
    "LookupTableFindV2", "Equal", "NotEqual", "SelectV2", "StringToHashBucketFast", "StringToHashBucketStrong",
    "FloorMod", "AddV2", "Mul", "Max", "Maximum", "Minimum", "Prod", "Greater", "DenseBincount", "OneHot", "Reshape",
    "ExpandDims",
})  # fmt: skip
"""What a lookup may do beside looking up: hash words that it does not know, and count."""

_BY_KINDS: Mapping[Kinds, Question] = {kinds_of(ops.split()): found for ops, found in _ROWS}

_BY_SET: Mapping[frozenset[str], Question] = {
    frozenset({"ExpandDims", "Tile", "Reshape"}): _repeated,
    frozenset({"Split", "ConcatV2"}): _split_and_joined,
    frozenset({"AddV2", "RealDiv"}): _average,
    frozenset({"Mul"}): _joining("Multiply"),
    frozenset({"Maximum"}): _joining("Maximum"),
    frozenset({"Minimum"}): _joining("Minimum"),
}
"""Layers whose operations depend on how many axes or inputs there are."""
