"""What the checks say, as the page gets it: the same as `cutaway check`, at the same places, and bounded."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any

import pytest

from cutaway import check
from cutaway.explorer import contract, findings
from cutaway.explorer.contract import Findings
from cutaway.explorer.findings import settings_of
from cutaway.explorer.page import to_html
from cutaway.explorer.session import Origin, Session
from cutaway.graph.model import Graph
from cutaway.graph.select import keep
from cutaway.picture import plot_model
from cutaway.readers import read
from tests.explorer.conform import check as conforms
from tests.explorer.hand import ROOT, arranged_of
from tests.graphs import picture, random_graph

RESNET = ROOT / "examples" / "resnet50.keras"
RANKS = ("error", "warning", "info")


def session_of(graph: Graph, **options: Any) -> Session:
    session = Session(Origin(read=lambda: graph, name="model", **options))
    session.take(graph)
    return session


def answer(session: Session, index: int = 0) -> Findings:
    found: Findings = json.loads(session._state.charts[index].findings())
    conforms(found, contract.Findings, "findings")
    return found


def ids(graph: Graph, at: list[int]) -> list[str]:
    return [graph.ids[item] if item >= 0 else graph.groups.ids[~item] for item in at]


def test_they_are_those_of_the_command() -> None:
    session = session_of(read(RESNET), settings=settings_of(RESNET))
    graph = session._state.charts[0].arranged.graph
    found = answer(session)
    report = check(RESNET)
    assert [
        (each["check"], RANKS[each["severity"]], each["what"], ids(graph, each["at"])) for each in found["findings"]
    ] == [(each.check, each.severity, each.what, list(each.where)) for each in report.findings]
    assert len(report.findings) == 53
    assert set(found["checks"]) == {"CA020"}
    assert found["checks"]["CA020"]["do"] == report.findings[0].do


def test_how_a_model_was_compiled_counts(tmp_path: Any) -> None:
    from tests.test_inspection import keras_file

    loss = {"loss": "sparse_categorical_crossentropy"}
    plain, wrong = keras_file(tmp_path / "a.keras"), keras_file(tmp_path / "b.keras", compile_config=loss)
    assert answer(session_of(read(plain), settings=settings_of(plain)))["findings"] == []
    (one,) = answer(session_of(read(wrong), settings=settings_of(str(wrong))))["findings"]
    assert one["severity"] == 0
    page = plot_model(wrong, None).save(tmp_path / "b.html").read_text()
    assert [each["check"] for each in embedded(page)["findings"]] == [one["check"]]


def embedded(page: str) -> Findings:
    block = re.search('id="findings">([^<]*)<', page)
    assert block is not None
    found: Findings = json.loads(gzip.decompress(base64.b64decode(block.group(1))))
    conforms(found, contract.Findings, "findings")
    return found


def test_marks_count_what_lies_in_each_group() -> None:
    session = session_of(read(RESNET))
    graph = session._state.charts[0].arranged.graph
    found = answer(session)
    counted = {found["marks"][at]: found["marks"][at + 1 : at + 4] for at in range(0, len(found["marks"]), 4)}
    expected: dict[int, list[int]] = {}
    for each in found["findings"]:
        item = each["at"][0]
        places = {item}
        group = graph.node_groups[item]
        while group > 0:
            places.add(~group)
            group = graph.groups.parents[group]
        for place in places:
            expected.setdefault(place, [0, 0, 0])[each["severity"]] += 1
    assert counted == expected
    assert any(item < 0 for item in counted)


def test_a_part_has_the_findings_of_the_whole_and_no_others() -> None:
    session = session_of(read(RESNET))
    graph = session._state.charts[0].arranged.graph
    part = session.add(keep(graph, [at for at, name in enumerate(graph.names) if name.startswith("conv2_block1_")]))
    kept = set(part.arranged.graph.ids)
    of_whole = [ids(graph, each["at"]) for each in answer(session)["findings"]]
    of_part = [ids(part.arranged.graph, each["at"]) for each in answer(session, part.index)["findings"]]
    assert of_part == [places for places in of_whole if kept.issuperset(places)]
    assert 0 < len(of_part) < len(of_whole)


@pytest.mark.parametrize("seed", range(6))
def test_any_graph_has_an_answer(seed: int) -> None:
    answer(session_of(random_graph(seed, 30, 6)))


def test_a_long_list_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "MOST_LISTED", 10)
    found = answer(session_of(read(RESNET)))
    assert (len(found["findings"]), found["hidden"]) == (10, 43)
    root_sum = sum(found["marks"][at + 3] for at in range(0, len(found["marks"]), 4) if found["marks"][at] >= 0)
    assert root_sum == 53


def test_a_page_says_where_nobody_looked(tmp_path: Any) -> None:
    graph = read(RESNET)
    assert embedded(to_html(arranged_of(graph)).decode())["unchecked"]
    part = plot_model(RESNET, None, layer_range=["conv1_pad", "conv2_block1_out"]).save(tmp_path / "part.html")
    assert embedded(part.read_text())["unchecked"]
    whole = plot_model(RESNET, None).save(tmp_path / "whole.html")
    assert (embedded(whole.read_text())["unchecked"], len(embedded(whole.read_text())["findings"])) == ("", 53)


def test_names_are_cleaned() -> None:
    graph = picture("a\u202eb -> c\nc -> d\nc -> e")
    texts = json.dumps(answer(session_of(graph)), ensure_ascii=False)
    assert "\u202e" not in texts
