"""Tensor bundles: the checkpoints of TensorFlow since 1.0, one index and one or more shards of data.

The index is a sorted table; it tells dtype, shape and place of every tensor, so names and shapes are known even
where the data are missing. A variable that was partitioned has an entry without data, and one for each slice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError

from cutaway.errors import ReadError
from cutaway.graph.model import BITS_OF_DTYPE
from cutaway.readers.members import member
from cutaway.readers.source import Source
from cutaway.readers.wire.dtypes import dtype_name
from cutaway.readers.wire.ordered_code import WHOLE, slice_key
from cutaway.readers.wire.protobuf import message
from cutaway.readers.wire.table import Table
from cutaway.readers.wire.varint import varint

OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
"""Key of the message that tells which object of the author's program each variable belongs to."""

_LARGEST_GRAPH = 32 << 20
"""Bytes of the object graph; that of a model of 30,000 variables, its optimizer included, has some 10 MB."""

_MOST_DIMENSIONS = 254
_MOST_SLICES = 100_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A tensor of a bundle.

    Attributes:
        dtype: Name of the element type, such as ``"float32"``, or ``"string"``.
        shape: Its dimensions.
        location: Where its bytes lie, as `cutaway.readers.values` reads it; None where they are missing.
    """

    dtype: str
    shape: tuple[int, ...]
    location: str | None = None


@dataclass(slots=True)
class Bundle:
    """A checkpoint, read by `Bundle.open`.

    Attributes:
        entries: Tensors by key, in the order of the index.
        warnings: What is missing, in words for the user.
    """

    entries: Mapping[str, Entry]
    warnings: list[str]
    _source: Source = field(repr=False)

    @classmethod
    def open(cls, source: Source, prefix: str) -> Bundle:
        """Read the index of a bundle.

        Args:
            source: The folder or zip that holds it, or any file beside it.
            prefix: What the names of its files begin with, such as ``"variables/variables"``.

        Raises:
            ReadError: The index is missing or damaged, or the data are in the byte order of another kind of machine.
        """
        reading = _Reading(source, prefix)
        entries = reading.entries()
        return cls(entries, reading.warnings(), source)

    def object_graph(self) -> Any:
        """The ``TrackableObjectGraph`` message; None where the bundle has none, or its shard is missing.

        Raises:
            ReadError: It is there and damaged.
        """
        entry = self.entries.get(OBJECT_GRAPH)
        if entry is None or entry.location is None:
            return None
        return _message("TrackableObjectGraph", self.read_string(OBJECT_GRAPH), OBJECT_GRAPH.encode())

    def read_string(self, key: str) -> bytes:
        """The value of a tensor that is one string.

        Raises:
            ReadError: There is no such tensor, or it is not one string, too long, or damaged.
        """
        entry = self.entries.get(key)
        if entry is None or entry.location is None or entry.dtype != "string" or math.prod(entry.shape) != 1:
            raise ReadError(f"expected one string under {key!r}; the checkpoint has {entry}", path=self._source.path)
        name, _, place = entry.location.rpartition("@")
        offset, size = map(int, place.split("+"))
        shard = member(self._source, name)
        if shard is None:
            raise ReadError(f"the shard {name!r} is missing", path=self._source.path)
        if size > _LARGEST_GRAPH:
            raise ReadError(f"{key!r} has {size:,} bytes; at most {_LARGEST_GRAPH:,} are read", path=self._source.path)
        with shard.open() as file:
            file.seek(offset)
            data = file.read(size)
        try:
            length, start = varint(data, 0)
        except ValueError as error:
            raise ReadError(f"{key!r} is damaged: {error}", path=self._source.path, offset=offset) from error
        start += 4  # the checksum of the lengths
        if start + length != size or len(data) != size:
            raise ReadError(
                f"{key!r} is damaged: expected a string of {size - start:,} bytes; it says {length:,}",
                path=self._source.path,
                offset=offset,
            )
        return data[start:]


class _Reading:
    """What is known while the entries of one index are looked through."""

    def __init__(self, source: Source, prefix: str) -> None:
        self._source = source
        self._prefix = prefix
        self._shards = 1
        self._sizes: dict[int, int | None] = {}
        self._missing: dict[int, int] = {}
        self._beyond: dict[int, int] = {}
        self._lost_slices = 0
        self._slices = 0

    def entries(self) -> dict[str, Entry]:
        """All tensors, slices joined."""
        index = f"{self._prefix}.index"
        held = member(self._source, index)
        if held is None:
            raise ReadError(f"the checkpoint's index {index!r} is missing", path=self._source.path)
        try:
            with held.open() as file:
                raw = dict(Table(file, held.size).entries())
            return self._all(raw)
        except ReadError as error:
            if error.path is None:
                raise ReadError(str(error), path=held.path) from error
            raise

    def _all(self, raw: dict[bytes, bytes]) -> dict[str, Entry]:
        self._header(raw.pop(b"", None))
        found: dict[str, Entry] = {}
        for key, value in raw.items():
            if key[:1] == b"\0":
                continue  # a slice; it is looked up from the entry of the whole
            found[key.decode("utf-8", "backslashreplace")] = self._entry(key, value, raw)
        return found

    def _header(self, value: bytes | None) -> None:
        if value is None:
            raise ReadError("expected a header under the empty key; the index has none, so it is no checkpoint's")
        header = _message("BundleHeaderProto", value, b"")
        if header.endianness:
            raise ReadError("the values were written by a big-endian machine, which cutaway does not read")
        if not 0 < header.num_shards <= 100_000:
            raise ReadError(f"the index says that the data lie in {header.num_shards:,} shards")
        self._shards = header.num_shards

    def _entry(self, key: bytes, value: bytes, raw: dict[bytes, bytes]) -> Entry:
        told = _message("BundleEntryProto", value, key)
        shape = _shape(told, key)
        dtype = dtype_name(told.dtype)
        if dtype is None:
            raise ReadError(f"{_shown(key)} has no element type")
        if not told.slices:
            return Entry(dtype, shape, self._location(told, dtype, shape))
        parts: list[str] = []
        for each in told.slices:
            part = self._slice(key, each, shape, dtype, raw)
            if part is None:
                self._lost_slices += 1
                return Entry(dtype, shape)
            parts.append(part)
        return Entry(dtype, shape, ";".join(parts))

    def _slice(
        self, key: bytes, described: Any, shape: tuple[int, ...], dtype: str, raw: dict[bytes, bytes]
    ) -> str | None:
        """Where one slice lies, and which part of the whole it is."""
        self._slices += 1
        if self._slices > min(_MOST_SLICES, len(raw)):
            raise ReadError(
                f"the variables are said to have more than {self._slices - 1:,} slices, more than there are"
            )
        extents = [
            (each.start, each.length if each.HasField("length") else WHOLE) for each in described.extent
        ]  # fmt: skip
        if len(extents) != len(shape):
            raise ReadError(f"a slice of {_shown(key)} has {len(extents)} dimensions; the variable has {len(shape)}")
        value = raw.get(slice_key(key, extents))
        if value is None:
            return None
        ranges = []
        for (start, length), whole in zip(extents, shape, strict=True):
            start, stop = (0, whole) if length == WHOLE else (start, start + length)
            if not 0 <= start <= stop <= whole:
                raise ReadError(f"a slice of {_shown(key)} goes from {start:,} to {stop:,} of a dimension of {whole:,}")
            ranges.append((start, stop))
        told = _message("BundleEntryProto", value, key)
        place = self._location(told, dtype, tuple(stop - start for start, stop in ranges))
        return place and f"{place}[{','.join(f'{start}:{stop}' for start, stop in ranges)}]"

    def _location(self, told: Any, dtype: str, shape: tuple[int, ...]) -> str | None:
        """Where the bytes of an entry lie; None where the shard is missing or cut."""
        shard, offset, size = told.shard_id, told.offset, told.size
        if not 0 <= shard < self._shards or offset < 0 or size < 0:
            raise ReadError(
                f"a tensor of {size:,} bytes is said to lie in shard {shard:,} of {self._shards:,}, at byte {offset:,}"
            )
        bits = BITS_OF_DTYPE.get(dtype)
        if bits is not None and size != (wanted := math.prod(shape) * max(bits, 8) // 8):
            raise ReadError(f"a tensor {dtype} of shape {shape} has {wanted:,} bytes; the index says {size:,}")
        name = self._data(shard)
        if shard not in self._sizes:
            found = member(self._source, name)
            self._sizes[shard] = None if found is None else found.size
        held = self._sizes[shard]
        if held is None:
            self._missing[shard] = self._missing.get(shard, 0) + 1
            return None
        if offset + size > held:
            self._beyond[shard] = min(self._beyond.get(shard, held), held)
            return None
        return f"{name}@{offset}+{size}"

    def _data(self, shard: int) -> str:
        return f"{self._prefix}.data-{shard:05d}-of-{self._shards:05d}"

    def warnings(self) -> list[str]:
        """What is missing, in words for the user."""
        said = []
        for shard, count in sorted(self._missing.items())[:5]:
            said.append(
                f"{self._data(shard)} is missing: the values of {count:,} variables cannot be read; "
                "their names and shapes are known from the index"
            )
        for shard, held in sorted(self._beyond.items())[:5]:
            said.append(f"{self._data(shard)} is cut short: what lies from byte {held:,} on is lost")
        if self._lost_slices:
            said.append(f"of {self._lost_slices:,} partitioned variables not all slices are there")
        return said


def _message(name: str, data: bytes, key: bytes) -> Any:
    try:
        return message(name).FromString(data)
    except DecodeError as error:
        raise ReadError(f"what the checkpoint says of {_shown(key)} is damaged: {error}") from error


def _shape(told: Any, key: bytes) -> tuple[int, ...]:
    dims = tuple(dim.size for dim in told.shape.dim)
    if len(dims) > _MOST_DIMENSIONS or any(dim < 0 for dim in dims):
        raise ReadError(f"{_shown(key)} has the shape {dims[:10]}; expected dimensions that are known")
    return dims


def _shown(key: bytes) -> str:
    return repr(key[:120].decode("utf-8", "backslashreplace"))
