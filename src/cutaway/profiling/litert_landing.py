"""From the events of LiteRT's profiler to the operations of a file: by their numbers, or by the order of a delegate's.

XNNPACK, by which LiteRT runs most models, numbers what it runs itself: it joins operations (a padding and the
convolution behind it), splits others (an addition and its activation), and leaves out what is done once for all. But it
keeps their order, and its names tell what they compute. So its operators are laid beside the operations of the file
that LiteRT did not run itself; where that leaves something over, nobody is told a time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from cutaway.profiling.litert_profiler import Event, Unprofiled
from cutaway.readers.tflite import Steps

_KINDS: Mapping[str, Collection[str]] = {
    "Convolution": ("CONV_2D", "DEPTHWISE_CONV_2D"),
    "Fully Connected": ("FULLY_CONNECTED", "CONV_2D", "BATCH_MATMUL"),
    "Dynamic Fully Connected": ("FULLY_CONNECTED", "BATCH_MATMUL"),
    "Deconvolution": ("TRANSPOSE_CONV", "Convolution2DTransposeBias"),
    "Batch Matrix Multiply": ("BATCH_MATMUL", "FULLY_CONNECTED"),
    "Average Pooling": ("AVERAGE_POOL_2D", "MEAN"),
    "Max Pooling": ("MAX_POOL_2D",),
    "ArgMax Pooling": ("MaxPoolingWithArgmax2D", "MAX_POOL_2D"),
    "Unpooling": ("MaxUnpooling2D",),
    "Mean": ("MEAN", "AVERAGE_POOL_2D"),
    "Sum": ("SUM", "MEAN"),
    "Reduce Max": ("REDUCE_MAX",),
    "Reduce Min": ("REDUCE_MIN",),
    "Constant Pad": ("PAD", "PADV2"),
    "Concatenate": ("CONCATENATION",),
    "Copy": ("CONCATENATION", "SPLIT", "RESHAPE"),
    "Slice": ("SLICE", "STRIDED_SLICE", "SPLIT"),
    "Transpose": ("TRANSPOSE",),
    "Static Reshape": ("RESHAPE", "SQUEEZE", "EXPAND_DIMS"),
    "Static Expand Dims": ("EXPAND_DIMS", "RESHAPE"),
    "Resize Bilinear": ("RESIZE_BILINEAR",),
    "Depth To Space": ("DEPTH_TO_SPACE",),
    "Space To Depth": ("SPACE_TO_DEPTH",),
    "Convert": ("QUANTIZE", "DEQUANTIZE", "CAST"),
    "Clamp": ("RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1"),
    "PReLU": ("PRELU",),
    "LeakyReLU": ("LEAKY_RELU",),
    "HardSwish": ("HARD_SWISH",),
    "ELU": ("ELU",),
    "GELU": ("GELU",),
    "ApproxGELU": ("GELU",),
    "Sigmoid": ("LOGISTIC",),
    "TanH": ("TANH",),
    "Softmax": ("SOFTMAX",),
    "Add": ("ADD",),
    "Subtract": ("SUB",),
    "Multiply": ("MUL",),
    "Divide": ("DIV",),
    "Maximum": ("MAXIMUM", "RELU"),
    "Minimum": ("MINIMUM",),
    "Power": ("POW",),
    "Squared Difference": ("SQUARED_DIFFERENCE",),
    "Abs": ("ABS",),
    "Negate": ("NEG",),
    "Exp": ("EXP",),
    "Log": ("LOG",),
    "Sine": ("SIN",),
    "Cosine": ("COS",),
    "Sign": ("SIGN",),
    "Floor": ("FLOOR",),
    "Ceiling": ("CEIL",),
    "Bankders Rounding": ("ROUND",),
    "Square": ("SQUARE", "MUL"),
    "Mean Squared": ("MEAN",),
    "Normalize": ("SUM",),
    "Square Root": ("SQRT",),
    "Reciprocal Square Root": ("RSQRT",),
}
"""Names of XNNPACK's operators, before the first bracket, as they stand in LiteRT 2.1.6 to 2.3.0, and operations of a
file that they compute."""

_COMPOSITE = "STABLEHLO_COMPOSITE"

_HEAVY = frozenset(
    {"Convolution", "Fully Connected", "Dynamic Fully Connected", "Deconvolution", "Batch Matrix Multiply"}
)
"""Operators that are never a part of something else."""

_JOINED: Mapping[str, Collection[str]] = {"Mean Squared": ("MUL", "SQUARE"), "Normalize": ("MUL", "SQUARE")}
"""Operators of XNNPACK's that compute what comes before them too: sums and means of squares."""

