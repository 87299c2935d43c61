"""Groups that are laid out later, in the boxes that they have, keep the promises of the layout."""

from __future__ import annotations

import pytest

from cutaway.graph.model import Graph
from cutaway.layout import nesting
from cutaway.layout.leads import side
from cutaway.layout.nesting import Nested
from tests.graphs import random_graph
from tests.layout.promises import check_promises, nested_of


@pytest.fixture(params=[1, 2, 3])
def postponed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[Graph, Nested]:
    monkeypatch.setattr(nesting, "LARGE", 50)
    monkeypatch.setattr(nesting, "BUDGET", 40)
    graph, nested = nested_of(random_graph(request.param, 150, 30))
    assert nested.postponed > 5
    return graph, nested


def open_all(graph: Graph, nested: Nested) -> list[int]:
    assert nested.open_later is not None
    opened = []
    for group in range(1, len(graph.groups)):  # a parent comes before its children
        if nested.placement_of[group] < 0:
            nested.open_later(group)
            opened.append(group)
    return opened


def test_all_can_be_opened_one_after_the_other(postponed: tuple[Graph, Nested]) -> None:
    graph, nested = postponed
    frames = list(nested.frames)
    opened = open_all(graph, nested)
    assert -1 not in nested.placement_of
    check_promises(graph, nested)
    for group in opened:
        before, after = frames[group], nested.frames[group]
        assert before is not None
        assert after is not None
        assert after.late


def test_the_box_and_its_pins_stay_where_they_were(postponed: tuple[Graph, Nested]) -> None:
    graph, nested = postponed
    assert nested.open_later is not None
    parents = graph.groups.parents
    group = next(at for at, placed in enumerate(nested.placement_of) if placed < 0 <= nested.placement_of[parents[at]])
    holder = nested.placement(parents[group])
    before = nested.frames[group]
    nested.open_later(group)
    after = nested.frames[group]
    assert before is not None
    assert after is not None
    assert (after.width, after.height) == (before.width, before.height)
    assert nested.placement(parents[group]) is holder
    length = after.height if holder.flow == "right" else after.width
    border = side(nested.placement(group), after, holder.flow)
    assert border.axis == pytest.approx(length / 2, abs=0.01)
    assert len(border.ins) == len(nested.ins[group])


def test_what_has_no_open_holder_stays_closed(postponed: tuple[Graph, Nested]) -> None:
    graph, nested = postponed
    assert nested.open_later is not None
    parents = graph.groups.parents
    deep = next(at for at in range(1, len(parents)) if nested.placement_of[parents[at]] < 0)
    nested.open_later(deep)
    assert nested.placement_of[deep] < 0


def test_a_graph_within_the_budget_has_nothing_to_open_later() -> None:
    _, nested = nested_of(random_graph(1, 60, 8))
    assert nested.open_later is None
    assert nested.postponed == 0
