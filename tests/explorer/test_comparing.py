"""Two models in the explorer: three charts that agree, what joins them, the server, and the page of one file."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import zipfile
from collections import Counter
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import cutaway
from cutaway.analysis.merging import ADDED, HOLDS, NOWHERE, REMOVED, STATES
from cutaway.cli import main
from cutaway.errors import OptionError
from cutaway.explorer import contract, weights_contract
from cutaway.explorer.compared_weights import once
from cutaway.explorer.comparing import SIDES, Comparing
from cutaway.explorer.details import group_details
from cutaway.explorer.export import export
from cutaway.explorer.marks import with_changes
from cutaway.explorer.opening import file_session
from cutaway.explorer.page import to_compared_html
from cutaway.explorer.session import Origin, Session
from cutaway.explorer.text import shown
from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Graph, Weight
from cutaway.graph.select import members
from cutaway.overlays.overlay import overlay_on
from cutaway.readers import read
from cutaway.style.changes import CHANGES
from cutaway.style.theme import THEMES
from tests.explorer.client import Client, serve
from tests.explorer.conform import check
from tests.explorer.hand import decode
from tests.graphs import picture

MODELS = Path(__file__).parents[1] / "models"
PAIRS = [
    ("MobileNet.keras", "MobileNetV2.keras"),
    ("ResNet50.keras", "ResNet50.keras"),
    ("transformer_encoder.keras", "saved_model_encoder.zip"),
    ("unet.keras", "gan.keras"),
]


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: f"{pair[0]}-{pair[1]}")
def comparing(request: pytest.FixtureRequest) -> Comparing:
    old, new = (read(MODELS / name) for name in request.param)
    return Comparing.of(old, new)


@pytest.fixture(scope="module")
def told(comparing: Comparing) -> dict[str, Any]:
    return decode(comparing.container())


def test_every_column_is_as_long_as_its_chart(comparing: Comparing, told: dict[str, Any]) -> None:
    for side, arranged in zip(SIDES, comparing.arranged, strict=True):
        assert len(told[f"{side}_state"]) == len(arranged.graph)
        assert len(told[f"{side}_group_state"]) == len(arranged.graph.groups)
        if side != "both":
            assert len(told[f"{side}_node"]) == len(arranged.graph)
            assert len(told[f"both_{side}_node"]) == len(comparing.arranged[0].graph)
            assert len(told[f"{side}_group"]) == len(arranged.graph.groups)


def test_items_lead_to_items_and_back(comparing: Comparing, told: dict[str, Any]) -> None:
    both = comparing.arranged[0].graph
    for side, arranged in zip(SIDES[1:], comparing.arranged[1:], strict=True):
        there, back = told[f"{side}_node"], told[f"both_{side}_node"]
        assert np.all((there >= -len(both.groups)) & (there < len(both)) | (there == NOWHERE))
        for node, item in enumerate(there.tolist()):
            if item >= 0 and both.names[item] == arranged.graph.names[node]:
                assert back[item] != NOWHERE
        for item, node in enumerate(back.tolist()):
            assert node == NOWHERE or there[node] == item
        groups = told[f"{side}_group"]
        assert groups[0] == 0
        assert np.all((groups == NOWHERE) | ((groups >= 0) & (groups < len(both.groups))))


def test_states_are_those_of_the_differences(comparing: Comparing, told: dict[str, Any]) -> None:
    found = comparing.compared.differences
    counts = [int((told["both_state"] == code).sum()) for code in range(len(STATES))]
    if found.level == "node":
        assert counts[STATES.index("added")] == len(found.added)
        assert counts[STATES.index("removed")] == len(found.removed)
        assert counts[0] == sum(pair.same for pair in found.pairs)
    assert np.all(told["old_state"] != STATES.index("added"))
    assert np.all(told["new_state"] != STATES.index("removed"))
    graph = comparing.arranged[0].graph
    inside: dict[int, set[int]] = {}
    for node, group in enumerate(graph.node_groups):
        while group >= 0:
            inside.setdefault(group, set()).add(int(told["both_state"][node]))
            group = graph.groups.parents[group]
    for group, states in inside.items():
        state = int(told["both_group_state"][group])
        if group == 0:
            continue
        assert state == (next(iter(states)) if len(states) == 1 else HOLDS)


def test_every_change_is_told_once_with_its_items(comparing: Comparing, told: dict[str, Any]) -> None:
    found = comparing.compared.differences
    texts = [json.loads(text) for text in told["change"]]
    for text in texts:
        check(text, contract.Change, "change")
    assert len(texts) == len(found.added) + len(found.removed) + sum(not pair.same for pair in found.pairs)
    for at, (old, new) in enumerate(zip(told["change_old"].tolist(), told["change_new"].tolist(), strict=True)):
        for side, item in (("old", old), ("new", new)):
            assert (item == NOWHERE) == (side not in texts[at])
            if item != NOWHERE:
                graph = comparing.arranged[SIDES.index(side)].graph
                identity = graph.ids[item] if item >= 0 else graph.groups.ids[~item]
                assert texts[at][side]["id"] == identity
        item = int(told["change_item"][at])
        graph = comparing.arranged[0].graph
        name = graph.names[item] if item >= 0 else graph.groups.names[~item]
        assert name.removesuffix(" (old)") == texts[at].get("new", texts[at].get("old"))["name"]


def test_heads_say_which_chart_they_are(comparing: Comparing) -> None:
    for at, side in enumerate(SIDES):
        head = json.loads(json.dumps(comparing.head(side, 5)))
        check(head, contract.Compare, "compare")
        assert head["side"] == side
        assert head["charts"] == [5, 6, 7]
        assert head["charts"][at] == 5 + at
        assert set(head["looks"]) == set(CHANGES)


def test_the_same_models_give_the_same_bytes() -> None:
    old, new = (MODELS / name for name in PAIRS[0])
    one, other = (b"".join(Comparing.of(read(old), read(new)).container()) for _ in range(2))
    assert one == other


def session_of(old: Graph, new: Graph) -> Session:
    session = Session(Origin(read=lambda: new, name="new", read_old=lambda: old))
    session.load()
    return session


def test_a_session_keeps_its_three_charts_beside_those_of_parts() -> None:
    old, new = (read(MODELS / name) for name in PAIRS[0])
    session = session_of(old, new)
    for _ in range(20):
        session.add(new)
    assert session.comparing is not None
    charts = [session._state.charts[at] for at in range(3)]
    assert [chart.compare["side"] for chart in charts if chart.compare] == list(SIDES)
    assert json.loads(charts[1].head())["compare"]["charts"] == [0, 1, 2]
    assert session.states(charts[2]) is not None
    assert session.states(session._state.charts[max(session._state.charts)]) is None


def test_pictures_of_the_page_are_marked(tmp_path: Path) -> None:
    old, new = (read(MODELS / name) for name in PAIRS[0])
    comparing = Comparing.of(old, new)
    both = comparing.arranged[0]
    marks = with_changes(None, both.graph, comparing.states[0], THEMES["light"])
    text = export(both, THEMES["light"], "svg", None, marks).decode()
    assert all(f">{word}: {count}<" in text for word, count in (
        ("added", len(comparing.compared.differences.added)), ("removed", len(comparing.compared.differences.removed)),
    ))  # fmt: skip


def test_one_file_holds_all_three_charts(tmp_path: Path) -> None:
    found = cutaway.diff(MODELS / "unet.keras", MODELS / "gan.keras")
    found.plot(tmp_path / "x.html")
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    blocks = dict(re.findall(r'<script type="application/octet-stream" id="([\w-]+)">([^<]*)<', text))
    assert {
        "comparison",
        *(f"{name}{end}" for name in ("chart", "parts", "columns") for end in ("", "-1", "-2")),
    } <= set(blocks)
    heads = [json.loads(gzip.decompress(base64.b64decode(blocks[f"chart{end}"]))) for end in ("", "-1", "-2")]
    assert [head["compare"]["side"] for head in heads] == list(SIDES)
    assert [head["chart"] for head in heads] == [0, 1, 2]
    assert heads[1]["model"]["nodes"] == len(found.old)
    again = tmp_path / "y.html"
    found.plot(again)
    assert again.read_bytes() == (tmp_path / "x.html").read_bytes()


def test_the_server_answers_for_each_chart_and_refuses_where_one_model_is_shown() -> None:
    old, new = (read(MODELS / name) for name in PAIRS[3])
    listening, thread = serve(Session(Origin(read=lambda: new, name="new", read_old=lambda: old)))
    try:
        client = Client(listening)
        head = client.json("/chart")
        check(head, contract.Head, "head")
        assert head["compare"]["side"] == "both"
        status, _, body = client.ask("/comparison")
        assert status == 200
        assert len(decode([body])["both_state"]) == head["model"]["nodes"]
        sides = [client.json(f"/chart?chart={chart}") for chart in head["compare"]["charts"][1:]]
        assert [side["model"]["nodes"] for side in sides] == [len(old), len(new)]
        assert client.ask("/export?format=svg&chart=1")[0] == 200
        assert client.ask("/weight/stats?code=0")[0] == 422
    finally:
        listening.end()
        thread.join(10)
    listening, thread = serve(Session(Origin(read=lambda: new, name="new")))
    try:
        assert Client(listening).ask("/comparison")[0] == 404
    finally:
        listening.end()
        thread.join(10)


def test_an_old_model_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = str(MODELS / "unet.keras")
    assert main(["view", new, "--compare", str(tmp_path / "none.keras"), "--no-browser"]) == 3
    assert "there is no such file" in capsys.readouterr().err


def test_names_of_a_stranger_are_cleaned_and_never_markup(tmp_path: Path) -> None:
    def graph(*names: str) -> Graph:
        builder = GraphBuilder("</title><script>alert(1)</script>", "test")
        for name in names:
            builder.node(name, "De\u202ense", attributes={"said": "\u202eevil\x00"})
        return builder.build()

    bad = "<img src=x onerror=alert(1)>\u202egnp\x07"
    comparing = Comparing.of(graph("kept"), graph("kept", bad))
    told = json.loads(decode(comparing.container())["change"][0])["new"]
    assert told["name"] == shown(bad)
    assert told["op"] == shown("De\u202ense")
    page = to_compared_html(comparing).decode()
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page


def test_two_models_are_shown_in_a_notebook() -> None:
    old, new = (read(MODELS / name) for name in PAIRS[3])
    frame = cutaway.show(new, compare=old)
    try:
        assert len(frame.graph) == len(Comparing.of(old, new).compared.merged.graph)
        text = frame._repr_html_()
        assert "id=&quot;comparison&quot;" in text
    finally:
        frame.close()


def test_values_of_weights_are_compared_as_numpy_does(tmp_path: Path) -> None:
    from tests.browser.test_compare_served import DIGITS, with_one_value_changed

    first = with_one_value_changed(tmp_path / "new.keras")
    session = file_session(str(tmp_path / "new.keras"), compare=str(DIGITS))
    session.load()
    listening, thread = serve(session)
    client = Client(listening)
    try:
        graph = next(iter(session._state.charts.values())).arranged.graph
        told = client.json(f"/comparison/weights?item={graph.ids.index(first)}")
        check(told, weights_contract.ComparedWeights, "weights")
        kernel, bias = told["weights"]
        before, after = (values_of_kernel(path) for path in (DIGITS, tmp_path / "new.keras"))
        assert kernel["largest"] == pytest.approx(float(np.abs(after - before).max()))
        assert (kernel["different"], kernel["count"]) == (1, before.size)
        for side, values in (("old", before), ("new", after)):
            for name, expected in (("mean", values.mean()), ("std", values.std()), ("max", values.max())):
                assert kernel[side][name] == pytest.approx(float(expected), rel=1e-5)
        assert (bias["largest"], bias["different"]) == (0.0, 0)
        assert client.ask("/comparison/weights?item=99999")[0] == 404
        assert client.ask("/comparison/weights")[0] == 404
        other = client.json("/chart")["compare"]["charts"][1]
        assert client.ask(f"/comparison/weights?chart={other}&item=1")[0] == 404
    finally:
        listening.end()
        thread.join(10)


def values_of_kernel(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
        return file["layers/conv2d/vars/0"][...]


def test_a_table_means_the_same_layers_in_the_drawing_of_both() -> None:
    old = picture("a -> gone\n gone -> block/one\n block/one -> block/two\n block/two -> end")
    new = picture("a -> block/one\n block/one -> block/two\n block/two -> fresh\n fresh -> end")
    table = {"block/one": 1.0, "block/two": 2.0, "fresh": 4.0, "gone": 8.0}
    both, of_old, of_new = Comparing.of(old, new).charts(
        {"weights": False, "focus": True, "export": True, "inside": 0}, dict, lay=partial(overlay_on, source=table)
    )
    assert of_old.overlay is None
    for chart in (both, of_new):
        graph, overlay = chart.arranged.graph, chart.overlay
        assert overlay is not None
        assert {graph.ids[node]: value for node, value in overlay.nodes.items()} == {
            "block/one": 1.0, "block/two": 2.0, "fresh": 4.0
        }  # fmt: skip
        assert {graph.groups.ids[at]: value for at, value in overlay.groups.items()} == {"": 7.0, "block": 3.0}
    with pytest.raises(OptionError, match="names no layer"):
        Comparing.of(old, new).charts(
            {"weights": False, "focus": True, "export": True, "inside": 0},
            dict,
            lay=partial(overlay_on, source={"gone": 1.0}),
        )


def test_of_several_weights_of_one_name_none_is_told_as_the_partner_of_another() -> None:
    one, two, other = (Weight(f"a/{at}", name, (2,)) for at, name in enumerate(("kernel", "kernel", "bias")))
    assert once([one, two, other]) == [other]
    assert once([one, other]) == [one, other]


def test_sums_of_groups_are_those_of_each_model(comparing: Comparing, told: dict[str, Any]) -> None:
    compared, both = comparing.compared, comparing.arranged[0].graph
    for side, (name, sums) in product((0, 1), compared.to_totals().items()):
        if name in ("nodes", "parameters", "weight_bytes", "macs"):
            assert told[f"both_{SIDES[side + 1]}_{name}"][0] == sums[side], (SIDES[side + 1], name)
    for group in range(1, len(both.groups)):
        inside = Counter(int(told["both_state"][node]) for node in members(both, [group]))
        count = sum(inside.values())
        assert told["both_new_nodes"][group] == count - inside[REMOVED]
        if compared.differences.level == "node":  # else the old model has other nodes for the same
            assert told["both_old_nodes"][group] == count - inside[ADDED]


def test_what_is_gone_counts_in_no_sum_of_the_chart_of_both(comparing: Comparing) -> None:
    both, _, new = comparing.charts({"weights": False, "focus": False, "export": False, "inside": 0}, dict)
    graph = both.arranged.graph
    found = decode(both.columns())
    assert found["group_parameters"][0] == decode(new.columns())["group_parameters"][0]
    gone = [at for at, state in enumerate(comparing.states[0]) if state == REMOVED]
    assert np.isnan(found["fact:macs"][gone]).all()
    assert np.nansum(found["fact:macs"]) == comparing.compared.to_totals()["macs"][1]
    for group in range(len(graph.groups)):
        told = group_details(both.arranged, group, both.facts(), both.counted)
        assert told["parameters"] == found["group_parameters"][group]
    assert both.model()["parameters"] == new.model()["parameters"]
