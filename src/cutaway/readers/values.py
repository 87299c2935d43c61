"""Values of a weight, by range, whatever format it lies in.

Every reader says where the bytes of a weight lie, in its ``location``:

- ``MEMBER@OFFSET+SIZE``: raw little-endian bytes. ``MEMBER`` is a file of the model's folder or zip, or beside the
  model's file; empty for that file itself.
- ``PART;PART;…``: bytes that are laid end to end, as the shards of TensorFlow.js are.
- ``PART[A:B,C:D];PART[…]``: each part is a slice, with what it covers of every dimension: a partitioned variable.
- ``…#tensor``: the bytes are an encoded ``TensorProto``.
- ``…#affine:SCALE,MIN``: a value is what is stored times ``SCALE`` plus ``MIN``.
- ``MEMBER#slices:NAME``: a variable of a checkpoint older than TensorFlow 1.0.
- ``MEMBER:PATH#INDEX``: one of the arrays of a layer in a ``model.weights.h5``, which numbers them.
- ``PATH`` or ``MEMBER:PATH``: a dataset of an HDF5 file. ``MEMBER.npy``: an array of an ``.npz``.

A weight of a whole model in HDF5 has no location: its array is found by the names of its layer and itself.

Nothing outside of the model's file or folder is read, and no link is followed out of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from cutaway.errors import OptionError, ReadError
from cutaway.graph.model import Weight
from cutaway.readers import locate
from cutaway.readers.arrays import Hdf5Arrays, location_among, npz_values
from cutaway.readers.hdf5 import Array as Stored
from cutaway.readers.members import member
from cutaway.readers.source import Source, limit
from cutaway.readers.wire.elements import Array, array_dtype, bits_of, decode

_PART = re.compile(r"(.*?)@(\d{1,19})\+(\d{1,19})(?:\[([\d:,]*)\])?(?:;|$)", re.DOTALL)
_AFFINE = re.compile(r"(.*)#affine:([^,#]+),([^,#]+)", re.DOTALL)
_STEP = 1 << 18
"""Elements of a partitioned variable that are put together at once."""

Range = tuple[int, int]
Getter = Callable[[int, int], Array]


def read_values(source: Source | str | Path, weight: Weight, start: int = 0, stop: int | None = None) -> Array:
    """Values of one weight; of many, let one `ValueReader` read them.

    Args:
        source: The model that the weight comes from, as it was given to `cutaway.read`.
        weight: One of its weights.
        start: First element, counted in C order.
        stop: Behind the last; None for all that follow.

    Returns:
        As of `ValueReader.read`, which raises the same.
    """
    with ValueReader(source) as values:
        return values.read(weight, start, stop)


class ValueReader:
    """Values of the weights of one model, whose files in HDF5 stay open from the first of them to the last.

    Args:
        source: The model, as it was given to `cutaway.read`.
    """

    def __init__(self, source: Source | str | Path) -> None:
        self._source = source if isinstance(source, Source) else locate(source)
        self._arrays = Hdf5Arrays()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._arrays.__exit__()

    def read(self, weight: Weight, start: int = 0, stop: int | None = None) -> Array:
        """Values of a weight.

        Args:
            weight: One of the model.
            start: First element, counted in C order.
            stop: Behind the last; None for all that follow.

        Returns:
            An array of one dimension. Types that NumPy does not have become wider: ``bfloat16`` and the float types of
            8 bits ``float32``, the whole numbers of 4 and 2 bits those of 8.

        Raises:
            OptionError: The range is not in the weight, or has more bytes than are read at once.
            ReadError: The values are missing, damaged, no numbers, or outside of the model's folder.
            MissingExtra: h5py is not installed.
        """
        count, path = weight.parameters, self._source.path
        stop = count if stop is None else stop
        if not 0 <= start <= stop <= count:
            raise OptionError(f"the range must lie in 0 to {count:,} for {weight.id!r}; received {start:,} to {stop:,}")
        location = weight.location or location_among(self._named, weight)
        if location is None:
            raise ReadError(f"it is not known where the values of {weight.id!r} lie", path=path)
        try:
            size = (stop - start) * array_dtype(weight.dtype).itemsize
            if size > limit("values"):
                raise OptionError(
                    f"the range has {size:,} bytes; at most {limit('values'):,} are read at once: ask for less"
                )
            return self._values(weight, location, start, stop)
        except OptionError:
            raise
        except ReadError as error:
            if error.path is None:
                raise ReadError(f"values of {weight.id!r}: {error}", path=path) from error
            raise
        except (ValueError, OverflowError) as error:
            raise ReadError(f"values of {weight.id!r} are damaged: {error}", path=path) from error

    @cached_property
    def _named(self) -> Mapping[str, Stored]:
        """The arrays of a whole model in HDF5, which are found by their names."""
        return self._arrays.by_name(self._source)

    def _values(self, weight: Weight, location: str, start: int, stop: int) -> Array:
        source = self._source
        name, mark, variable = location.partition("#slices:")
        if mark:
            return _old_slices(_member(source, name), weight, variable, start, stop)
        affine = _AFFINE.fullmatch(location)
        if affine:
            stored = _raw(source, weight, affine.group(1), start, stop)
            return (stored * float(affine.group(2)) + float(affine.group(3))).astype(np.float32)
        if location.endswith("#tensor"):
            return _encoded(source, weight, location.removesuffix("#tensor"), start, stop)
        if _PART.match(location):
            return _raw(source, weight, location, start, stop)
        if location.endswith(".npy") and source.kind != "file":
            return npz_values(source.at(location), weight.shape, start, stop)
        if "#" in location:
            return self._of_layer(weight, location, start, stop)
        inside, _, path = ("", "", location) if location.startswith("/") else location.rpartition(":")
        return self._arrays.values(_member(source, inside), path, weight, start, stop)

    def _of_layer(self, weight: Weight, location: str, start: int, stop: int) -> Array:
        place, _, index = location.rpartition("#")
        name, colon, path = place.partition(":")
        if not colon or not index.isdecimal() or len(index) > 9:
            return _unknown(location)
        held = _member(self._source, name)
        found = self._arrays.location_in_layer(held, path, weight, int(index))
        return self._arrays.values(held, found, weight, start, stop)


def _unknown(location: str) -> Array:
    raise ReadError(f"the place {location[:200]!r} is in no form that is known")


def _member(source: Source, name: str) -> Source:
    found = member(source, name)
    if found is None:
        raise ReadError(f"the file {name[:200]!r} is missing, or lies outside of the model's folder", path=source.path)
    return found


@dataclass(frozen=True, slots=True)
class _Part:
    """Bytes of one file, and what they cover of the weight, where they are a slice."""

    member: str
    offset: int
    size: int
    covers: tuple[Range, ...] | None


def _parts(location: str) -> list[_Part]:
    found: list[_Part] = []
    at = 0
    while at < len(location) or not found:
        part = _PART.match(location, at)
        if part is None:
            raise ReadError(f"the place {location[at:][:200]!r} is in no form that is known")
        name, offset, size, covers = part.groups()
        ranges = None
        if covers is not None:
            pairs = [pair.split(":") for pair in covers.split(",") if pair]
            ranges = tuple((int(low), int(high)) for low, high in pairs)
        found.append(_Part(name, int(offset), int(size), ranges))
        at = part.end()
    return found


def _raw(source: Source, weight: Weight, location: str, start: int, stop: int) -> Array:
    parts = _parts(location)
    if parts[0].covers is None:
        return _flat(source, parts, weight.dtype, weight.parameters, start, stop)
    slices = []
    for part in parts:
        covers = part.covers or ()
        slices.append(
            (covers, _slice_getter(source, part, weight.dtype, math.prod(high - low for low, high in covers)))
        )
    return _put_together(weight, start, stop, slices)


def _slice_getter(source: Source, part: _Part, dtype: str, count: int) -> Getter:
    return lambda low, high: _flat(source, [part], dtype, count, low, high)


def _flat(source: Source, parts: Sequence[_Part], dtype: str, count: int, start: int, stop: int) -> Array:
    """Elements of bytes that are laid end to end."""
    bits = bits_of(dtype, sum(part.size for part in parts), count)
    first, last = start * bits // 8, (stop * bits + 7) // 8
    data = bytearray()
    at = 0
    for part in parts:
        low, high = max(first, at) - at, min(last, at + part.size) - at
        if low < high:
            data += _bytes(source, part, low, high)
        at += part.size
    return decode(bytes(data), dtype, bits, start - first * 8 // bits, stop - start)


def _bytes(source: Source, part: _Part, low: int, high: int) -> bytes:
    held = _member(source, part.member)
    end = part.offset + high
    if end > held.size:
        raise ReadError(
            f"the file is cut short: the values lie up to byte {end:,}; it has {held.size:,} bytes", path=held.path
        )
    with held.open() as file:
        file.seek(part.offset + low)
        return file.read(high - low)


def _encoded(source: Source, weight: Weight, location: str, start: int, stop: int) -> Array:
    """Elements of an encoded tensor, which is parsed as a whole."""
    from cutaway.readers.wire.tensor_proto import parse_tensor, tensor_values

    data = bytearray()
    for part in _parts(location):
        if len(data) + part.size > limit("values"):
            raise ReadError(f"the tensor has {part.size:,} bytes in its message; at most {limit('values'):,} are read")
        data += _bytes(source, part, 0, part.size)
    return tensor_values(parse_tensor(bytes(data)), weight.parameters, start, stop)


def _old_slices(source: Source, weight: Weight, name: str, start: int, stop: int) -> Array:
    """Elements of a variable of an old checkpoint, a slice at a time."""
    from cutaway.readers.wire.saved_slices import slices_of
    from cutaway.readers.wire.tensor_proto import tensor_values

    def getters() -> Iterable[tuple[tuple[Range, ...], Getter]]:
        for covers, tensor in slices_of(source, name):
            held = tensor_values(tensor, math.prod(high - low for low, high in covers))
            yield covers, _from(held)

    return _put_together(weight, start, stop, getters())


def _from(held: Array) -> Getter:
    return lambda low, high: held[low:high]


def _put_together(weight: Weight, start: int, stop: int, slices: Iterable[tuple[tuple[Range, ...], Getter]]) -> Array:
    """A range of a weight, of the slices that it is kept in.

    Raises:
        ReadError: A slice does not fit into the weight, or the slices leave gaps.
    """
    found = np.zeros(stop - start, array_dtype(weight.dtype))
    filled = np.zeros(stop - start, bool)
    for covers, get in slices:
        _check(weight, covers)
        lows = [low for low, _ in covers]
        sizes = [high - low for low, high in covers]
        if not math.prod(sizes):
            continue
        first = int(np.ravel_multi_index(lows, weight.shape)) if covers else 0
        last = int(np.ravel_multi_index([high - 1 for _, high in covers], weight.shape)) + 1 if covers else 1
        for at in range(max(first, start), min(last, stop), _STEP):
            end = min(at + _STEP, last, stop)
            inside, local = _local(np.arange(at, end), weight.shape, lows, sizes)
            if not len(local):
                continue
            low = int(local[0])
            places = inside + (at - start)
            found[places] = get(low, int(local[-1]) + 1)[local - low]
            filled[places] = True
    if not filled.all():
        raise ReadError(f"{int((~filled).sum()):,} values are in none of the slices that the weight is kept in")
    return found


def _check(weight: Weight, covers: tuple[Range, ...]) -> None:
    fits = len(covers) == len(weight.shape) and all(
        0 <= low <= high <= size for (low, high), size in zip(covers, weight.shape, strict=True)
    )
    if not fits:
        raise ReadError(f"a slice covers {covers[:8]} of the shape {weight.shape[:8]}, in which it does not lie")


def _local(flat: Array, shape: tuple[int, ...], lows: Sequence[int], sizes: Sequence[int]) -> tuple[Array, Array]:
    """Which elements of a range lie in a slice, and where in it."""
    if not shape:
        return np.arange(len(flat)), flat
    places = [axis - low for axis, low in zip(np.unravel_index(flat, shape), lows, strict=True)]
    kept = np.logical_and.reduce([(axis >= 0) & (axis < size) for axis, size in zip(places, sizes, strict=True)])
    inside = np.flatnonzero(kept)
    local = np.ravel_multi_index(tuple(axis[inside] for axis in places), tuple(sizes))
    return inside, np.asarray(local)
