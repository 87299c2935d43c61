"""Indices of checkpoints: the numbers are those that NumPy finds in the whole arrays, whoever worked."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.analysis.array_statistics import Sums
from cutaway.graph.model import Weight
from cutaway.indexing import checkpoints
from cutaway.indexing.build import build_index
from cutaway.indexing.places import open_place
from cutaway.readers.values import read_values
from tests.indexing.making import tree

ROOT = Path(__file__).resolve().parents[2]


def made_arrays() -> dict[str, np.ndarray[Any, Any]]:
    chance = np.random.default_rng(5)
    broken = chance.normal(size=(40, 30)).astype(np.float32)
    broken[3, 4], broken[5, 6], broken[7, 8] = math.nan, math.inf, -math.inf
    return {
        "encoder/kernel": chance.normal(2, 3, (150, 333)).astype(np.float32),
        "encoder/bias": np.zeros(333, np.float32),
        "encoder/half": chance.normal(size=(7, 9)).astype(np.float16),
        "decoder/broken": broken,
        "decoder/table": chance.integers(-50, 50, (20, 5)).astype(np.int64),
        "head/offset": np.array([7], np.int64),
    }


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A checkpoint of TensorFlow in two shards."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("checkpoint")
    arrays = made_arrays()
    parts = []
    for shard in range(2):
        names = sorted(arrays)[shard::2]
        parts.append(str(folder / "parts" / f"part{shard}"))
        tf.raw_ops.SaveV2(
            prefix=parts[-1], tensor_names=names, shape_and_slices=[""] * len(names),
            tensors=[tf.constant(arrays[name]) for name in names],
        )  # fmt: skip
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=parts, destination_prefix=str(folder / "ckpt"))
    assert len(list(folder.glob("ckpt.data-*-of-00002"))) == 2
    return str(folder / "ckpt.index")


def test_numbers_are_those_of_the_whole_arrays(shards: str, tmp_path: Path) -> None:
    counts = build_index(shards, str(tmp_path / "index"))
    rows = pq.read_table(tmp_path / "index" / "weights.parquet").to_pylist()
    arrays = made_arrays()
    assert {row["weight"] for row in rows} == set(arrays)
    assert counts == {"weights": 6, "values": sum(value.size for value in arrays.values())}
    for row in rows:
        value = arrays[row["weight"]]
        exact = value.astype(np.float64).reshape(-1)
        assert (row["count"], row["dtype"], row["bytes"]) == (exact.size, str(value.dtype), value.nbytes)
        assert (row["nan"], row["posinf"], row["neginf"]) == ((1, 1, 1) if "broken" in row["weight"] else (0, 0, 0))
        exact = exact[np.isfinite(exact)]
        assert (row["min"], row["max"]) == (exact.min(), exact.max())
        assert row["mean"] == pytest.approx(exact.mean(), rel=1e-12, abs=1e-300)
        assert row["std"] == pytest.approx(exact.std(), rel=1e-9, abs=1e-15)
        assert row["norm"] == pytest.approx(np.linalg.norm(exact), rel=1e-12)
        assert row["zeros"] == int((exact == 0).sum())


def test_parts_of_a_weight_tell_the_same_as_the_whole(shards: str, tmp_path: Path) -> None:
    counts = set()
    for most in (999, 5_000, checkpoints.PART):
        target = tmp_path / str(most)
        parts = checkpoints.tasks(shards, str(target), most)
        assert all(sum(span.stop - span.start for span in part.spans) <= most for part in parts)
        for part in parts:
            checkpoints.index_part(part)
        counts.add(tuple(checkpoints.finish(open_place(str(target)), parts).items()))
    assert len(counts) == 1
    few, whole = (pq.read_table(tmp_path / str(most) / "weights.parquet") for most in (999, checkpoints.PART))
    for one, other in zip(few.to_pylist(), whole.to_pylist(), strict=True):
        assert {key: value for key, value in one.items() if key not in ("mean", "std", "norm")} == {
            key: value for key, value in other.items() if key not in ("mean", "std", "norm")
        }
        for key in ("mean", "std", "norm"):
            assert one[key] is None or math.isclose(one[key], other[key], rel_tol=1e-9, abs_tol=1e-12)


def test_processes_make_the_same_bytes_and_known_parts_stay(
    shards: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = checkpoints.tasks
    monkeypatch.setattr(checkpoints, "tasks", lambda source, index: real(source, index, 5_000))
    build_index(shards, str(tmp_path / "one"))
    build_index(shards, str(tmp_path / "two"), workers=2)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert len(list((tmp_path / "one" / "pieces").iterdir())) > 8
    (tmp_path / "one" / "pieces" / "000003.json").unlink()  # as if it was stopped there
    again: list[int] = []

    def watched(source: Any, weight: Weight, start: int, stop: int) -> Any:
        again.append(start)
        return read_values(source, weight, start, stop)

    monkeypatch.setattr(checkpoints, "read_values", watched)
    build_index(shards, str(tmp_path / "one"))
    assert len(again) == 1
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_a_cluster_makes_the_same_bytes(tmp_path: Path) -> None:
    from distributed import LocalCluster

    model = ROOT / "examples" / "digits.keras"
    build_index(str(model), str(tmp_path / "one"))
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0") as cluster:
        build_index(str(model), str(tmp_path / "dask"), scheduler=cluster.scheduler_address)
    assert tree(tmp_path / "one") == tree(tmp_path / "dask")
    rows = pq.read_table(tmp_path / "one" / "weights.parquet").to_pylist()
    assert len(rows) > 4
    assert all(row["problem"] == "" for row in rows)


def test_a_checkpoint_that_was_written_anew_is_read_anew(shards: str, tmp_path: Path) -> None:
    import tensorflow as tf

    name = str(tmp_path / "again")
    for value in (1.0, 5.0):
        tf.raw_ops.SaveV2(
            prefix=name, tensor_names=["v"], shape_and_slices=[""], tensors=[tf.constant([value], tf.float32)]
        )
        build_index(f"{name}.index", str(tmp_path / "index"))
        assert pq.read_table(tmp_path / "index" / "weights.parquet").to_pylist()[0]["max"] == value


@given(st.lists(st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0]), max_size=60), st.data())
def test_joined_sums_are_those_of_all_values(values: list[float], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(values)))
    array = np.array(values, np.float64)
    sums = Sums()
    sums.add(array[:cut])
    sums.add(array[cut:])
    finite = array[np.isfinite(array)]
    assert (sums.read, sums.finite, sums.zeros) == (len(array), len(finite), int((array == 0).sum()))
    assert (sums.nan, sums.posinf, sums.neginf) == (
        int(np.isnan(array).sum()), int(np.isposinf(array).sum()), int(np.isneginf(array).sum())
    )  # fmt: skip
    if len(finite):
        scale = float(np.abs(finite).max()) or 1.0
        assert (sums.low, sums.high) == (finite.min(), finite.max())
        assert sums.mean == pytest.approx(finite.mean(), abs=1e-12 * scale)
        assert sums.deviation == pytest.approx(finite.std(), abs=1e-9 * scale)
        assert sums.norm == pytest.approx(float(np.linalg.norm(finite)), abs=1e-9 * scale)
