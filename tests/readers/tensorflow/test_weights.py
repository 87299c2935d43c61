"""Ids of weights: names, with a number where others have the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cutaway.graph.model import Weight
from cutaway.readers.tensorflow.entry import Variable
from cutaway.readers.tensorflow.weights import Called, Weights


def ids(made: list[Weight]) -> list[str]:
    return [weight.id for weight in made]


def test_ids_are_the_same_for_everybody_who_lists_them_at_the_same_time() -> None:
    no_operations: Any = None
    weights = Weights(no_operations, {node: Variable("dense/kernel") for node in range(3)})
    uses = [(node, ()) for node in range(3)]
    called: list[Called] = [("kernel", (2, 2))] * 3
    expected = ["dense/kernel", "dense/kernel@2", "dense/kernel@3"]

    def with_another_in_between() -> Iterator[Called]:
        for name in called:
            assert ids(weights.make(uses, called)) == expected
            yield name

    assert ids(weights.make(uses, with_another_in_between())) == expected
