"""Two models as one drawing: in the groups of the new one, and every group can be drawn closed."""

from __future__ import annotations

import random
from itertools import pairwise

import networkx as nx
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cutaway.analysis.circles import circles
from cutaway.analysis.compared import Compared
from cutaway.analysis.differences import differences
from cutaway.analysis.group_tree import FoundGroup, GroupTree
from cutaway.analysis.merging import REMOVED
from cutaway.analysis.untangling import untangle
from cutaway.graph.build import GraphBuilder
from cutaway.graph.grouping import PAGE
from cutaway.graph.model import Graph
from cutaway.graph.walk import depths, lift
from tests.analysis.test_matching_edits import Layer, Model


def compared(old: Model, new: Model) -> Compared:
    before, after = old.build(), new.build()
    return Compared(before, after, differences(before, after))


def blocks(count: int, *, layers: int = 5, ends: bool = True) -> Model:
    """Residual blocks in a row, named as people name them, with something before and behind."""
    found: list[Layer] = [Layer(0, "image", "InputLayer", 3, ())]

    def add(name: str, op: str, units: int, *reads: int) -> int:
        found.append(Layer(len(found), name, op, units, reads))
        return found[-1].key

    last = 0
    for at in range(1, count + 1):
        first = last
        for inner in range(1, layers):
            last = add(f"block{at}_{inner}", ("Dense", "ReLU")[inner % 2], at, last)
        last = add(f"block{at}_add", "Add", at, first, last)
    if ends:
        add("result", "Dense", 9, last)
    return Model(found)


def without_block(model: Model, at: int) -> Model:
    """The model with a block taken out whole."""
    for key in [layer.key for layer in model.layers if layer.name.startswith(f"block{at}_")]:
        model = model.without(key)
    return model


def named(graph: Graph, name: str) -> int:
    """The one group of a name."""
    (found,) = [at for at, each in enumerate(graph.groups.names) if each == name]
    return found


def held(graph: Graph, at: int) -> set[str]:
    """Names of the nodes in a group, at any depth."""
    parents, found = graph.groups.parents, set()
    for node, owner in enumerate(graph.node_groups):
        while owner not in (at, 0):
            owner = parents[owner]
        if owner == at:
            found.add(graph.names[node])
    return found


def collapsed(graph: Graph, depth: int) -> nx.DiGraph:
    """The graph with every group of a depth drawn as one box, by way of networkx."""
    deep = depths(graph.groups.parents)

    def box(node: int) -> int:
        item, owner = node, graph.node_groups[node]
        while owner > 0:
            item = ~owner if deep[owner] >= depth else item
            owner = graph.groups.parents[owner]
        return item

    drawn = nx.DiGraph()
    drawn.add_nodes_from(box(node) for node in range(len(graph)))
    drawn.add_edges_from((box(edge.source), box(edge.target)) for edge in graph.edges())
    drawn.remove_edges_from(list(nx.selfloop_edges(drawn)))
    return drawn


def assert_can_be_closed(graph: Graph) -> None:
    for depth in range(1, max(depths(graph.groups.parents)) + 2):
        assert nx.is_directed_acyclic_graph(collapsed(graph, depth)), f"groups of depth {depth} lead back to themselves"


def test_the_groups_of_the_new_model_stand_as_they_do_in_it_alone() -> None:
    old, new = blocks(6), blocks(9)
    both, _, alone = compared(old, new).grouped
    assert [both.groups.ids, both.groups.names] == [alone.groups.ids, alone.groups.names]
    assert [held(both, at) for at in range(1, len(both.groups))] == [
        held(alone, at) for at in range(1, len(alone.groups))
    ]


def test_a_block_that_is_gone_as_a_whole_stays_a_block() -> None:
    old = blocks(8)
    pair = compared(old, without_block(old, 4))
    both, before, _ = pair.grouped
    assert held(both, named(both, "block4")) == held(before, named(before, "block4"))
    assert {pair.merged.states[at] for at, name in enumerate(both.names) if name.startswith("block4_")} == {REMOVED}


def test_a_layer_that_is_gone_lies_in_its_block() -> None:
    old = blocks(8)
    gone = next(layer for layer in old.layers if layer.name == "block3_2")
    both, _, _ = compared(old, old.without(gone.key)).grouped
    assert "block3_2" in held(both, named(both, "block3"))


