"""Receptive fields: how much of the input one place of a map sees, how far apart places look, and whether paths agree.

Followed along the spatial axes of convolutions and poolings. A place of a node sees ``size`` elements of the input
along an axis; neighbours look ``stride`` elements apart; the first of them has its middle at ``start`` (0 is the middle
of the first element). Where two paths meet, the field is the hull of both; it is aligned where both have the same
stride and middle. What sees everything (dense layers on flattened maps, global pooling, attention) ends the path.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from cutaway.analysis.calls import Call, Size, Unknown, number, numbers
from cutaway.analysis.order import execution_order
from cutaway.graph.model import CONTROL, Graph


@dataclass(frozen=True, slots=True)
class Axis:
    """What a map sees along one spatial axis of the input.

    Attributes:
        size: Elements that one place sees; padding counted as if there were some.
        stride: Elements between what two neighbours see; a fraction behind an upsampling.
        start: Middle of what the first place sees.
    """

    size: Fraction = Fraction(1)
    stride: Fraction = Fraction(1)
    start: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Field:
    """What one place of a node's output sees.

    Attributes:
        axes: One for each spatial axis.
        aligned: Whether all paths that met on the way agree on stride and middle.
    """

    axes: tuple[Axis, ...]
    aligned: bool = True


@dataclass(frozen=True, slots=True)
class _Window:
    """A sliding window along one axis; ``back`` elements of padding stand before the first."""

    kernel: int
    stride: Fraction
    dilation: int
    back: Fraction

    def over(self, axis: Axis) -> Axis:
        reach = self.dilation * (self.kernel - 1)
        middle = Fraction(reach, 2) - self.back
        return Axis(axis.size + reach * axis.stride, axis.stride * self.stride, axis.start + middle * axis.stride)


def receptive_fields(graph: Graph, sizes: Sequence[Size | None], *, whole: Size | None = None) -> list[Field | None]:
    """What each node sees of the input.

    Args:
        graph: The model.
        sizes: Size of every output tensor, as `Cost.sizes`.
        whole: Lengths of the input's spatial axes, for those who only ask who sees all of it: what is behind a node
            that does gets the same field, which takes no time. None follows everything.

    Returns:
        By index of the node; None where it sees everything, nothing, or is no map.
    """
    found: list[Field | None] = [None] * len(graph)
    done: set[int] = set()  # fields that see everything, by identity: there are few, and all nodes behind share them
    for node in execution_order(graph):
        op = graph.op(node)
        try:
            if op in _SOURCES:
                found[node] = _source(Call(graph, sizes, node))
                continue
            before = _met(graph, found, node)
            if before is None or op in _SEES_ALL:
                continue
            if whole is not None and (id(before) in done or whole_input(before, whole)):
                done.add(id(before))
                found[node] = before
                continue
            found[node] = _behind(Call(graph, sizes, node), before)
        except (Unknown, ValueError, TypeError, KeyError, IndexError, ArithmeticError):
            continue
    return found


def _source(call: Call) -> Field | None:
    rank = len(call.made) - 2
    return Field((Axis(),) * rank) if 1 <= rank <= 3 else None


def _met(graph: Graph, found: Sequence[Field | None], node: int) -> Field | None:
    """The hull of what all inputs see; of those that are maps of the same rank."""
    fields: list[Field] = []
    for at in range(graph.input_start[node], graph.input_start[node + 1]):
        field = found[graph.input_node[at]] if graph.input_port[at] != CONTROL else None
        if field is not None and (not fields or len(field.axes) == len(fields[0].axes)):
            fields.append(field)
    if not fields:
        return None
    first = fields[0]
    if len(fields) == 1:
        return first
    if all(field.axes == first.axes for field in fields):
        return Field(first.axes, all(field.aligned for field in fields))
    axes = tuple(_hull(each) for each in zip(*(field.axes for field in fields), strict=True))
    same = all(
        (one.stride, one.start) == (other.stride, other.start)
        for field in fields[1:]
        for one, other in zip(first.axes, field.axes, strict=True)
    )
    return Field(axes, same and all(field.aligned for field in fields))


def _hull(axes: Sequence[Axis]) -> Axis:
    low = min(axis.start - axis.size / 2 for axis in axes)
    high = max(axis.start + axis.size / 2 for axis in axes)
    return Axis(high - low, max(axis.stride for axis in axes), (low + high) / 2)


def _behind(call: Call, before: Field) -> Field | None:
    """What a node sees whose inputs see ``before``."""
    made, source = call.made, call.source
    rank = len(before.axes)
    if len(made) != rank + 2:
        return None
    rule = _RULES.get(call.op)
    if rule is None:
        kept = len(source) == len(made)
        return before if kept and _spatial(call, source) == _spatial(call, made) else None
    windows = rule(call, rank)
    axes = tuple(window.over(axis) for window, axis in zip(windows, before.axes, strict=True))
    return Field(axes, before.aligned)


def _first(attributes: Mapping[str, Any]) -> bool:
    return str(attributes.get("data_format", "")) in ("channels_first", "NCHW", "NCDHW", "NCW")


def _spatial(call: Call, size: Size) -> Size:
    return size[2:] if _first(call.attributes) else size[1:-1]


def _setting(call: Call, keys: tuple[str, ...], rank: int, pair: tuple[str, str], default: Size) -> Size:
    """A setting for each spatial axis, in the words of Keras, of TensorFlow (all axes) or of TFLite."""
    attributes = call.attributes
    if pair[0] in attributes:
        return (number(attributes, pair[0]), number(attributes, pair[1]))
    for key in keys:
        if attributes.get(key) is not None:
            value = numbers(attributes, key)
            if len(value) == rank + 2:
                return value[2:] if _first(attributes) else value[1:-1]
            return value * rank if len(value) == 1 else value
    return default


def _kernel(call: Call, rank: int) -> Size:
    """Lengths of a kernel: told, or those of the array."""
    told = _setting(call, ("kernel_size", "pool_size", "ksize"), rank, ("filter_height", "filter_width"), ())
    if told:
        return told
    shape = call.matrix()
    return shape[1 : 1 + rank] if call.op in ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV") else shape[:rank]


def _slid(call: Call, rank: int) -> list[_Window]:
    """Convolutions and poolings."""
    kernel = _kernel(call, rank)
    is_pool = call.attributes.get("pool_size") is not None
    strides = _setting(call, ("strides",), rank, ("stride_h", "stride_w"), kernel if is_pool else (1,) * rank)
    pair = ("dilation_h_factor", "dilation_w_factor")
    apart = _setting(call, ("dilation_rate", "dilations"), rank, pair, (1,) * rank)
    padding = str(call.attributes.get("padding", "valid")).lower()
    windows = []
    for k, step, far, read, made in zip(
        kernel, strides, apart, _spatial(call, call.source), _spatial(call, call.made), strict=True
    ):
        reach = far * (k - 1)
        total = max(0, (made - 1) * step + reach + 1 - read) if padding == "same" else 0
        back = Fraction(reach if padding == "causal" else total // 2)
        windows.append(_Window(k, Fraction(step), far, back))
    return windows


def _spread(call: Call, rank: int) -> list[_Window]:
    """Transposed convolutions: a place sees as many elements as kernels reach it."""
    kernel = _kernel(call, rank)
    strides = _setting(call, ("strides",), rank, ("stride_h", "stride_w"), (1,) * rank)
    same = str(call.attributes.get("padding", "valid")).lower() == "same"
    windows = []
    for k, step in zip(kernel, strides, strict=True):
        cut = max(0, k - step) // 2 if same else 0
        seen = max(1, -(-k // step))
        middle = Fraction(cut, step) - Fraction(k - 1, 2 * step)
        windows.append(_Window(seen, Fraction(1, step), 1, Fraction(seen - 1, 2) - middle))
    return windows


def _padded(call: Call, rank: int) -> list[_Window]:
    """ZeroPadding and Pad: everything moves."""
    return [_Window(1, Fraction(1), 1, Fraction(before)) for before in _before(call, rank)]


def _cropped(call: Call, rank: int) -> list[_Window]:
    """Cropping: everything moves the other way."""
    return [_Window(1, Fraction(1), 1, Fraction(-before)) for before in _before(call, rank)]


def _before(call: Call, rank: int) -> list[int]:
    value = call.attributes.get("padding", call.attributes.get("paddings", call.attributes.get("cropping")))
    if isinstance(value, int):
        return [value] * rank
    if not isinstance(value, list | tuple):
        raise Unknown("its padding is computed")
    row = [each for pair in value for each in (pair if isinstance(pair, list | tuple) else [pair])]
    if len(row) == rank and not isinstance(value[0], list | tuple) and rank > 1:
        return [int(each) for each in row]
    if len(row) == 2 * (rank + 2):
        row = row[4:] if _first(call.attributes) else row[2:-2]
    return [int(row[2 * at]) for at in range(rank)]


def _scaled(call: Call, rank: int) -> list[_Window]:
    """UpSampling and resizing: places move closer; the nearest one is seen."""
    pairs = zip(_spatial(call, call.source), _spatial(call, call.made), strict=True)
    found = []
    for read, made in pairs:
        factor = Fraction(read, max(1, made))
        found.append(_Window(1, factor, 1, (1 - factor) / 2))
    if len(found) != rank:
        raise Unknown("it has other axes")
    return found


_ROWS: tuple[tuple[Callable[[Call, int], list[_Window]], str], ...] = (
    (
        _slid,
        "Conv1D Conv2D Conv3D SeparableConv1D SeparableConv2D DepthwiseConv1D DepthwiseConv2D DepthwiseConv2dNative "
        "_FusedConv2D FusedDepthwiseConv2dNative CONV_2D DEPTHWISE_CONV_2D LocallyConnected1D LocallyConnected2D "
        "MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D MaxPool AvgPool "
        "MaxPool3D AvgPool3D MAX_POOL_2D AVERAGE_POOL_2D L2_POOL_2D",
    ),
    (
        _spread,
        "Conv1DTranspose Conv2DTranspose Conv3DTranspose Conv2DBackpropInput Conv3DBackpropInputV2 TRANSPOSE_CONV",
    ),
    (_padded, "ZeroPadding1D ZeroPadding2D ZeroPadding3D Pad PadV2 MirrorPad PAD PADV2 MIRROR_PAD"),
    (_cropped, "Cropping1D Cropping2D Cropping3D"),
    (
        _scaled,
        "UpSampling1D UpSampling2D UpSampling3D ResizeBilinear ResizeNearestNeighbor RESIZE_BILINEAR "
        "RESIZE_NEAREST_NEIGHBOR",
    ),
)

_RULES = {op: rule for rule, ops in _ROWS for op in ops.split()}

_SOURCES = frozenset({"InputLayer", "Input", "Placeholder"})

_SEES_ALL = frozenset(
    op
    for ops in (
        "Attention AdditiveAttention DotProductAttention LSTM GRU SimpleRNN ConvLSTM1D ConvLSTM2D ConvLSTM3D Matmul",
        "MatMul BatchMatMulV2 BATCH_MATMUL Einsum Reshape Permute Transpose RESHAPE TRANSPOSE FULLY_CONNECTED",
    )
    for op in ops.split()
)
"""Operations behind which a place has seen all of the input, or is another one."""


def whole_input(field: Field, size: Size) -> bool:
    """Whether one place sees at least the whole input along every axis.

    Args:
        field: What it sees.
        size: Lengths of the input's spatial axes.
    """
    return all(math.ceil(axis.size) >= length for axis, length in zip(field.axes, size, strict=True))
