"""Values of a file's weights in pieces, for who goes through many of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cutaway.errors import OptionError, ReadError
from cutaway.graph.model import Weight
from cutaway.readers import locate
from cutaway.readers.arrays import arrays_by_name, location_among
from cutaway.readers.values import read_values


def pieces_of(path: str) -> Callable[[Weight, int, int], Any]:
    """A function that reads the values of a weight from an element up to before another; None where it cannot.

    Args:
        path: The model, as it was given to `cutaway.read`.
    """
    source = locate(path)
    arrays: dict[str, Any] = {}

    def read_piece(weight: Weight, start: int, stop: int) -> Any:
        try:
            if not weight.location:  # found by its names, which are searched for once and not for each weight
                arrays.update(() if arrays else arrays_by_name(source))
                weight = replace(weight, location=location_among(arrays, weight))
            return read_values(source, weight, start, stop)
        except (ReadError, OptionError):
            return None

    return read_piece
