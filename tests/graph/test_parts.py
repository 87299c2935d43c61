"""Parts of a graph: names, paths between two places, and folded repeats."""

from __future__ import annotations

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.errors import OptionError
from cutaway.graph import GraphBuilder
from cutaway.graph.fold import fold
from cutaway.graph.select import between, find, keep
from tests.graphs import DIAMOND, SKIP, picture, random_graph


def test_names_ids_patterns_and_predicates() -> None:
    assert find(DIAMOND, "left", "x")[0] == {1}
    assert find(DIAMOND, ["in", "add"], "x")[0] == {0, 3}
    assert find(DIAMOND, "*t", "x")[0] == {1, 2}
    assert find(DIAMOND, lambda node: len(node.inputs) == 2, "x")[0] == {3}
    assert find(DIAMOND, "right:0", "x")[0] == {2}


def test_a_name_that_means_nothing_offers_similar_ones() -> None:
    with pytest.raises(
        OptionError, match=r"highlight: 'drawn' has no layer or group 'lefft'; similar names are 'left'"
    ):
        find(DIAMOND, "lefft", "highlight")


def test_between_keeps_what_lies_on_paths() -> None:
    assert set(between(SKIP, "a", "c").names) == {"a", "b", "c"}
    with pytest.raises(OptionError, match="no path leads"):
        between(DIAMOND, "left", "right")


@given(st.integers(0, 5_000), st.integers(2, 40), st.data())
def test_between_agrees_with_networkx(seed: int, nodes: int, data: st.DataObject) -> None:
    graph = random_graph(seed, nodes, 3)
    start, end = (data.draw(st.integers(0, nodes - 1)) for _ in range(2))
    oracle = networkx.DiGraph([(edge.source, edge.target) for edge in graph.edges()])
    oracle.add_nodes_from(range(nodes))
    expected = ({start} | networkx.descendants(oracle, start)) & ({end} | networkx.ancestors(oracle, end))
    if not expected:
        with pytest.raises(OptionError):
            between(graph, graph.ids[start], graph.ids[end])
    else:
        assert between(graph, graph.ids[start], graph.ids[end]).names == tuple(
            graph.names[at] for at in sorted(expected)
        )


@given(st.integers(0, 5_000), st.integers(1, 40), st.data())
def test_keep_keeps_the_edges_between(seed: int, nodes: int, data: st.DataObject) -> None:
    graph = random_graph(seed, nodes, 4)
    kept = data.draw(st.sets(st.integers(0, nodes - 1)))
    part = keep(graph, kept)
    found = sorted((part.ids[e.source], e.port, part.ids[e.target]) for e in part.edges())
    wanted = sorted(
        (graph.ids[e.source], e.port, graph.ids[e.target]) for e in graph.edges() if {e.source, e.target} <= kept
    )
    assert found == wanted
    assert [part.outputs_of(at) for at in range(len(part))] == [graph.outputs_of(at) for at in sorted(kept)]
    held = {part.groups.ids[group] for group in part.node_groups}
    assert all(part.groups.ids[at] in held or at in part.groups.parents for at in range(1, len(part.groups)))


def block(at: int) -> str:
    source = f"b{at - 1}/add" if at else "in"
    return f"{source} -> b{at}/conv b{at}/add \n b{at}/conv -> b{at}/relu \n b{at}/relu -> b{at}/add"


BLOCKS = picture("\n".join(block(at) for at in range(4)) + "\n b3/add -> out")


def test_four_equal_blocks_fold_to_one() -> None:
    folded, folds = fold(BLOCKS)
    assert sorted(folded.names) == ["add", "conv", "in", "out", "relu"]
    (only,) = folds.values()
    assert (only.copies, only.last, folded.groups.names[only.group]) == (4, "b3", "b0")
    out = folded.names.index("out")
    assert [folded.names[edge.source] for edge in folded.inputs_of(out)] == ["add"]


def test_a_block_that_differs_stays() -> None:
    graph = picture("in -> a/x \n a/x -> a/y \n a/y -> b/x \n b/x -> b/y \n b/y -> c/x \n c/x -> c/z \n c/z -> out")
    folded, folds = fold(graph)
    assert [found.copies for found in folds.values()] == [2]
    assert {"a", "c"} <= set(folded.groups.names)
    assert "b" not in folded.groups.names


def test_a_skip_over_a_block_forbids_folding() -> None:
    graph = picture("in -> a/x \n a/x -> b/x c/x \n b/x -> c/x \n c/x -> out")
    assert fold(graph) == (graph, {})


def test_a_skip_into_a_copy_forbids_folding() -> None:
    unet = picture("in -> a/x \n a/x -> b/x \n b/x -> c/x d/x \n c/x -> d/x \n a/x -> d/x \n d/x -> out")
    before = {(e.source, e.target) for e in unet.edges()}
    folded, folds = fold(unet)
    assert folds == {}
    assert {(e.source, e.target) for e in folded.edges()} == before


def test_an_output_in_the_middle_forbids_folding() -> None:
    builder = GraphBuilder("heads", "test")
    last = builder.node("in", "In")
    for at in range(3):
        node = builder.node("x", "X", group=builder.group(f"block{at}"))
        builder.connect(last, node)
        builder.mark_output(node)
        last = node
    assert fold(builder.build())[1] == {}


@given(st.integers(0, 3_000), st.integers(4, 40), st.integers(2, 8))
def test_folding_loses_no_connection(seed: int, nodes: int, groups: int) -> None:
    graph = random_graph(seed, nodes, groups)
    folded, folds = fold(graph)
    whole = networkx.DiGraph((graph.ids[e.source], graph.ids[e.target]) for e in graph.edges())
    part = networkx.DiGraph((folded.ids[e.source], folded.ids[e.target]) for e in folded.edges())
    for source, target in whole.edges:
        if source in folded.ids and target in folded.ids:
            assert part.has_edge(source, target)
    assert len(folded) == len(graph) or folds
