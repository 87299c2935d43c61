"""`Evidence`: what the settings and shapes of a few operations tell about the layer that they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cutaway.graph.model import Shape, Tensor
from cutaway.readers.tensorflow.inline import Operations
from cutaway.readers.tensorflow.uses import Uses

Outputs = Callable[[int], Sequence[Tensor]]
"""Output tensors of a shown operation, by its position among those."""

_NOTHING: Mapping[str, Any] = {}


class Evidence:
    """The operations of one scope, to be asked about.

    Attributes:
        ops: Their kinds, in order, without casts, as those of mixed precision.
        casts: Whether there are casts.
        weights: Names and shapes of the weights that they use.

    Args:
        operations: All operations of the model.
        uses: What the shown ones read.
        outputs: Output tensors of a shown one.
        members: Those of the scope.
        weights: Names and shapes of the weights that they use.
    """

    def __init__(
        self,
        operations: Operations,
        uses: Uses,
        outputs: Outputs,
        members: Sequence[int],
        weights: Mapping[str, tuple[int, ...]],
    ) -> None:
        self._operations = operations
        self._uses = uses
        self._outputs = outputs
        self._all = members
        self._members = [at for at in members if operations.ops[at] != "Cast"] or members
        self.casts = len(self._members) < len(members)
        self.ops = [operations.ops[at] for at in self._members]
        self.weights = weights

    def count(self, op: str) -> int:
        """How many are of a kind."""
        return self.ops.count(op)

    def setting(self, op: str, name: str) -> Any:
        """Value of an input of the first operation of a kind that tells how it works; None where it is computed."""
        return self._uses.settings.get(self._node(self.ops.index(op)), _NOTHING).get(name)

    def integers(self, op: str, name: str) -> list[int]:
        """The same for one that is a whole number, or a list of them; empty where it is not."""
        value = self.setting(op, name)
        values = value if isinstance(value, list) else [value]
        return values if all(isinstance(each, int) for each in values) else []

    def attribute(self, op: str, name: str) -> Any:
        """An attribute of the first operation of a kind; None where it is not there."""
        at = self._members[self.ops.index(op)]
        place = self._operations.place[at]
        return self._operations.body[at].attributes.get(place, name) if place >= 0 else None

    def number(self, op: str, name: str) -> int:
        """An attribute that is a whole number, not less than 0; 0 where it is not."""
        value = self.attribute(op, name)
        return max(value, 0) if isinstance(value, int) else 0

    def inputs(self) -> list[tuple[int, int]]:
        """The tensors that they read and others computed: node and port, once for each that reads it."""
        uses = self._uses
        own = {uses.node_of[at] for at in self._all}
        edges = [edge for node in own for edge in range(uses.start[node], uses.start[node + 1])]
        return [(uses.sources[edge], uses.ports[edge]) for edge in edges if uses.sources[edge] not in own]

    def is_unary(self) -> bool:
        """Whether they work on one tensor, with constants but no weights."""
        return not self.weights and len(set(self.inputs())) == 1

    def read(self, index: int = 0) -> Shape | None:
        """Shape of what an operation reads first; None where it is not known."""
        uses, node = self._uses, self._node(index)
        edge = uses.start[node]
        if edge == uses.start[node + 1]:
            return None
        tensors, port = self._outputs(uses.sources[edge]), uses.ports[edge]
        return tensors[port].shape if port < len(tensors) else None

    def made(self, index: int = -1) -> Shape | None:
        """Shape of what an operation makes first; None where it is not known."""
        tensors = self._outputs(self._node(index))
        return tensors[0].shape if tensors else None

    def _node(self, index: int) -> int:
        return self._uses.node_of[self._members[index]]
