"""Which layer the operations of a group were: told in the words of TensorFlow, whose clusters say it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from cutaway.readers.tensorflow.layers import Cluster, class_by_name, layer_class, part_word

_TENSORFLOW = {
    "CONV_2D": "Conv2D", "DEPTHWISE_CONV_2D": "DepthwiseConv2dNative", "TRANSPOSE_CONV": "Conv2DBackpropInput",
    "CONV_3D": "Conv3D", "CONV_3D_TRANSPOSE": "Conv3DBackpropInputV2",
    "FULLY_CONNECTED": "MatMul", "BATCH_MATMUL": "BatchMatMulV2",
    "GATHER": "GatherV2", "EMBEDDING_LOOKUP": "GatherV2",
    "MAX_POOL_2D": "MaxPool", "AVERAGE_POOL_2D": "AvgPool", "MEAN": "Mean", "REDUCE_MAX": "Max",
    "ADD": "AddV2", "ADD_N": "AddN", "SUB": "Sub", "MUL": "Mul", "RSQRT": "Rsqrt", "CAST": "Cast",
    "SQUARED_DIFFERENCE": "SquaredDifference", "REVERSE_V2": "ReverseV2",
    "SOFTMAX": "Softmax", "LOGISTIC": "Sigmoid", "TANH": "Tanh",
    "CUMSUM": "Cumsum", "TOPK_V2": "TopKV2", "RFFT2D": "FFT", "WHILE": "While", "IF": "If",
}  # fmt: skip
"""Operation of TensorFlow that each was; those that tell nothing of a layer keep their own name."""

_WHOLE = {
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "LSTM", "LSTM": "LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN": "SimpleRNN",
    "RNN": "SimpleRNN", "BIDIRECTIONAL_SEQUENCE_LSTM": "Bidirectional", "BIDIRECTIONAL_SEQUENCE_RNN": "Bidirectional",
}  # fmt: skip
"""Operations that are a layer each, whatever prepares their input."""

_POOLS = {"MAX_POOL_2D": "MaxPooling", "AVERAGE_POOL_2D": "AveragePooling"}
_AROUND = frozenset({"RESHAPE", "EXPAND_DIMS", "SQUEEZE", "TRANSPOSE", "PAD", "PADV2", "QUANTIZE", "DEQUANTIZE"})
"""What stands around the operation that does the work, and makes no other layer of it."""

_ACTIVATIONS = frozenset({"LOGISTIC", "TANH", "RELU", "RELU6", "ELU", "GELU", "HARD_SWISH", "EXP", "LOG"})
_ARITHMETIC = frozenset({"MUL", "ADD", "SUB", "MINIMUM", "MAXIMUM", "DIV"})
_FOLDED_NORM = ("FusedBatchNorm", "/batchnorm/")


class Part(NamedTuple):
    """One operation of a layer: its kind, and the names of the operations of TensorFlow that it was made of."""

    op: str
    names: Sequence[str]


def class_of(
    name: str, operations: Sequence[Part], weights: Mapping[str, tuple[int, ...]], inner: Collection[str]
) -> str:
    """The class of the layer that some operations were; empty where nothing tells.

    Args:
        name: Name of the layer.
        operations: Those directly in it.
        weights: What they read from the file, by the role that it plays.
        inner: Names of the layers inside.
    """
    whole = {_WHOLE[part.op] for part in operations if part.op in _WHOLE}
    if len(whole) == 1:
        return whole.pop()
    names = [name for part in operations for name in part.names]
    one_dimension = any(name.rpartition("/")[2].startswith(("ExpandDims", "Squeeze")) for name in names)
    ops = [_word(part) for part in operations if part.op not in _AROUND]
    if one_dimension:
        ops += ("ExpandDims", "Squeeze")
    in_batchnorm = any("/batchnorm/" in each for each in names)
    words = frozenset(map(part_word, inner))
    detail = "Multiply" if ops == ["Mul"] and not weights else ""
    found = layer_class(Cluster(class_by_name(name), ops, in_batchnorm, weights, words, detail))
    return found or ("" if inner else _by_kinds(operations, weights, names, "1D" if one_dimension else "2D"))


def _word(part: Part) -> str:
    """The operation of TensorFlow that one was; products of an ``Einsum`` have its name in theirs."""
    word = _TENSORFLOW.get(part.op, part.op)
    is_product = word in ("MatMul", "BatchMatMulV2")
    return "Einsum" if is_product and any("insum/" in name for name in part.names) else word


def _by_kinds(
    operations: Sequence[Part], weights: Mapping[str, tuple[int, ...]], names: Sequence[str], dimensions: str
) -> str:
    kinds = {part.op for part in operations} - _AROUND
    if len(kinds) == 1 and (pool := _POOLS.get(next(iter(kinds)))):
        return f"{pool}{dimensions}"
    if weights and kinds <= {"MUL", "ADD", "SUB"} and any(mark in name for name in names for mark in _FOLDED_NORM):
        return "BatchNormalization"
    if not weights and kinds & _ACTIVATIONS and kinds <= _ACTIVATIONS | _ARITHMETIC:
        return "Activation"
    return ""
