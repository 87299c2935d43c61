"""Fields of an encoded message one by one, by hand: for messages too large, or too damaged, to be decoded at once."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import NamedTuple

Bytes = bytes | memoryview | mmap.mmap

VARINT, FIXED64, MESSAGE, FIXED32 = 0, 1, 2, 5
"""Wire types; `MESSAGE` is everything with a length."""


_MANY = 200_000
_SHORT = 16
"""Fields of one message, and their bytes on average, from which on it is a bomb: it would cost minutes to read."""


class TooMuch(int):
    """A place from which on nothing is read although nothing is wrong there: no real file holds so much of it."""


def told_of(place: int) -> str:
    """Why reading stopped at a place, in words."""
    if isinstance(place, TooMuch):
        return f"holds more small parts than models of its size do: from byte {place:,} on they are left out"
    return f"is cut or damaged at byte {place:,}: what follows in it is lost"


class Field(NamedTuple):
    """One field.

    Attributes:
        number: Its number.
        wire: Its wire type.
        at: Where its key begins.
        start: Where its value begins.
        end: Where its value ends.
    """

    number: int
    wire: int
    at: int
    start: int
    end: int


def varint(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """A number and the place behind it, which is -1 where it runs past ``end`` or has more than ten bytes."""
    if at + 1 < end:  # nearly all are this short
        first, second = data[at], data[at + 1]
        if first < 0x80:
            return first, at + 1
        if second < 0x80:
            return first & 0x7F | second << 7, at + 2
    value = shift = 0
    for place in range(at, min(at + 10, end)):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place + 1
        shift += 7
    return value, -1


def fields(data: Bytes, start: int, end: int, lost: list[int]) -> Iterator[Field]:
    """The fields between two places, in the order of the file.

    Args:
        data: The file.
        start: Where the message begins.
        end: Where it ends.
        lost: Takes the place of the field at which reading had to stop, if it had to. A field with a length that runs
            past the end comes all the same, ending there, so that what it holds can be saved.
    """
    at = start
    count = 0
    while at < end:
        count += 1
        if count > _MANY and at - start < count * _SHORT:
            lost.append(TooMuch(at))
            return
        key, place = varint(data, at, end)
        wire, number = key & 7, key >> 3
        if place < 0 or not number or wire not in (VARINT, FIXED64, MESSAGE, FIXED32):
            lost.append(at)
            return
        stop = place
        if wire == VARINT:
            _, stop = varint(data, place, end)
        elif wire == MESSAGE:
            length, place = varint(data, place, end)
            stop = place + length if place >= 0 else -1
        else:
            stop = place + (8 if wire == FIXED64 else 4)
        if stop < 0 or stop > end:
            lost.append(at)
            if wire == MESSAGE and place >= 0:
                yield Field(number, wire, at, place, end)
            return
        yield Field(number, wire, at, place, stop)
        at = stop
