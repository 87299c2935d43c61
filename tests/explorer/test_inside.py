"""What the page is told about the outputs of layers, against NumPy."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import cutaway
from cutaway.errors import OptionError
from cutaway.explorer import inside_contract, weights_contract
from cutaway.explorer.inquiry import inquire
from cutaway.explorer.inside import LARGEST_MAP, MOST_MAPS, Inside
from cutaway.explorer.server import application
from cutaway.explorer.session import NotReady, Origin, Session
from cutaway.explorer.text import to_json
from tests.explorer.conform import check

Array = np.ndarray[Any, Any]


def model_of_maps() -> Any:
    keras.utils.set_random_seed(1)
    image = keras.Input((200, 30, 2), name="image")
    x = layers.Conv2D(70, 3, padding="same", name="conv", activation="relu")(image)
    return keras.Model(image, layers.GlobalAveragePooling2D(name="pool")(x), name="maps")


@pytest.fixture(scope="module")
def runs() -> list[cutaway.Activations]:
    model = model_of_maps()
    return [cutaway.activations(model, seed=seed) for seed in (0, 1)]


@pytest.fixture(scope="module")
def inside(runs: list[cutaway.Activations]) -> Inside:
    return Inside(runs)


def code_of(inside: Inside, runs: list[cutaway.Activations], name: str) -> int:
    graph = runs[0].graph
    return inside.node(graph, graph.ids.index(name))["outputs"][0]["code"]


def sections(pieces: list[bytes]) -> tuple[dict[str, Any], dict[str, Array]]:
    body = b"".join(pieces)
    length = int.from_bytes(body[:4], "little")
    header = json.loads(body[4 : 4 + length])
    found = {}
    for section in header["sections"]:
        start = 4 + length + section["offset"]
        found[section["name"]] = np.frombuffer(body[start : start + section["length"]], "<f4")
    return header, found


def test_a_node_tells_what_there_is(runs: list[cutaway.Activations], inside: Inside) -> None:
    graph = runs[0].graph
    told = inside.node(graph, graph.ids.index("conv"))
    check(json.loads(to_json(told)), inside_contract.InsideNode, "node")
    assert told["inputs"] == ["random numbers, seed 0", "random numbers, seed 1"]
    (output,) = told["outputs"]
    assert output["axes"] == [3, 1, 2]
    assert output["there"] == [True, True, True]
    assert output["shape"] == [1, 200, 30, 70]


def test_statistics_of_both_inputs_and_of_their_difference(runs: list[cutaway.Activations], inside: Inside) -> None:
    code = code_of(inside, runs, "conv")
    first, second = (run["conv"].numpy().astype(np.float64) for run in runs)
    for at, values in enumerate((first, second, first - second)):
        said = inside.stats(code + at)
        check(json.loads(to_json(said)), weights_contract.WeightStats, "stats")
        assert said["zeros"] == (values == 0).sum()
        told = [said["min"], said["max"], said["mean"], said["norm"]]
        assert told == pytest.approx([values.min(), values.max(), values.mean(), np.linalg.norm(values)], rel=1e-6)
        assert sum(inside.histogram(code + at, 16)["counts"]) == values.size


def test_feature_maps_are_means_of_what_they_stand_for(runs: list[cutaway.Activations], inside: Inside) -> None:
    code = code_of(inside, runs, "conv")
    header, found = sections(inside.maps(code, (3, 1, 2), [0, 0, 0, 0], 60))
    assert (header["count"], header["of"], header["rows"], header["columns"]) == (10, 70, LARGEST_MAP, 30)
    values = runs[0]["conv"].numpy()[0]
    edges = [-(-at * 200 // LARGEST_MAP) for at in range(LARGEST_MAP + 1)]
    maps = found["values"].reshape(10, LARGEST_MAP, 30)
    for channel in (60, 69):
        expected = [values[low:high, :, channel].mean(0) for low, high in pairwise(edges)]
        np.testing.assert_allclose(maps[channel - 60], expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(found["high"], values[..., 60:].max((0, 1)))
    np.testing.assert_array_equal(found["low"], values[..., 60:].min((0, 1)))


def test_maps_of_a_difference_and_the_first_page(runs: list[cutaway.Activations], inside: Inside) -> None:
    code = code_of(inside, runs, "image")
    header, found = sections(inside.maps(code + 2, (3, 2, 1), [0, 0, 0, 0], 0))
    assert (header["of_rows"], header["of_columns"], header["count"]) == (30, 200, 2)
    change = runs[0]["image"].numpy() - runs[1]["image"].numpy()
    np.testing.assert_allclose(found["high"], change.max((0, 1, 2)), rtol=1e-6)
    assert header["count"] <= MOST_MAPS


@pytest.mark.parametrize(
    ("axes", "at", "first"),
    [((3, 1, 1), [0] * 4, 0), ((3, 1, 9), [0] * 4, 0), ((3, 1, 2), [0] * 3, 0), ((3, 1, 2), [1, 0, 0, 0], 0),
     ((3, 1, 2), [0] * 4, 70)],
)  # fmt: skip
def test_maps_that_are_not_there_are_refused(
    runs: list[cutaway.Activations], inside: Inside, axes: tuple[int, int, int], at: list[int], first: int
) -> None:
    with pytest.raises(OptionError, match="dimension"):
        inside.maps(code_of(inside, runs, "conv"), axes, at, first)


def test_one_input_has_no_difference(runs: list[cutaway.Activations]) -> None:
    alone = Inside(runs[:1])
    code = code_of(alone, runs, "conv")
    assert alone.node(runs[0].graph, 1)["outputs"][0]["there"] == [True, False, False]
    with pytest.raises(OptionError, match="no such output"):
        alone.stats(code + 1)


def test_what_the_drawing_is_coloured_by(runs: list[cutaway.Activations], inside: Inside) -> None:
    graph = runs[0].graph
    facts = inside.facts(graph)
    at = graph.ids.index("conv")
    first, second = (run["conv"].numpy().astype(np.float64) for run in runs)
    assert facts["output_zeros_2"][at] == pytest.approx((second == 0).mean())
    assert facts["output_mean"][at] == pytest.approx(first.mean())
    change = np.linalg.norm(first - second) / np.linalg.norm(first)
    assert facts["output_change"][at] == pytest.approx(change, rel=1e-6)


def test_outputs_without_values_still_have_numbers() -> None:
    import cutaway.running.store as store

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store.Store, "_free", lambda _: 0)
        run = cutaway.activations(model_of_maps(), memory=0)
    kept = Inside([run])
    code = code_of(kept, [run], "conv")
    assert kept.stats(code)["count"] == 200 * 30 * 70
    assert sum(kept.histogram(code, 64)["counts"]) == 200 * 30 * 70
    with pytest.raises(OptionError, match="not kept"):
        kept.maps(code, (3, 1, 2), [0] * 4, 0)


def test_the_server_answers_about_one_run(runs: list[cutaway.Activations]) -> None:
    graph = runs[0].graph
    session = Session(Origin(read=lambda: graph, name="maps", run=lambda: runs))
    session.load()
    app = application(session)
    head = json.loads(inquire(app, "chart", "", None).body)
    assert head["live"]["inside"] == 2
    told = json.loads(inquire(app, "inside/node", f"index={graph.ids.index('pool')}", None).body)
    code = told["outputs"][0]["code"]
    assert json.loads(inquire(app, "inside/stats", f"code={code}", None).body)["count"] == 70
    answer = inquire(app, "inside/npy", f"code={code}", None)
    np.testing.assert_array_equal(np.load(io.BytesIO(bytes(answer.body))), runs[0]["pool"].numpy())
    assert inquire(app, "inside/stats", "code=999", None).status == 400
    assert inquire(app, "inside/maps", f"code={code}&axes=0,1&at=0,0", None).status == 400


def test_a_model_that_was_not_run_says_so(runs: list[cutaway.Activations]) -> None:
    graph = runs[0].graph
    session = Session(Origin(read=lambda: graph, name="maps"))
    session.load()
    with pytest.raises(NotReady, match="not run"):
        session.inside()
    assert inquire(application(session), "inside/node", "index=0", None).status == 422
