"""Variables and constants as weights of the operations that use them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from cutaway.graph.model import Shape, Weight
from cutaway.readers.tensorflow.arguments import role
from cutaway.readers.tensorflow.entry import Variable
from cutaway.readers.tensorflow.inline import Operations
from cutaway.readers.tensorflow.op_kinds import VARIABLES
from cutaway.readers.tensorflow.program import Body, Constant

_REAL = frozenset({"float32", "float16", "bfloat16", "float64", "qint8", "quint8", "qint32", "int8", "uint8",
                   "complex64", "float8_e4m3fn", "float8_e5m2", "int4", "uint4"})  # fmt: skip
_SMALLEST = 2
"""Elements from which on a constant is a weight; a single number is a setting, such as an epsilon, unless its name
tells that it was a variable before the graph was frozen."""

MANY_NUMBERS = 64
"""Elements from which on a constant of whole numbers is a weight too: a table, not a shape."""


Called = tuple[str, tuple[int, ...]]
"""Short name and shape of a weight."""

_CONSTANTS = frozenset({"Const", "HostConst"})

_READ = re.compile(r"/(ReadVariableOp|Cast/ReadVariableOp)(_\d+)?(/resource)?$")


_ALWAYS, _IF_NAMED, _NEVER = 2, 1, 0
"""Whether a constant is a weight: by its type and size, only if its name tells that it was one, or not at all."""


class Weights:
    """Which operations stand for weights, and the weights, made when asked for.

    Args:
        operations: All of them.
        variables: What is known about resources from outside the graph.
    """

    def __init__(self, operations: Operations, variables: Mapping[int, Variable]) -> None:
        self._operations = operations
        self._variables = variables
        self._constants: dict[int, Constant | None] = {}
        self._all_kinds: dict[int, dict[int, tuple[Constant, int]]] = {}
        self._kinds: dict[int, tuple[Constant, int]] = {}
        self._body: Body | None = None
        self._all_names: frozenset[str] | None = None
        self._roles: dict[tuple[str, str, int], str] = {}
        self._names = Counter(name for name, _ in {(found.name, found.location) for found in variables.values()})

    def variable(self, node: int) -> Variable | None:
        """What a resource is; None for what is no resource."""
        found = self._variables.get(node)
        if found is None and self._operations.ops[node] in VARIABLES:
            return self._declared(node)
        return found

    def constant(self, node: int) -> Constant | None:
        """The tensor of a ``Const``."""
        if node not in self._constants:
            place = self._operations.place[node]
            body = self._operations.body[node]
            is_const = self._operations.ops[node] in _CONSTANTS and place >= 0
            self._constants[node] = body.attributes.constant(place) if is_const else None
        return self._constants[node]

    def value(self, node: int) -> tuple[Constant, bool] | None:
        """What a ``Const`` holds, and whether it is a weight; its place may be that of another with the same value."""
        found = self._kind(node)
        if found is None:
            return None
        value, worth = found
        return value, worth != _NEVER and ((worth == _ALWAYS and not self._has_variables) or self._was_variable(node))

    def _kind(self, node: int) -> tuple[Constant, int] | None:
        """The value of a ``Const``, and whether such a one is a weight; looked up once for all that are alike."""
        operations = self._operations
        place = operations.place[node]
        if operations.ops[node] not in _CONSTANTS or place < 0:
            return None
        body = operations.body[node]
        if body is not self._body:
            self._body, self._kinds = body, self._all_kinds.setdefault(id(body), {})
        code = body.attributes.code(place)
        found = self._kinds.get(code)
        if found is None:
            constant = self.constant(node)
            if constant is None:
                return None
            found = constant, _worth(constant)
            if code >= 0:
                self._kinds[code] = found
        return found

    def __contains__(self, node: object) -> bool:
        """Whether an operation stands for a weight."""
        if not isinstance(node, int):
            return False
        found = self.value(node)
        if found is not None:
            return found[1]
        variable = self.variable(node)
        if variable is None:
            return False
        return variable.kind == "variable" or (variable.kind == "constant" and not self._has_variables)

    @cached_property
    def _has_variables(self) -> bool:
        """Whether the model keeps its weights as variables; its constants are then none, such as a table of windows."""
        for node, op in enumerate(self._operations.ops):
            if op in VARIABLES:
                variable = self.variable(node)
                if variable is not None and variable.kind == "variable":
                    return True
        return False

    def _was_variable(self, node: int) -> bool:
        """Whether a constant stands where a variable was read: Keras and TensorFlow 1 leave the name of the read."""
        if self._all_names is None:
            self._all_names = frozenset(self._operations.names)
        name = self._operations.names[node]
        return _READ.search(name) is not None or f"{name}/read" in self._all_names

    def key(self, node: int) -> object:
        """What all operations share that stand for the same weight."""
        variable = self.variable(node)
        return (variable.name, variable.location) if variable is not None and variable.location else node

    def called(self, node: int, reader: str, slot: int) -> Called:
        """Short name and shape of the weight that an operation stands for.

        Args:
            node: The operation.
            reader: Kind of the operation that reads it.
            slot: Where it is read.
        """
        found = self._kind(node)
        if found is not None and node not in self._variables:
            return self.constant_called(node, found[0], reader, slot)
        variable = self.variable(node)
        if variable is None:
            raise AssertionError("is a weight only if it is a variable or a constant")
        return _plain(variable.name.rpartition("/")[2] or "variable"), variable.shape or ()

    def constant_called(self, node: int, value: Constant, reader: str, slot: int) -> Called:
        """The same for a constant, whose value is known."""
        key = (self._operations.names[node].rpartition("/")[2], reader, slot)
        name = self._roles.get(key)
        if name is None:
            name = self._roles[key] = role(*key)
        return name, value.shape

    def make(self, uses: Iterable[tuple[int, Sequence[str]]], called: Iterable[Called]) -> list[Weight]:
        """The weights that operations stand for.

        Args:
            uses: For each weight, the operation that stands for it, and names of the layers around what first reads it.
            called: Short name and shape of each.
        """
        ids: Counter[str] = Counter()
        return [self._weight(ids, use, name) for use, name in zip(uses, called, strict=True)]

    def _weight(self, ids: Counter[str], use: tuple[int, Sequence[str]], called: Called) -> Weight:
        (node, layer), (short, shape) = use, called
        variable = self.variable(node)
        if variable is not None:
            # the name of a variable that others share is of no use: in a subclassed model each kernel is "model/kernel"
            shared = self._names[variable.name] > 1
            path = "/".join((*layer, short)) if layer and shared else variable.name
            return Weight(
                _unique(path, ids), short, shape, variable.dtype, variable.trainable, variable.location
            )  # fmt: skip
        found = self._kind(node)
        if found is None:
            raise AssertionError("is a weight only if it is a variable or a constant")
        operations = self._operations
        name, location = operations.names[node], operations.body[node].attributes.location(operations.place[node])
        path = "/".join((*layer, short)) if layer and (short != name.rpartition("/")[2] or "/" not in name) else name
        return Weight(_unique(path, ids), short, shape, found[0].dtype, False, location)

    def _declared(self, node: int) -> Variable:
        """What a variable's own operation says about it."""
        body, place = self._operations.body[node], self._operations.place[node]
        name = self._operations.names[node]
        if place < 0:
            return Variable(name)
        attributes = body.attributes
        shapes: Shape | None = None
        shape = attributes.get(place, "shape")
        if isinstance(shape, (list, tuple)) and all(isinstance(size, int) for size in shape):
            shapes = tuple(shape)
        shared = attributes.get(place, "shared_name")
        dtype = attributes.get(place, "dtype")
        known = tuple(size for size in shapes if size is not None) if shapes is not None else None
        return Variable(str(shared or name), known, dtype if isinstance(dtype, str) else "float32")


def _unique(name: str, ids: Counter[str]) -> str:
    """A name as an id, with its number where others before have it, which are counted in ``ids``."""
    ids[name] += 1
    return name if ids[name] == 1 else f"{name}@{ids[name]}"


def _worth(constant: Constant) -> int:
    """Whether a constant of that type and size is a weight."""
    count = math.prod(constant.shape)
    if constant.dtype in _REAL:
        return _ALWAYS if count >= _SMALLEST else _IF_NAMED if count == 1 else _NEVER
    return _ALWAYS if count >= MANY_NUMBERS and constant.dtype != "string" else _NEVER


def _plain(name: str) -> str:
    """``kernel_19`` → ``kernel``: a number that only tells it from others of the same name."""
    stem, _, number = name.rpartition("_")
    return stem if stem and number.isdecimal() else name
