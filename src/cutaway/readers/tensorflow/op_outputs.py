"""What operations give: how many outputs, of which types, and which of them ``node:argument:index`` means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cutaway.graph.model import Tensor
from cutaway.readers.tensorflow.program import Body

_TABLE = Path(__file__).with_name("op_outputs.txt")

_MOST = 10_000
"""Outputs of one operation; an attribute that claims more is not believed."""


_MOST_IN_SUM = 500_000
_FREE = 4
"""Outputs of all operations that have more than a few, in sum; and these few, which every operation may have."""

_MOST_LISTS = 16
"""Results of a function that are lists, up to which their lengths are looked up."""


class Output(NamedTuple):
    """One output argument of an operation.

    Attributes:
        name: Its name.
        length: Attribute with the number, or the types, of its tensors where it is a list; else empty.
        type: Attribute with its type; empty where that is fixed, or a list.
        dtype: Its type where that is fixed, or unless the attribute says otherwise; may be empty.
    """

    name: str
    length: str = ""
    type: str = ""
    dtype: str = ""


@cache
def _lines() -> dict[str, str]:
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    return {op: rest for op, _, rest in (line.partition(" ") for line in lines if line[0] != "#")}


@cache
def declared_outputs(op: str) -> tuple[Output, ...] | None:
    """Output arguments of an operation; None for one that TensorFlow does not declare."""
    line = _lines().get(op)
    return None if line is None else tuple(map(_output, line.split()))


def _output(told: str) -> Output:
    rest, _, dtype = told.partition(":")
    rest, _, type = rest.partition("=")
    name, _, length = rest.partition("*")
    return Output(name, length, type, dtype)


def output_tensors(body: Body, index: int, most: int = _MOST) -> tuple[Tensor, ...]:
    """The tensors that an operation gives: types by its declaration, shapes where the file records them.

    Args:
        body: The operations.
        index: Which.
        most: Tensors beyond which the rest is left out.
    """
    attributes = body.attributes
    shapes = attributes.shapes(index) or ()
    if index < body.arguments:
        return (Tensor(shapes[0] if shapes else None, _named(attributes.get(index, "T"))),)
    declared = declared_outputs(body.ops[index])
    if declared is None:
        return tuple(map(Tensor, shapes[:most])) or (Tensor(),)
    if len(declared) == 1 and not declared[0].length:
        output = declared[0]
        dtype = (output.type and _named(attributes.get(index, output.type))) or output.dtype or None
        return (Tensor(shapes[0] if shapes else None, dtype),)
    types: list[str | None] = []
    for output in declared:
        value = attributes.get(index, output.length) if output.length else 1
        if isinstance(value, list):
            types += map(_named, value[:most])
        else:
            dtype = (output.type and _named(attributes.get(index, output.type))) or output.dtype or None
            types += [dtype] * (min(max(value, 0), most) if isinstance(value, int) else 1)
    named = enumerate(types[:most])
    return tuple(Tensor(shapes[at] if at < len(shapes) else None, dtype) for at, dtype in named)


def _named(value: object) -> str | None:
    """The name of a type; None for what a damaged file has in its place."""
    return value if isinstance(value, str) else None


class OutputBudget:
    """How many outputs the operations of one graph may have in sum, so that a small file does not claim millions."""

    def __init__(self) -> None:
        self._left = _MOST_IN_SUM

    def most(self, wanted: int = _MOST) -> int:
        """How many outputs one more operation may have that has ``wanted``; a few are always free."""
        return min(wanted, _MOST if self._left > 0 else _FREE)

    @staticmethod
    def counts(tensors: Sequence[Tensor]) -> bool:
        """Whether an operation with these outputs has more than those that are always free."""
        return len(tensors) > _FREE

    def cut(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """The outputs of one more operation, as many as it may have."""
        if self.counts(tensors):
            tensors = tensors[: self.most(len(tensors))]
            self._left -= len(tensors)
        return tensors


class OutputPorts:
    """Numbers of outputs, counted over all output arguments.

    Operations that no table declares have their output arguments in the order in which they are first named.

    Args:
        attribute: One attribute of a node by position and name.
        functions: Output arguments of a function of the library by name, which may be called as an operation; None
            where there is no such function.
    """

    def __init__(
        self, attribute: Callable[[int, str], Any], functions: Callable[[str], Sequence[Output] | None]
    ) -> None:
        self._attribute = attribute
        self._functions = functions
        self._seen: dict[str, dict[str, int]] = {}
        self._places: dict[str, dict[str, int] | Sequence[Output] | None] = {}
        self._first: dict[tuple[int, str], int] = {}

    def port(self, node: int, op: str, argument: str, index: int) -> int:
        """Number of one output of a node."""
        known = self._first.get((node, argument))
        if known is None:
            known = self._first[node, argument] = self._first_of(node, op, argument)
        return known + index

    def _first_of(self, node: int, op: str, argument: str) -> int:
        """Number of the first tensor of an output argument; 0 for one that is not there."""
        if op not in self._places:
            self._places[op] = self._places_of(op)
        places = self._places[op]
        if places is None:
            seen = self._seen.setdefault(op, {})
            return seen.setdefault(argument, len(seen))
        if isinstance(places, dict):
            return places.get(argument, 0)
        port = 0
        for output in places:
            if output.name == argument:
                return port
            port += self._length(node, output.length) if output.length else 1
        return 0

    def _places_of(self, op: str) -> dict[str, int] | Sequence[Output] | None:
        """Numbers of output arguments by name where they are the same for all nodes, else the arguments."""
        arguments: Sequence[Output] | None = declared_outputs(op)
        if arguments is None:
            arguments = self._functions(op)
        if arguments is None or 0 < sum(bool(output.length) for output in arguments) <= _MOST_LISTS:
            return arguments
        places: dict[str, int] = {}
        for place, output in enumerate(arguments):
            places.setdefault(output.name, place)
        return places

    def _length(self, node: int, attribute: str) -> int:
        value = self._attribute(node, attribute)
        if isinstance(value, list):
            return len(value)
        return min(max(value, 0), _MOST) if isinstance(value, int) else 1
