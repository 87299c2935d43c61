"""Shapes after ``keras.ops`` in a Functional model, by the class of the operation.

Consumers usually say what they read; these rules answer for operations at a model's end.
"""

# ruff: noqa: ARG001  (all rules of the table take the same arguments)

from __future__ import annotations

from itertools import pairwise

from cutaway.graph.model import Shape
from cutaway.readers.keras.shapes.common import Config, NoRule, Rule, Shapes, axis_of, broadcast, product, same, whole
from cutaway.readers.keras.shapes.dense import concatenate, reshaped


def elementwise(config: Config, shapes: Shapes) -> Shape:
    """Binary operations, on tensors and scalars."""
    return broadcast(shapes)


def reduction(config: Config, shapes: Shapes) -> Shape:
    """Sum, Mean, Max and the like, by ``axis`` and ``keepdims``."""
    shape, axis = shapes[0], config.get("axis")
    if axis is None:
        axes = set(range(len(shape)))
    else:
        axes = {axis_of({"axis": each}, len(shape)) for each in (axis if isinstance(axis, list | tuple) else [axis])}
    if config.get("keepdims"):
        return tuple(1 if at in axes else dim for at, dim in enumerate(shape))
    return tuple(dim for at, dim in enumerate(shape) if at not in axes)


def transpose(config: Config, shapes: Shapes) -> Shape:
    """Transpose: axes in a given order, or reversed."""
    axes = config.get("axes")
    return tuple(reversed(shapes[0])) if axes is None else tuple(shapes[0][axis] for axis in axes)


def newshape(config: Config, shapes: Shapes) -> Shape:
    """Reshape to ``newshape``, the batch included."""
    target = config["newshape"]
    target = list(target) if isinstance(target, list | tuple) else [target]
    shape = shapes[0]
    if target and target[0] in (-1, None) and product(target[1:]) == product(shape[1:]):
        return (shape[0], *target[1:])
    if None not in shape:
        return reshaped(shape, target)
    return tuple(None if dim in (-1, None) else whole(dim, "newshape") for dim in target)


def expand_dims(config: Config, shapes: Shapes) -> Shape:
    """ExpandDims: new axes of 1."""
    axis, shape = config["axis"], list(shapes[0])
    axes = list(axis) if isinstance(axis, list | tuple) else [axis]
    rank = len(shape) + len(axes)
    for at in sorted(axis_of({"axis": each}, rank) for each in axes):
        shape.insert(at, 1)
    return tuple(shape)


def squeeze(config: Config, shapes: Shapes) -> Shape:
    """Squeeze: axes of 1 go."""
    shape, axis = shapes[0], config.get("axis")
    if axis is None:
        return tuple(dim for dim in shape if dim != 1)
    given = axis if isinstance(axis, list | tuple) else [axis]
    gone = {axis_of({"axis": each}, len(shape)) for each in given}
    return tuple(dim for at, dim in enumerate(shape) if at not in gone)


def stack(config: Config, shapes: Shapes) -> Shape:
    """Stack: a new axis as long as there are inputs."""
    shape = list(shapes[0])
    shape.insert(axis_of(config, len(shape) + 1, 0), len(shapes))
    return tuple(shape)


def split(config: Config, shapes: Shapes) -> list[Shape]:
    """Split into equal parts, or at given places."""
    shape, sections = shapes[0], config["indices_or_sections"]
    axis = axis_of(config, len(shape), 0)
    length = shape[axis]
    if isinstance(sections, int):
        each = None if length is None else length // sections
        lengths: list[int | None] = [each] * min(sections, 1 << 16)
    else:
        marks = [0, *sections]
        lengths = [b - a for a, b in pairwise(marks)]
        lengths.append(None if length is None else length - marks[-1])
    return [(*shape[:axis], part, *shape[axis + 1 :]) for part in lengths]


def top_k(config: Config, shapes: Shapes) -> list[Shape]:
    """TopK: values and their places."""
    shape = (*shapes[0][:-1], whole(config["k"], "k"))
    return [shape, shape]


def matmul(config: Config, shapes: Shapes) -> Shape:
    """Matmul of stacks of matrices."""
    left, right = shapes[0], shapes[1]
    if len(left) == 1 or len(right) == 1:
        return (*left[:-1], *right[:-2], *right[-1:][: len(right) - 1])
    return (*broadcast([left[:-2], right[:-2]]), left[-2], right[-1]) if len(left + right) > 4 else (left[0], right[1])


def einsum(config: Config, shapes: Shapes) -> Shape:
    """Einsum by its subscripts."""
    read, arrow, made = str(config["subscripts"]).replace(" ", "").partition("->")
    if not arrow or "..." in read:
        raise NoRule("an ellipsis in the subscripts")
    dims: dict[str, int | None] = {}
    for letters, shape in zip(read.split(","), shapes, strict=True):
        for letter, dim in zip(letters, shape, strict=True):
            dims[letter] = dims.get(letter) or dim
    return tuple(dims[letter] for letter in made)


