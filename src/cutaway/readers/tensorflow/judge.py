"""`Judge`: the class of the layer that each place is, found once for all places that are alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cutaway.graph.model import Tensor
from cutaway.readers.tensorflow.inline import Operations
from cutaway.readers.tensorflow.layers import Cluster, class_by_name, layer_class, part_word
from cutaway.readers.tensorflow.paths import Place
from cutaway.readers.tensorflow.uses import Uses

_NONE: frozenset[str] = frozenset()


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
        self._named: dict[str, str] = {}
        self._words: dict[str, str] = {}
        self._judged: dict[object, str] = {}

    def judge(self, place: Place) -> None:
        """Find the class of a place's layer, and whether one node says all of it."""
        uses, members, parts = self._uses, place.members, place.parts
        place.single = len(members) == 1 and not parts
        if place.shown in self._classes:
            place.kind = self._classes[place.shown]
            return
        named = self._named.get(place.shown)
        if named is None:
            named = self._named[place.shown] = class_by_name(place.shown)
        inside = members
        if parts and any(isinstance(step, int) for step in parts):  # what a loop computes with is in its body
            inside = [at for below in place.walk() for at in below.members]
        all_ops, names = self._operations.ops, self._operations.names
        ops = tuple([all_ops[at] for at in members])
        called = tuple([each for at in inside for each in uses.called_by(uses.node_of[at])])
        in_batchnorm = any("/batchnorm/" in names[at] for at in members)
        words = frozenset(map(self._word, parts.values())) if parts else _NONE
        rank = self._rank_of_input(members[0]) if len(members) == 1 else None
        key = (named, ops, in_batchnorm, called, words, rank)
        found = self._judged.get(key)
        if found is None:
            found = self._judged[key] = layer_class(Cluster(named, ops, in_batchnorm, dict(called), words, rank))
        place.kind = found

    def _word(self, part: Place) -> str:
        word = self._words.get(part.shown)
        if word is None:
            word = self._words[part.shown] = part_word(part.shown)
        return word

    def _rank_of_input(self, at: int) -> int | None:
        uses = self._uses
        edge = uses.start[uses.node_of[at]]
        if edge == uses.start[uses.node_of[at] + 1]:
            return None
        tensors, port = self._outputs(uses.sources[edge]), uses.ports[edge]
        shape = tensors[port].shape if port < len(tensors) else None
        return len(shape) if shape is not None else None
