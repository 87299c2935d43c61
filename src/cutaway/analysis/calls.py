"""One call of a layer or operation as the rules of the cost tables see it: all sizes are numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cutaway.graph.model import CONTROL, Graph, Shape

Size = tuple[int, ...]
"""Dimensions of a tensor, all known."""


class Unknown(Exception):
    """The rule cannot answer for this call; the text says why."""


class Work(NamedTuple):
    """What one call computes.

    Attributes:
        macs: Multiply-accumulates.
        other: Elementary operations besides them.
    """

    macs: int = 0
    other: int = 0


class Call:
    """One node with the sizes of what it reads and makes; everything is looked up when a rule asks for it.

    Args:
        graph: Holds the node.
        sizes: Size of every output tensor of the graph, by the position of its code; None where it is unknown.
        node: Index of the node.
        inputs: Sizes of all tensors that it reads, where they are known already, as `known_inputs`.
    """

    __slots__ = ("_attributes", "_graph", "_inputs", "_sizes", "node")

    def __init__(
        self, graph: Graph, sizes: Sequence[Size | None], node: int, inputs: list[Size | None] | None = None
    ) -> None:
        self._graph = graph
        self._sizes = sizes
        self._attributes: Mapping[str, Any] | None = None
        self._inputs = inputs
        self.node = node

    @property
    def op(self) -> str:
        """Class of the layer or kind of the operation."""
        return self._graph.op(self.node)

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Configuration of the node, made once: some readers make it anew for every look."""
        if self._attributes is None:
            self._attributes = dict(self._graph.attributes[self.node].items())  # decoded once, not for each key
        return self._attributes

    @property
    def inputs(self) -> list[Size]:
        """Sizes of all tensors that it reads.

        Raises:
            Unknown: One of them is unknown.
        """
        found = self.known_inputs
        if None in found:
            raise Unknown("the shape of an input is unknown")
        return [size for size in found if size is not None]

    @property
    def known_inputs(self) -> list[Size | None]:
        """The same, with None where a size is unknown."""
        if self._inputs is not None:
            return self._inputs
        graph, sizes = self._graph, self._sizes
        found: list[Size | None] = []
        for at in range(graph.input_start[self.node], graph.input_start[self.node + 1]):
            port, source = graph.input_port[at], graph.input_node[at]
            if port != CONTROL:
                place = graph.output_start[source] + port
                found.append(sizes[place] if place < graph.output_start[source + 1] else None)
        self._inputs = found
        return found

    def labelled(self, label: str) -> Size | None:
        """Size of the input of one name; None where there is none, or it is unknown.

        Args:
            label: Name of the argument that received it.
        """
        graph = self._graph
        start = graph.input_start[self.node]
        for at, size in enumerate(self.known_inputs, start):
            if graph.input_labels.get(at) == label:
                return size
        return None

    @property
    def source(self) -> Size:
        """Size of the first input.

        Raises:
            Unknown: It reads nothing, or the size is unknown.
        """
        found = self.known_inputs
        if not found or found[0] is None:
            raise Unknown("the shape of its input is unknown" if found else "it reads nothing")
        return found[0]

    @property
    def made(self) -> Size:
        """Size of the first output.

        Raises:
            Unknown: It makes nothing, or the size is unknown.
        """
        start = self._graph.output_start[self.node]
        if start == self._graph.output_start[self.node + 1]:
            raise Unknown("it makes nothing")
        found = self._sizes[start]
        if found is None:
            raise Unknown("its output shape is unknown")
        return found

    @property
    def declared(self) -> Shape | None:
        """Shape of the first output as the model states it."""
        return self._graph.tensor(self.node, 0).shape

    @property
    def weights(self) -> list[tuple[str, Size]]:
        """Name and shape of each weight."""
        return [(weight.name, weight.shape) for weight in self._graph.weights_of(self.node)]

    def matrix(self, slot: int = 1, name: str = "kernel") -> Size:
        """The array that the input is multiplied with: a weight, or what it reads at ``slot``.

        Args:
            slot: Position among the inputs where no weight is told.
            name: Last part of the weight's name; any of two dimensions and more where there is none of that name.

        Raises:
            Unknown: There is none.
        """
        weights = self.weights
        for found, shape in weights:
            if found.endswith(name) and len(shape) > 1:
                return shape
        inputs = self.known_inputs
        if slot < len(inputs):
            size = inputs[slot]
            if size is not None:
                return size
        for _, shape in weights:
            if len(shape) > 1:
                return shape
        raise Unknown("the shape of its kernel is unknown")

    @property
    def has_bias(self) -> bool:
        """Whether a bias is added."""
        said = self.attributes.get("use_bias")
        if said is None:
            return any("bias" in name for name, _ in self.weights)
        return bool(said)


def count(size: Size) -> int:
    """Number of elements."""
    return math.prod(size)


def number(attributes: Mapping[str, Any], key: str) -> int:
    """A whole number from 0 among the attributes.

    Raises:
        Unknown: It is not there, or something else.
    """
    value = attributes.get(key)
    if type(value) is not int or not 0 <= value < 1 << 40:
        raise Unknown(f"{key!r} is no size")
    return value


def numbers(attributes: Mapping[str, Any], key: str) -> Size:
    """Whole numbers from 0 among the attributes; one alone is a list of one.

    Raises:
        Unknown: They are not there, or something else.
    """
    value = attributes.get(key)
    found = tuple(value) if isinstance(value, list | tuple) else (value,)
    if not all(type(each) is int and 0 <= each < 1 << 40 for each in found):
        raise Unknown(f"{key!r} is no list of sizes")
    return found
