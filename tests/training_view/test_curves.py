"""Curves: smoothing, thinning and stretches against the plain ways to say what they are."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.training_view.curves import borders, in_order, smoothed, stretches, thinned

NUMBERS = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf])


def as_tensorboard(values: list[float], weight: float) -> list[float]:
    """One value after the other, as TensorBoard's line chart has it."""
    finite = [value for value in values if math.isfinite(value)]
    if weight == 0 or all(value == finite[0] for value in finite):
        return values
    last, count, found = 0.0, 0, []
    for value in values:
        if math.isfinite(value):
            last = last * weight + (1 - weight) * value
            count += 1
            found.append(last / (1 - weight**count))
        else:
            found.append(value)
    return found


@given(st.lists(NUMBERS, min_size=1, max_size=300), st.sampled_from([0.0, 0.3, 0.6, 0.9, 0.999]))
def test_smoothing_is_that_of_tensorboard(values: list[float], weight: float) -> None:
    found = smoothed(np.array(values), weight)
    np.testing.assert_allclose(found, as_tensorboard(values, weight), rtol=1e-9, atol=1e-6)


def test_smoothing_of_many_values_carries_on_over_blocks() -> None:
    values = np.random.default_rng(0).normal(size=20_011)
    np.testing.assert_allclose(smoothed(values, 0.99), as_tensorboard(values.tolist(), 0.99), rtol=1e-9, atol=1e-12)


@given(st.integers(0, 1 << 32), st.integers(10, 60), st.booleans())
def test_what_is_left_out_is_between_what_is_kept(seed: int, pixels: int, log: bool) -> None:
    random = np.random.default_rng(seed)
    y = random.normal(size=random.integers(300, 1_500))
    y[random.integers(0, len(y), 12)] = [math.nan, math.inf, -math.inf, 0] * 3
    x = np.arange(1, len(y) + 1, dtype=np.float64)
    view = (float(len(y) // 10), float(len(y)))
    curve = thinned(x, [y], 0, len(y), view, pixels, log=log)
    assert (np.diff(curve.places) > 0).all()
    inside = (x >= view[0]) & (x <= view[1])
    assert np.flatnonzero(inside).tolist() == list(range(len(y)))[curve.inside]
    column = np.searchsorted(borders(view, pixels, log=log)[1:-1], x, "right")
    kept = np.zeros(len(y), np.bool_)
    kept[curve.places] = True
    for pixel in range(pixels):
        there = inside & (column == pixel)
        for odd in (np.isnan(y), y == np.inf, y == -np.inf):
            assert (there & odd).any() == (there & odd & kept).any()
        finite = there & np.isfinite(y)
        if finite.any():
            assert y[finite & kept].min() == y[finite].min()
            assert y[finite & kept].max() == y[finite].max()


def test_few_points_are_all_kept_with_one_on_either_side() -> None:
    x = np.arange(1_000_000, dtype=np.float64)
    curve = thinned(x, [x], 0, len(x), (500.0, 700.0), 400, log=False)
    assert curve.places.tolist() == list(range(499, 702))
    assert curve.inside == slice(500, 701)


@given(st.lists(st.integers(0, 9), max_size=40))
def test_stretches_are_whole_and_never_go_back(steps: list[int]) -> None:
    x = np.array(steps, np.float64)
    found = stretches(x)
    assert [place for begin, end in found for place in range(begin, end)] == list(range(len(steps)))
    for begin, end in found:
        assert (np.diff(x[begin:end]) >= 0).all()
    assert all(x[before - 1] > x[begin] for (_, before), (begin, _) in pairwise(found))


@pytest.mark.parametrize(("files", "expected"), [([0, 0, 1], None), ([0, 1, 0, 1], [0, 2, 1, 3]), ([], None)])
def test_what_two_writers_wrote_in_turns_is_taken_apart(files: list[int], expected: list[int] | None) -> None:
    order = in_order(np.array(files, np.int64))
    assert (None if order is None else order.tolist()) == expected


@pytest.mark.parametrize("log", [False, True])
def test_pixels_are_of_one_width_on_their_scale(log: bool) -> None:
    found = borders((10.0, 1_000.0), 20, log=log)
    assert (found[0], found[-1], len(found)) == (10, 1_000, 21)
    steps = np.diff(np.log(found) if log else found)
    np.testing.assert_allclose(steps, steps[0])
