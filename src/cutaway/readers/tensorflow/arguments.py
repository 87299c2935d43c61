"""Names of the inputs that tell how an operation works and not what it works on, and roles of weights."""

from __future__ import annotations

_SETTINGS: dict[str, dict[int, str]] = {
    "Reshape": {1: "shape"}, "Transpose": {1: "perm"}, "ExpandDims": {1: "axis"}, "Tile": {1: "multiples"},
    "Mean": {1: "axis"}, "Sum": {1: "axis"}, "Max": {1: "axis"}, "Min": {1: "axis"}, "Prod": {1: "axis"},
    "Any": {1: "axis"}, "All": {1: "axis"}, "ArgMax": {1: "axis"}, "ArgMin": {1: "axis"}, "Cumsum": {1: "axis"},
    "Pad": {1: "paddings"}, "PadV2": {1: "paddings", 2: "constant_values"}, "MirrorPad": {1: "paddings"},
    "StridedSlice": {1: "begin", 2: "end", 3: "strides"}, "Slice": {1: "begin", 2: "size"},
    "Split": {0: "axis"}, "SplitV": {1: "size_splits", 2: "axis"}, "GatherV2": {2: "axis"},
    "ResizeBilinear": {1: "size"}, "ResizeNearestNeighbor": {1: "size"}, "ResizeBicubic": {1: "size"},
    "Conv2DBackpropInput": {0: "output_shape"}, "Conv3DBackpropInputV2": {0: "output_shape"}, "Fill": {0: "shape"},
    "BroadcastTo": {1: "shape"}, "ReverseV2": {1: "axis"}, "TopKV2": {1: "k"}, "OneHot": {1: "depth"},
    "BatchToSpaceND": {1: "block_shape", 2: "crops"}, "SpaceToBatchND": {1: "block_shape", 2: "paddings"},
    "RandomUniform": {0: "shape"}, "TensorListStack": {1: "element_shape"},
    "TensorListFromTensor": {1: "element_shape"},
    "TensorListReserve": {0: "element_shape", 1: "size"}, "Range": {0: "start", 1: "limit", 2: "delta"},
    "ClipByValue": {1: "min", 2: "max"}, "UnsortedSegmentSum": {2: "num_segments"},
}  # fmt: skip

_ROLES: dict[str, dict[int, str]] = {
    "Conv2D": {1: "kernel"}, "Conv3D": {1: "kernel"}, "MatMul": {1: "kernel"}, "BatchMatMulV2": {1: "kernel"},
    "_FusedConv2D": {1: "kernel", 2: "bias"}, "_FusedMatMul": {1: "kernel", 2: "bias"},
    "FusedDepthwiseConv2dNative": {1: "depthwise_kernel", 2: "bias"},
    "DepthwiseConv2dNative": {1: "depthwise_kernel"}, "Conv2DBackpropInput": {1: "kernel"},
    "Conv3DBackpropInputV2": {1: "kernel"}, "BiasAdd": {1: "bias"}, "GatherV2": {0: "embeddings"},
    "ResourceGather": {0: "embeddings"}, "Einsum": {1: "kernel"},
    **{op: {1: "gamma", 2: "beta", 3: "moving_mean", 4: "moving_variance"}
       for op in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")},
}  # fmt: skip

_SAYS_NOTHING = frozenset({"ReadVariableOp", "read", "Const", "resource", "value", "Variable", "y", "x", "Identity"})


def setting(op: str, slot: int, inputs: int) -> str:
    """Name of an input that is a setting."""
    if op in ("ConcatV2", "Concat") and slot == (inputs - 1 if op == "ConcatV2" else 0):
        return "axis"
    return _SETTINGS.get(op, {}).get(slot, f"input_{slot}")


def role(name: str, op: str, slot: int) -> str:
    """Short name of a weight: the last part of its own, or what the operation uses it as where that says nothing."""
    last = name.rpartition("/")[2]
    stem = last.rstrip("0123456789").rstrip("_")
    if last and stem not in _SAYS_NOTHING and not stem.startswith(("Const", "ReadVariableOp")):
        return last
    return _ROLES.get(op, {}).get(slot) or stem or "value"
