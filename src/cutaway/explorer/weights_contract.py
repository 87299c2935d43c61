"""The answers about weights that two models have, as types; what all answers have in common is told in ``contract``."""

from __future__ import annotations

from typing import TypedDict


class WeightSummary(TypedDict):
    """Numbers about the finite values of a weight; of a very large one, about some of them."""

    shape: list[int]
    min: float | None
    max: float | None
    mean: float | None
    std: float | None
    zeros: int
    nan: int


class ComparedWeight(TypedDict):
    """A weight that the old and the new model have; null where the values cannot be read.

    `count`: values of the new one. `largest`: the greatest difference of two values; null too where one is NaN or
    infinite and the other is not. `different`: how many differ; null where shapes or types do, so that values cannot be
    compared one by one.
    """

    name: str
    count: int
    old: WeightSummary | None
    new: WeightSummary | None
    largest: float | None
    different: int | None


class ComparedWeights(TypedDict):
    """The weights of a layer that is in both models. `left_out`: how many more there are."""

    weights: list[ComparedWeight]
    left_out: int
