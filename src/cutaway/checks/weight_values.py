"""What checks ask about the values of weights: each weight is read once, and only a few numbers of it are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cutaway.graph.model import Graph, Weight
from cutaway.graph.walk import weights_once

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.generic]

_REALS = frozenset({"float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"})


@dataclass(frozen=True, slots=True)
class Look:
    """What is known about the values of a weight.

    Attributes:
        node: A node that uses it.
        weight: Which it is.
        size: How many values there are.
        wrong: How many of them are NaN or infinite.
        negative: How many of them are negative.
        same: The value that all of them have, or None.
        dead: How many units, counted along the last dimension, have zeros only.
    """

    node: int
    weight: Weight
    size: int
    wrong: int
    negative: int
    same: float | None
    dead: int


def looks(graph: Graph, values: Callable[[Weight], Values | None]) -> Iterator[Look]:
    """Every weight of real numbers that a node uses and whose values can be read."""
    for node, weight in weights_once(graph):
        if weight.dtype in _REALS and weight.parameters:
            read = values(weight)
            if read is not None:
                yield _look(node, weight, read)


def _look(node: int, weight: Weight, values: Values) -> Look:
    import numpy as np

    reals: NDArray[np.floating] = values.astype(np.float64 if values.dtype.itemsize > 4 else np.float32)
    units = weight.shape[-1] if len(weight.shape) > 1 else 1
    dead = int((~reals.any()) if units == 1 else (~reals.reshape(-1, units).any(axis=0)).sum())
    return Look(
        node,
        weight,
        int(reals.size),
        int(reals.size - np.isfinite(reals).sum()),
        int((reals < 0).sum()),
        float(reals[0]) if bool((reals == reals[0]).all()) else None,
        dead,
    )
