"""Values of arrays in HDF5 files and ``.npy`` members, by range."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO, Any, Self

import numpy as np

from cutaway.errors import ReadError
from cutaway.graph.model import Weight
from cutaway.readers.hdf5 import Array as Stored
from cutaway.readers.hdf5 import Hdf5File, Tree, child, tree
from cutaway.readers.keras.named_weights import by_layer
from cutaway.readers.keras.stored import STATE
from cutaway.readers.keras.weight_names import like
from cutaway.readers.source import Source, limit
from cutaway.readers.wire.elements import Array, bits_of, decode

_AT_ONCE = 16 << 20
"""Bytes that are asked of the HDF5 library at once."""

_LONGEST_HEADER = 1 << 16

_HDF5 = b"\x89HDF\r\n\x1a\n"


class Hdf5Arrays:
    """Arrays of HDF5 files; each file is opened once, when it is asked for its first array, and closed at the end."""

    def __init__(self) -> None:
        self._files: dict[Path, Hdf5File] = {}
        self._layers: dict[tuple[Path, str], list[Stored]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _file(self, source: Source) -> Hdf5File:
        if source.path not in self._files:
            self._files[source.path] = self._stack.enter_context(closing(Hdf5File(source)))
        return self._files[source.path]

    def values(self, source: Source, path: str, weight: Weight, start: int, stop: int) -> Array:
        """Elements of a dataset.

        Raises:
            ReadError: It is not there, not of the weight's shape, compressed beyond reason, or damaged.
            MissingExtra: h5py is not installed.
        """
        with self._file(source).look() as file:
            dataset = child(file, path)
            if dataset is None or hasattr(dataset, "keys"):
                raise ReadError(f"the file has no array {path[:200]!r}", path=source.path)
            shape = tuple(map(int, dataset.shape or ()))
            if math.prod(shape) != weight.parameters or dataset.dtype.kind not in "fiubcV":
                raise ReadError(
                    f"expected {weight.parameters:,} numbers at {path[:200]!r}; it has the shape {shape[:8]} "
                    f"and the type {dataset.dtype}",
                    path=source.path,
                )
            chunk = math.prod(dataset.chunks or ()) * dataset.dtype.itemsize if dataset.chunks else 0
            if chunk > limit("chunk"):
                raise ReadError(f"{path[:200]!r} is compressed in chunks of {chunk:,} bytes", path=source.path)
            most = max(1, _AT_ONCE // dataset.dtype.itemsize)
            pieces = [
                np.asarray(dataset[where]).ravel()[skip : skip + take]
                for where, skip, take in selections(shape, start, stop, most)
            ]
            joined = np.concatenate(pieces) if pieces else np.empty(0, dataset.dtype)
        if joined.dtype.kind == "V":
            bits = bits_of(weight.dtype, joined.dtype.itemsize * len(joined), len(joined))
            return decode(joined.tobytes(), weight.dtype, bits, 0, len(joined))
        return joined.astype(joined.dtype.newbyteorder("="))

    def by_name(self, source: Source) -> Mapping[str, Stored]:
        """The arrays of a whole model in HDF5, by names such as ``conv1/kernel``; none of anything else.

        Raises:
            ReadError: The file is damaged.
            MissingExtra: h5py is not installed.
        """
        if source.kind != "file" or not any(source.head[at : at + 8] == _HDF5 for at in (0, 512, 1024, 2048)):
            return {}
        with self._file(source).look() as file:
            held = child(file, "model_weights")
            return dict(_flat(by_layer(held), "")) if hasattr(held, "keys") else {}

    def location_in_layer(self, source: Source, path: str, weight: Weight, index: int) -> str:
        """The path of one of a layer's weights in a ``model.weights.h5``, which numbers them and does not name them.

        Raises:
            ReadError: The layer is not there, or has no such weight.
            MissingExtra: h5py is not installed.
        """
        arrays = self._of_layer(source, path)
        if index >= len(arrays) or arrays[index].shape != weight.shape or arrays[index].location is None:
            raise ReadError(
                f"expected an array of the shape {weight.shape[:8]} as number {index} of {path[:200]!r}; it holds "
                f"{[array.shape[:8] for array in arrays[:8]]}",
                path=source.path,
            )
        return arrays[index].location or ""

    def _of_layer(self, source: Source, path: str) -> list[Stored]:
        """What a layer holds, in order; listed once, and not for each of its weights."""
        key = (source.path, path)
        if key not in self._layers:
            with self._file(source).look() as file:
                held = child(file, path)
                self._layers[key] = list(_numbered(tree(held, ""))) if hasattr(held, "keys") else []
        return self._layers[key]


def location_among(arrays: Mapping[str, Stored], weight: Weight) -> str | None:
    """Where a weight lies among arrays that have names, which need not be quite its own; None where none fits."""
    same = {name: array.location for name, array in arrays.items() if array.shape == weight.shape}
    name = weight.id if weight.id in same else like(weight.id.split("/"), {name: name.split("/") for name in same})
    return None if name is None else same[name]


def _numbered(held: Tree) -> Iterator[Stored]:
    """Arrays of a layer in their order, those of the layers in it behind its own."""
    own = held.get("vars")
    yield from (item for item in (own or {}).values() if isinstance(item, Stored)) if isinstance(own, dict) else ()
    for name, item in held.items():
        if isinstance(item, dict) and name != "vars" and name not in STATE:
            yield from _numbered(item)


def _flat(held: Tree, prefix: str) -> Iterator[tuple[str, Stored]]:
    """Arrays of a tree by their paths."""
    for name, item in held.items():
        if isinstance(item, Stored):
            yield f"{prefix}{name}", item
        else:
            yield from _flat(item, f"{prefix}{name}/")


def selections(shape: tuple[int, ...], start: int, stop: int, most: int) -> Iterator[tuple[tuple[Any, ...], int, int]]:
    """Boxes of an array that hold a range of it in C order.

    Args:
        shape: Shape of the array.
        start: First element.
        stop: Behind the last.
        most: Elements of one box at most.

    Yields:
        What to index the array with, elements of that to skip, and elements to take.
    """
    if start >= stop:
        return
    if not shape:
        yield (), 0, 1
        return
    row = math.prod(shape[1:])
    if len(shape) > 1 and row > most:
        for index in range(start // row, (stop - 1) // row + 1):
            low, high = max(start, index * row) - index * row, min(stop, (index + 1) * row) - index * row
            for where, skip, take in selections(shape[1:], low, high, most):
                yield (index, *where), skip, take
        return
    rows = max(1, most // row)
    for first in range(start // row, (stop - 1) // row + 1, rows):
        last = min(first + rows, (stop - 1) // row + 1)
        low = max(start - first * row, 0)
        yield (slice(first, last),), low, min(stop, last * row) - first * row - low


def npz_values(source: Source, shape: tuple[int, ...], start: int, stop: int) -> Array:
    """Elements of an ``.npy`` member.

    Raises:
        ReadError: It is no array of numbers of that shape, or cut short.
    """
    with source.open() as file:
        dtype, fortran, held, data = _npy_header(file, source)
        if held != shape:
            raise ReadError(f"expected an array of the shape {shape[:8]}; it has {held[:8]}", path=source.path)
        count = math.prod(shape)
        if not fortran:
            file.seek(data + start * dtype.itemsize)
            return _numbers(file, dtype, stop - start, source)
        if count * dtype.itemsize > limit("values"):
            raise ReadError(
                f"the array has {count * dtype.itemsize:,} bytes in the order of Fortran, in which at most "
                f"{limit('values'):,} are read",
                path=source.path,
            )
        file.seek(data)
        return _numbers(file, dtype, count, source).reshape(shape, order="F").ravel(order="C")[start:stop]


def _numbers(file: IO[bytes], dtype: np.dtype[Any], count: int, source: Source) -> Array:
    data = file.read(count * dtype.itemsize)
    if len(data) < count * dtype.itemsize:
        raise ReadError(f"the array is cut short: {count:,} values are wanted in {len(data):,} bytes", path=source.path)
    return np.frombuffer(data, dtype, count).astype(dtype.newbyteorder("="))


def _npy_header(file: IO[bytes], source: Source) -> tuple[np.dtype[Any], bool, tuple[int, ...], int]:
    start = file.read(12)
    wide = start[6:7] >= b"\2"
    length = int.from_bytes(start[8 : 12 if wide else 10], "little")
    if start[:6] != b"\x93NUMPY" or length > _LONGEST_HEADER:
        raise ReadError("expected a NumPy array", path=source.path)
    begin = 12 if wide else 10
    file.seek(begin)
    try:
        header = ast.literal_eval(file.read(length).decode("latin-1").strip())
        dtype = np.dtype(header["descr"])
        shape = tuple(int(dim) for dim in header["shape"])
        fortran = bool(header["fortran_order"])
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError) as error:
        raise ReadError(f"the header of the array is damaged: {error}", path=source.path) from error
    if dtype.kind not in "fiubc" or dtype.hasobject:
        raise ReadError(f"expected an array of numbers; it holds {str(dtype)[:40]}", path=source.path)
    return dtype, fortran, shape, begin + length
