"""What layers and operations cost that multiply by a kernel or one tensor by another.

The number of multiply-accumulates of each is (elements made) × (products added up for one of them).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from cutaway.analysis.calls import Call, Size, Unknown, Work, count, number, numbers

Rule = Callable[[Call], Work]

_FREE = frozenset({"", "linear", "None", "none", "NONE"})


def activation(call: Call, elements: int) -> int:
    """Operations of the activation that is built into a layer."""
    attributes = call.attributes
    name = attributes.get("activation", attributes.get("fused_activation_function"))
    if name is None or (isinstance(name, str) and name in _FREE):
        return 0
    return elements * (5 if name == "softmax" else 1)


def _with_ends(call: Call, macs: int, made: int) -> Work:
    """With the bias and the activation."""
    return Work(macs, (made if call.has_bias else 0) + activation(call, made))


def convolution(call: Call) -> Work:
    """Conv1D, 2D, 3D, with groups and dilations: the kernel's last axis is that of the filters."""
    made = count(call.made)
    return _with_ends(call, made * count(call.matrix()[:-1]), made)


def convolution_rows(call: Call) -> Work:
    """The same where the kernel's first axis is that of the filters."""
    made = count(call.made)
    return _with_ends(call, made * count(call.matrix()[1:]), made)


def depthwise(call: Call) -> Work:
    """DepthwiseConv1D and 2D: the kernel ends with the channels and their multiplier."""
    made = count(call.made)
    return _with_ends(call, made * count(call.matrix()[:-2]), made)


def depthwise_rows(call: Call) -> Work:
    """The same where the kernel is 1 × height × width × channels."""
    made = count(call.made)
    return _with_ends(call, made * count(call.matrix()[1:-1]), made)


