"""`differences`: what changed from one model to another."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cutaway.analysis.matching import Matching
from cutaway.analysis.renumbering import SamePlaces, names_as_in
from cutaway.analysis.units import JOINED, Level, Unit, Units, named_layers, units
from cutaway.graph.model import Graph
from cutaway.graph.on_demand import OnDemand

_MISSING = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a unit has otherwise.

    Attributes:
        what: ``"op"``, ``"attribute"``, ``"shape"``, ``"dtype"``, ``"weight"``, ``"trainable"``, ``"input"`` or
            ``"values"``.
        name: Which attribute, output, weight or input; empty where there is only one.
        old, new: Its values; None where there is none.
    """

    what: str
    name: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Pair:
    """A unit that is in both models.

    Attributes:
        old, new: The unit on either side.
        changes: What is otherwise; empty where all is the same.
        renamed: Whether a person gave it another name.
        moved: Whether it lies in another group.
        fused: Units of the old model that the new one computes in it, as converters fold a normalisation into a
            convolution.
    """

    old: Unit
    new: Unit
    changes: tuple[Change, ...]
    renamed: bool
    moved: bool
    fused: tuple[Unit, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nothing is otherwise."""
        return not (self.changes or self.renamed or self.moved or self.fused)


@dataclass(frozen=True, slots=True)
class Differences:
    """What changed from one model to another.

    Attributes:
        level: What was compared: nodes, or layers.
        pairs: Units that are in both, in the order of the new model; those that are the same are made on demand.
        changed: Those of them of which anything is otherwise.
        added: Units that only the new model has.
        removed: Units that only the old model has, those that were fused left out.
    """

    level: Level
    pairs: Sequence[Pair]
    changed: tuple[Pair, ...]
    added: tuple[Unit, ...]
    removed: tuple[Unit, ...]

    @property
    def equal(self) -> bool:
        """Whether nothing changed."""
        return not self.added and not self.removed and not self.changed


def differences(old: Graph, new: Graph) -> Differences:
    """Compare two models.

    Args:
        old: A model as its reader made it.
        new: Another. Where one has layers and the other operations, layers are compared.
    """
    level: Level = "node" if _kind(old) == _kind(new) else "layer"
    before, after = units(old, level), units(new, level)
    called = replace(after, names=names_as_in(before, after)) if level == "layer" else after
    joined = _joined_by_name(before, called) if level == "layer" else {}
    known = {max(found, key=lambda at: (before[at].parameters, -at)): at_new for at_new, found in joined.items()}
    to_new = Matching(before, called, known, converted=level == "layer").run()
    return _Comparer(before, after, level, to_new, joined, called.names).run()


def _kind(graph: Graph) -> str:
    return "layers" if graph.format.startswith("keras") or graph.format == "tfjs_layers" else graph.format


class _Comparer:
    def __init__(
        self,
        old: Units,
        new: Units,
        level: Level,
        to_new: dict[int, int],
        joined: dict[int, list[int]],
        called: Sequence[str],
    ) -> None:
        self._joined = joined
        self._old = old
        self._new = new
        self._level = level
        self._to_new = to_new
        self._to_old = {end: start for start, end in to_new.items()}
        self._called = called
        self._same_places = SamePlaces(old, new, to_new)
        self._places = set(old.places) & set(new.places)

    def run(self) -> Differences:
        old, new, to_old = self._old, self._new, self._to_old
        fused = _fused(old, new, self._to_new, self._joined) if self._level == "layer" else {}
        swallowed = {at for found in fused.values() for at in found}
        both = sorted(to_old)
        same = self._surely_same() if self._level == "node" else frozenset()
        looked_at = {end: self._pair(end, fused.get(end, ())) for end in both if end not in same}

        def pair(at: int) -> Pair:
            end = both[at]
            return looked_at.get(end) or Pair(old[to_old[end]], new[end], (), False, False)

        return Differences(
            self._level,
            OnDemand(len(both), pair),
            tuple(pair for pair in looked_at.values() if not pair.same),
            tuple(new[at] for at in range(len(new)) if at not in to_old),
            tuple(old[at] for at in range(len(old)) if at not in self._to_new and at not in swallowed),
        )

    def _surely_same(self) -> set[int]:
        """Units of the new model that say, read and are called the same as their partners: nearly all."""
        old, new, to_new = self._old, self._new, self._to_new
        numbers: dict[Hashable, int] = {}
        before, after = (side.numbered(Unit.face, numbers) for side in (old, new))
        return {
            end
            for start, end in to_new.items()
            if before[start] == after[end]
            and old.names[start] == new.names[end]
            and JOINED not in new.names[end]
            and old.places[start] == new.places[end]
            and tuple([(to_new.get(source, -1), port) for source, port in old.sources[start]]) == new.sources[end]
        }

    def _pair(self, end: int, fused: Sequence[int]) -> Pair:
        old, new = self._old[self._to_old[end]], self._new[end]
        changes: list[Change] = []
        if self._level == "node":  # else the one says the layer, and the other an operation
            changes += [] if old.op == new.op else [Change("op", "", old.op, new.op)]
            changes += _attributes(old, new)
        changes += _tensors(old, new, self._level)
        if not fused:
            changes += _weights(old, new, self._level)
        changes += self._inputs(old, new)
        renamed = old.name not in self._called[end].split(JOINED) and not (old.auto and new.auto)
        return Pair(old, new, tuple(changes), renamed, self._moved(old, new), tuple(self._old[at] for at in fused))

    def _moved(self, old: Unit, new: Unit) -> bool:
        """Whether it lies in another group, where the groups are those of the same author."""
        if self._same_places(old.place, new.place):
            return False
        return self._level == "node" or {old.place, new.place} <= self._places

    def _inputs(self, old: Unit, new: Unit) -> list[Change]:
        """Inputs that come from another unit of both models; what stands in between is told there."""
        if len(old.sources) != len(new.sources):
            return [Change("input", "count", len(old.sources), len(new.sources))]
        found = []
        for slot, ((source, port), (there, there_port)) in enumerate(zip(old.sources, new.sources, strict=True)):
            expected = self._to_new.get(source)
            if expected is not None and there in self._to_old and (expected, port) != (there, there_port):
                name = str(slot) if len(old.sources) > 1 else ""
                here = _port(self._old[source], port)
                found.append(Change("input", name, here, _port(self._new[there], there_port)))
        return found


def _attributes(old: Unit, new: Unit) -> list[Change]:
    if old.configuration == new.configuration:
        return []
    one, other = old.said, new.said
    found = []
    for key in sorted(one.keys() | other.keys()):
        here, there = one.get(key, _MISSING), other.get(key, _MISSING)
        if here != there:
            told = [None if each is _MISSING else each for each in (here, there)]
            found.append(Change("attribute", key, *told))
    return found


def _tensors(old: Unit, new: Unit, level: Level) -> list[Change]:
    found: list[Change] = []
    if old.outputs == new.outputs:
        return found
    several = len(old.outputs) > 1 or len(new.outputs) > 1
    for port in range(max(len(old.outputs), len(new.outputs))):
        name = str(port) if several else ""
        here = old.outputs[port] if port < len(old.outputs) else None
        there = new.outputs[port] if port < len(new.outputs) else None
        if level == "layer" and (here is None or there is None):
            continue
        shapes = [None if each is None or each.shape is None else list(each.shape) for each in (here, there)]
        if shapes[0] != shapes[1] and (level == "node" or not _fits(shapes[0], shapes[1])):
            found.append(Change("shape", name, *shapes))
        types = [None if each is None else each.dtype for each in (here, there)]
        if types[0] != types[1] and (level == "node" or None not in types):
            found.append(Change("dtype", name, *types))
    return found


def _fits(one: list[int | None] | None, other: list[int | None] | None) -> bool:
    """Whether two shapes may be the same: a converter sets the batch, or leaves sizes out."""
    if one is None or other is None:
        return True
    first = len(one) == len(other) and one[:1] != other[:1] and 1 in (one[:1] + other[:1])  # a batch of one
    pairs = list(zip(one, other, strict=False))[1 if first else 0 :]
    return len(one) == len(other) and all(a is None or b is None or a == b for a, b in pairs)


def _weights(old: Unit, new: Unit, level: Level) -> list[Change]:
    if level == "layer":
        if old.parameters == new.parameters:
            return []
        return [Change("weight", "parameters", old.parameters, new.parameters)]
    found: list[Change] = []
    if not old.weights and not new.weights:
        return found
    one, other = ({weight.name: weight for weight in unit.weights} for unit in (old, new))
    for name in dict.fromkeys((*one, *other)):
        here, there = one.get(name), other.get(name)
        told = [None if each is None else f"{list(each.shape)} {each.dtype}" for each in (here, there)]
        if told[0] != told[1]:
            found.append(Change("weight", name, *told))
        elif here is not None and there is not None and here.trainable != there.trainable:
            found.append(Change("trainable", name, here.trainable, there.trainable))
    return found


def _port(unit: Unit, port: int) -> str:
    return f"{unit.id}:{port}" if port else unit.id


def _joined_by_name(before: Sequence[Unit], after: Sequence[Unit]) -> dict[int, list[int]]:
    """Units of the new model whose name joins several of the old one, with those."""
    by_name = {unit.name: at for at, unit in enumerate(before)}
    found = {at: [by_name[name] for name in named_layers(unit) if name in by_name] for at, unit in enumerate(after)}
    return {at: several for at, several in found.items() if len(several) > 1}


def _fused(
    before: Sequence[Unit], after: Sequence[Unit], to_new: dict[int, int], joined: dict[int, list[int]]
) -> dict[int, list[int]]:
    """Units that are gone, by the unit of the new model that computes them.

    It says so in its name, or is the nearest one before a unit with one input, if most units have a partner: models
    that share little are no conversions of each other.
    """
    found = {at: [each for each in several if each not in to_new] for at, several in joined.items()}
    into = {each: at for at, several in found.items() for each in several}
    shared = len(to_new) + len(into)
    for at, unit in enumerate(before if 2 * shared >= min(len(before), len(after)) else ()):
        if at in to_new or at in into or len({source for source, _ in unit.sources}) != 1:
            continue
        source = unit.sources[0][0]
        holder = to_new.get(source, into.get(source))
        if holder is None or after[holder].op in ("Input", "InputLayer"):
            continue
        into[at] = holder
        found.setdefault(holder, []).append(at)
    return {holder: sorted(several) for holder, several in found.items()}
