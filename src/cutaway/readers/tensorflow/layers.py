"""Which layer a cluster of operations is: by what its author's configuration says, its operations, or its name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

_ONE = {
    "Relu": "ReLU", "Relu6": "ReLU", "LeakyRelu": "LeakyReLU", "Elu": "ELU", "Selu": "Activation",
    "Sigmoid": "Activation", "Tanh": "Activation", "Softplus": "Activation", "Softsign": "Activation",
    "Softmax": "Softmax", "LogSoftmax": "Activation",
    "Conv2D": "Conv2D", "Conv3D": "Conv3D", "DepthwiseConv2dNative": "DepthwiseConv2D",
    "Conv2DBackpropInput": "Conv2DTranspose", "Conv3DBackpropInputV2": "Conv3DTranspose",
    "MaxPool": "MaxPooling2D", "MaxPoolV2": "MaxPooling2D", "AvgPool": "AveragePooling2D",
    "MaxPool3D": "MaxPooling3D", "AvgPool3D": "AveragePooling3D",
    "ConcatV2": "Concatenate", "Concat": "Concatenate", "AddV2": "Add", "Add": "Add", "AddN": "Add", "Mul": "Multiply",
    "Sub": "Subtract", "Maximum": "Maximum", "Minimum": "Minimum",
    "FusedBatchNorm": "BatchNormalization", "FusedBatchNormV2": "BatchNormalization",
    "FusedBatchNormV3": "BatchNormalization",
    "ResizeNearestNeighbor": "UpSampling2D", "ResizeBilinear": "UpSampling2D",
    "Reshape": "Reshape", "Transpose": "Permute", "Tile": "RepeatVector",
}  # fmt: skip
"""Layer of a scope with this one operation."""

_HEAVY: Sequence[tuple[str, dict[str, int]]] = (
    ("SeparableConv2D", {"DepthwiseConv2dNative": 1, "Conv2D": 1}),
    ("Conv2D", {"Conv2D": 1}),
    ("Conv3D", {"Conv3D": 1}),
    ("DepthwiseConv2D", {"DepthwiseConv2dNative": 1}),
    ("Conv2DTranspose", {"Conv2DBackpropInput": 1}),
    ("Conv3DTranspose", {"Conv3DBackpropInputV2": 1}),
    ("Dense", {"MatMul": 1}),
    ("Dense", {"BatchMatMulV2": 1}),
    ("EinsumDense", {"Einsum": 1}),
    ("Embedding", {"GatherV2": 1}),
    ("Embedding", {"ResourceGather": 1}),
    ("BatchNormalization", {"FusedBatchNormV3": 1}),
    ("BatchNormalization", {"FusedBatchNorm": 1}),
)
"""Layers by the operations that do their work; everything else in the scope must be light."""

_HEAVY_OPS = frozenset(op for _, ops in _HEAVY for op in ops) | {
    "While", "StatelessWhile", "If", "Softmax", "MaxPool", "AvgPool", "SquaredDifference", "FFT", "Cumsum", "TopKV2",
}  # fmt: skip

_CURVES = frozenset({"Erf", "Erfc", "Tanh", "Sigmoid", "Relu", "Relu6", "Elu", "Softplus", "Exp", "Log1p", "Softmax"})
_ARITHMETIC = frozenset({"Mul", "AddV2", "Sub", "Neg", "RealDiv", "Pow", "Sqrt", "Square", "Maximum", "Minimum"})

OPERATORS = {
    "AddV2": "Add", "Mul": "Multiply", "Sub": "Subtract", "RealDiv": "TrueDivide", "Pow": "Power", "Neg": "Negative",
    "Mean": "Mean", "Sum": "Sum", "Max": "Max", "Min": "Min", "MatMul": "Matmul", "BatchMatMulV2": "Matmul",
    "ConcatV2": "Concatenate", "Reshape": "Reshape", "Transpose": "Transpose", "Abs": "Absolute", "Exp": "Exp",
    "Sqrt": "Sqrt", "Square": "Square", "Maximum": "Maximum", "Minimum": "Minimum", "ExpandDims": "ExpandDims",
    "Squeeze": "Squeeze", "Softmax": "Softmax", "Relu": "Relu", "Sigmoid": "Sigmoid", "Tanh": "Tanh",
}  # fmt: skip
"""What Keras 3 calls an operation that was called on its own, by what TensorFlow calls it."""

_KERAS_LAYERS: tuple[str, ...] = (
    "Activation", "ActivityRegularization", "Add", "AdditiveAttention", "AlphaDropout", "Attention", "Average",
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "BatchNormalization", "Bidirectional",
    "CategoryEncoding", "CenterCrop", "Concatenate", "Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose",
    "Conv3D", "Conv3DTranspose", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Cropping1D", "Cropping2D", "Cropping3D",
    "Dense", "DepthwiseConv1D", "DepthwiseConv2D", "Discretization", "Dot", "Dropout", "ELU", "EinsumDense",
    "Embedding", "Flatten", "GRU", "GRUCell", "GaussianDropout", "GaussianNoise", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalAveragePooling3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D",
    "GlobalMaxPooling3D", "GroupNormalization", "Hashing", "IntegerLookup", "LSTM", "LSTMCell", "Lambda",
    "LayerNormalization", "LeakyReLU", "Masking", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "Maximum",
    "Minimum", "MultiHeadAttention", "Multiply", "Normalization", "PReLU", "Permute", "RMSNormalization", "ReLU",
    "RepeatVector", "Rescaling", "Reshape", "Resizing", "SeparableConv1D", "SeparableConv2D", "SimpleRNN",
    "SimpleRNNCell", "Softmax", "SpatialDropout1D", "SpatialDropout2D", "StringLookup", "Subtract",
    "TextVectorization", "ThresholdedReLU", "TimeDistributed", "UnitNormalization", "UpSampling1D", "UpSampling2D",
    "UpSampling3D", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
)  # fmt: skip

_LOOSE = frozenset({"Activation", "Flatten", "Permute", "Dropout", "Lambda", "RepeatVector", "Rescaling",
                    "Normalization", "Softmax", "ReLU", "LeakyReLU", "PReLU", "ELU", "EinsumDense"})  # fmt: skip
"""Layers whose operations are also those of others, so that the default name of a layer tells more."""


def _snake(name: str) -> str:
    """``MaxPooling2D`` → ``max_pooling2d``, as Keras makes the default name of a layer."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


