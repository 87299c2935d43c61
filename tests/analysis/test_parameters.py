"""Parameters: a weight counts once in whatever is asked about."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.analysis.parameters import Totals, group_totals, node_totals, total
from cutaway.graph import Graph, GraphBuilder, Weight
from cutaway.readers import read

KERNEL = Weight("kernel", "kernel", (3, 4))
BIAS = Weight("bias", "bias", (4,), "float16")
MEAN = Weight("mean", "mean", (4,), trainable=False)


# root ── a(kernel, bias)
#      └─ outer(mean) ── b(kernel)
#                     └─ inner ── c(mean)   d()
def shared() -> Graph:
    builder = GraphBuilder("net", "test")
    outer = builder.group("outer", weights=[MEAN])
    inner = builder.group("inner", parent=outer)
    builder.node("a", "Dense", weights=[KERNEL, BIAS])
    builder.node("b", "Dense", group=outer, weights=[KERNEL])
    builder.node("c", "Norm", group=inner, weights=[MEAN])
    builder.node("d", "Add", group=inner)
    return builder.build()


def test_nodes_count_what_they_use() -> None:
    assert list(node_totals(shared())) == [Totals(16, 0, 56), Totals(12, 0, 48), Totals(0, 4, 16), Totals()]


def test_groups_count_a_shared_weight_once() -> None:
    assert list(group_totals(shared())) == [Totals(16, 4, 72), Totals(12, 4, 64), Totals(0, 4, 16)]


def test_parameters_are_both_kinds() -> None:
    assert total([KERNEL, MEAN]).parameters == 16


def test_a_weight_listed_twice_on_a_node_counts_once() -> None:
    builder = GraphBuilder("net", "test")
    builder.node("a", "Dense", weights=[KERNEL, KERNEL])
    assert node_totals(builder.build())[0] == Totals(12, 0, 48)


@given(st.data())
def test_groups_agree_with_sets_of_weights(data: st.DataObject) -> None:
    builder = GraphBuilder("net", "test")
    parents = [-1]
    for _ in range(data.draw(st.integers(0, 5))):
        parents.append(data.draw(st.integers(0, len(parents) - 1)))
        builder.group("g", parent=parents[-1])
    pool = [Weight(f"w{n}", "w", (n + 1,), trainable=n % 2 == 0) for n in range(5)]
    inside: list[set[Weight]] = [set() for _ in parents]
    for _ in range(data.draw(st.integers(0, 8))):
        group = data.draw(st.integers(0, len(parents) - 1))
        weights = data.draw(st.lists(st.sampled_from(pool), max_size=3))
        builder.node("n", "Op", group=group, weights=weights)
        while group >= 0:
            inside[group].update(weights)
            group = parents[group]
    expected = [
        (sum(w.parameters for w in held if w.trainable), sum(w.parameters for w in held if not w.trainable))
        for held in inside
    ]
    assert [(totals.trainable, totals.fixed) for totals in group_totals(builder.build())] == expected


@pytest.mark.parametrize(("name", "trainable", "fixed"), [("resnet50", 25_583_592, 53_120), ("digits", 5_019, 64)])
def test_examples_have_the_numbers_that_keras_gives(name: str, trainable: int, fixed: int) -> None:
    """The numbers are those of `count_params` on the models that examples/make.py builds."""
    examples = Path(__file__).resolve().parents[2] / "examples"
    totals = group_totals(read(examples / f"{name}.keras"))[0]
    assert (totals.trainable, totals.fixed) == (trainable, fixed)
