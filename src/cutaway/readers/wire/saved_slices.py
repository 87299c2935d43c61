"""Checkpoints of TensorFlow before 1.0, which ``tf.train.Saver`` still writes on demand: one table with everything.

The value under the empty key lists the variables; each slice of one has a value of its own, an encoded tensor.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf.message import DecodeError

from cutaway.errors import ReadError
from cutaway.readers.source import Source
from cutaway.readers.wire.dtypes import dtype_name
from cutaway.readers.wire.ordered_code import WHOLE, slice_key
from cutaway.readers.wire.protobuf import message, text
from cutaway.readers.wire.table import Table
from cutaway.readers.wire.tensor_bundle import Entry

MARK = "#slices:"
"""In a location, between the member and the name of the variable."""

Range = tuple[int, int]


def is_saved_slices(source: Source) -> bool:
    """Whether a table is such a checkpoint, and not the index of a newer one.

    Raises:
        ReadError: The table is damaged, or holds nothing.
    """
    return _first(source)[:1] == b"\x0a"  # a message; the header of a newer one begins with a number


def entries_of(source: Source, member: str = "") -> dict[str, Entry]:
    """All variables by name, in the order of the file.

    Args:
        source: The file.
        member: How locations name it; empty where the file itself is the model.

    Raises:
        ReadError: The file is damaged.
    """
    found: dict[str, Entry] = {}
    for told in _meta(source).meta.tensor:
        name = text(told.name)
        shape = tuple(dim.size for dim in told.shape.dim)
        dtype = dtype_name(told.type)
        if dtype is None or any(size < 0 for size in shape):
            raise ReadError(f"variable {name[:120]!r} has no element type, or an unknown shape", path=source.path)
        found[name] = Entry(dtype, shape, f"{member}{MARK}{name}")
    return found


def slices_of(source: Source, name: str) -> Iterator[tuple[tuple[Range, ...], Any]]:
    """The slices of one variable: what each covers, and its ``TensorProto``.

    Raises:
        ReadError: The file is damaged, or lacks the variable or one of its slices.
    """
    told = next((each for each in _meta(source).meta.tensor if text(each.name) == name), None)
    if told is None:
        raise ReadError(f"the checkpoint has no variable {name[:120]!r}", path=source.path)
    shape = [dim.size for dim in told.shape.dim]
    for each in told.slice:
        extents = [(extent.start, extent.length if extent.HasField("length") else WHOLE) for extent in each.extent]
        if len(extents) != len(shape):
            raise ReadError(
                f"a slice of {name[:120]!r} has {len(extents)} dimensions of {len(shape)}", path=source.path
            )
        with source.open() as file:
            value = Table(file, source.size).find(slice_key(name.encode(), extents))
        if value is None:
            raise ReadError(f"a slice of {name[:120]!r} is missing", path=source.path)
        ranges = tuple(
            (0, size) if length == WHOLE else (start, start + length)
            for (start, length), size in zip(extents, shape, strict=True)
        )
        yield ranges, _parsed(value, source).data.data


def _first(source: Source) -> bytes:
    with source.open() as file:
        key, value = next(Table(file, source.size).entries(), (b"", b""))
    if key or not value:
        raise ReadError("expected a header under the empty key; the table has none, so it is no checkpoint's",
                        path=source.path)  # fmt: skip
    return value


def _meta(source: Source) -> Any:
    return _parsed(_first(source), source)


def _parsed(value: bytes, source: Source) -> Any:
    try:
        return message("SavedTensorSlices").FromString(value)
    except DecodeError as error:
        raise ReadError(f"an entry of the checkpoint is damaged: {error}", path=source.path) from error
