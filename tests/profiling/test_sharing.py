"""The clock shared among operations that run within one another and at once, beside a count instant by instant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.profiling.optimes import Span
from cutaway.profiling.sharing import shared


@st.composite
def calls(draw: st.DrawFn, start: int, end: int, depth: int = 3) -> list[tuple[int, int]]:
    """Stretches between two instants, one after another, each with others within it."""
    found: list[tuple[int, int]] = []
    while start < end and draw(st.booleans()):
        begun = draw(st.integers(start, end - 1))
        done = draw(st.integers(begun + 1, end))
        found.append((begun, done))
        if depth:
            found += draw(calls(begun, done, depth - 1))
        start = done
    return found


def by_instant(threads: Sequence[Sequence[tuple[int, int]]]) -> dict[str, Fraction]:
    """Every instant, split among the innermost of each thread."""
    found: defaultdict[str, Fraction] = defaultdict(Fraction)
    for now in range(20):
        running = []
        for thread, stretches in enumerate(threads):
            within = [(end - begun, -at) for at, (begun, end) in enumerate(stretches) if begun <= now < end]
            if within:
                running.append(f"{thread}.{-min(within)[1]}")
        for name in running:
            found[name] += Fraction(1, len(running))
    return found


@given(st.lists(calls(0, 20), max_size=4))
def test_shares_are_those_of_each_instant(threads: list[list[tuple[int, int]]]) -> None:
    lines = [
        [Span(f"{thread}.{at}", "", begun, end - begun) for at, (begun, end) in enumerate(stretches)]
        for thread, stretches in enumerate(threads)
    ]
    found = {span.name: span.seconds for span in shared(lines)}
    expected = by_instant(threads)
    assert set(found) == {span.name for line in lines for span in line}
    for name, seconds in found.items():
        assert seconds == pytest.approx(float(expected.get(name, 0)), abs=1e-9)
    busy = {now for stretches in threads for begun, end in stretches for now in range(begun, end)}
    assert sum(found.values()) == pytest.approx(len(busy))


def test_one_that_ends_after_what_it_runs_in_keeps_its_time() -> None:
    outer, inner = shared([[Span("outer", "Call", 0, 2), Span("inner", "MatMul", 1, 3)]])
    assert (outer.name, outer.start, outer.seconds) == ("outer", 0, 1)
    assert (inner.name, inner.start, inner.seconds) == ("inner", 1, 3)
