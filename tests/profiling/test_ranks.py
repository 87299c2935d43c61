"""The order of the slowest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cutaway.profiling.ranks import ALIKE, ranks

TIMES = st.lists(st.floats(0, 10, allow_nan=False), max_size=30)


def test_equal_blocks_share_a_rank_whatever_chance_adds() -> None:
    """Four layers of some 5 ms and four of some 3, as two profiles of one model saw them."""
    assert ranks([5.36, 3.47, 5.60, 3.10, 5.05, 3.47, 5.48, 3.48]) == [1, 5, 1, 5, 1, 5, 1, 5]
    assert ranks([5.46, 3.52, 5.50, 3.26, 5.05, 3.48, 5.41, 3.49]) == [1, 5, 1, 5, 1, 5, 1, 5]


def test_what_is_clearly_slower_stands_before() -> None:
    assert ranks([1.0, 10.0, 3.0]) == [3, 1, 2]
    assert ranks([]) == []
    assert ranks([0.0, 0.0, 1.0]) == [2, 2, 1]


@given(TIMES)
def test_who_shares_a_rank_is_alike_and_nobody_overtakes(times: list[float]) -> None:
    found = ranks(times)
    for rank in set(found):
        group = [time for time, each in zip(times, found, strict=True) if each == rank]
        assert min(group) >= max(group) * (1 - ALIKE)
        assert rank == 1 + sum(each < rank for each in found)
        assert all(time < max(group) * (1 - ALIKE) for time, each in zip(times, found, strict=True) if each > rank)
