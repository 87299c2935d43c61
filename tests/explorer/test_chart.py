"""The chart: what a page puts together of it is what the layout made, for every group of every model."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from cutaway.analysis.ops import FAMILIES
from cutaway.drawing.arrange import Arranged
from cutaway.drawing.places import to_places
from cutaway.explorer import chart as module
from cutaway.explorer.chart import Chart
from cutaway.graph.model import Graph
from cutaway.layout import nesting
from cutaway.readers import read
from cutaway.style.theme import THEMES
from tests.explorer.hand import ALL, ROOT, arranged_of, chart_of, whole
from tests.graphs import DIAMOND, LOOP, TWICE, picture, random_graph

EMPTY_GROUP = picture("a -> g/h/b \n g/h/b -> c")
NAMES = ("resnet50", "digits")


def models() -> list[Graph]:
    found = [read(ROOT / "examples" / f"{name}.keras") for name in NAMES]
    return [*found, DIAMOND, LOOP, TWICE, EMPTY_GROUP, *(random_graph(seed, 60, 9) for seed in range(4))]


@pytest.fixture(scope="module", params=range(10))
def arranged(request: pytest.FixtureRequest) -> Arranged:
    return arranged_of(models()[request.param])


def transforms(found: dict[str, Any]) -> dict[int, tuple[float, float, float]]:
    """Where the inside of every open group lies on the page, as a page works it out."""
    placed = {0: (0.0, 0.0, 1.0)}
    for number in sorted(map(int, found["parts"])):
        part = found["parts"][str(number)]
        if part["parent"] >= 0 and part["closed"] == 0:
            x, y, scale = placed[part["parent"]]
            placed[number] = (x + part["x"] * scale, y + part["y"] * scale, scale * part["scale"])
    return placed


def close(one: float, other: float, scale: float) -> bool:
    return abs(one - other) <= 0.03 * max(scale, 0.2)


def test_every_box_lies_where_the_drawing_has_it(arranged: Arranged) -> None:
    found = whole(Chart(arranged, ALL))
    boxes = iter(to_places(arranged.graph, arranged.nested)["boxes"])
    wanted = {box["id"]: box for box in boxes}
    seen = 0
    for group, (x, y, scale) in transforms(found).items():
        part = found["parts"][str(group)]
        own = arranged.graph.groups.ids[group]
        numbers = found["sheets"][str(part["sheet"])]["boxes"]
        for position, identity in enumerate(part["ids"]):
            box = wanted[own + identity if identity.startswith("/") else identity]
            left, top, width, height = numbers[4 * position : 4 * position + 4]
            assert close(x + left * scale, box["x"], scale)
            assert close(y + top * scale, box["y"], scale)
            assert close(width * scale, box["width"], scale)
            assert close(height * scale, box["height"], scale)
            seen += 1
    assert seen == len(wanted) == len(arranged.graph) + len(arranged.graph.groups) - 1


def test_every_edge_can_be_followed_through_the_pins(arranged: Arranged) -> None:
    graph, found = arranged.graph, whole(Chart(arranged, ALL))
    reached = set()
    for number, part in found["parts"].items():
        for source, port, target, slot, _, _ in found["sheets"][str(part["sheet"])]["wires"]:
            tensor = source_of(found, int(number), source, port)
            child = part["children"][target] if target >= 0 else None
            if child is not None and child >= 0:
                reached.add((*tensor, child, slot))
            else:
                pins = part["outs"] if child is None else found["parts"][str(~child)]["ins"]
                at = ~target if child is None else slot
                assert tuple(pins[2 * at : 2 * at + 2]) == tensor
    drawn = {(e.source, e.port, e.target, e.slot) for e in graph.edges() if e.port >= 0}
    assert reached <= drawn
    lists = [group for group, sheet in enumerate(arranged.nested.placements) if not sheet.wires]
    assert reached == drawn or lists


def source_of(found: dict[str, Any], group: int, source: int, port: int) -> tuple[int, int]:
    """The tensor that a wire carries, by its beginning."""
    part = found["parts"][str(group)]
    if source < 0:
        node, out = part["ins"][2 * ~source : 2 * ~source + 2]
        return node, out
    child = part["children"][source]
    if child >= 0:
        return child, port
    node, out = found["parts"][str(~child)]["outs"][2 * port : 2 * port + 2]
    return node, out


def test_wires_and_leads_meet_at_pins(arranged: Arranged) -> None:
    found = whole(Chart(arranged, ALL))
    for part in found["parts"].values():
        sheet, look = found["sheets"][str(part["sheet"])], found["looks"][str(part["look"])]
        entering = len(part["ins"]) // 2
        assert len(look["leads"]) == (entering + len(part["outs"]) // 2 if part["parent"] >= 0 else 0)
        for at, lead in enumerate(look["leads"]):
            inner = lead[-2:] if at < entering else lead[1:3]
            points = sheet["ins"] if at < entering else sheet["outs"]
            pin = at if at < entering else at - entering
            assert inner == pytest.approx(points[2 * pin : 2 * pin + 2], abs=0.02)
        for source, _, target, _, arrow, path in sheet["wires"]:
            assert arrow == (target >= 0)
            check_path(path)
            if source < 0:
                assert path[1:3] == pytest.approx(sheet["ins"][2 * ~source : 2 * ~source + 2], abs=0.02)
            if target < 0:
                assert path[-2:] == pytest.approx(sheet["outs"][2 * ~target : 2 * ~target + 2], abs=0.02)


def check_path(path: list[float]) -> None:
    at = 0
    while at < len(path):
        assert path[at] == 0 if at == 0 else path[at] in (1, 2)
        at += 7 if path[at] == 2 else 3
    assert at == len(path)


def test_looks_say_what_the_labels_say(arranged: Arranged) -> None:
    graph, labels, found = arranged.graph, arranged.labels, whole(Chart(arranged, ALL))
    for part in found["parts"].values():
        look = found["looks"][str(part["look"])]
        for position, child in enumerate(part["children"]):
            wanted = labels.lines[child] if child >= 0 else labels.titles[~child]
            assert look["lines"][position] == list(wanted)
            assert -1 <= look["families"][position] < len(FAMILIES)
        assert len(look["lines"]) == len(look["families"]) == len(look["titles"]) == len(part["children"])
    assert {part["name"] for part in found["parts"].values()} <= set(graph.groups.names)


def test_a_drawing_against_the_flow_has_its_wires_from_source_to_target() -> None:
    graph = read(ROOT / "examples" / "resnet50.keras")
    arranged = arranged_of(graph, backwards=True)
    test_wires_and_leads_meet_at_pins(arranged)
    test_every_edge_can_be_followed_through_the_pins(arranged)


def test_equal_groups_share_sheet_and_look() -> None:
    found = whole(chart_of(read(ROOT / "examples" / "resnet50.keras")))
    blocks = [part for part in found["parts"].values() if part["name"].startswith("block") and part["depth"] == 2]
    assert len(blocks) == 16
    assert len({part["sheet"] for part in blocks}) == 2
    assert len(found["looks"]) < len(found["parts"]) / 2


def test_numbers_never_change_whatever_is_asked_first() -> None:
    graph = read(ROOT / "examples" / "resnet50.keras")
    one, other = chart_of(graph), chart_of(graph)
    last = json.loads(one.parts([20, 5, 3]))
    head = json.loads(one.head())
    again = json.loads(one.parts([3, 5, 20]))
    assert {kind: dict(sorted(last[kind].items())) for kind in last} == {
        kind: dict(sorted(again[kind].items())) for kind in again
    }
    for number, part in last["parts"].items():
        assert head["parts"].get(number, part) == part
        assert head["looks"].get(str(part["look"])) in (None, last["looks"][str(part["look"])])
    assert other.head() == chart_of(graph).head()


def test_the_same_model_gives_the_same_bytes_in_another_process() -> None:
    code = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from tests.explorer.hand import chart_of, ROOT
from cutaway.readers import read
chart = chart_of(read(ROOT / "examples" / "resnet50.keras"))
sys.stdout.buffer.write(chart.head() + chart.rest())
"""
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True,
            env={"PYTHONPATH": str(ROOT / "src"), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert runs[0] == runs[1]
    assert len(runs[0]) > 10_000


def test_the_head_has_a_budget_and_the_largest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PARTS", 6)
    chart = chart_of(read(ROOT / "examples" / "resnet50.keras"))
    head = json.loads(chart.head())
    assert len(head["parts"]) == 6
    for part in head["parts"].values():
        assert part["parent"] < 0 or str(part["parent"]) in head["parts"]
    assert whole(chart)["parts"].keys() == {str(at) for at in range(22)}


def test_the_head_says_what_the_model_is_and_how_it_is_drawn() -> None:
    graph = read(ROOT / "examples" / "digits.keras")
    head = json.loads(Chart(arranged_of(graph), ALL, THEMES["dark"], 7).head())
    assert (head["schema"], head["chart"], head["theme"]) == (1, 7, "dark")
    assert head["model"] == {
        "name": "digits", "format": "keras_v3", "producer": graph.producer, "nodes": 12, "edges": 12, "groups": 0,
        "parameters": 5083, "trainable_parameters": 5019, "weight_bytes": 20332, "warnings": [],
    }  # fmt: skip
    assert set(THEMES) == set(head["themes"])
    for name, theme in head["themes"].items():
        assert theme["families"] == {family: list(pair) for family, pair in THEMES[name].families.items()}
    assert head["families"] == list(FAMILIES)


def test_postponed_groups_are_opened_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nesting, "LARGE", 50)
    monkeypatch.setattr(nesting, "BUDGET", 40)
    chart = chart_of(random_graph(5, 200, 40))
    head = json.loads(chart.head())
    closed = [int(number) for number, part in head["parts"].items() if part["closed"]]
    assert head["postponed"] > len(closed) / 2 > 0
    deepest = max(range(len(chart.depth)), key=chart.depth.__getitem__)
    found = json.loads(chart.parts([*closed, deepest]))
    for part in found["parts"].values():
        assert part["closed"] == 0
        assert str(part["sheet"]) in found["sheets"]
        assert str(part["look"]) in found["looks"]
        assert part["scale"] > 0
    for number in closed:
        assert found["parts"][str(number)]["box"] == head["parts"][str(number)]["box"]