_NUMBER = re.compile(r"_\d+$")

_BY_STEM: dict[str, str] = {_snake(name): name for name in _KERAS_LAYERS}


def operator_name(op: str, name: str) -> str:
    """The name that Keras 3 gives to an operation that was called on its own: ``Mul_1`` → ``multiply_1``."""
    number = _NUMBER.search(name)
    return _snake(OPERATORS[op]) + (number.group() if number else "")


def is_layer_name(name: str) -> bool:
    """Whether a name is one that Keras gives to a layer without one, such as ``dropout_3``."""
    return bool(class_by_name(name))


@dataclass(frozen=True, slots=True)
class Cluster:
    """The operations of one scope.

    Attributes:
        named: Class whose default name it has; empty for a name that its author chose.
        ops: Kinds of the operations directly in it, those that are folded left out.
        in_batchnorm: Whether one of them lies in the scope of a batch normalisation.
        weights: Names and shapes of what they use.
        parts: What the names of the scopes inside tell, as by `part_word`.
        rank: Rank of the value that it reads, where known.
    """

    named: str
    ops: Sequence[str]
    in_batchnorm: bool
    weights: Mapping[str, tuple[int, ...]]
    parts: Collection[str]
    rank: int | None = None


def class_by_name(name: str) -> str:
    """The class of layers that Keras names so by default, such as ``Dropout`` for ``dropout_3``; empty for others."""
    return _BY_STEM.get(_NUMBER.sub("", name), "")


def part_word(name: str) -> str:
    """What the name of a scope tells about the layer around it."""
    word = name.split("_")[0]
    if word in ("forward", "backward"):
        return word
    return "while" if "while" in name else name if name in ("query", "key", "value") else ""


