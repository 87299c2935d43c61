"""The order of the slowest."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cutaway.profiling.ranks import ALIKE, APART, ranks

TIMES = st.lists(st.floats(0, 10, allow_nan=False), max_size=30)


def test_equal_blocks_share_a_rank_whatever_chance_adds() -> None:
    """Four layers of some 5 ms and four of some 3, as two profiles of one model saw them."""
    assert ranks([5.36, 3.47, 5.60, 3.10, 5.05, 3.47, 5.48, 3.48]) == [1, 5, 1, 5, 1, 5, 1, 5]
    assert ranks([5.46, 3.52, 5.50, 3.26, 5.05, 3.48, 5.41, 3.49]) == [1, 5, 1, 5, 1, 5, 1, 5]


def test_what_is_clearly_slower_stands_before() -> None:
    assert ranks([1.0, 10.0, 3.0]) == [3, 1, 2]
    assert ranks([]) == []
    assert ranks([0.0, 0.0, 1.0]) == [2, 2, 1]


def test_the_widest_gap_is_the_border() -> None:
    """Eight convolutions of one size, as three profiles of ResNet50 saw them behind three slower ones."""
    slow = [6.9, 6.9, 6.5]
    for equal in ([4.7, 4.7, 4.5, 4.2, 3.9, 3.8, 3.7, 3.4], [4.5, 4.2, 4.1, 4.1, 3.8, 3.8, 3.4, 2.95]):
        assert ranks([*equal, *slow, 2.0, 1.9]) == [4] * 8 + [1] * 3 + [12] * 2


@given(TIMES)
def test_who_shares_a_rank_is_alike_and_nobody_overtakes(times: list[float]) -> None:
    found = ranks(times)
    for rank in set(found):
        group = [time for time, each in zip(times, found, strict=True) if each == rank]
        behind = [time for time, each in zip(times, found, strict=True) if each > rank]
        assert min(group) >= max(group) * (1 - APART)
        assert rank == 1 + sum(each < rank for each in found)
        assert all(time < min(group) for time in behind)
        assert all(time < max(group) * (1 - ALIKE) for time in behind)


@given(TIMES)
def test_within_a_rank_no_gap_is_wider_than_the_one_behind_it(times: list[float]) -> None:
    falling = sorted(times, reverse=True)
    found = ranks(falling)
    for rank in set(found):
        group = [time for time, each in zip(falling, found, strict=True) if each == rank]
        behind = [time for time, each in zip(falling, found, strict=True) if each > rank]
        far = [(one, two) for one, two in pairwise(group) if two < group[0] * (1 - ALIKE)]
        assert all(one - two <= group[-1] - max(behind, default=0.0) for one, two in far)
