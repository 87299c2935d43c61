"""Which unit of one model is which of another: by name where a person gave it, else by what is computed and where.

Stages, each with what the ones before left over: equal ids; equal names that a person gave; equal ids
whoever gave them, where all around is equal too; equal surroundings (a
colouring of the graph by what units are and what they are joined to, after Weisfeiler and Leman, 1968, where a colour
stands for one unit on each side); spreading along edges from what is matched; equal sequences in the order of the
flow; equal names that the framework gave. Of models that share little, chance would match much: an activation alone is
no evidence there, and pairs that stand in another order than the rest are dropped.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cached_property

from cutaway.analysis.units import Unit, Units

ROUNDS = 4
"""Steps along edges, in both directions, that a unit's surroundings reach."""

MOST_ALIGNED = 4_000
"""Units left over up to which sequences are aligned, which takes time with the square of their number."""

LONG_RUN = 3
"""Equal units in a row from which on they are taken for the same in models that share little, also without weights."""


Key = Callable[[Units, int], Hashable | None]
"""Tells something of the unit at a position that only one unit of each side may have; None for one not to be asked."""


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
        self, old: Units, new: Units, known: Mapping[int, int] | None = None, *, converted: bool = False
    ) -> None:
        self._converted = converted
        self._old = old
        self._new = new
        self._sides = (old, new)
        self.to_new: dict[int, int] = {}
        self.to_old: dict[int, int] = {}
        for one, other in (known or {}).items():
            self._pair(one, other)

    def run(self) -> dict[int, int]:
        """Match; returns positions of new units by positions of old ones."""
        stages: tuple[Callable[[], None], ...] = (
            lambda: self._by_key(lambda side, at: None if side.autos[at] else (side.ids[at], side.ops[at])),
            lambda: self._by_key(lambda side, at: None if side.autos[at] else (side.names[at], side.ops[at])),
            self._by_place,
            self._by_surroundings,
            lambda: self._spread(self._looks),
            lambda: self._align(self._looks),
            lambda: self._spread(self._looks),
            lambda: self._by_key(lambda side, at: None if side.autos[at] else (side.names[at],)),
            self._by_operations,
            self._by_any_name,
            self._by_operations,
        )
        for stage in stages:
            if len(self.to_new) == min(len(self._old), len(self._new)):
                break
            stage()
        return self.to_new

    @cached_property
    def _looks(self) -> list[list[int]]:
        """What each unit is, as a number, on both sides."""
        numbers: dict[Hashable, int] = {}
        return [side.numbered(Unit.look, numbers) for side in self._sides]

    def _left(self) -> list[list[int]]:
        """Positions of units that are not matched yet, on both sides."""
        taken = (self.to_new, self.to_old)
        return [
            [at for at in range(len(side)) if at not in pairs] for side, pairs in zip(self._sides, taken, strict=True)
        ]

    def _by_operations(self) -> None:
        """Match by kind alone, which means something only between versions of one model."""
        if self._are_versions():
            ops = [side.ops for side in self._sides]
            self._spread(ops)
            self._align(ops)

    def _are_versions(self) -> bool:
        """Whether so much is matched that the two can be taken for versions of one model."""
        return 2 * len(self.to_new) >= min(len(self._old), len(self._new))

    def _says_something(self, run: Sequence[tuple[int, int]]) -> bool:
        """Whether equal units in a row are more than chance, as an activation that looks like any other is not."""
        return len(run) >= LONG_RUN or any(self._old[old].weights for old, _ in run)

    def _pair(self, old: int, new: int) -> None:
        self.to_new[old] = new
        self.to_old[new] = old

    def _by_key(self, key: Key) -> None:
        """Match units whose key only one of the rest has, on both sides."""
        found: list[dict[Hashable, list[int]]] = []
        for side, left in zip(self._sides, self._left(), strict=True):
            by_key: dict[Hashable, list[int]] = defaultdict(list)
            for at in left:
                told = key(side, at)
                if told is not None:
                    by_key[told].append(at)
            found.append(by_key)
        self._pair_singles(*found)

    def _by_any_name(self) -> None:
        """Match units of equal names, whoever gave them.

        A framework counts up as the program runs: of models that share little, only pairs in one and the same order
        mean anything then, whatever matched them.
        """
        alike = self._converted or self._are_versions()
        self._by_key(lambda side, at: (side.names[at], "" if self._converted else side.ops[at]))
        if not alike:
            pairs = sorted(self.to_new.items())
            self.to_new, self.to_old = {}, {}
            for at in longest_rise([new for _, new in pairs]):
                self._pair(*pairs[at])

    def _pair_singles(self, old: Mapping[Hashable, list[int]], new: Mapping[Hashable, list[int]]) -> None:
        """Match what stands alone under its key on both sides."""
        for key, here in old.items():
            there = new.get(key, ())
            if len(here) == 1 and len(there) == 1:
                self._pair(here[0], there[0])

    def _by_place(self) -> None:
        """Match units of equal ids and looks that read the same from the same ones and are read by the same ones."""
        old, new, looks = self._old, self._new, self._looks
        position = {identity: at for at, identity in enumerate(new.ids)}
        there = [position.get(identity, -1) for identity in old.ids]  # the unit of the same id, where it looks the same
        there = [end if end >= 0 and looks[0][at] == looks[1][end] else -1 for at, end in enumerate(there)]
        for at, end in enumerate(there):
            if end < 0 or at in self.to_new or end in self.to_old:
                continue
            if tuple([(there[source], port) for source, port in old.sources[at]]) != new.sources[end]:
                continue
            if sorted([there[reader] for reader in old.readers[at]]) == new.readers[end]:
                self._pair(at, end)

    def _by_surroundings(self) -> None:
        """Match units that stand alone with what they are joined to, among those that are left.

        Only what is so near to one of them that its colour reaches it is coloured.
        """
        near = [[left] for left in self._left()]
        for side, rings in zip(self._sides, near, strict=True):
            for _ in range(ROUNDS):
                rings.append(_with_neighbours(side, rings[-1]))
        colours: Sequence[Sequence[int] | Mapping[int, int]] = self._looks
        for turn in range(ROUNDS):
            table: dict[object, int] = {}
            reached = [rings[ROUNDS - 1 - turn] for rings in near]
            rows = [_joined(*each) for each in zip(self._sides, reached, colours, strict=True)]
            colours = [
                {at: table.setdefault(row, len(table)) for at, row in zip(*each, strict=True)}
                for each in zip(reached, rows, strict=True)
            ]
        found: list[dict[Hashable, list[int]]] = [defaultdict(list), defaultdict(list)]
        for by_colour, colour, rings in zip(found, colours, near, strict=True):
            for at in rings[0]:
                by_colour[colour[at]].append(at)
        self._pair_singles(*found)

    def _spread(self, looks: Sequence[Sequence[Hashable]]) -> None:
        """Match what is joined in the same way to what is matched, and looks the same."""
        near = {other for at in self._left()[0] for other in _neighbours(self._old, at)}
        waiting = [pair for pair in self.to_new.items() if pair[0] in near]  # nothing is joined to the others
        while waiting:
            old, new = waiting.pop()
            ends: list[tuple[int, int]] = [
                (one[0], other[0]) for one, other in zip(self._old.sources[old], self._new.sources[new], strict=False)
            ]
            ends += self._only_reader(old, new, looks)
            for one, other in ends:
                if one in self.to_new or other in self.to_old or looks[0][one] != looks[1][other]:
                    continue
                self._pair(one, other)
                waiting.append((one, other))

    def _only_reader(self, old: int, new: int, looks: Sequence[Sequence[Hashable]]) -> list[tuple[int, int]]:
        """Readers of a pair that are the only ones of their look on both sides."""
        sides: list[dict[Hashable, list[int]]] = []
        for side, at, look, taken in zip(self._sides, (old, new), looks, (self.to_new, self.to_old), strict=True):
            by_look: dict[Hashable, list[int]] = defaultdict(list)
            for reader in side.readers[at]:
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
        versions = self._are_versions()
        for old, new in self._gaps():
            matcher: SequenceMatcher[Hashable] = SequenceMatcher(
                None, [looks[0][at] for at in old], [looks[1][at] for at in new], autojunk=False
            )
            for block in matcher.get_matching_blocks():
                run = [(old[block.a + step], new[block.b + step]) for step in range(block.size)]
                if versions or self._says_something(run):
                    for pair in run:
                        self._pair(*pair)

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