def separable(call: Call) -> Work:
    """SeparableConv1D and 2D: a depthwise convolution, and one of a single place."""
    deep, point = call.matrix(1, "depthwise_kernel"), call.matrix(2, "pointwise_kernel")
    made = count(call.made)
    if not point[-1]:
        return Work()
    return _with_ends(call, made // point[-1] * (count(deep) + count(point)), made)


def transposed(call: Call) -> Work:
    """Conv1DTranspose, 2D, 3D: every element read meets the kernel of all filters once."""
    kernel = call.matrix()
    return _with_ends(call, count(call.source) * count(kernel[:-1]), count(call.made))


def transposed_operation(call: Call) -> Work:
    """The gradient of a convolution towards its input, which is what a transposed one is; the data stand last."""
    known = call.known_inputs
    data = call.labelled("input") or (known[-1] if known else None)
    if data is None:
        raise Unknown("the shape of its input is unknown")
    return Work(count(data) * count(call.matrix(max(0, len(known) - 2))[:-1]), activation(call, count(call.made)))


def kernel_gradient(call: Call) -> Work:
    """The gradient of a convolution towards its kernel: as many products as the convolution has."""
    inputs = call.inputs
    return Work(count(inputs[-1]) * count(call.made[:-1]))


def depthwise_gradient(call: Call) -> Work:
    """The same of a depthwise convolution."""
    inputs = call.inputs
    return Work(count(inputs[-1]) * count(call.made[:-2]))


def locally_connected(call: Call) -> Work:
    """LocallyConnected1D and 2D: a kernel of its own for each place."""
    made, attributes = count(call.made), call.attributes
    channels = call.source[1] if attributes.get("data_format") == "channels_first" else call.source[-1]
    return _with_ends(call, made * math.prod(numbers(attributes, "kernel_size")) * channels, made)


def dense(call: Call) -> Work:
    """Dense, on inputs of any rank."""
    made, known = count(call.made), call.known_inputs
    source = known[0] if known else None
    return _with_ends(call, made * (source[-1] if source else call.matrix()[0]), made)


def fully_connected(call: Call) -> Work:
    """FULLY_CONNECTED: the rows of the kernel are the units."""
    made = count(call.made)
    return _with_ends(call, made * call.matrix()[-1], made)


def matmul(call: Call) -> Work:
    """A product of matrices, or of as many pairs of them as there are in front."""
    made, attributes = call.made, call.attributes
    turned = attributes.get("transpose_a") or attributes.get("adj_x")
    known = call.known_inputs
    first = known[0] if known else None
    if len(known) < 2:  # the other one is a weight, which may be the first
        other = call.matrix()
        if first is None or not made or not first:
            raise Unknown("the shape of its input is unknown")
        depth = first[-2] if turned and len(first) > 1 else first[-1]
        if count(other) != depth * made[-1] and len(made) > 1 and count(other) % made[-2] == 0:
            depth = count(other) // made[-2]
    elif first is not None:
        depth = first[-2] if turned else first[-1]
    else:
        other = call.matrix()
        depth = other[-1] if attributes.get("transpose_b") or attributes.get("adj_y") else other[-2]
    return _with_ends(call, count(made) * depth, count(made))


def contraction(equation: str, operands: list[Size]) -> Work:
    """An einsum, operand by operand from the left; sums over nothing are multiplications, and no MACs.

    Args:
        equation: Such as ``"abc,cd->abd"``; may hold ``...``.
        operands: Sizes of what is multiplied.

    Raises:
        Unknown: The equation does not fit them.
    """
    left, arrow, made = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise Unknown(f"equation {equation[:60]!r} does not fit {len(operands)} operands")
    spread = max((len(size) - len(term) + 3 for term, size in zip(terms, operands, strict=True) if "..." in term),
                 default=0)  # fmt: skip
    if not 0 <= spread < 10:
        raise Unknown(f"equation {equation[:60]!r} does not fit its operands")
    axes = "0123456789"[:spread]
    named = []
    for term, size in zip(terms, operands, strict=True):
        free = len(size) - len(term) + 3 if "..." in term else 0
        named.append(term.replace("...", axes[spread - free :] if free else ""))
    lengths: dict[str, int] = {}
    for term, size in zip(named, operands, strict=True):
        if len(term) != len(size):
            raise Unknown(f"equation {equation[:60]!r} does not fit a tensor of shape {size}")
        for letter, length in zip(term, size, strict=True):
            lengths[letter] = max(length, lengths.get(letter, 1))
    letters = "".join(named)
    kept = made.replace("...", axes) if arrow else "".join(each for each in letters if letters.count(each) == 1)
    return _left_to_right(named, set(kept), lengths)


def _left_to_right(terms: list[str], kept: set[str], lengths: Mapping[str, int]) -> Work:
    macs = other = 0
    have = set(terms[0])
    for at, term in enumerate(terms[1:], 1):
        both = have | set(term)
        wanted = kept.union(*map(set, terms[at + 1 :]))
        products = math.prod(lengths[letter] for letter in both)
        if both <= wanted:
            other += products
        else:
            macs += products
        have = both & wanted
    if len(terms) == 1 and not have <= kept:
        other = math.prod(lengths[letter] for letter in have)
    return Work(macs, other)


def einsum(call: Call) -> Work:
    """Einsum of tensors, and of weights where it reads fewer than its equation names."""
    equation = str(call.attributes.get("equation", call.attributes.get("subscripts")))
    wanted = equation.partition("->")[0].count(",") + 1
    operands = call.inputs
    if len(operands) >= wanted:
        return contraction(equation, operands[:wanted])
    operands += [shape for _, shape in call.weights if shape][: wanted - len(operands)]
    try:
        return contraction(equation, operands)
    except Unknown:  # the weight may have been the first of two
        return contraction(equation, operands[::-1])


def einsum_dense(call: Call) -> Work:
    """EinsumDense: what its equation says of its input and its kernel."""
    equation = str(call.attributes.get("equation"))
    source, kernel, made = call.source, call.matrix(), call.made
    term = equation.replace(" ", "").partition(",")[0]
    if "..." not in term and len(term) < len(source):  # a wrapper hands on all steps, the equation is about one
        steps = len(source) - len(term)
        extra = count(source[1 : 1 + steps])
        work = contraction(equation, [(source[0] * extra, *source[1 + steps :]), kernel])
    else:
        work = contraction(equation, [source, kernel])
    bias = count(made) if call.attributes.get("bias_axes") else 0
    return Work(work.macs, work.other + bias + activation(call, count(made)))


def looked_up(_call: Call) -> Work:
    """Embedding: rows are moved, which costs nothing."""
    return Work()


def dot(call: Call) -> Work:
    """Dot: one axis of each input is contracted."""
    axes = call.attributes.get("axes", call.attributes.get("dot_axes"))
    if axes is None:  # of two arrays, as NumPy means it
        return inner(call)
    axis = axes[0] if isinstance(axes, list | tuple) else axes
    if type(axis) is not int or not -len(call.source) <= axis < len(call.source):
        raise Unknown("'axes' is no axis of its input")
    normal = 3 * sum(map(count, call.inputs)) if call.attributes.get("normalize") else 0
    return Work(count(call.made) * call.source[axis], normal)


def tensordot(call: Call) -> Work:
    """Tensordot: as many axes as it says, or those that it lists."""
    axes, source = call.attributes.get("axes", 2), call.source
    if type(axes) is int and 0 <= axes <= len(source):
        depth = count(source[len(source) - axes :])
    elif isinstance(axes, list | tuple) and axes:
        listed = axes[0] if isinstance(axes[0], list | tuple) else [axes[0]]
        depth = math.prod(source[axis] for axis in listed)
    else:
        raise Unknown("'axes' is neither a number nor a list")
    return Work(count(call.made) * depth)


def inner(call: Call) -> Work:
    """Dot and Inner of two arrays: the last axis is contracted."""
    if not call.source or (len(call.inputs) > 1 and not call.inputs[1]):
        return Work(0, count(call.made))
    return Work(count(call.made) * call.source[-1])


def heads(call: Call) -> Work:
    """The middle of attention with heads: scores, softmax, and the sum of values that they weigh."""
    query, key, value = call.inputs[:3]
    axes = call.attributes.get("attention_axes")
    axes = list(range(1, len(key) - 2)) if axes is None else [axes] if isinstance(axes, int) else list(axes)
    attended = math.prod(key[axis] for axis in axes)
    if not query[-1]:
        return Work()
    scores = count(query[:-1]) * attended
    return Work(scores * (query[-1] + value[-1]), count(query) + 5 * scores)


def attention(call: Call) -> Work:
    """Attention and AdditiveAttention on query, value and, where it is another one, key."""
    inputs = call.inputs
    query, value = inputs[0], inputs[1]
    key = inputs[2] if len(inputs) > 2 and len(inputs[2]) == len(query) and inputs[2][-1] == query[-1] else value
    scores = count(query[:-1]) * key[-2]
    taken = scores * value[-1]
    attributes = call.attributes
    if call.op == "AdditiveAttention":
        each = 4 if attributes.get("use_scale", True) else 3  # an addition, tanh, the scale, and the sum of them
        return Work(taken, each * scores * query[-1] + 5 * scores)
    if attributes.get("score_mode", "dot") == "concat":
        return Work(taken, 3 * scores * query[-1] + 6 * scores)
    return Work(taken + scores * query[-1], 5 * scores + (scores if attributes.get("use_scale") else 0))


def reversible_embedding(call: Call) -> Work:
    """ReversibleEmbedding: a look-up, or back from vectors to scores."""
    if not call.attributes.get("reverse"):
        return Work()
    return Work(count(call.made) * call.source[-1])


def highway(call: Call) -> Work:
    """Highway of Keras 1: two dense layers, and a gate that mixes them with the input."""
    made = count(call.made)
    return Work(2 * made * call.source[-1], (2 if call.has_bias else 0) * made + 6 * made)


def maxout(call: Call) -> Work:
    """MaxoutDense of Keras 1: several dense layers, and the largest of what they make."""
    parts = number(call.attributes, "nb_feature" if "nb_feature" in call.attributes else "num_features")
    made = call.made
    return Work(parts * count(made) * call.source[-1], (2 if call.has_bias else 1) * parts * count(made))


def short_time_fourier(call: Call) -> Work:
    """STFTSpectrogram: convolutions with the waves of each frequency."""
    kernels = [shape for name, shape in call.weights if name.endswith("_kernel")]
    if not kernels:
        raise Unknown("its kernels are unknown")
    frames = count(call.made) // max(1, kernels[0][-1])
    return Work(frames * sum(map(count, kernels)), 4 * count(call.made))


_ROWS: tuple[tuple[Rule, str], ...] = (
    (
        convolution,
        "Conv1D Conv2D Conv3D Convolution1D Convolution2D Convolution3D AtrousConvolution1D "
        "AtrousConvolution2D Conv _FusedConv2D FusedConv2D Conv2DV2",
    ),
    (convolution_rows, "CONV_2D"),
    (convolution, "CONV_3D"),
    (depthwise, "DepthwiseConv1D DepthwiseConv2D DepthwiseConv DepthwiseConv2dNative FusedDepthwiseConv2dNative"),
    (depthwise_rows, "DEPTHWISE_CONV_2D"),
    (separable, "SeparableConv1D SeparableConv2D SeparableConvolution2D SeparableConv"),
    (transposed, "Conv1DTranspose Conv2DTranspose Conv3DTranspose Deconvolution2D ConvTranspose"),
    (
        transposed_operation,
        "Conv2DBackpropInput Conv3DBackpropInput Conv3DBackpropInputV2 TRANSPOSE_CONV CONV_3D_TRANSPOSE "
        "Convolution2DTransposeBias",
    ),
    (kernel_gradient, "Conv2DBackpropFilter Conv3DBackpropFilter Conv3DBackpropFilterV2"),
    (depthwise_gradient, "DepthwiseConv2dNativeBackpropFilter"),
    (locally_connected, "LocallyConnected1D LocallyConnected2D"),
    (dense, "Dense TimeDistributedDense"),
    (fully_connected, "FULLY_CONNECTED"),
    (matmul, "MatMul Matmul BatchMatMul BatchMatMulV2 BatchMatMulV3 SparseMatMul _FusedMatMul BATCH_MATMUL"),
    (einsum, "Einsum XlaEinsum"),
    (einsum_dense, "EinsumDense"),
    (dot, "Dot"),
    (tensordot, "Tensordot"),
    (inner, "Inner Vdot"),
    (heads, "DotProductAttention"),
    (attention, "Attention AdditiveAttention"),
    (looked_up, "Embedding"),
    (reversible_embedding, "ReversibleEmbedding"),
    (highway, "Highway"),
    (maxout, "MaxoutDense"),
    (short_time_fourier, "STFTSpectrogram"),
)

PRODUCTS: dict[str, Rule] = {op: rule for rule, ops in _ROWS for op in ops.split()}
"""Class or kind → rule; classes mean the same wherever they come from."""
