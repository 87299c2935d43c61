"""The values of one tag as columns of numbers, and how those of several parts of a file are put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cutaway.training.event_records import Places

Numbers = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Block:
    """Values of one tag.

    Attributes:
        tag: The tag.
        plugin: The plugin of TensorBoard that shows it; empty where the events do not say.
        order: The position of each value's record in the stretch; empty where nobody needs it any more.
        times: Seconds since 1970.
        steps: Steps.
        values: One value each: a row of numbers, or what `cutaway.training.event_decode` makes of the others.
    """

    tag: str
    plugin: str
    order: Places
    times: npt.NDArray[np.float64]
    steps: npt.NDArray[np.int64]
    values: Numbers | list[object]


def in_order(parts: Iterable[Block]) -> Iterator[Block]:
    """Parts of a stretch as one block a tag, whose values come in the order of the file."""
    by_tag: dict[str, list[Block]] = {}
    for part in sorted(parts, key=lambda part: int(part.order[0])):
        by_tag.setdefault(part.tag, []).append(part)
    for blocks in by_tag.values():
        yield blocks[0] if len(blocks) == 1 else _joined(blocks)


def _joined(blocks: list[Block]) -> Block:
    """Parts of one tag as one; a row of numbers each where all values are of one shape."""
    plugin = next((block.plugin for block in blocks if block.plugin), "")
    order = np.concatenate([block.order for block in blocks])
    times = np.concatenate([block.times for block in blocks])
    steps = np.concatenate([block.steps for block in blocks])
    values = _values([block.values for block in blocks])
    if all(one.order[-1] < two.order[0] for one, two in pairwise(blocks)):
        return Block(blocks[0].tag, plugin, order, times, steps, values)
    sort = np.argsort(order, kind="stable")
    sorted_values = values[sort] if isinstance(values, np.ndarray) else [values[place] for place in sort.tolist()]
    return Block(blocks[0].tag, plugin, order[sort], times[sort], steps[sort], sorted_values)


def _values(parts: list[Numbers | list[object]]) -> Numbers | list[object]:
    """The values of some parts as rows of numbers where all are of one shape, and of one type or floats."""
    arrays = [part if isinstance(part, np.ndarray) else _stacked(part) for part in parts]
    made = [array for array in arrays if array is not None]
    kinds = {(array.shape[1:], "f" if array.dtype.kind == "f" else array.dtype) for array in made}
    if len(made) == len(arrays) and len(kinds) == 1:
        return np.concatenate(made)
    return [value for part in parts for value in part]


def _stacked(values: list[object]) -> Numbers | None:
    """Values as rows of numbers; None where they are not of one type and shape."""
    if all(isinstance(value, float) for value in values):
        return np.array(values, np.float64)
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    if len(arrays) < len(values) or len({(array.shape, array.dtype) for array in arrays}) != 1:
        return None
    return np.stack(arrays)
