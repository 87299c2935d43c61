"""How the bytes of an event that holds numbers are laid out, so that all events like it are read together.

Events of one tag differ in time, step and value alone. Where these three lie is found once, in the first such event;
in the others the same bytes are taken by column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from cutaway.readers.wire.fields import FIXED32, FIXED64, MESSAGE, VARINT, Field, fields, varint
from cutaway.training.checksums import Bytes8

TYPES: Final = {
    1: "<f4",
    2: "<f8",
    3: "<i4",
    4: "u1",
    5: "<i2",
    6: "i1",
    9: "<i8",
    17: "<u2",
    19: "<f2",
    22: "<u4",
    23: "<u8",
}
"""Types of TensorFlow whose tensors are read, as NumPy calls them."""

_LISTS: Final = {5: "<f4", 6: "<f8"}
"""Fields of a tensor that list its values with a fixed number of bytes each."""


_Numbers = tuple[tuple[int, int], str, tuple[int, ...]]
"""Begin and end of numbers, their type, their shape."""


@dataclass(frozen=True, slots=True)
class ValueLayout:
    """Where one value lies.

    Attributes:
        tag: Begin and end of its tag.
        plugin: The plugin that shows it; empty where the event does not say.
        at: Begin and end of its numbers.
        type: NumPy's name of their type.
        shape: Their shape.
    """

    tag: tuple[int, int]
    plugin: str
    at: tuple[int, int]
    type: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where all that may differ in an event lies.

    Attributes:
        time: Where the time begins.
        step: Begin and end of the step; equal where the event has none.
        values: The values.
        mask: 1 for each bit that is the same in all events of this layout.
    """

    time: int
    step: tuple[int, int]
    values: tuple[ValueLayout, ...]
    mask: Bytes8


def layout_of(data: bytes) -> Layout | None:
    """The layout of an event; None where it holds something else than numbers, or in a way that is seldom."""
    lost: list[int] = []
    time, step, values, seen = -1, (0, 0), [], set[int]()
    for part in fields(data, 0, len(data), lost):
        if part.number in seen:
            return None
        seen.add(part.number)
        if (part.number, part.wire) == (1, FIXED64):
            time = part.start
        elif (part.number, part.wire) == (2, VARINT):
            step = (part.start, part.end)
        elif (part.number, part.wire) == (5, MESSAGE):
            for value in fields(data, part.start, part.end, lost):
                found = _value(data, value, lost) if (value.number, value.wire) == (1, MESSAGE) else None
                if found is None:
                    return None
                values.append(found)
        else:
            return None
    if lost or time < 0 or not values:
        return None
    return Layout(time, step, tuple(values), _mask(len(data), time, step, values))


def _mask(size: int, time: int, step: tuple[int, int], values: list[ValueLayout]) -> Bytes8:
    mask = np.full(size, 0xFF, np.uint8)
    mask[time : time + 8] = 0
    mask[step[0] : step[1]] = 0x80  # where the number goes on
    for value in values:
        mask[value.at[0] : value.at[1]] = 0
    if len(values) == 1:  # tags of one length share a layout; those of events with several values do not
        mask[values[0].tag[0] : values[0].tag[1]] = 0
    return mask


def _value(data: bytes, whole: Field, lost: list[int]) -> ValueLayout | None:
    tag: tuple[int, int] | None = None
    numbers: _Numbers | None = None
    plugin, seen = "", set[int]()
    for part in fields(data, whole.start, whole.end, lost):
        if part.number in seen:
            return None
        seen.add(part.number)
        if (part.number, part.wire) == (1, MESSAGE):
            tag = (part.start, part.end)
        elif (part.number, part.wire) == (2, FIXED32):
            numbers = ((part.start, part.end), "<f4", ())
            plugin = plugin or "scalars"
        elif (part.number, part.wire) == (8, MESSAGE):
            numbers = _tensor(data, part, lost)
        elif (part.number, part.wire) == (9, MESSAGE):
            plugin = _plugin(data, part, lost) or plugin
        elif (part.number, part.wire) != (7, MESSAGE):  # the name of a node, as TensorFlow 1 wrote it
            return None
    if tag is None or numbers is None:
        return None
    return ValueLayout(tag, plugin, *numbers)


def _plugin(data: bytes, about: Field, lost: list[int]) -> str:
    for part in fields(data, about.start, about.end, lost):
        if (part.number, part.wire) == (1, MESSAGE):
            for inner in fields(data, part.start, part.end, lost):
                if (inner.number, inner.wire) == (1, MESSAGE):
                    return data[inner.start : inner.end].decode("utf-8", "backslashreplace")
    return ""


def _tensor(data: bytes, whole: Field, lost: list[int]) -> _Numbers | None:
    """Where the numbers of a tensor lie, their type and shape; None where they do not lie in one row."""
    dtype, shape, found = 0, tuple[int, ...](), list[tuple[int, int, str]]()
    for part in fields(data, whole.start, whole.end, lost):
        if (part.number, part.wire) == (1, VARINT):
            dtype = varint(data, part.start, part.end)[0]
        elif (part.number, part.wire) == (2, MESSAGE):
            sizes = _shape(data, part, lost)
            if sizes is None:
                return None
            shape = sizes
        elif (part.number, part.wire) == (4, MESSAGE):
            found.append((part.start, part.end, ""))
        elif part.number in _LISTS and part.wire in (MESSAGE, FIXED32, FIXED64):
            found.append((part.start, part.end, _LISTS[part.number]))
        elif (part.number, part.wire) != (3, VARINT):
            return None
    type = TYPES.get(dtype)
    if type is None or len(found) != 1:
        return None
    start, end, listed = found[0]
    count = 1
    for size in shape:
        count *= size
    if (listed and listed != type) or count * np.dtype(type).itemsize != end - start:
        return None
    return (start, end), type, shape


def _shape(data: bytes, whole: Field, lost: list[int]) -> tuple[int, ...] | None:
    sizes: list[int] = []
    for part in fields(data, whole.start, whole.end, lost):
        if (part.number, part.wire) != (2, MESSAGE):
            return None
        size = 0
        for inner in fields(data, part.start, part.end, lost):
            if (inner.number, inner.wire) == (1, VARINT):
                size = varint(data, inner.start, inner.end)[0]
        sizes.append(size)
    return tuple(sizes)


def numbers_at(rows: Bytes8, at: tuple[int, int], type: str) -> npt.NDArray[np.generic]:
    """The numbers that lie in some columns, one event a row."""
    return np.ascontiguousarray(rows[:, at[0] : at[1]]).view(type)


def steps_at(rows: Bytes8, at: tuple[int, int]) -> npt.NDArray[np.int64]:
    """The steps that lie in some columns."""
    steps = np.zeros(len(rows), np.uint64)
    for place in range(at[0], at[1]):
        steps |= (rows[:, place] & 0x7F).astype(np.uint64) << np.uint64(7 * (place - at[0]))
    return steps.view(np.int64)