def one_hot(config: Config, shapes: Shapes) -> Shape:
    """OneHot: a new last axis of classes."""
    shape = list(shapes[0])
    axis = axis_of(config, len(shape) + 1)
    shape.insert(axis, whole(config["num_classes"], "num_classes"))
    return tuple(shape)


def get_item(config: Config, shapes: Shapes) -> Shape:
    """GetItem: numbers, slices, None for a new axis and an ellipsis."""
    key = config["key"]
    if isinstance(key, dict) and key.get("class_name") == "__tuple__":
        key = key["items"]
    parts = list(key) if isinstance(key, list | tuple) else [key]
    kinds = [part.get("class_name") if isinstance(part, dict) else part for part in parts]
    free = len(shapes[0]) - sum(kind not in (None, "__ellipsis__") for kind in kinds)
    if "__ellipsis__" not in kinds:
        parts.append({"class_name": "__ellipsis__"})
        kinds.append("__ellipsis__")
    made: list[int | None] = []
    rest = list(shapes[0])
    for part, kind in zip(parts, kinds, strict=True):
        if kind is None:
            made.append(1)
        elif kind == "__ellipsis__":
            made += [rest.pop(0) for _ in range(free)]
        elif kind == "__slice__":
            made.append(_sliced(rest.pop(0), part["config"]))
        elif type(kind) is int:
            rest.pop(0)
        else:
            raise NoRule("an index that is a tensor or an array")
    return tuple(made)


def _sliced(length: int | None, config: Config) -> int | None:
    ends = [config.get(key) for key in ("start", "stop", "step")]
    if ends[:2] == [None, None] and ends[2] in (None, 1, -1):
        return length
    return None if length is None else len(range(*slice(*ends).indices(length)))


def repeat(config: Config, shapes: Shapes) -> Shape:
    """BroadcastTo: the shape that is asked for."""
    return tuple(config["shape"])


_UNARY = (
    "Abs Absolute Arccos Arcsin Arctan Cast Ceil Celu Clip Conjugate Copy Cos Cosh Cumprod Cumsum Elu Erf Exp Expm1 "
    "Flip Floor Gelu Glu HardSigmoid HardSilu HardTanh Identity IsFinite Isfinite Isinf Isnan LeakyRelu Log Log10 "
    "Log1p Log2 LogSigmoid LogSoftmax LogicalNot Negative Normalize OnesLike Reciprocal Relu Relu6 Roll Round Rsqrt "
    "Selu Sigmoid Sign Silu Sin Sinh Softmax Softplus Softsign Sort SparsePlus Sqrt Square StopGradient Swish Tan "
    "Tanh ZerosLike Tril Triu NanToNum"
)
_BINARY = (
    "Add Arctan2 BitwiseAnd BitwiseOr BitwiseXor Divide DivideNoNan Equal FloorDivide Greater GreaterEqual Less "
    "LessEqual LogicalAnd LogicalOr LogicalXor Maximum Minimum Mod Multiply NotEqual Power Remainder Subtract "
    "TrueDivide Where"
)
_REDUCTIONS = "All Amax Amin Any Argmax Argmin CountNonzero Logsumexp Max Mean Min Prod Std Sum Var Norm"

OPERATIONS: dict[str, Rule] = {
    **dict.fromkeys(_UNARY.split(), same),
    **dict.fromkeys(_BINARY.split(), elementwise),
    **dict.fromkeys(_REDUCTIONS.split(), reduction),
    "Transpose": transpose,
    "Reshape": newshape,
    "ExpandDims": expand_dims,
    "Squeeze": squeeze,
    "Stack": stack,
    "Concatenate": concatenate,
    "Split": split,
    "TopK": top_k,
    "Matmul": matmul,
    "Einsum": einsum,
    "OneHot": one_hot,
    "BroadcastTo": repeat,
    "GetItem": get_item,
}

BOOLEAN = frozenset({
    "All", "Any", "Equal", "Greater", "GreaterEqual", "IsFinite", "Isfinite", "Isinf", "Isnan", "Less", "LessEqual",
    "LogicalAnd", "LogicalNot", "LogicalOr", "LogicalXor", "NotEqual",
})  # fmt: skip
"""Operations that answer yes or no."""

INTEGER = frozenset({"Argmax", "Argmin", "CountNonzero"})
"""Operations that answer with a place or a number."""

FRACTIONAL = frozenset({"Divide", "Mean", "Std", "TrueDivide", "Var"})
"""Operations that make floats of whole numbers."""