def test_a_layer_of_no_group_lies_between_its_neighbours() -> None:
    new = blocks(8)
    inside = next(layer for layer in new.layers if layer.name == "block5_2")
    old = new.with_behind(inside.key, Layer(900, "dropped", "Dropout", 5, ()))
    both, _, _ = compared(old, new).grouped
    assert "dropped" in held(both, named(both, "block5"))


def test_groups_of_an_author_stay_with_what_is_gone_in_them() -> None:
    layers = [Layer(0, "image", "InputLayer", 3, ())]
    layers += [Layer(at, f"a{at}", "Dense", at, (at - 1,), "encoder" if at < 5 else "decoder") for at in range(1, 9)]
    old = Model(layers)
    new = old.without(3).without(7)
    both, _, _ = compared(old, new).grouped
    assert held(both, named(both, "encoder")) == {"a1", "a2", "a3", "a4"}
    assert held(both, named(both, "decoder")) == {"a5", "a6", "a7", "a8"}


def test_what_leads_out_of_a_group_and_back_is_pulled_into_it() -> None:
    builder = GraphBuilder("pulled", "keras_v3")
    first, gone, last = (builder.node(name, "Dense") for name in ("first", "gone", "last"))
    builder.connect(first, gone)
    builder.connect(gone, last)
    graph = builder.build()
    tree = GroupTree(graph)
    block = tree.add(0, FoundGroup("block", "block", "block", "by hand"))
    tree.move(first, block)
    tree.move(last, block)
    untangle(tree, graph, {gone})
    assert tree.owners == [block, block, block]


def row_and_block(count: int) -> tuple[list[int], Graph, GroupTree, int]:
    """Layers in a row, and beside them a block in which nothing lies yet."""
    builder = GraphBuilder("row", "keras_v3")
    nodes = [builder.node(f"n{at}", "Dense") for at in range(count)]
    for source, target in pairwise(nodes):
        builder.connect(source, target)
    tree = GroupTree(graph := builder.build())
    return nodes, graph, tree, tree.add(0, FoundGroup("block", "block", "block", "by hand"))


def test_more_than_a_group_holds_is_not_pulled_into_it() -> None:
    nodes, graph, tree, block = row_and_block(20)
    for node in (*nodes[:5], nodes[-1]):
        tree.move(node, block)
    untangle(tree, graph, set(nodes[5:-1]))
    assert tree.owners == [block] * 5 + [0] * 15  # the one node behind all that is gone stands behind it


def test_very_many_that_are_gone_are_cut_into_pages() -> None:
    old, new = blocks(300, layers=2), blocks(2, layers=2)
    both, _, _ = compared(old, new).grouped
    children = [0] * len(both.groups)
    for parent in (*both.node_groups, *both.groups.parents[1:]):
        children[parent] += 1
    assert max(children) <= PAGE


@st.composite
def trees(draw: st.DrawFn, *, scopes: int = 0) -> tuple[Graph, GroupTree, set[int]]:
    """A random graph without circles, in random groups, some of an author, of which random nodes are gone."""
    count = draw(st.integers(3, 24))
    chance = random.Random(draw(st.integers(0, 10_000)))
    builder = GraphBuilder("random", "keras_v3")
    groups = [0]
    for at in range(scopes):
        groups.append(builder.group(f"scope{at}", parent=chance.choice(groups)))
    nodes = [builder.node(f"n{at}", "Dense") for at in range(count)]
    for target in nodes[1:]:
        for source in chance.sample(range(target), min(target, chance.randrange(1, 4))):
            builder.connect(source, target)
    graph = builder.build()
    tree = GroupTree(graph)
    for at in range(draw(st.integers(1, 8))):
        groups.append(tree.add(chance.choice(groups), FoundGroup(f"g{at}", f"g{at}", "block", "by chance")))
    for node in nodes:
        tree.move(node, chance.choice(groups))
    share = draw(st.floats(0, 0.7))
    return graph, tree, {node for node in nodes if chance.random() < share}