def longest_rise(values: Sequence[int]) -> list[int]:
    """Positions of the longest part of some numbers that rises, found as in patience sorting (Fredman, 1975)."""
    tops: list[int] = []  # the least number that ends a rise of each length
    ends: list[int] = []  # its position
    before: list[int] = []
    for at, value in enumerate(values):
        place = bisect_left(tops, value)
        tops[place : place + 1] = [value]
        ends[place : place + 1] = [at]
        before.append(ends[place - 1] if place else -1)
    found = []
    at = ends[-1] if ends else -1
    while at >= 0:
        found.append(at)
        at = before[at]
    return found[::-1]


def _neighbours(side: Units, at: int) -> Iterator[int]:
    """What a unit reads, and what reads it."""
    yield from (source for source, _ in side.sources[at])
    yield from side.readers[at]


def _with_neighbours(side: Units, units: Sequence[int]) -> list[int]:
    """Units, and all that they are joined to."""
    return sorted({*units, *(other for at in units for other in _neighbours(side, at))})


def _joined(side: Units, units: Sequence[int], colour: Sequence[int] | Mapping[int, int]) -> list[tuple[object, ...]]:
    """For each of some units, its colour with those of what it reads, in order, and of what reads it, sorted."""
    reading: dict[int, list[int]] = {at: [] for at in units}
    for reader in dict.fromkeys(reader for at in units for reader in side.readers[at]):
        for source, _ in side.sources[reader]:
            if source in reading:
                reading[source].append(colour[reader])
    return [
        (colour[at], tuple([(colour[source], port) for source, port in side.sources[at]]), tuple(sorted(reading[at])))
        for at in units
    ]
