"""Sorted tables of keys and values, the files in which checkpoints keep their index (and old ones everything).

A table is a row of blocks; the last 48 bytes say where the block is that lists the others. In a block each key
is written as what differs from the key before it. A block may be packed, and its checksum stands behind it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

from cutaway.errors import ReadError
from cutaway.readers.sniff import TABLE_END
from cutaway.readers.wire.crc32c import crc32c, masked
from cutaway.readers.wire.snappy import unpack
from cutaway.readers.wire.varint import varint

_FOOTER = 48
_TRAILER = 5  # behind each block: how it is packed, and its checksum

LONGEST_KEY = 4096
"""Bytes of a key; the longest in real checkpoints have some hundred."""

MOST_KEYS = 32 << 20
"""Bytes of all keys: 100 KB can be written that become 200 MB of keys, because each repeats the one before it."""

MOST_ENTRIES = 300_000
"""Entries of a table; a model of a thousand layers, its optimizer included, has some 10,000."""

LARGEST_BLOCK = 512 << 20
"""Bytes of a block. Those of an index have some KB; an old checkpoint keeps one whole variable in one."""


class Table:
    """A sorted table, read block by block.

    Args:
        file: The file, open at any place.
        size: All of its bytes.

    Raises:
        ReadError: It is no table, or its end is missing. The path is for the caller to add.
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._size = size
        self._keys = 0
        if size < _FOOTER:
            raise ReadError(f"expected a table of at least {_FOOTER} bytes; the file has {size:,}")
        footer = self._bytes(size - _FOOTER, _FOOTER)
        if footer[-8:] != TABLE_END:
            raise ReadError(
                f"expected a table that ends with {TABLE_END.hex(' ')}; it ends with {footer[-8:].hex(' ')}: the file "
                "is cut short, or is no checkpoint index",
                offset=size - 8,
            )
        try:
            _, at = varint(footer, 0)
            _, at = varint(footer, at)
            self._index, _ = _handle(footer, at)
        except ValueError as error:
            raise ReadError(f"the table's end is damaged: {error}", offset=size - _FOOTER) from error

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        """All keys with their values, in the order of the keys.

        Raises:
            ReadError: A block is damaged, or the table is larger than any real one.
        """
        count, last = 0, None
        for place in self._blocks():
            for key, value in self._inside(place):
                count += 1
                if count > MOST_ENTRIES:
                    raise ReadError(f"the table has more than {MOST_ENTRIES:,} entries; no checkpoint does")
                if last is not None and key <= last:
                    raise ReadError(f"the keys are not in order: {key[:80]!r} comes after {last[:80]!r}")
                last = key
                yield key, value

    def find(self, key: bytes) -> bytes | None:
        """The value of one key, read from the one block that may hold it; None where there is none.

        Raises:
            ReadError: A block is damaged.
        """
        for last, handle in self._inside(self._index):
            if last >= key:
                place, _ = _handle_of(handle)
                return next((value for found, value in self._inside(place) if found == key), None)
        return None

    def _blocks(self) -> Iterator[tuple[int, int]]:
        """Places of all data blocks. They must not overlap, so that one block cannot be counted many times."""
        end = 0
        for _, handle in self._inside(self._index):
            place, _ = _handle_of(handle)
            if place[0] < end:
                raise ReadError("the blocks of the table overlap", offset=place[0])
            end = place[0] + place[1]
            yield place

    def _inside(self, place: tuple[int, int]) -> Iterator[tuple[bytes, bytes]]:
        block = self._block(place)
        try:
            for key, value in _entries(block):
                self._keys += len(key)
                if self._keys > MOST_KEYS:
                    raise ReadError(f"the keys of the table have more than {MOST_KEYS:,} bytes; no checkpoint's do")
                yield key, value
        except ReadError:
            raise
        except (ValueError, struct.error) as error:
            raise ReadError(f"a block of the table is damaged: {error}", offset=place[0]) from error

    def _block(self, place: tuple[int, int]) -> bytes:
        offset, size = place
        if offset + size + _TRAILER > self._size:
            raise ReadError(
                f"the table says that a block of {size:,} bytes begins here; the file has only {self._size:,} bytes",
                offset=offset,
            )
        if size > LARGEST_BLOCK:
            raise ReadError(f"a block has {size:,} bytes; at most {LARGEST_BLOCK:,} are read", offset=offset)
        data = self._bytes(offset, size + _TRAILER)
        packing, checksum = struct.unpack_from("<BI", data, size)
        if size <= _CHECKED and masked(crc32c(memoryview(data)[: size + 1])) != checksum:
            raise ReadError("a block of the table does not match its checksum: the file is damaged", offset=offset)
        if packing == 0:
            return data[:size]
        if packing != 1:
            raise ReadError(f"a block is packed in way {packing}; expected 0 (not) or 1 (snappy)", offset=offset)
        try:
            return unpack(data[:size], LARGEST_BLOCK)
        except ValueError as error:
            raise ReadError(f"a block of the table is damaged: {error}", offset=offset) from error

    def _bytes(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        data = self._file.read(size)
        if len(data) != size:
            raise ReadError(f"expected {size:,} bytes; the file gave {len(data):,}", offset=offset)
        return data


_CHECKED = 1 << 20
"""Bytes of the largest block whose checksum is verified, which takes a tenth of a second; an index has small ones."""


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    offset, at = varint(data, at)
    size, at = varint(data, at)
    return (offset, size), at


def _handle_of(value: bytes) -> tuple[tuple[int, int], int]:
    try:
        return _handle(value, 0)
    except ValueError as error:
        raise ReadError(f"the table's list of blocks is damaged: {error}") from error


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of one block, whose end is a list of places that is of no use here, and its length."""
    (restarts,) = struct.unpack_from("<I", block, len(block) - 4) if len(block) >= 4 else (1 << 32,)
    end = len(block) - 4 - 4 * restarts
    if end < 0:
        raise ValueError(f"a block of {len(block):,} bytes says that its list of places has {restarts:,}")
    at, key = 0, b""
    while at < end:
        shared, at = varint(block, at)
        own, at = varint(block, at)
        size, at = varint(block, at)
        if shared > len(key) or at + own + size > end or shared + own > LONGEST_KEY:
            raise ValueError(
                f"an entry says that its key shares {shared:,} bytes with one of {len(key):,} and adds {own:,}, and "
                f"that its value has {size:,}; {end - at:,} are left in the block"
            )
        key = key[:shared] + block[at : at + own]
        at += own + size
        yield key, block[at - size : at]
