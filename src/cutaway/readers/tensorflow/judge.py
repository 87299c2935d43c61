"""`Judge`: the class of the layer that each place is, found once for all places that are alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cutaway.graph.model import Tensor
from cutaway.readers.tensorflow.inline import Operations
from cutaway.readers.tensorflow.layers import Cluster, layer_class
from cutaway.readers.tensorflow.paths import Place
from cutaway.readers.tensorflow.scopes import without_number
from cutaway.readers.tensorflow.uses import Uses


class Judge:
    """Finds classes of layers.

    Args:
        operations: All of them.
        uses: What the shown ones read.
        outputs: Output tensors of a shown operation, by its position among those.
        classes: Classes of layers by name, from a configuration in the file.
    """

    def __init__(
        self,
        operations: Operations,
        uses: Uses,
        outputs: Callable[[int], Sequence[Tensor]],
        classes: Mapping[str, str],
    ) -> None:
        self._operations = operations
        self._uses = uses
        self._outputs = outputs
        self._classes = classes
        self._stems: dict[str, str] = {}
        self._judged: dict[object, str] = {}

    def judge(self, place: Place) -> None:
        """Find the class of a place's layer, and whether one node says all of it."""
        operations, uses, members, parts = self._operations, self._uses, place.members, place.parts
        inside = members
        if parts and any(isinstance(step, int) for step in parts):  # what a loop computes with is in its body
            inside = [at for below in place.walk() for at in below.members]
        place.single = len(members) == 1 and not parts
        ops = tuple([operations.ops[at] for at in members])
        called = (
            tuple(uses.called_by(uses.node_of[inside[0]]))
            if len(inside) == 1
            else tuple([each for at in inside for each in uses.called_by(uses.node_of[at])])
        )
        names = tuple([part.shown for part in parts.values()]) if parts else ()
        rank = self._rank_of_input(members[0]) if len(members) == 1 else None
        named = any("/batchnorm/" in operations.names[at] for at in members)
        key = (self._stem(place.shown), ops, called, names, rank, named)
        found = self._judged.get(key)
        if found is None:
            full = [operations.names[at] for at in members]
            cluster = Cluster(name=place.shown, ops=ops, names=full, weights=dict(called), parts=names, rank=rank)
            found = self._judged[key] = layer_class(cluster, self._classes)
        place.kind = found

    def _stem(self, name: str) -> str:
        """All of a name that its class may depend on."""
        stem = self._stems.get(name)
        if stem is None:
            stem = self._stems[name] = name if name in self._classes else without_number(name)
        return stem

    def _rank_of_input(self, at: int) -> int | None:
        uses = self._uses
        edge = uses.start[uses.node_of[at]]
        if edge == uses.start[uses.node_of[at] + 1]:
            return None
        tensors, port = self._outputs(uses.sources[edge]), uses.ports[edge]
        shape = tensors[port].shape if port < len(tensors) else None
        return len(shape) if shape is not None else None
