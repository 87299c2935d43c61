"""Which layer a cluster of operations is: by what its author's configuration says, its operations, or its name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cutaway.readers.tensorflow.scopes import helper

_ONE = {
    "Relu": "ReLU", "Relu6": "ReLU", "LeakyRelu": "LeakyReLU", "Elu": "ELU", "Selu": "Activation",
    "Sigmoid": "Activation", "Tanh": "Activation", "Softplus": "Activation", "Softsign": "Activation",
    "Softmax": "Softmax", "LogSoftmax": "Activation",
    "Conv2D": "Conv2D", "Conv3D": "Conv3D", "DepthwiseConv2dNative": "DepthwiseConv2D",
    "Conv2DBackpropInput": "Conv2DTranspose", "Conv3DBackpropInputV2": "Conv3DTranspose",
    "MaxPool": "MaxPooling2D", "MaxPoolV2": "MaxPooling2D", "AvgPool": "AveragePooling2D",
    "MaxPool3D": "MaxPooling3D", "AvgPool3D": "AveragePooling3D",
    "ConcatV2": "Concatenate", "Concat": "Concatenate", "AddV2": "Add", "Add": "Add", "AddN": "Add", "Sub": "Subtract",
    "FusedBatchNorm": "BatchNormalization", "FusedBatchNormV2": "BatchNormalization",
    "FusedBatchNormV3": "BatchNormalization",
    "Reshape": "Reshape", "Transpose": "Permute", "Tile": "RepeatVector",
}  # fmt: skip
"""Layer of a scope with this one operation, where its settings do not matter."""

_OF_WEIGHTS = {
    "MatMul": "Dense", "BatchMatMulV2": "Dense", "Einsum": "EinsumDense", "GatherV2": "Embedding",
    "ResourceGather": "Embedding",
}  # fmt: skip
"""The same for operations that are a layer only with weights."""

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
    "GlobalMaxPooling3D", "GroupNormalization", "GroupedQueryAttention", "Hashing", "IntegerLookup", "LSTM", "LSTMCell",
    "Lambda", "LayerNormalization", "LeakyReLU", "Masking", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "Maximum",
    "Minimum", "MultiHeadAttention", "Multiply", "Normalization", "PReLU", "Permute", "RMSNormalization", "ReLU",
    "RepeatVector", "Rescaling", "Reshape", "Resizing", "SeparableConv1D", "SeparableConv2D", "SimpleRNN",
    "SimpleRNNCell", "Softmax", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
    "StringLookup", "Subtract", "TextVectorization", "ThresholdedReLU", "TimeDistributed", "UnitNormalization",
    "UpSampling1D", "UpSampling2D", "UpSampling3D", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
)  # fmt: skip

_LOOSE = frozenset({"Activation", "Flatten", "Permute", "Dropout", "Lambda", "RepeatVector", "Rescaling",
                    "Normalization", "Softmax", "ReLU", "LeakyReLU", "PReLU", "ELU", "EinsumDense"})  # fmt: skip
"""Layers whose operations are also those of others, so that the default name of a layer tells more."""

_SHARED = frozenset({
    "Add", "Multiply", "Reshape", "Flatten", "Activation", "Rescaling", "ThresholdedReLU", "TimeDistributed",
    "UpSampling2D", "Resizing", "Cropping1D", "Cropping2D", "Cropping3D",
})  # fmt: skip
"""Layers that many scopes look like, so that a default name of another layer tells more."""

_RECURRENT = {4: "LSTM", 3: "GRU", 1: "SimpleRNN"}
"""Layers by how many gates they have."""

_PARTS = {
    "standard_lstm": "LSTM", "standard_gru": "GRU", "lstm_cell": "LSTM", "gru_cell": "GRU",
    "simple_rnn_cell": "SimpleRNN",
}  # fmt: skip
"""Layers by a scope that they open: for the loop, or for each step where there is none."""

_WORDS = _PARTS.keys() | {"query", "key", "value", "stacked_rnn_cells", "string_lookup", "loop_body"}


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
        detail: Class that its settings and shapes tell; empty where they do not.
    """

    named: str
    ops: Sequence[str]
    in_batchnorm: bool
    weights: Mapping[str, tuple[int, ...]]
    parts: Collection[str]
    detail: str = ""


def class_by_name(name: str) -> str:
    """The class of layers that Keras names so by default, such as ``Dropout`` for ``dropout_3``; empty for others."""
    return _BY_STEM.get(_NUMBER.sub("", name), "")