_GOES = frozenset({
    "DEQUANTIZE", "DENSIFY", "QUANTIZE", "CAST", "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "PAD", "PADV2", "RELU", "RELU6",
    "RELU_N1_TO_1", "RELU_0_TO_1", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE",
})  # fmt: skip
"""Operations that may have no operator: done once for all, joined with a neighbour, or a matter of shapes or names."""


class At(NamedTuple):
    """An operation of a file: its subgraph, and its number there."""

    subgraph: int
    number: int


class Named(NamedTuple):
    """An operation of a file, and what it is."""

    at: At
    op: str


def found_in(events: Sequence[Event], model: Steps) -> list[At | None]:
    """The operation of the file behind each event; None for what is no operation, or one that nobody can find.

    What runs in a body that several operations call is part of the times of these alone.

    Raises:
        Unprofiled: An operation has another name than in the file, or a delegate ran what cannot be told apart.
    """
    whole = _as_it_runs(model)
    inlined = [each for each in whole if each.at.subgraph != model.subgraph]
    found = [_numbered(event, model, inlined) if event.is_operation else None for event in events]
    delegated = [at for at, event in enumerate(events) if event.is_delegated]
    if delegated:
        if any(event.is_operation and event.subgraph != model.subgraph for event in events):
            raise Unprofiled(
                "XNNPACK runs a part of the model and of the bodies of its calls, which cannot be told apart"
            )
        own = set(found)
        rest = [each for each in whole if each.at not in own]
        places = _beside([events[at].tag for at in delegated], rest)
        for at, place in zip(delegated, places, strict=True):
            found[at] = place
    return found


def _as_it_runs(model: Steps) -> list[Named]:
    """The main subgraph as LiteRT runs it: what composites consist of stands in their place.

    A body that several composites call stands in the place of none, as nobody could tell whose it is.
    """
    found = []
    for number, step in enumerate(model.steps):
        bodies = [body for body in step.calls if body in model.bodies] if step.op == _COMPOSITE else []
        for body in bodies:
            found += [Named(At(body, at), inner.op) for at, inner in enumerate(model.bodies[body])]
        if not bodies:
            found.append(Named(At(model.subgraph, number), step.op))
    return found


def _numbered(event: Event, model: Steps, inlined: Sequence[Named]) -> At | None:
    """The operation of an event that bears its number; what stands in the place of composites is behind all others."""
    if event.subgraph != model.subgraph:
        steps = model.bodies.get(event.subgraph, ())
        known = event.number < len(steps)
        return At(event.subgraph, event.number) if known and steps[event.number].op == event.tag else None
    behind = event.number - len(model.steps)
    if behind >= 0:
        return inlined[behind].at if behind < len(inlined) and inlined[behind].op == event.tag else None
    if event.tag != model.steps[event.number].op:
        raise Unprofiled(f"LiteRT runs {event.tag} where the file has {model.steps[event.number].op}")
    return At(model.subgraph, event.number)


def _beside(tags: Sequence[str], rest: Sequence[Named]) -> list[At]:
    """The operation of each of a delegate's operators, in order.

    An operator is the next operation of its kind, before which only those may be left out that may have none. One that
    is no such operation, and not heavy, is a part of the last: what an activation or a change of shape was made of.
    Changes of the type of numbers are part of what comes next.
    """
    found: list[At] = []
    position = 0
    for tag in tags:
        name = tag.partition(" (")[0]
        kinds, goes = _KINDS.get(name, ()), _GOES.union(_JOINED.get(name, ()))
        at = position
        while at < len(rest) and rest[at].op not in kinds and rest[at].op in goes:
            at += 1
        if at < len(rest) and rest[at].op in kinds:
            found.append(rest[at].at)
            position = at + 1
        elif name not in _HEAVY and found and (name != "Convert" or at >= len(rest)):
            found.append(found[-1])
        elif name not in _HEAVY and at < len(rest):
            found.append(rest[at].at)
        else:
            raise Unprofiled(f"XNNPACK's operator {tag!r} is none of the operations that are left of the file")
    for each in rest[position:]:
        if each.op not in _GOES:
            raise Unprofiled(f"none of XNNPACK's operators is {each.op}, operation {each.at.number} of the file")
    return found
