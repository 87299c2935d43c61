"""The answers about what layers made of an input, as types; what all answers have in common is told in ``contract``."""

from __future__ import annotations

from typing import Literal, TypedDict


class InsideOutput(TypedDict):
    """One tensor that a layer made.

    `code`: what later requests name it by, for the first input; `code` + 1 is the same for the second, `code` + 2 the
    difference, first minus second; `there`: which of the three there are. `role`: "scores" for the weights of an
    attention. `values`: whether there is more of it than statistics. `axes`: dimensions of feature maps, of their rows
    and of their columns; empty where it has none.
    """

    code: int
    port: int
    role: Literal["output", "scores"]
    shape: list[int]
    dtype: str
    there: list[bool]
    values: bool
    axes: list[int]


class InsideNode(TypedDict):
    """What a layer made. `inputs`: each input in words. `missing`: why there is nothing."""

    index: int
    inputs: list[str]
    missing: str
    outputs: list[InsideOutput]


class MapsHeader(TypedDict):
    """What the header of feature maps has beside its sections.

    `count` maps of `of`, from `first` on. The section `values` (f32) holds `rows` × `columns` values of each, made
    smaller by means from `of_rows` × `of_columns`; `low` and `high` (f32) the least and greatest finite value of each.
    """

    code: int
    first: int
    count: int
    of: int
    rows: int
    columns: int
    of_rows: int
    of_columns: int
