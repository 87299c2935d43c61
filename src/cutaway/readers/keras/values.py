"""What passes between the parts of the assembly: values on ports, and the place where a layer goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from cutaway.graph.model import Shape, Tensor, Weight
from cutaway.readers.hdf5 import Tree

DEEPEST = 64
"""Models and wrappers inside each other; real ones stay below ten."""


MOST_CALLS = 100_000
"""Calls, with the outputs beyond their first, that a config may lead to; real ones stay below ten thousand.

Nested models multiply: forty models, each calling the next one twice, are a small file and endless work.
"""


class Value(NamedTuple):
    """A tensor, and the node and port that make it."""

    node: int
    port: int
    tensor: Tensor


class Read(NamedTuple):
    """A value that a call reads, and the name of the argument that receives it."""

    value: Value
    label: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the layers of one model go, and what they inherit.

    Attributes:
        group: Index of the group in the graph.
        path: Prefix of the ids of weights: names of the models and wrappers around, each with a slash.
        trainable: Whether everything around may be trained.
        steps: Lengths of the time axes of the `TimeDistributed` around; they stand after the batch.
        trusted: Whether the shapes in the config are those of this call.
        depth: How many models and wrappers are around.
        location: Where the layers' weights lie in a ``model.weights.h5``: its groups.
    """

    group: int = 0
    path: str = ""
    trainable: bool = True
    steps: Shape = ()
    trusted: bool = True
    depth: int = 0
    location: tuple[str, ...] = ()

    def outside(self, tensor: Tensor) -> Tensor:
        """A tensor of one step as it is for all steps."""
        if not self.steps or tensor.shape is None:
            return tensor
        return Tensor((*tensor.shape[:1], *self.steps, *tensor.shape[1:]), tensor.dtype)

    def inside(self, tensor: Tensor) -> Tensor:
        """A tensor of all steps as it is for one."""
        if not self.steps or tensor.shape is None:
            return tensor
        return Tensor((*tensor.shape[:1], *tensor.shape[1 + len(self.steps) :]), tensor.dtype)


class Stored(Protocol):
    """Weights that lie in a file, for layers that no rule covers."""

    def tree(self) -> Tree:
        """All of them, nested as the file nests them."""

    def place(self, location: tuple[str, ...]) -> str | None:
        """Where the weights of a layer lie, without a look at the file; None where only their names tell."""

    def weights(self, location: tuple[str, ...], path: str) -> list[Weight]:
        """All weights of one layer, with names below it; none where the file holds none.

        Args:
            location: Groups of a ``model.weights.h5`` that lead to the layer.
            path: Names of the models around and of the layer, with slashes.
        """


def is_model(config: Mapping[str, Any]) -> bool:
    """Whether a config holds the layers of a Functional or Sequential model."""
    return isinstance(config.get("layers"), list)
