"""Bins by bits count every value once, and their edges hold what is in them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cutaway.training.histograms import distribution, distributions_of_values, histogram_rows

ANY = arrays.arrays(np.float32, st.integers(0, 300), elements=st.floats(width=32))


@given(ANY)
@settings(max_examples=200, deadline=None)
def test_every_value_is_counted_where_it_lies(values: npt.NDArray[np.float32]) -> None:
    found = distribution(values)
    finite = values[np.isfinite(values)].astype(np.float64)
    assert found.total == len(values)
    assert found.nan == np.isnan(values).sum()
    assert found.infinite == np.isinf(values).sum()
    assert found.finite == len(finite)
    assert found.zeros == (np.abs(finite) < 2.0**-129).sum()
    assert found.norm == pytest.approx(float(np.sqrt((finite**2).sum())))
    rows = found.rows()
    assert rows[:, 2].sum() == len(finite)
    assert len(rows) <= 64
    if len(finite):
        assert (rows[0, 0], rows[-1, 1]) == (finite.min(), finite.max())
        np.testing.assert_array_equal(rows[1:, 0], rows[:-1, 1])
        assert (rows[:, 0] <= rows[:, 1]).all()
        below = [np.count_nonzero(finite < edge) for edge in rows[1:, 0]]
        upto = [np.count_nonzero(finite <= edge) for edge in rows[1:, 0]]
        before = np.cumsum(rows[:-1, 2])
        assert all(low <= mine <= high for low, mine, high in zip(below, before, upto, strict=True))


@given(st.lists(ANY.filter(len), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_tensors_that_are_looked_at_together_are_those_looked_at_alone(several: list[npt.NDArray[np.float32]]) -> None:
    together = distributions_of_values(np.concatenate(several), [len(values) for values in several])
    for values, found in zip(several, together, strict=True):
        alone = distribution(values)
        np.testing.assert_array_equal(found.counts, alone.counts)
        assert (found.total, found.zeros, found.nan) == (alone.total, alone.zeros, alone.nan)
        assert (found.minimum, found.maximum) == (alone.minimum, alone.maximum)
        size = float(np.abs(values[np.isfinite(values)].astype(np.float64)).sum())
        assert found.sum == pytest.approx(alone.sum, abs=1e-12 * size)
        assert found.norm == pytest.approx(alone.norm)


def test_quantiles_are_near_in_spite_of_an_outlier() -> None:
    values = np.append(np.random.default_rng(0).normal(size=100_000), 1e30)
    rows = distribution(values).rows()
    found = np.interp(0.9 * len(values), np.cumsum(rows[:, 2]), rows[:, 1])
    assert found == pytest.approx(float(np.quantile(values, 0.9)), rel=0.1)


def test_rows_are_few_however_the_values_spread() -> None:
    rng = np.random.default_rng(0)
    rows = distribution(rng.normal(size=100_000) * np.exp(rng.normal(0, 3, 100_000))).rows()
    assert 32 < len(rows) <= 64
    assert rows[:, 2].sum() == 100_000


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int32, np.bool_])
def test_other_types(dtype: type[np.generic]) -> None:
    found = distribution(np.array([[0, 1], [1, 0]], dtype))
    assert (found.total, found.zeros, found.sum, found.maximum) == (4, 2, 2.0, 1.0)


@given(st.lists(ANY, max_size=5))
@settings(max_examples=100, deadline=None)
def test_histograms_made_together_are_those_made_one_by_one(tensors: list[npt.NDArray[np.float32]]) -> None:
    found = [distribution(values) for values in tensors]
    for rows, one in zip(histogram_rows(found), found, strict=True):
        np.testing.assert_array_equal(rows, one.rows())


def test_moments_keep_their_digits_where_values_differ_by_little() -> None:
    values = (1000 + np.random.default_rng(0).normal(size=200_000) / 100).astype(np.float32)
    found, exact = distribution(values), values.astype(np.float64)
    assert found.sum / found.finite == pytest.approx(exact.mean(), rel=1e-12)
    assert found.deviation == pytest.approx(exact.std(), rel=1e-9)
    assert found.norm == pytest.approx(np.linalg.norm(exact), rel=1e-12)
