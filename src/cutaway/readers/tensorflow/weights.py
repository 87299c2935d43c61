"""Variables and constants as weights of the operations that use them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

from cutaway.graph.model import Shape, Weight
from cutaway.readers.tensorflow.arguments import role
from cutaway.readers.tensorflow.entry import Variable
from cutaway.readers.tensorflow.inline import Operations
from cutaway.readers.tensorflow.op_kinds import VARIABLES
from cutaway.readers.tensorflow.program import Constant

_REAL = frozenset({"float32", "float16", "bfloat16", "float64", "qint8", "quint8", "qint32", "int8", "uint8",
                   "complex64", "float8_e4m3fn", "float8_e5m2", "int4", "uint4"})  # fmt: skip
_SMALLEST = 2
"""Elements from which on a constant is a weight; a single number is a setting, such as an epsilon, unless its name
tells that it was a variable before the graph was frozen."""

MANY_NUMBERS = 64
"""Elements from which on a constant of whole numbers is a weight too: a table, not a shape."""


_READ = re.compile(r"/(ReadVariableOp|Cast/ReadVariableOp)(_\d+)?(/resource)?$")


class Weights:
    """Weights by operation, made when first asked for.

    Args:
        operations: All of them.
        variables: What is known about resources from outside the graph.
    """

    def __init__(self, operations: Operations, variables: Mapping[int, Variable]) -> None:
        self._operations = operations
        self._variables = variables
        self._constants: dict[int, Constant | None] = {}
        self._all_names: frozenset[str] | None = None
        self._weights: dict[object, Weight] = {}
        self._ids: dict[str, int] = {}
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
            is_const = self._operations.ops[node] in ("Const", "HostConst") and place >= 0
            self._constants[node] = body.attributes.constant(place) if is_const else None
        return self._constants[node]

    def __contains__(self, node: object) -> bool:
        """Whether an operation stands for a weight."""
        if not isinstance(node, int):
            return False
        variable = self.variable(node)
        if variable is not None:
            return variable.kind == "variable" or (variable.kind == "constant" and not self._has_variables)
        constant = self.constant(node)
        if constant is None or (self._has_variables and not self._was_variable(node)):
            return False
        count = math.prod(constant.shape)
        if constant.dtype in _REAL:
            return count >= _SMALLEST or (count == 1 and self._was_variable(node))
        return count >= MANY_NUMBERS and constant.dtype != "string"

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

    def weight(self, node: int, reader: str, layer: Sequence[str], slot: int) -> Weight:
        """The weight that a variable or constant is.

        Args:
            node: The operation that stands for it.
            reader: Kind of the operation that reads it.
            layer: Names of the layers around that operation.
            slot: Where it is read.
        """
        variable = self.variable(node)
        key = (variable.name, variable.location) if variable is not None and variable.location else node
        if key in self._weights:
            return self._weights[key]
        if variable is not None:
            made = self._of_variable(variable, layer)
        else:
            constant = self.constant(node)
            if constant is None:
                raise AssertionError("is a weight only if it is a variable or a constant")
            name = self._operations.names[node]
            short = role(name, reader, slot)
            path = (
                "/".join((*layer, short)) if layer and (short != name.rpartition("/")[2] or "/" not in name) else name
            )
            made = Weight(self._unique(path), short, constant.shape, constant.dtype, False, constant.location)
        self._weights[key] = made
        return made

    def _of_variable(self, variable: Variable, layer: Sequence[str]) -> Weight:
        short = variable.name.rpartition("/")[2] or "variable"
        # the name of a variable that others share is of no use: in a subclassed model every kernel is "model/kernel"
        shared = self._names[variable.name] > 1
        path = "/".join((*layer, _plain(short))) if layer and shared else variable.name
        return Weight(
            self._unique(path), _plain(short), variable.shape or (), variable.dtype, variable.trainable,
            variable.location,
        )  # fmt: skip

    def _unique(self, name: str) -> str:
        count = self._ids[name] = self._ids.get(name, 0) + 1
        return name if count == 1 else f"{name}@{count}"

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


def _plain(name: str) -> str:
    """``kernel_19`` → ``kernel``: a number that only tells it from others of the same name."""
    stem, _, number = name.rpartition("_")
    return stem if stem and number.isdecimal() else name
