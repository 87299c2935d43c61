"""`Name`: what a row of statistics is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from cutaway.training.histograms import BINS


@dataclass(frozen=True, slots=True)
class Name:
    """What is told of a tensor is of.

    Attributes:
        kind: ``weights``, ``activations``, ``gradients`` or ``updates``.
        id: Id of the call or of the weight.
        form: The function that made an activation, where it has limits.
        width: Length of its last axis; 0 where not known.
        counts_units: Whether the last moment is the share of its units that are silent.
        values: Number of its values, where they are told as they are; 0 where they are counted.
    """

    kind: str
    id: str
    form: str = ""
    width: int = 0
    counts_units: bool = False
    values: int = 0


def name_of(kind: str, id: str, shape: Sequence[Any]) -> Name:
    """The name of a weight, or of its gradient or update: of few values there is less to tell than of all bins.

    Args:
        kind: Which of them.
        id: Id of the weight.
        shape: Its shape, which is known.
    """
    size = prod(map(int, shape))
    return Name(kind, id, values=size if size <= BINS else 0)