@settings(max_examples=200, deadline=None)
@given(trees())
def test_whatever_the_groups_are_they_can_be_closed_then(case: tuple[Graph, GroupTree, set[int]]) -> None:
    graph, tree, gone = case
    untangle(tree, graph, gone)
    found = tree.build()
    assert_can_be_closed(found)
    assert found.names == graph.names
    assert list(found.input_node) == list(graph.input_node)


@settings(max_examples=150, deadline=None)
@given(trees(scopes=3))
def test_groups_of_an_author_stay_and_no_other_is_on_a_circle(case: tuple[Graph, GroupTree, set[int]]) -> None:
    graph, tree, gone = case
    untangle(tree, graph, gone)
    found = tree.build()
    assert {found.groups.names[at] for at in range(1, len(found.groups))} >= set(graph.groups.names[1:])
    parents, deep = found.groups.parents, depths(found.groups.parents)
    levels: dict[int, nx.DiGraph] = {}
    for edge in found.edges():
        level, start, end = lift(parents, deep, found.node_groups, edge.source, edge.target)
        if start != end:
            levels.setdefault(level, nx.DiGraph()).add_edge(start, end)
    for drawn in levels.values():
        for circle in nx.strongly_connected_components(drawn):
            assert len(circle) == 1 or all(item >= 0 or found.groups.kinds[~item] == "scope" for item in circle)


def random_pair(chance: random.Random) -> tuple[Model, Model]:
    """Two models of residual blocks that differ by much: blocks and layers gone, fresh, renamed, in another order."""
    old = blocks(chance.randrange(3, 7), layers=chance.randrange(2, 5))
    new = blocks(chance.randrange(3, 7), layers=chance.randrange(2, 5))
    for turn in range(chance.randrange(8)):
        inner = [layer.key for layer in new.layers[1:-1]]
        if chance.random() < 0.5:
            new = new.without(chance.choice(inner))
        else:
            name = chance.choice((f"fresh_{turn}", f"block{turn}_{turn}"))
            new = new.with_behind(chance.choice(inner), Layer(900 + turn, name, "Softmax", 3, ()))
    if chance.random() < 0.5:
        names = [layer.name for layer in new.layers[1:]]
        chance.shuffle(names)
        new = Model([new.layers[0], *map(renamed, new.layers[1:], names)])
    return old, new


def renamed(layer: Layer, name: str) -> Layer:
    return Layer(layer.key, name, layer.op, layer.units, layer.reads, layer.group)


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 100_000))
def test_drawings_of_random_pairs_can_be_closed_at_every_depth(seed: int) -> None:
    pair = compared(*random_pair(random.Random(seed)))
    both, _, _ = pair.grouped
    assume(nx.is_directed_acyclic_graph(collapsed(both, 99)))  # else the wires make a circle without any group
    assert_can_be_closed(both)
    assert both.ids == pair.merged.graph.ids
    assert pair.grouped[0].groups == Compared(pair.old, pair.new, pair.differences).grouped[0].groups


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(-6, 6), st.integers(-6, 6)), max_size=40))
def test_circles_are_the_strong_components_of_networkx(wires: list[tuple[int, int]]) -> None:
    expected = {frozenset(each) for each in nx.strongly_connected_components(nx.DiGraph(wires)) if len(each) > 1}
    assert {frozenset(each) for each in circles(wires)} == expected


def test_what_stands_in_the_place_of_a_removed_block_lies_in_it() -> None:
    nodes, graph, tree, block = row_and_block(5)
    gone = {nodes[1], nodes[3]}
    for node in gone:
        tree.move(node, block)
    untangle(tree, graph, gone)
    assert tree.owners == [0, block, block, block, 0]


def test_a_block_of_which_nearly_all_is_gone_stays_one() -> None:
    old = blocks(8, layers=9)
    new = without_block(old, 3)
    end = next(layer for layer in old.layers if layer.name == "block3_add")
    kept = Layer(
        900, "block3_add", "Add", end.units, (next(each for each in new.layers if "block2_add" in each.name).key,)
    )
    new = new.with_behind(kept.reads[0], kept)
    both, before, _ = compared(old, new).grouped
    assert held(both, named(both, "block3")) >= held(before, named(before, "block3")) - {"block3_add"}
