"""The answers about weights, of one model and of two, as types; what all have in common is told in ``contract``."""

from __future__ import annotations

from typing import TypedDict


class WeightChannels(TypedDict):
    """Finite values by position in one dimension, `axis`; null where there are none."""

    axis: int
    min: list[float | None]
    max: list[float | None]
    mean: list[float | None]


class WeightStats(TypedDict):
    """Numbers about the values of a weight. Infinities and NaN do not count in `min` to `norm`.

    `count`: values. `read`: how many of them were read; fewer than `count` where the weight is too large to be read
    whole. `channels`: by position in the last dimension that is larger than 1; null for weights of one dimension, or
    where there are too many.
    """

    code: int
    count: int
    read: int
    min: float | None
    max: float | None
    mean: float | None
    std: float | None
    norm: float | None
    zeros: int
    nan: int
    posinf: int
    neginf: int
    channels: WeightChannels | None


class WeightHistogram(TypedDict):
    """Finite values by size: `counts[i]` lie from `edges[i]` to `edges[i + 1]`."""

    code: int
    edges: list[float]
    counts: list[int]
    read: int


class WeightSliceHeader(TypedDict):
    """What the header of a slice has beside its sections.

    `axes`: the dimensions that run down and to the right, -1 for none; `fixed`: the index in every other one, -1 in
    those two.
    `size`: rows and columns of the slice before it was made smaller. The sections `low` and `high` (f32) hold `rows` ×
    `columns` values each, row by row: the least and the greatest of those that became one; NaN where all were.
    """

    code: int
    axes: tuple[int, int]
    fixed: list[int]
    size: tuple[int, int]
    rows: int
    columns: int


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
