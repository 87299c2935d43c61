"""Each stage keeps what it promises to the next one, on random groups; other programs are the oracles."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import combinations, pairwise, product

import networkx
from hypothesis import given
from hypothesis import strategies as st

from cutaway.layout.acyclic import back_edges
from cutaway.layout.order import crossings, make_layers, reduce_crossings
from cutaway.layout.place import main_path, place_across
from cutaway.layout.problem import Child, Inside, Layers, Wire
from cutaway.layout.ranks import assign_ranks, longest_path
from cutaway.layout.wrap import fill

Edges = list[tuple[int, int]]


def random_edges(seed: int, count: int, share: float, *, cyclic: bool = False) -> Edges:
    chance = random.Random(seed)
    pairs: Iterable[tuple[int, int]] = product(range(count), range(count)) if cyclic else combinations(range(count), 2)
    return [pair for pair in pairs if chance.random() < share]


def layers_of(edges: Edges, count: int) -> Layers:
    inside = Inside((Child(100, 28),) * count, tuple(Wire(a, 0, b, at) for at, (a, b) in enumerate(edges)), 0, 0)
    return make_layers(inside, assign_ranks(count, edges), frozenset())


dags = st.builds(random_edges, st.integers(0, 10_000), st.integers(1, 24), st.floats(0.02, 0.3))


@given(st.integers(0, 10_000), st.integers(1, 16), st.floats(0.02, 0.4))
def test_without_back_edges_there_is_no_cycle(seed: int, count: int, share: float) -> None:
    edges = random_edges(seed, count, share, cyclic=True)
    turned = back_edges(count, edges)
    assert networkx.is_directed_acyclic_graph(networkx.DiGraph(e for at, e in enumerate(edges) if at not in turned))
    if networkx.is_directed_acyclic_graph(networkx.DiGraph(edges)):
        assert not turned


@given(dags)
def test_ranks_point_down_and_are_as_short_as_networkx_finds_possible(edges: Edges) -> None:
    count = max((max(edge) for edge in edges), default=0) + 1
    ranks = assign_ranks(count, edges)
    assert all(ranks[source] < ranks[target] for source, target in edges)
    assert sorted(set(ranks)) == list(range(max(ranks) + 1))
    if len(edges) >= count:  # where the network simplex runs, the total length is the optimum of the dual flow
        total = sum(longest - 1 for longest in _spans(edges, ranks))
        assert total <= sum(span - 1 for span in _spans(edges, longest_path(count, edges)))
        assert sum(_spans(edges, ranks)) == _shortest_total(count, edges)


def _spans(edges: Edges, ranks: list[int]) -> list[int]:
    return [ranks[target] - ranks[source] for source, target in edges]


def _shortest_total(count: int, edges: Edges) -> int:
    """The dual of ranking is a flow: each edge carries up to any amount at a gain of 1; networkx solves it."""
    flow = networkx.DiGraph()
    flow.add_nodes_from((vertex, {"demand": 0}) for vertex in range(count))
    for source, target in edges:
        flow.nodes[source]["demand"] -= 1
        flow.nodes[target]["demand"] += 1
        flow.add_edge(source, target, weight=-1, capacity=len(edges))
    return -int(networkx.network_simplex(flow)[0])


@given(dags)
def test_crossings_are_counted_as_they_are(edges: Edges) -> None:
    layers = layers_of(edges, 24)
    brute = 0
    for upper, lower in pairwise(layers.rows):
        links = [(upper.index(v), lower.index(o)) for v in upper for o in layers.down[v]]
        brute += sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(links, 2))
    assert crossings(layers.rows, layers.down, {}) == brute


@given(dags)
def test_ordering_keeps_the_ranks_and_never_makes_it_worse(edges: Edges) -> None:
    layers = layers_of(edges, 24)
    before = [sorted(row) for row in layers.rows]
    count = crossings(layers.rows, layers.down, {})
    found = reduce_crossings(layers)
    assert [sorted(row) for row in layers.rows] == before
    assert found == crossings(layers.rows, layers.down, {}) <= count


@given(dags, st.integers(20, 200))
def test_places_keep_the_order_and_the_distance_and_the_main_path_is_straight(edges: Edges, size: int) -> None:
    layers = layers_of(edges, 24)
    reduce_crossings(layers)
    half = [4.0 if layers.is_bend(vertex) else size / 2 for vertex in range(len(layers.rank))]
    places = place_across(layers, half, half, 16.0, 12.0)
    for row in layers.rows:
        for one, two in pairwise(row):
            gap = 12.0 if layers.is_bend(one) or layers.is_bend(two) else 16.0
            assert places[two] - places[one] >= half[one] + gap + half[two] - 1e-6
    path = main_path(layers)
    assert len({round(places[vertex], 6) for pair in path.items() for vertex in pair}) <= 1


@given(st.lists(st.integers(10, 200), min_size=1, max_size=40), st.integers(1, 9))
def test_rows_are_filled_like_text(sizes: list[int], count: int) -> None:
    thickness = [float(size) for size in sizes]
    gaps = [24.0] * (len(sizes) - 1)
    cuts = fill(thickness, gaps, range(len(sizes) - 1), count)
    if cuts is None:
        return
    bounds = [-1, *cuts, len(sizes) - 1]
    rows = [thickness[a + 1 : b + 1] for a, b in pairwise(bounds)]
    assert len(rows) == count
    assert all(rows)
    longest = max(sum(row) + 24.0 * (len(row) - 1) for row in rows)
    for row, following in pairwise(rows):  # greedy: the next word would not have fitted
        assert sum(row) + 24.0 * len(row) + following[0] > longest - 1.0 or len(rows) == len(sizes)
