"""Statistics, histograms, slices and arrays of weights, against NumPy."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.errors import CutawayError, OptionError
from cutaway.explorer import weights as module
from cutaway.explorer import weights_contract
from cutaway.explorer.weights import LARGEST_SIDE, Values
from cutaway.readers import read
from tests.explorer.conform import check

Arrays = dict[str, np.ndarray[Any, Any]]


def made() -> Arrays:
    rng = np.random.default_rng(1)
    strange = rng.normal(size=(40, 30)).astype(np.float32)
    strange[3, 4], strange[5, 6], strange[7, :], strange[8, 0] = np.nan, np.inf, np.nan, -np.inf
    return {
        "plain": rng.normal(3.0, 0.5, size=(3, 3, 16, 20)).astype(np.float32),
        "wide": rng.normal(size=(700, 900)).astype(np.float32),
        "far": (1e8 + rng.normal(size=5000)).astype(np.float64),
        "strange": strange,
        "nothing": np.full((4, 4), np.nan, np.float32),
        "whole": rng.integers(-128, 127, size=(64, 1), dtype=np.int8),
        "scalar": np.array(2.5, np.float32),
        "empty": np.zeros((0, 4), np.float32),
        "constant": np.full(7, 1.5, np.float32),
        "huge": np.array([1e308, -1e308, 1e308]),
    }


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Values, Arrays, dict[str, int]]:
    arrays = made()
    path = tmp_path_factory.mktemp("weights") / "w.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    found = read(path).weights
    return Values(str(path), found), arrays, {weight.name: at for at, weight in enumerate(found)}


@pytest.fixture(params=[1 << 22, 997])
def small_steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEP", request.param)


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("name", sorted(made()))
def test_statistics_are_those_of_numpy(stored: tuple[Values, Arrays, dict[str, int]], name: str) -> None:
    values, arrays, codes = stored
    values._known.clear()
    array = arrays[name].astype(np.float64)
    finite = array[np.isfinite(array)]
    found = values.stats(codes[name])
    check(json.loads(json.dumps(found, allow_nan=False)), weights_contract.WeightStats, name)
    assert (found["count"], found["read"]) == (array.size, array.size)
    assert (found["zeros"], found["nan"]) == (int((array == 0).sum()), int(np.isnan(array).sum()))
    assert (found["posinf"], found["neginf"]) == (int(np.isposinf(array).sum()), int(np.isneginf(array).sum()))
    if not finite.size:
        assert found["min"] is found["max"] is found["mean"] is found["std"] is found["norm"] is None
        return
    assert (found["min"], found["max"]) == (finite.min(), finite.max())
    if name != "huge":
        assert found["mean"] == pytest.approx(finite.mean(), rel=1e-12)
        assert found["std"] == pytest.approx(finite.std(), rel=1e-9, abs=1e-12)
        assert found["norm"] == pytest.approx(float(np.linalg.norm(finite)), rel=1e-12)


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("name", ["plain", "wide", "strange", "whole", "nothing"])
def test_channels_are_those_of_numpy(stored: tuple[Values, Arrays, dict[str, int]], name: str) -> None:
    values, arrays, codes = stored
    values._known.clear()
    array = arrays[name].astype(np.float64)
    found = values.stats(codes[name])["channels"]
    assert found is not None
    axis = max(at for at, size in enumerate(array.shape) if size > 1)
    assert found["axis"] == axis
    rows = np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)
    for channel, row in enumerate(rows):
        finite = row[np.isfinite(row)]
        if not finite.size:
            assert found["min"][channel] is found["max"][channel] is found["mean"][channel] is None
        else:
            assert (found["min"][channel], found["max"][channel]) == (finite.min(), finite.max())
            assert found["mean"][channel] == pytest.approx(finite.mean(), rel=1e-9)


@pytest.mark.parametrize("name", ["far", "scalar", "empty", "constant", "huge"])
def test_weights_of_one_dimension_have_no_channels(stored: tuple[Values, Arrays, dict[str, int]], name: str) -> None:
    values, _, codes = stored
    assert values.stats(codes[name])["channels"] is None


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("name", ["plain", "wide", "strange", "whole", "scalar", "constant"])
def test_histograms_are_those_of_numpy(stored: tuple[Values, Arrays, dict[str, int]], name: str) -> None:
    values, arrays, codes = stored
    array = arrays[name].astype(np.float64)
    counts, edges = np.histogram(array[np.isfinite(array)], 32)
    found = values.histogram(codes[name], 32)
    check(json.loads(json.dumps(found, allow_nan=False)), weights_contract.WeightHistogram, name)
    assert found["counts"] == counts.tolist()
    assert found["edges"] == pytest.approx(edges.tolist())


@pytest.mark.parametrize("name", ["nothing", "empty", "huge"])
def test_where_nothing_can_be_counted_the_histogram_is_empty(
    stored: tuple[Values, Arrays, dict[str, int]], name: str
) -> None:
    values, _, codes = stored
    assert values.histogram(codes[name], 8)["counts"] == []


def planes(pieces: Sequence[bytes]) -> tuple[dict[str, Any], Any, Any]:
    data = b"".join(pieces)
    size = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + size])
    found = {
        section["name"]: np.frombuffer(data, "<f4", section["count"], 4 + size + section["offset"])
        for section in header["sections"]
    }
    shape = header["rows"], header["columns"]
    return header, found["low"].reshape(shape), found["high"].reshape(shape)


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize(
    ("name", "rows", "columns", "at"),
    [
        ("plain", 2, 3, (1, 2, 0, 0)),
        ("plain", 3, 2, (0, 0, 0, 0)),
        ("plain", 0, 3, (0, 2, 5, 0)),
        ("plain", 3, 0, (0, 1, 15, 0)),
        ("plain", 1, -1, (2, 0, 5, 7)),
        ("plain", -1, 3, (2, 1, 5, 7)),
        ("strange", 0, 1, (0, 0)),
        ("whole", 1, 0, (0, 0)),
        ("far", -1, 0, (0,)),
        ("scalar", -1, -1, ()),
    ],
)
def test_small_slices_are_exact(
    stored: tuple[Values, Arrays, dict[str, int]], name: str, rows: int, columns: int, at: tuple[int, ...]
) -> None:
    values, arrays, codes = stored
    array = arrays[name]
    index = tuple(slice(None) if axis in (rows, columns) else place for axis, place in enumerate(at))
    wanted = np.asarray(array[index], np.float32)
    if rows > columns >= 0:
        wanted = wanted.T
    wanted = wanted.reshape(array.shape[rows] if rows >= 0 else 1, array.shape[columns] if columns >= 0 else 1)
    header, low, high = planes(values.slice(codes[name], rows, columns, at))
    own = {key: value for key, value in header.items() if key not in ("schema", "sections")}
    check(own, weights_contract.WeightSliceHeader, name)
    assert header["size"] == list(wanted.shape)
    if wanted.shape[1] <= LARGEST_SIDE:
        np.testing.assert_array_equal(low, wanted)
        np.testing.assert_array_equal(high, wanted)
    assert (np.nanmin(low), np.nanmax(high)) == (np.nanmin(wanted), np.nanmax(wanted))


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("turned", [False, True])
def test_large_slices_keep_the_least_and_the_greatest(
    stored: tuple[Values, Arrays, dict[str, int]], turned: bool
) -> None:
    values, arrays, codes = stored
    array = arrays["wide"].T if turned else arrays["wide"]
    header, low, high = planes(values.slice(codes["wide"], *((1, 0) if turned else (0, 1)), (0, 0)))
    assert low.shape == high.shape == (LARGEST_SIDE, LARGEST_SIDE)
    row_of = np.arange(array.shape[0]) * LARGEST_SIDE // array.shape[0]
    column_of = np.arange(array.shape[1]) * LARGEST_SIDE // array.shape[1]
    for row, column in ((0, 0), (255, 255), (17, 201), (128, 3)):
        block = array[np.ix_(row_of == row, column_of == column)]
        assert (low[row, column], high[row, column]) == (block.min(), block.max())
    assert header["size"] == list(array.shape)


@pytest.mark.parametrize(
    ("rows", "columns", "at"),
    [(0, 0, (0, 0)), (0, 2, (0, 0)), (0, 1, (0,)), (0, 1, (0, 900)), (5, 1, (0, 0)), (0, 1, (0, -1))],
)
def test_slices_that_are_not_there_are_refused(
    stored: tuple[Values, Arrays, dict[str, int]], rows: int, columns: int, at: tuple[int, ...]
) -> None:
    values, _, codes = stored
    with pytest.raises(OptionError):
        values.slice(codes["wide"], rows, columns, at)


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("name", sorted(made()))
def test_arrays_as_files_are_what_numpy_loads(stored: tuple[Values, Arrays, dict[str, int]], name: str) -> None:
    values, arrays, codes = stored
    length, pieces = values.npy(codes[name])
    data = b"".join(pieces)
    assert len(data) == length
    loaded = np.load(io.BytesIO(data), allow_pickle=False)
    assert loaded.dtype == arrays[name].dtype
    np.testing.assert_array_equal(loaded, arrays[name])


def test_a_large_weight_is_read_in_evenly_spread_pieces(
    stored: tuple[Values, Arrays, dict[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    values, arrays, codes = stored
    monkeypatch.setattr(module, "STEP", 1_000)
    monkeypatch.setattr(module, "MOST_READ", 10_000)
    values._known.clear()
    found = values.stats(codes["wide"])
    assert (found["count"], found["read"], found["channels"]) == (arrays["wide"].size, 10_000, None)
    values._known.clear()


def test_weights_without_values_say_so(tmp_path: Path) -> None:
    model = Path(__file__).resolve().parents[2] / "tests" / "models" / "unet.keras"
    with pytest.raises(CutawayError, match="not known where"):
        Values(str(model), read(model).weights).stats(0)
