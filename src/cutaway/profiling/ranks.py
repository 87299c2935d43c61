"""The order of the slowest, in which what differs by chance alone has the same place."""

from __future__ import annotations

from collections.abc import Sequence

ALIKE = 0.2
"""Times that differ by no more than this share of the larger one have the same rank. So far the median of a layer moves
from one profile to the next on a machine that does nothing else (``benchmarks/layer_times.py``); the equal blocks of a
model lie closer together than that, and would change places each time."""


def ranks(seconds: Sequence[float]) -> list[int]:
    """The rank of each time, from 1 for the slowest; those that are alike share that of the slowest of them.

    As in sports, where two are second nobody is third.
    """
    places = [0] * len(seconds)
    leader, rank = 0.0, 0
    for place, at in enumerate(sorted(range(len(seconds)), key=lambda at: -seconds[at]), start=1):
        if rank == 0 or seconds[at] < leader * (1 - ALIKE):
            leader, rank = seconds[at], place
        places[at] = rank
    return places
