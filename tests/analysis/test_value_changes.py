"""Values of weights that differ: as NumPy tells on the whole arrays, whatever the pieces that they are read in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import cutaway
from cutaway.analysis import value_changes
from cutaway.analysis.differences import differences
from cutaway.analysis.value_changes import with_values
from cutaway.errors import OptionError
from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Graph, Weight

Values = np.ndarray[Any, np.dtype[Any]]
FLOATS = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([float("nan"), float("inf"), float("-inf"), 0.0, -0.0]))


def model_with(shape: tuple[int, ...], dtype: str = "float32") -> Graph:
    builder = GraphBuilder("one", "keras_v3")
    builder.node("named_by_me", "Dense", weights=[Weight("named_by_me/kernel", "kernel", shape, dtype)])
    return builder.build()


def reader(values: Values, most: list[int] | None = None) -> Callable[[Weight, int, int], Values]:
    def read(_: Weight, start: int, stop: int) -> Values:
        if most is not None:
            most.append(stop - start)
        return values[start:stop]

    return read


@settings(max_examples=150, deadline=None)
@given(
    pair=st.integers(1, 40).flatmap(lambda n: st.tuples(*[arrays(np.float64, n, elements=FLOATS)] * 2)),
    keep=st.booleans(), piece=st.integers(1, 50),
)  # fmt: skip
def test_the_greatest_difference_is_that_of_the_whole_arrays(
    pair: tuple[Values, Values], keep: bool, piece: int
) -> None:
    old, new = pair if not keep else (pair[0], pair[0].copy())
    graph = model_with(old.shape)
    read: list[int] = []
    before = value_changes.PIECE
    value_changes.PIECE = piece
    try:
        found = with_values(differences(graph, graph), reader(old, read), reader(new))
    finally:
        value_changes.PIECE = before
    assert max(read) <= piece
    equal = np.isclose(old, new, rtol=0, atol=0, equal_nan=True)
    told = [change.new for change in found.differences.pairs[0].changes if change.what == "values"]
    if equal.all():
        assert told == []
        assert found.differences.equal
        return
    assert told[0]["different"] == int((~equal).sum())
    assert told[0]["of"] == old.size
    with np.errstate(invalid="ignore"):
        gaps = np.abs(old[~equal] - new[~equal])
    assert told[0]["max_abs_difference"] == (float(gaps.max()) if np.isfinite(gaps).all() else None)


def test_values_of_another_meaning_or_shape_are_not_compared() -> None:
    values = np.zeros(4)
    for old, new in ((("float32", (4,)), ("int8", (4,))), (("float32", (4,)), ("float32", (2, 2)))):
        found = with_values(
            differences(model_with(old[1], old[0]), model_with(new[1], new[0])), reader(values), reader(values + 1)
        )
        assert (found.compared, found.unread) == (0, 0)


def test_what_cannot_be_read_is_counted() -> None:
    graph = model_with((4,))
    found = with_values(differences(graph, graph), reader(np.zeros(4)), lambda *_: None)
    assert (found.compared, found.unread) == (0, 1)
    assert found.differences.equal


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small model as several formats, and the same with two weights moved by hand."""
    keras = pytest.importorskip("keras", reason="needs Keras to write models")
    folder = tmp_path_factory.mktemp("values")
    model = keras.Sequential([
        keras.Input((6, 6, 2)), keras.layers.Conv2D(3, 3, name="look"), keras.layers.Flatten(name="flat"),
        keras.layers.Dense(4, name="tell"),
    ])  # fmt: skip
    paths = {name: folder / f"{name}.{end}" for name, end in (("v3", "keras"), ("h5", "h5"), ("moved", "keras"))}
    model.save(paths["v3"])
    model.save(paths["h5"])
    model.export(str(folder / "saved"), verbose=False)
    kernel, bias = model.get_layer("tell").get_weights()
    kernel[5, 2] += 0.5
    kernel[7, 1] -= 0.125
    model.get_layer("tell").set_weights([kernel, bias])
    model.save(paths["moved"])
    return {**paths, "saved": folder / "saved"}


@pytest.mark.parametrize("other", ["h5", "saved"])
def test_formats_of_one_model_have_the_same_values(files: dict[str, Path], other: str) -> None:
    found = cutaway.diff(files["v3"], files[other], weights=True)
    assert found.equal, str(found)
    assert (found.values_compared, found.values_unread) == (4, 0)


@pytest.mark.parametrize("old", ["v3", "h5", "saved"])
def test_weights_that_were_trained_on_are_told(files: dict[str, Path], old: str) -> None:
    found = cutaway.diff(files[old], files["moved"], weights=True)
    told = [(pair.new.name, change) for pair in found.differences.pairs for change in pair.changes]
    assert [(name, change.what, change.name) for name, change in told] == [("tell", "values", "kernel")]
    assert told[0][1].new["different"] == 2
    assert told[0][1].new["max_abs_difference"] == pytest.approx(0.5, abs=1e-6)
    assert "values of kernel: differ by up to 0.5, 2 of 192" in str(found)
    assert found.to_dict()["values"] == {"compared": 4, "unread": 0}


def test_values_need_files() -> None:
    graph = model_with((4,))
    with pytest.raises(OptionError, match="expected paths"):
        cutaway.diff(graph, graph, weights=True)
