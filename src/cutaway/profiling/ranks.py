"""The order of the slowest, in which what differs by chance alone has the same place."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

ALIKE = 0.15
"""Times that differ by no more than this share of the larger one have the same rank. So far the median of a layer moves
from one profile to the next (``benchmarks/layer_times.py``); the equal blocks of a model lie closer together than that,
and would change places each time."""

APART = 0.35
"""Times that differ by more than this share of the larger one have different ranks. In between the widest gap decides:
a border at one fixed share would part times that lie close on both sides of it, on another side in each profile."""


def ranks(seconds: Sequence[float]) -> list[int]:
    """The rank of each time, from 1 for the slowest; those that are alike share that of the slowest of them.

    As in sports, where two are second nobody is third.
    """
    order = sorted(range(len(seconds)), key=lambda at: -seconds[at])
    falling = [seconds[at] for at in order]
    places = [0] * len(seconds)
    first = 0
    while first < len(order):
        end = _end(falling, first)
        for at in order[first:end]:
            places[at] = first + 1
        first = end
    return places


def _end(falling: Sequence[float], first: int) -> int:
    """The place after the last of those that share the rank of the first."""
    alike, apart = falling[first] * (1 - ALIKE), falling[first] * (1 - APART)
    found, widest = len(falling), -inf
    for at in range(first + 1, len(falling)):
        last, following = falling[at - 1], falling[at]
        if last < apart:
            return found
        if following < alike and last - following > widest:
            found, widest = at, last - following
    if falling[-1] >= apart and falling[-1] > widest:  # from the least of all it is as far to nothing
        return len(falling)
    return found
