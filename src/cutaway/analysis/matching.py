"""Which unit of one model is which of another: by name where a person gave it, else by what is computed and where.

Stages, each with what the ones before left over: equal ids; equal names that a person gave; equal ids
whoever gave them, where all around is equal too; equal surroundings (a
colouring of the graph by what units are and what they are joined to, after Weisfeiler and Leman, 1968, where a colour
stands for one unit on each side); spreading along edges from what is matched; equal sequences in the order of the
flow; equal names that the framework gave.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cached_property

from cutaway.analysis.units import Unit

ROUNDS = 4
"""Steps along edges, in both directions, that a unit's surroundings reach."""

MOST_ALIGNED = 4_000
"""Units left over up to which sequences are aligned, which takes time with the square of their number."""


class Matching:
    """Pairs of units of two models.

    Attributes:
        to_new, to_old: Positions of units of the one by those of the other.

    Args:
        old: Units of the one.
        new: Units of the other.
        known: Pairs that are known already, positions of new ones by those of old ones.
        converted: Whether a program may have made one from the other: it keeps names, and calls operations otherwise.
    """

    def __init__(
        self,
        old: Sequence[Unit],
        new: Sequence[Unit],
        known: Mapping[int, int] | None = None,
        *,
        converted: bool = False,
    ) -> None:
        self._converted = converted
        self._old = old
        self._new = new
        self.to_new: dict[int, int] = {}
        self.to_old: dict[int, int] = {}
        self._ops = [[unit.op for unit in side] for side in (old, new)]
        for one, other in (known or {}).items():
            self._pair(one, other)

    def run(self) -> dict[int, int]:
        """Match; returns positions of new units by positions of old ones."""
        stages: tuple[Callable[[], None], ...] = (
            lambda: self._by_key(lambda unit: None if unit.auto else (unit.id, unit.op)),
            lambda: self._by_key(lambda unit: None if unit.auto else (unit.name, unit.op)),
            self._by_place,
            self._by_surroundings,
            lambda: self._spread(self._looks),
            lambda: self._align(self._looks),
            lambda: self._spread(self._looks),
            lambda: self._by_key(lambda unit: None if unit.auto else (unit.name,)),
            self._by_operations,
            lambda: self._by_key(lambda unit: (unit.name, "" if self._converted else unit.op)),
        )
        for stage in stages:
            if len(self.to_new) == min(len(self._old), len(self._new)):
                break
            stage()
        return self.to_new

    @cached_property
    def _looks(self) -> list[list[int]]:
        """What each unit is, as a number, on both sides."""
        looks: dict[object, int] = {}
        return [[looks.setdefault(unit.look(), len(looks)) for unit in side] for side in (self._old, self._new)]

    def _by_operations(self) -> None:
        """Match by kind alone, which means something only between versions of one model."""
        if 2 * len(self.to_new) >= min(len(self._old), len(self._new)):
            self._spread(self._ops)
            self._align(self._ops)

    def _pair(self, old: int, new: int) -> None:
        self.to_new[old] = new
        self.to_old[new] = old

    def _by_key(self, key: Callable[[Unit], Hashable | None]) -> None:
        """Match units whose key only one of the rest has, on both sides."""
        found: list[dict[Hashable, list[int]]] = []
        for side, taken in ((self._old, self.to_new), (self._new, self.to_old)):
            by_key: dict[Hashable, list[int]] = defaultdict(list)
            for at, unit in enumerate(side):
                if at not in taken and (told := key(unit)) is not None:
                    by_key[told].append(at)
            found.append(by_key)
        for told, old in found[0].items():
            new = found[1].get(told, ())
            if len(old) == 1 and len(new) == 1:
                self._pair(old[0], new[0])

    def _by_place(self) -> None:
        """Match units of equal ids and looks that read the same from the same ones and are read by the same ones."""
        readers = (_readers(self._old), _readers(self._new))
        sides, looks = (self._old, self._new), self._looks

        def around(side: int, at: int) -> tuple[object, ...]:
            units, look = sides[side], looks[side]
            sources = [(units[source].id, look[source], port) for source, port in units[at].sources]
            return look[at], sources, sorted((units[reader].id, look[reader]) for reader in readers[side][at])

        by_id = {unit.id: at for at, unit in enumerate(self._new) if at not in self.to_old}
        for at, unit in enumerate(self._old):
            there = by_id.get(unit.id, -1)
            if at not in self.to_new and there >= 0 and around(0, at) == around(1, there):
                self._pair(at, there)

    def _by_surroundings(self) -> None:
        """Match units that stand alone with what they are joined to."""
        colours: Sequence[Sequence[int]] = self._looks
        for _ in range(ROUNDS):
            table: dict[object, int] = {}
            colours = [
                [
                    table.setdefault(row, len(table))
                    for row in _joined(side, colour)
                ]
                for side, colour in zip((self._old, self._new), colours, strict=True)
            ]  # fmt: skip
        found: list[dict[int, list[int]]] = [defaultdict(list), defaultdict(list)]
        for by_colour, colour, taken in zip(found, colours, (self.to_new, self.to_old), strict=True):
            for at, each in enumerate(colour):
                if at not in taken:
                    by_colour[each].append(at)
        for each, old in found[0].items():
            new = found[1].get(each, ())
            if len(old) == 1 and len(new) == 1:
                self._pair(old[0], new[0])

    def _spread(self, looks: Sequence[Sequence[Hashable]]) -> None:
        """Match what is joined in the same way to what is matched, and looks the same."""
        readers = [_readers(self._old), _readers(self._new)]
        waiting = list(self.to_new.items())
        while waiting:
            old, new = waiting.pop()
            ends: list[tuple[int, int]] = [
                (one[0], other[0]) for one, other in zip(self._old[old].sources, self._new[new].sources, strict=False)
            ]
            ends += self._only_reader(readers, old, new, looks)
            for one, other in ends:
                if one in self.to_new or other in self.to_old or looks[0][one] != looks[1][other]:
                    continue
                self._pair(one, other)
                waiting.append((one, other))

    def _only_reader(
        self, readers: Sequence[Sequence[Sequence[int]]], old: int, new: int, looks: Sequence[Sequence[Hashable]]
    ) -> list[tuple[int, int]]:
        """Readers of a pair that are the only ones of their look on both sides."""
        sides: list[dict[Hashable, list[int]]] = []
        for found, at, look, taken in zip(readers, (old, new), looks, (self.to_new, self.to_old), strict=True):
            by_look: dict[Hashable, list[int]] = defaultdict(list)
            for reader in found[at]:
                if reader not in taken:
                    by_look[look[reader]].append(reader)
            sides.append(by_look)
        return [
            (one[0], sides[1][look][0]) for look, one in sides[0].items()
            if len(one) == 1 and len(sides[1].get(look, ())) == 1
        ]  # fmt: skip

    def _align(self, looks: Sequence[Sequence[Hashable]]) -> None:
        """Match equal sequences of what is left between two pairs that stand in the same order."""
        left = len(self._old) + len(self._new) - 2 * len(self.to_new)
        if left > MOST_ALIGNED:
            return
        for old, new in self._gaps():
            matcher: SequenceMatcher[Hashable] = SequenceMatcher(
                None, [looks[0][at] for at in old], [looks[1][at] for at in new], autojunk=False
            )
            for block in matcher.get_matching_blocks():
                for step in range(block.size):
                    self._pair(old[block.a + step], new[block.b + step])

    def _gaps(self) -> list[tuple[list[int], list[int]]]:
        """Unmatched units between pairs that stand in the same order on both sides."""
        gaps: list[tuple[list[int], list[int]]] = []
        old: list[int] = []
        begin = 0
        for at in range(len(self._old) + 1):
            partner = self.to_new.get(at) if at < len(self._old) else len(self._new)
            if partner is None:
                old.append(at)
            elif partner >= begin:
                new = [each for each in range(begin, partner) if each not in self.to_old]
                if old and new:
                    gaps.append((old, new))
                old, begin = [], partner + 1
        return gaps


def _joined(side: Sequence[Unit], colour: Sequence[int]) -> list[tuple[object, ...]]:
    """For each unit, its colour with those of what it reads, in order, and of what reads it, sorted."""
    reading: list[list[int]] = [[] for _ in side]
    for at, unit in enumerate(side):
        for source, _ in unit.sources:
            reading[source].append(colour[at])
    return [
        (colour[at], tuple((colour[source], port) for source, port in unit.sources), tuple(sorted(reading[at])))
        for at, unit in enumerate(side)
    ]


def _readers(side: Sequence[Unit]) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in side]
    for at, unit in enumerate(side):
        for source, _ in unit.sources:
            if not found[source] or found[source][-1] != at:
                found[source].append(at)
    return found
