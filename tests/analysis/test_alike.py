"""What is found out about one node holds for all of its kind: the same answers as where each is looked at alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import cutaway
from benchmarks.graph_files import write_graph
from cutaway.analysis.cost import cost
from cutaway.analysis.sizes import Setting
from cutaway.comparison import to_json, to_text
from cutaway.graph.model import Graph

MODELS = Path(__file__).parent.parent / "models"
FILES = (
    "graph_def/mlp.pb", "graph_def/nested_while.pbtxt", "saved_model/multi_output", "saved_model_encoder.zip",
    "saved_model_recurrent.zip", "saved_model_steps.zip", "meta_graph/half_plus_two.meta",
)  # fmt: skip


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Graph, Graph]:
    """Graphs of many nodes of few kinds; the second has more of them."""
    paths = [tmp_path_factory.mktemp("graphs") / f"{nodes}.pb" for nodes in (380, 437)]
    for path in paths:
        write_graph(path, int(path.stem))
    return cutaway.read(paths[0]), cutaway.read(paths[1])


@pytest.fixture(scope="module", params=["written", *FILES])
def graph(request: pytest.FixtureRequest, large: tuple[Graph, Graph]) -> Graph:
    return large[1] if request.param == "written" else cutaway.read(MODELS / request.param)


def each_alone(graph: Graph) -> Graph:
    """The same graph, of which nobody knows which nodes are alike."""
    return replace(graph, attributes=tuple(dict(each.items()) for each in graph.attributes))


def test_nodes_of_a_kind_differ_in_names_and_edges_alone(graph: Graph) -> None:
    assert len(graph.kinds) == len(graph)
    for node, first in zip(graph.nodes, graph.kinds, strict=True):
        other = graph.nodes[first]
        assert first <= node.index
        assert graph.kinds[first] == first
        assert (node.op, node.attributes, node.outputs) == (other.op, other.attributes, other.outputs)
        for one, twin in zip(node.weights, other.weights, strict=True):
            assert (one.name, one.shape, one.dtype) == (twin.name, twin.shape, twin.dtype)


def test_many_nodes_are_of_few_kinds_and_without_their_attributes_in_common_of_as_many(
    large: tuple[Graph, Graph],
) -> None:
    assert len(set(large[1].kinds)) < 10 < len(large[1])
    assert list(each_alone(large[1]).kinds) == list(range(len(large[1])))


@pytest.mark.parametrize("batch", [1, 3])
def test_the_cost_is_that_of_nodes_looked_at_one_by_one(graph: Graph, batch: int) -> None:
    setting = Setting(batch=batch)
    assert cost(graph, setting) == cost(each_alone(graph), setting)


def test_the_cost_for_another_input_is_that_of_nodes_looked_at_one_by_one(large: tuple[Graph, Graph]) -> None:
    setting = Setting(shapes={"images": (2, 28, 28, 64)})
    found = cost(large[1], setting)
    assert found == cost(each_alone(large[1]), setting)
    assert found.total_macs != cost(large[1]).total_macs


def test_the_findings_are_those_of_nodes_looked_at_one_by_one(graph: Graph) -> None:
    found, expected = cutaway.check(graph), cutaway.check(each_alone(graph))
    assert found.to_dict() == expected.to_dict()


def test_the_differences_are_those_of_nodes_looked_at_one_by_one(large: tuple[Graph, Graph]) -> None:
    for old, new in (large, large[::-1]):
        found, expected = cutaway.diff(old, new), cutaway.diff(each_alone(old), each_alone(new))
        assert to_text(found) == to_text(expected)
        assert json.loads(to_json(found)) == json.loads(to_json(expected))
        assert not found.equal


def test_units_that_are_the_same_are_pairs_too(large: tuple[Graph, Graph]) -> None:
    found = cutaway.diff(*large).differences
    assert len(found.pairs) + len(found.added) == len(large[1])
    assert [pair for pair in found.pairs if not pair.same] == list(found.changed)
    assert all(pair.old.name == pair.new.name for pair in found.pairs)