def layer_class(cluster: Cluster) -> str:
    """The class of the layer that a cluster is; empty where nothing tells."""
    found, named = _by_operations(cluster), cluster.named
    if named and (not found or named in _LOOSE or found in ("Add", "Multiply", "Reshape")):
        return named
    if named and named.rstrip("123D") == found.rstrip("123D"):
        return named  # Conv1D is a Conv2D with a dimension of 1
    return found or named


def _by_operations(cluster: Cluster) -> str:
    kinds = [op for op in cluster.ops if op != "Cast"] or list(cluster.ops)  # of mixed precision
    if len(kinds) < len(cluster.ops):
        cluster = replace(cluster, ops=kinds)
    ops = Counter(kinds)
    if {"query", "key", "value"} <= set(cluster.parts):
        return "MultiHeadAttention"
    if {"forward", "backward"} <= set(cluster.parts):
        return "Bidirectional"
    recurrent = _recurrent(cluster)
    if recurrent:
        return recurrent
    if cluster.parts:
        return ""
    if _is_batch_norm(cluster, ops):
        return "BatchNormalization"
    if ops["SquaredDifference"] and ops["Rsqrt"]:
        return "GroupNormalization" if ops["Reshape"] >= 2 else "LayerNormalization"
    if len(cluster.ops) == 1:
        return _single(cluster)
    heavy = {op: count for op, count in ops.items() if op in _HEAVY_OPS}
    light = {op for op in ops if op not in _HEAVY_OPS}
    activated = heavy.pop("Softmax", 0)
    for name, wanted in _HEAVY:
        if heavy == wanted and activated <= 1:
            return _refined(name, cluster, light)
    if not heavy and ops.keys() <= {"AddV2", "Add", "AddN"} and not cluster.weights:
        return "Add"
    if ops.keys() == {"Sub", "RealDiv"} and cluster.weights:
        return "Normalization"
    if ops.keys() <= _CURVES | _ARITHMETIC and ops.keys() & _CURVES and not cluster.weights:
        return "Activation"  # gelu, swish and their like, spelled out
    return ""


def _refined(name: str, cluster: Cluster, light: Collection[str]) -> str:
    if name == "Conv2D" and "Squeeze" in light:
        return "Conv1D"
    if name in ("Dense", "EinsumDense", "Embedding") and not cluster.weights:
        return ""
    if (
        name == "BatchNormalization"
        and not any(key.startswith("moving") for key in cluster.weights)
        and "AddV2" in light
    ):
        return "LayerNormalization"  # Keras 2 computes it with the batch normalisation of one image
    return name


def _single(cluster: Cluster) -> str:
    op = cluster.ops[0]
    if op in ("MatMul", "BatchMatMulV2"):
        return "Dense" if cluster.weights else ""
    if op in ("GatherV2", "ResourceGather"):
        return "Embedding" if cluster.weights else ""
    if op in ("Mean", "Max") and cluster.rank in (3, 4, 5):
        kind = "Average" if op == "Mean" else "Max"
        return f"Global{kind}Pooling{cluster.rank - 2}D"
    if op in ("Pad", "PadV2") and cluster.rank in (3, 4, 5):
        return f"ZeroPadding{cluster.rank - 2}D"
    if op in ("Mul", "AddV2", "Add") and cluster.weights:
        return ""
    return _ONE.get(op, "")


def _is_batch_norm(cluster: Cluster, ops: Counter[str]) -> bool:
    if not ops.keys() <= {"Mul", "AddV2", "Sub", "Rsqrt", "Cast"}:
        return False
    return cluster.in_batchnorm or {"moving_mean", "moving_variance"} <= cluster.weights.keys()


def _recurrent(cluster: Cluster) -> str:
    if "while" not in cluster.parts and "While" not in cluster.ops:
        return ""
    for name, shape in cluster.weights.items():
        if name == "recurrent_kernel" and len(shape) == 2 and shape[0]:
            return {4: "LSTM", 3: "GRU", 1: "SimpleRNN"}.get(shape[1] // shape[0], "")
    return ""
