"""Models that were built twice in one process have other numbers in their names, and are the same."""

from __future__ import annotations

import pytest

from cutaway.analysis.differences import differences
from cutaway.analysis.renumbering import _shift
from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Graph, Tensor, Weight


def numbered(stem: str, number: int) -> str:
    return f"{stem}_{number}" if number else stem


def row(first: int, widths: list[int], *, converted: bool = False) -> Graph:
    """An input, and for each width a dense layer and a merge; what a converter writes calls operations otherwise."""
    builder = GraphBuilder("row", "tflite" if converted else "keras_v3")
    last = builder.node(
        "given_9" if converted else "input_layer", "Input" if converted else "InputLayer", attributes={"batch": first}
    )
    for at, width in enumerate(widths):
        for stem, op, code in (("dense", "Dense", "FULLY_CONNECTED"), ("add", "Add", "ADD")):
            weights = [Weight(f"{stem}{at}/kernel", "kernel", (width, width))] if stem == "dense" else []
            node = builder.node(
                numbered(stem, at + first),
                code if converted else op,
                outputs=[Tensor((None, width), "float32")],
                weights=weights,
                attributes={"fused": "NONE"} if converted else {"units": width},
            )
            builder.connect(last, node)
            last = node
    return builder.build()


@pytest.mark.parametrize("first", [0, 2, 9])
def test_a_converted_model_is_the_same_whatever_number_its_names_begin_with(first: int) -> None:
    found = differences(row(0, [4, 8, 4, 8]), row(first, [4, 8, 4, 8], converted=True))
    assert found.equal, (found.changed, found.added, found.removed)
    assert [pair.old.outputs for pair in found.pairs] == [pair.new.outputs for pair in found.pairs]


def test_models_that_share_little_are_no_conversions_of_each_other() -> None:
    builder = GraphBuilder("other", "tflite")
    last = builder.node("given", "Input", attributes={})
    for name in ("dense", *"abcdefgh"):
        node = builder.node(name, "CUSTOM", outputs=[Tensor((None, 4), "float32")], attributes={})
        builder.connect(last, node)
        last = node
    found = differences(row(0, [4, 8, 16, 32]), builder.build())
    assert not any(pair.fused for pair in found.pairs)
    assert "dense_3" in {unit.name for unit in found.removed}


def attentions(first: int, *, exchanged: bool = False) -> Graph:
    """Two layers that Keras named, with what is in them; the last of the first may lie in the second."""
    builder = GraphBuilder("two", "keras_v3")
    groups = [
        builder.group(numbered("multi_head_attention", first + at), kind="layer", op="MultiHeadAttention")
        for at in range(2)
    ]
    last = -1
    for at, group in enumerate(groups):
        for name in ("query", "key", "scores"):
            there = groups[1] if exchanged and (at, name) == (0, "scores") else group
            weights = [Weight(f"{at}/{name}", "kernel", (at + 2, len(name)))]
            node = builder.node(name, "EinsumDense", group=there, weights=weights, attributes={})
            if last >= 0:
                builder.connect(last, node)
            last = node
    return builder.build()


def test_what_lies_in_layers_with_other_numbers_did_not_move() -> None:
    assert differences(attentions(0), attentions(7)).equal


def test_what_lies_in_the_other_layer_moved() -> None:
    found = differences(attentions(0), attentions(7, exchanged=True))
    assert [(pair.old.id, pair.moved) for pair in found.changed] == [("multi_head_attention/scores", True)]


def test_a_number_that_no_layer_has_is_a_part_of_the_name() -> None:
    def named(format: str) -> Graph:
        builder = GraphBuilder("far", format)
        builder.connect(builder.node("given", "Input"), builder.node("dense_" + "9" * 5_000, "FULLY_CONNECTED"))
        return builder.build()

    found = differences(named("keras_v3"), named("tflite"))
    assert not found.added
    assert not found.removed


@pytest.mark.parametrize(
    ("old", "new", "shift"),
    [
        ({0, 1, 2}, {4, 5, 6}, 4),
        ({0, 2}, {3, 4, 5}, 3),
        ({0, 2}, {3, 4}, 0),
        ({0, 1}, {2, 3, 4}, 0),
        ({1, 2}, {1, 2}, 0),
    ],
)
def test_numbers_are_found_again_at_one_distance_or_not_at_all(old: set[int], new: set[int], shift: int) -> None:
    assert _shift(old, new) == shift
