"""Two models as one graph: nothing of either is lost, and what is gone stands where it was."""

from __future__ import annotations

import random

import pytest

from cutaway.analysis.compared import Compared
from cutaway.analysis.differences import differences
from cutaway.analysis.merging import ADDED, HOLDS, NOWHERE, REMOVED, STATES, group_states, merge
from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Graph, Tensor, Weight
from tests.analysis.test_matching_edits import Layer, random_model
from tests.graphs import picture


def compared(old: Graph, new: Graph) -> Compared:
    return Compared(old, new, differences(old, new))


@pytest.mark.parametrize("seed", range(25))
def test_every_node_of_both_models_is_shown_once(seed: int) -> None:
    chance = random.Random(seed)
    model = random_model(chance, 30, named=True)
    key = chance.randrange(2, 30)
    edited = model.without(key).with_behind(1, Layer(900, "fresh", "Softmax", 3, ()))
    both = compared(model.build(), edited.build())
    merged = both.merged
    assert len(merged.graph) == len(both.new) + 1
    assert sorted(merged.of_new) == [at for at in range(len(merged.graph)) if merged.states[at] != REMOVED]
    assert sorted(merged.of_old) == [at for at in range(len(merged.graph)) if merged.states[at] != ADDED]
    for node, at in enumerate(merged.of_new):
        assert merged.graph.ids[at] == both.new.ids[node]
    for node, at in enumerate(merged.of_old):
        assert merged.graph.names[at] == both.old.names[node]


@pytest.mark.parametrize("seed", range(10))
def test_wires_of_the_new_model_and_of_what_is_gone_are_there(seed: int) -> None:
    chance = random.Random(seed)
    model = random_model(chance, 30, named=True)
    both = compared(model.build(), model.without(chance.randrange(2, 29)).build())
    merged = both.merged
    gone = {at for at, state in enumerate(merged.states) if state == REMOVED}
    wires = [(edge.source, edge.target) for edge in merged.graph.edges()]
    expected = [(merged.of_new[edge.source], merged.of_new[edge.target]) for edge in both.new.edges()]
    assert sorted(wire for wire in wires if not gone & set(wire)) == sorted(expected)
    old = [(merged.of_old[edge.source], merged.of_old[edge.target]) for edge in both.old.edges()]
    assert sorted(wire for wire in wires if gone & set(wire)) == sorted(wire for wire in old if gone & set(wire))


def test_what_is_gone_stands_behind_what_stood_before_it() -> None:
    old, new = picture("a -> b \n b -> c \n c -> d"), picture("a -> b \n b -> d")
    merged = merge(old, new, differences(old, new))
    assert merged.graph.names == ("a", "b", "c", "d")
    assert [STATES[state] for state in merged.states][2] == "removed"


def model_of(name: str, op: str, size: int) -> Graph:
    builder = GraphBuilder("one", "keras_v3")
    first = builder.node("image", "InputLayer")
    weights = [Weight("same/kernel", "kernel", (size,))]
    last = builder.node(name, op, outputs=[Tensor((None, size), "float32")], weights=weights)
    builder.connect(first, last)
    return builder.build()


def test_a_name_and_a_weight_that_both_have_stay_apart() -> None:
    old, new = model_of("dense", "Dense", 3), model_of("dense", "Conv2D", 5)
    found = differences(old, new)
    merged = merge(old, new, found)
    if found.removed:  # of the same name but another class, and no evidence that it is the same
        assert set(merged.graph.names) == {"image", "dense", "dense (old)"}
        assert {weight.shape for weight in merged.graph.weights} == {(3,), (5,)}
    else:
        assert found.pairs[1].changes[0].what == "op"


def test_nodes_of_the_new_model_keep_ids_that_groups_or_nodes_of_the_old_one_had() -> None:
    """A model in the model that a layer of its name took the place of, and a name with a slash for a group."""
    old, new = GraphBuilder("model", "keras_v3"), GraphBuilder("model", "keras_v3")
    head = old.group("head")
    for number, name in enumerate(("mid", "last")):
        old.node(name, "Dense", group=head, weights=[Weight(name, name, (number + 2, 2), "float32")])
    old.node("a/b", "Dropout")
    new.node("head", "Softmax")
    new.node("b", "ReLU", group=new.group("a"))
    before, after = old.build(), new.build()
    graph = compared(before, after).merged.graph
    assert [graph.ids[at] for at in compared(before, after).merged.of_new] == list(after.ids) == ["head", "a/b"]
    assert set(graph.ids) == {"head", "a/b", "a/b (old)", "head (old)/mid", "head (old)/last"}


def test_models_with_nothing_in_common_are_both_there() -> None:
    old, new = picture("a -> b"), picture("c -> d \n d -> e")
    both = compared(old, new)
    assert len(both.merged.graph) == 5 - len(both.differences.pairs)
    assert NOWHERE not in both.merged.of_new


def test_groups_tell_what_all_in_them_became() -> None:
    builder = GraphBuilder("nested", "keras_v3")
    outer = builder.group("outer")
    inner = builder.group("inner", parent=outer)
    empty = builder.group("empty")
    for group in (inner, inner, outer, 0):
        builder.node("node", "Dense", group=group)
    graph = builder.build()
    assert list(group_states(graph, [ADDED, ADDED, ADDED, 0]))[1:] == [ADDED, ADDED, 0]
    assert list(group_states(graph, [ADDED, 0, 0, 0]))[1:] == [HOLDS | 0, HOLDS, 0]
    assert list(group_states(graph, [REMOVED, REMOVED, ADDED, 0]))[1:] == [HOLDS, REMOVED, 0]
    assert group_states(graph, [0, 0, 0, ADDED])[empty] == 0
