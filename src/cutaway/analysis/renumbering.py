"""Names that Keras numbers anew for every model of a process: `conv2d_9` of one model is `conv2d` of another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from cutaway.analysis.units import JOINED, Unit, Units, named_layers
from cutaway.graph.model import GroupColumns
from cutaway.graph.names import is_auto

_NUMBERED = re.compile(r"(.*?)(?:_([0-9]{1,9}))?", re.DOTALL)  # more digits, in a stranger's file, count no layers


def _stem_and_number(name: str) -> tuple[str, int]:
    """``conv2d_9`` → ``conv2d``, 9; what has no number is the first."""
    match = _NUMBERED.fullmatch(name)
    assert match is not None, "any text matches"
    return match[1], int(match[2] or 0)


def _numbers(names: Iterable[str]) -> dict[str, set[int]]:
    """The numbers behind each stem."""
    found: dict[str, set[int]] = {}
    for stem, number in map(_stem_and_number, names):
        found.setdefault(stem, set()).add(number)
    return found


def _shift(old: set[int], new: set[int]) -> int:
    """What to add to all of some numbers to find them among others; 0 where that is not clear."""
    first, last = min(old), max(old)
    if len(old) > len(new) or old <= new:
        return 0
    ends = (number - first for number in new if last + number - first in new)  # few, so that not all is tried for each
    found = list(islice((shift for shift in ends if all(each + shift in new for each in old)), 2))
    return found[0] if len(found) == 1 else 0


def names_as_in(old: Sequence[Unit], new: Sequence[Unit]) -> list[str]:
    """Names of the units of a converted model, with the numbers that the layers of the other one have.

    A stem that Keras gave is numbered anew where all numbers of the other model are there, at the same distances.
    """
    of_old = _numbers(unit.name for unit in old if unit.auto)
    of_new = _numbers(name for unit in new for name in named_layers(unit))
    shifts = {stem: _shift(numbers, of_new[stem]) for stem, numbers in of_old.items() if stem in of_new}

    def shifted(name: str) -> str:
        stem, number = _stem_and_number(name)
        shift = shifts.get(stem, 0)
        if not shift or number < shift:
            return name
        return f"{stem}_{number - shift}" if number > shift else stem

    return [JOINED.join(map(shifted, named_layers(unit))) for unit in new]


class SamePlaces:
    """Which groups of two models are one group under another number.

    Args:
        old: Units of the one.
        new: Units of the other.
        to_new: Positions of new units by positions of those old ones that they are.
    """

    def __init__(self, old: Units, new: Units, to_new: Mapping[int, int]) -> None:
        self._sides = (old.graph.groups, new.graph.groups)
        self._index = [{identity: at for at, identity in enumerate(groups.ids)} for groups in self._sides]
        self._votes: dict[str, Counter[str]] = {}
        for start, end in to_new.items():
            self._votes.setdefault(old.places[start], Counter())[new.places[end]] += 1
        self._known: dict[tuple[str, str], bool] = {}

    def __call__(self, old: str, new: str) -> bool:
        """Whether groups of these ids are the same: of one path but for numbers, with most of the units of the old."""
        if old == new:
            return True
        if (old, new) not in self._known:
            votes = self._votes.get(old)
            most = votes is not None and 2 * votes[new] > votes.total()
            self._known[old, new] = most and self._called_alike(old, new)
        return self._known[old, new]

    def _called_alike(self, old: str, new: str) -> bool:
        paths = [
            list(_named_path(groups, index[identity]))
            for groups, index, identity in zip(self._sides, self._index, (old, new), strict=True)
        ]
        return len(paths[0]) == len(paths[1]) and all(
            one == other or (one[1] == other[1] and is_auto(*one) and is_auto(*other))
            for one, other in zip(*paths, strict=True)
        )


def _named_path(groups: GroupColumns, at: int) -> Iterator[tuple[str, str]]:
    """Name and operation of a group and of those around it."""
    while at > 0:
        yield groups.names[at], groups.ops.get(at, "")
        at = groups.parents[at]