def part_word(name: str) -> str:
    """What the name of a scope tells about the layer around it."""
    word = name.split("_")[0]
    if word in ("forward", "backward"):
        return word
    stem = _NUMBER.sub("", name.partition("#")[0])
    return helper(stem) or (stem if stem in _WORDS else "while" if "while" in name else "")


def layer_class(cluster: Cluster) -> str:
    """The class of the layer that a cluster is; empty where nothing tells."""
    found, named = _by_operations(cluster), cluster.named
    if named and (not found or named in _LOOSE or found in _SHARED):
        return named
    if named and named.rstrip("123D") == found.rstrip("123D"):
        return named  # Conv1D is a Conv2D with a dimension of 1
    return found or named


def _by_operations(cluster: Cluster) -> str:
    parts = cluster.parts
    if {"query", "key", "value"} <= set(parts):
        return "GroupedQueryAttention" if "Repeat" in parts else "MultiHeadAttention"
    if {"forward", "backward"} <= set(parts):
        return "Bidirectional"
    recurrent = _recurrent(cluster)
    if recurrent:
        return recurrent
    if cluster.detail:
        return cluster.detail
    ops = Counter([op for op in cluster.ops if op != "Cast"] or cluster.ops)  # without those of mixed precision
    looks_up = ops["LookupTableFindV2"] or {"Lookup", "string_lookup"} & set(parts)
    is_ragged = ops["RaggedTensorToTensor"] or "RaggedToTensor" in parts
    if (ops["StringLower"] and ops["StaticRegexReplace"]) or (is_ragged and looks_up):
        return "TextVectorization"
    if ops["DenseBincount"] and not cluster.weights and not looks_up:
        return "CategoryEncoding"
    if parts == {"loop_body"} and ops == {"Transpose": 2}:
        return "TimeDistributed"
    return "" if parts else _by_counts(cluster, ops)


def _by_counts(cluster: Cluster, ops: Counter[str]) -> str:
    if _is_batch_norm(cluster, ops):
        return "BatchNormalization"
    if ops["SquaredDifference"] and ops["Rsqrt"]:
        if _has_moving(cluster):
            return "BatchNormalization"  # in training
        return "GroupNormalization" if ops["Reshape"] >= 2 else "LayerNormalization"
    if ops.total() == 1:
        return _single(next(iter(ops)), cluster)
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
    if "2D" in name:
        return name.replace("2D", "1D") if {"ExpandDims", "Squeeze"} <= set(light) else name
    if name in ("Dense", "EinsumDense", "Embedding") and not cluster.weights:
        return ""
    if name == "Dense":
        if cluster.weights.keys() <= {"scale", "concat_score_weight"}:
            return ""  # an attention of some kind
        return "EinsumDense" if len(cluster.weights.get("kernel", ())) > 2 else name
    if name == "BatchNormalization" and not _has_moving(cluster):
        # Keras 2 computes a layer normalization as the batch normalization of one image
        return "LayerNormalization" if "AddV2" in light or ("Reshape" in light and not cluster.weights) else name
    return name


def _single(op: str, cluster: Cluster) -> str:
    if op in _OF_WEIGHTS:
        return _OF_WEIGHTS[op] if cluster.weights else ""
    return "" if op in ("AddV2", "Add") and cluster.weights else _ONE.get(op, "")


def _has_moving(cluster: Cluster) -> bool:
    """Whether it uses the averages of a batch normalization."""
    return any(name.startswith("moving") for name in cluster.weights)


def _is_batch_norm(cluster: Cluster, ops: Counter[str]) -> bool:
    if not ops.keys() <= {"Mul", "AddV2", "Sub", "Rsqrt"}:
        return False
    return cluster.in_batchnorm or {"moving_mean", "moving_variance"} <= cluster.weights.keys()


def _recurrent(cluster: Cluster) -> str:
    parts, weights = cluster.parts, cluster.weights
    if len(parts) == 1 and ("Unpack" in cluster.ops or next(iter(parts)).startswith("standard_")):
        return _PARTS.get(next(iter(parts)), "")
    shape = weights.get("recurrent_kernel", ())
    gates = shape[-1] // shape[-2] if len(shape) >= 2 and shape[-2] else 0
    if "while" in parts or "While" in cluster.ops:
        if "stacked_rnn_cells" in parts:
            return "RNN"
        return _RECURRENT.get(gates, "") if len(shape) == 2 else f"ConvLSTM{len(shape) - 2}D" if gates == 4 else ""
    is_cell = len(shape) == 2 and not parts and weights.get("kernel", ())[-1:] == shape[-1:]
    return f"{_RECURRENT[gates]}Cell" if is_cell and gates in _RECURRENT else ""
