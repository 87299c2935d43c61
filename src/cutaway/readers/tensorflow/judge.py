"""`Judge`: the class of the layer that each place is, found once for all places that are alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cutaway.readers.tensorflow.evidence import Evidence, Outputs
from cutaway.readers.tensorflow.fingerprints import Question, question
from cutaway.readers.tensorflow.inline import Operations
from cutaway.readers.tensorflow.layers import Cluster, class_by_name, layer_class, part_word
from cutaway.readers.tensorflow.paths import Place
from cutaway.readers.tensorflow.scopes import HELPERS
from cutaway.readers.tensorflow.uses import Uses
from cutaway.readers.tensorflow.weights import Called

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
        outputs: Outputs,
        classes: Mapping[str, str],
    ) -> None:
        self._operations = operations
        self._uses = uses
        self._outputs = outputs
        self._classes = classes
        self._named: dict[str, str] = {}
        self._words: dict[str, str] = {}
        self._judged: dict[object, str] = {}
        self._questions: dict[tuple[tuple[str, ...], int], Question | None] = {}

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
        words = frozenset(map(self._word, parts.values())) if parts else _NONE
        if not parts and self._is_helper(place):
            return
        inside = members
        if words and words <= HELPERS and not any(part.parts for part in parts.values()):
            inside = members = sorted(at for below in place.walk() for at in below.members)
            words = _NONE
        elif parts and any(isinstance(step, int) for step in parts):  # what a loop computes with is in its body
            inside = [at for below in place.walk() for at in below.members]
            words |= {self._word(below) for below in place.walk()}
        all_ops, names = self._operations.ops, self._operations.names
        ops = tuple([all_ops[at] for at in members])
        called = tuple([each for at in inside for each in uses.called_by(uses.node_of[at])])
        in_batchnorm = any("/batchnorm/" in names[at] for at in members)
        detail = "" if _is_function(place.shown) else self._detail(ops, members, called, len(parts) if words else 0)
        key = (named, ops, in_batchnorm, called, words, detail)
        found = self._judged.get(key)
        if found is None:
            found = self._judged[key] = layer_class(Cluster(named, ops, in_batchnorm, dict(called), words, detail))
        place.kind = found

    def _detail(self, ops: tuple[str, ...], members: Sequence[int], called: Sequence[Called], parts: int) -> str:
        """What settings and shapes tell, where operations of these kinds hang on them."""
        key = (ops, parts)
        if key not in self._questions:
            self._questions[key] = question(ops, parts)
        asked = self._questions[key]
        if asked is None:
            return ""
        return asked(Evidence(self._operations, self._uses, self._outputs, members, dict(called)))

    def _is_helper(self, place: Place) -> bool:
        """Whether the layer around is told by what is in here."""
        word = self._word(place)
        return word == "Lookup" or (word in HELPERS and place.around is not None and bool(place.around.kind))

    def _word(self, part: Place) -> str:
        word = self._words.get(part.shown)
        if word is None:
            word = self._words[part.shown] = part_word(part.shown)
        return word


def _is_function(name: str) -> bool:
    """Whether a scope is named after a function, as Keras 2 names calls of one and TensorFlow 1 gradients."""
    return name.startswith("tf.") or name.endswith("_grad")