def test_what_takes_too_long_comes_closed_and_can_be_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nesting, "LARGE", 50)
    monkeypatch.setattr(nesting, "BUDGET", 40)
    chart = chart_of(random_graph(5, 200, 40))
    closed = [number for number, part in json.loads(chart.head())["parts"].items() if part["closed"]]
    monkeypatch.setattr(module, "PATIENCE", -1.0)
    assert json.loads(chart.parts(map(int, closed)))["parts"][closed[0]]["closed"] == 2
    monkeypatch.setattr(module, "PATIENCE", 60.0)
    assert json.loads(chart.parts(map(int, closed)))["parts"][closed[0]]["closed"] == 0


def test_groups_that_the_caller_closed_stay_closed() -> None:
    found = whole(chart_of(read(ROOT / "examples" / "resnet50.keras"), closed=lambda group: group > 6))
    assert {part["closed"] for part in found["parts"].values()} == {0, 1}


def test_names_come_without_controls_and_half_surrogates() -> None:
    graph = picture("a -> g\x1b[31m\u202e\ud800/b")
    head = chart_of(graph).head()
    assert head.isascii()
    (part,) = [part for part in json.loads(head)["parts"].values() if part["parent"] == 0]
    assert part["name"] == "g\ufffd[31m\ufffd"


@pytest.mark.parametrize("group", [-1, 22, 10**9])
def test_a_group_that_is_not_there_is_an_index_error(group: int) -> None:
    with pytest.raises(IndexError):
        chart_of(read(ROOT / "examples" / "resnet50.keras")).parts([group])
