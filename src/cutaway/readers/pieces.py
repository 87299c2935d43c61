"""Values of a file's weights in pieces, for who goes through many of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cutaway.errors import OptionError, ReadError
from cutaway.graph.model import Weight
from cutaway.readers.values import ValueReader


@contextmanager
def pieces_of(path: str) -> Iterator[Callable[[Weight, int, int], Any]]:
    """A function that reads the values of a weight from an element up to before another; None where it cannot.

    Args:
        path: The model, as it was given to `cutaway.read`.
    """
    with ValueReader(path) as values:

        def read_piece(weight: Weight, start: int, stop: int) -> Any:
            try:
                return values.read(weight, start, stop)
            except (ReadError, OptionError):
                return None

        yield read_piece
