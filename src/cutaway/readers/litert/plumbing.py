"""Operations that only work out the shape of something, which the tensors' own shapes tell already."""

from __future__ import annotations

from collections.abc import Callable

from cutaway.readers.litert import constants
from cutaway.readers.litert.model import Subgraph

_SHAPES = frozenset({"shape", "output_shape", "dims", "multiples", "begin", "end", "size"})
_COUNTING = frozenset({
    "SHAPE", "GATHER", "REDUCE_PROD", "CONCATENATION", "PACK", "UNPACK", "STRIDED_SLICE", "SLICE", "CAST", "RESHAPE",
    "EXPAND_DIMS", "SQUEEZE", "ADD", "SUB", "MUL", "FLOOR_DIV", "MAXIMUM", "MINIMUM", "SPLIT", "RANK", "RANGE",
})  # fmt: skip


def shape_operators(subgraph: Subgraph, is_constant: Callable[[int], bool]) -> set[int]:
    """Positions of operations that come from shapes alone and lead to shapes alone.

    Args:
        subgraph: Whose operations they are.
        is_constant: Whether the values of a tensor stand in the file.
    """
    operators = subgraph.operators
    from_shapes: set[int] = set()
    derived: set[int] = set()
    for at, operator in enumerate(operators):
        if operator.code.op not in _COUNTING:
            continue
        if operator.code.op in ("SHAPE", "RANK") or all(
            tensor in derived or tensor < 0 or is_constant(tensor) for tensor in operator.inputs
        ):
            from_shapes.add(at)
            derived.update(operator.outputs)
    if not from_shapes:
        return set()
    wanted = set(subgraph.outputs)  # tensors that something other than a shape is made of
    found: set[int] = set()
    for at in range(len(operators) - 1, -1, -1):
        operator = operators[at]
        if at in from_shapes and not wanted.intersection(operator.outputs):
            found.add(at)
            continue
        for slot, tensor in enumerate(operator.inputs):
            if constants.role(operator.code.op, slot) not in _SHAPES:
                wanted.add(tensor)
    return found
