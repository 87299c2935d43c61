"""What checks ask about layers, whatever format wrote them: activations, kernels, what only changes a shape."""

from __future__ import annotations

from collections.abc import Sequence

from cutaway.checks.subject import Subject, words
from cutaway.graph.model import Shape

_ACTIVATIONS = {
    "ReLU": "relu", "Relu": "relu", "RELU": "relu", "Relu6": "relu6", "RELU6": "relu6", "LeakyReLU": "leaky_relu",
    "LeakyRelu": "leaky_relu", "LEAKY_RELU": "leaky_relu", "PReLU": "prelu", "PRELU": "prelu", "ELU": "elu",
    "Elu": "elu", "Selu": "selu", "ThresholdedReLU": "thresholded_relu", "Softmax": "softmax", "SOFTMAX": "softmax",
    "LogSoftmax": "log_softmax", "LOG_SOFTMAX": "log_softmax", "Sigmoid": "sigmoid", "LOGISTIC": "sigmoid",
    "Tanh": "tanh", "TANH": "tanh", "Gelu": "gelu", "GELU": "gelu", "Silu": "silu", "HardSigmoid": "hard_sigmoid",
    "HardSilu": "hard_silu", "HARD_SWISH": "hard_silu", "Softplus": "softplus", "Softsign": "softsign",
}  # fmt: skip

DENSE = frozenset({"Dense", "EinsumDense", "FULLY_CONNECTED"})
"""Layers that multiply by a matrix of weights."""

CONVOLUTIONS = words(
    "Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose DepthwiseConv1D DepthwiseConv2D "
    "SeparableConv1D SeparableConv2D CONV_2D DEPTHWISE_CONV_2D CONV_3D TRANSPOSE_CONV"
)
"""Layers that move a kernel over a map."""

POOLING = frozenset(
    ["MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D"]
)
GLOBAL_POOLING = frozenset(f"Global{kind}Pooling{rank}D" for kind in ("Average", "Max") for rank in (1, 2, 3))
"""Layers that leave one value of each channel."""

RESHAPING = words(
    "Reshape Flatten Permute Identity RESHAPE SQUEEZE Squeeze ExpandDims EXPAND_DIMS Dropout Rescaling Cast CAST"
)
"""Layers behind which the values are the same ones, or in proportion to them."""

DROPOUT = frozenset(
    ["Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "AlphaDropout"]
)

_MOST_RESHAPING = 16

OTHER = "another"
"""An activation that is a function of its author's."""

_FUSING = DENSE | CONVOLUTIONS | {"ADD", "MUL", "SUB", "DIV", "CONCATENATION"}


def activation_of(subject: Subject, node: int) -> str:
    """The non-linear function that a layer ends with, by the name that Keras gives it; empty where it is linear."""
    op = subject.op(node)
    if op in _ACTIVATIONS:
        return _ACTIVATIONS[op]
    if op != "Activation" and op not in _FUSING:
        return ""
    attributes = subject.attributes(node)
    said = attributes.get("activation", attributes.get("fused_activation_function"))
    if said is None:
        return ""
    if not isinstance(said, str):
        return OTHER
    word = said.lower()
    return "" if word in ("linear", "none") else {"swish": "silu", "hard_swish": "hard_silu"}.get(word, word)


def is_linear(subject: Subject, node: int) -> bool:
    """Whether a layer says that it has no activation; one that says nothing may have any."""
    attributes = subject.attributes(node)
    told = "activation" in attributes or "fused_activation_function" in attributes
    return told and not activation_of(subject, node)


def activating(subject: Subject, *names: str) -> list[int]:
    """Nodes that end with an activation, or with one of some.

    Args:
        subject: The model.
        names: Which activations, by the names that Keras gives them; any where none is named.
    """
    ops = [op for op in subject.ops if op in _ACTIVATIONS or op in _FUSING or op == "Activation"]

    def ends_with_one(subject: Subject, node: int) -> bool:
        found = activation_of(subject, node)
        return found in names if names else bool(found)

    return subject.of(ops, ends_with_one)


def is_pure_activation(subject: Subject, node: int) -> bool:
    """Whether a node is an activation and nothing else."""
    op = subject.op(node)
    return op == "Activation" or op in _ACTIVATIONS


def behind_reshaping(subject: Subject, node: int) -> int:
    """The node whose values a node passes on in another shape, or itself."""
    for _ in range(_MOST_RESHAPING):
        if subject.op(node) not in RESHAPING or len(subject.sources(node)) != 1:
            break
        node = subject.sources(node)[0]
    return node


def whole_numbers(value: object) -> tuple[int, ...]:
    """A list of whole numbers, or one of them, as a tuple; empty for anything else."""
    items = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(item, int) and not isinstance(item, bool) for item in items):
        return ()
    return tuple(items)


def says_window(subject: Subject, node: int) -> bool:
    """Whether a node tells the size of a window, as layers of Keras do."""
    return subject.attribute(node, "kernel_size") is not None or subject.attribute(node, "pool_size") is not None


def kernel(subject: Subject, node: int) -> tuple[int, ...]:
    """Size of the window of a convolution or pooling of Keras; empty where it is not told."""
    said = subject.attribute(node, "kernel_size")
    sizes = whole_numbers(subject.attribute(node, "pool_size") if said is None else said)
    rank = len(subject.read_shape(node) or ()) - 2
    return sizes * rank if len(sizes) == 1 and rank > 1 else sizes


def strides(subject: Subject, node: int) -> tuple[int, ...]:
    """Steps of the window; empty where they are not told. A pooling without any steps by its size."""
    window, said = kernel(subject, node), whole_numbers(subject.attribute(node, "strides"))
    if not said and subject.op(node) in POOLING:
        return window
    return said * len(window) if len(said) == 1 else said


def map_size(subject: Subject, node: int, shape: Shape | None) -> tuple[int | None, ...]:
    """Dimensions of a map without batch and channels; empty where the rank is unknown or too small."""
    if shape is None or len(shape) < 3:
        return ()
    return shape[2:] if subject.attribute(node, "data_format") == "channels_first" else shape[1:-1]


def times(sizes: Sequence[object]) -> str:
    """Sizes for a text, such as ``3 × 3``."""
    return " × ".join("?" if size is None else str(size) for size in sizes)
