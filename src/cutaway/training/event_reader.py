"""`EventFile`: reads an event file from where it stopped the last time, while somebody still writes it.

A cut last record is no damage: it is waited for. A record with a wrong checksum is left out and told; where the
length of one is damaged, the next record is looked for, byte by byte, by the checksum of its length.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from cutaway.errors import ReadError
from cutaway.training.checksums import find_header
from cutaway.training.event_records import HEADER, Records, split
from cutaway.training.event_stretch import Taken, take

STRETCH = 16 << 20
"""Bytes that are read and decoded together."""

_LARGEST = 64 << 20
"""Bytes of a record that is decoded. Values are smaller; graphs of operations may be larger, and are not read here."""

_UNPACKED_LEAST, _UNPACKED_TIMES = 64 << 20, 30
"""How much a compressed file may hold, at least and by its size: events are packed to a tenth of theirs."""

_GZIP = b"\x1f\x8b"

_SPARE: list[bytearray] = []
"""Buffers for stretches: to get new memory takes longer than to read into what is there."""

_KEPT = 2
"""Buffers that are kept for the next file: few are read at the same time, and each holds a whole stretch of memory."""

_FARTHEST = 1 << 50
"""A place that no file has: a length that leads beyond it is not believed."""


class _Readable(Protocol):
    """What is asked of a file, plain or compressed."""

    def seek(self, offset: int, /) -> int: ...

    def readinto1(self, buffer: memoryview, /) -> int: ...


class EventFile:
    """One event file, plain or compressed with gzip.

    Args:
        path: The file.

    Attributes:
        path: The file.
        offset: Where reading goes on, in unpacked bytes.
        waiting: Bytes behind it that are no whole record yet.
        warnings: What was left out, in words.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.offset = 0
        self.waiting = 0
        self.warnings: list[str] = []
        self._identity: tuple[int, int] | None = None
        self._size = 0
        self._lost = False

    def has_more(self) -> bool:
        """Whether the file has changed since it was read; a look at its size, not into it."""
        try:
            return self._look()[1] != self._size
        except OSError:
            return False

    def was_replaced(self) -> bool:
        """Whether another file stands in the place of the one that was read, or it was cut shorter than that."""
        try:
            identity, size = self._look()
        except OSError:
            return False
        return self._identity not in (None, identity) or size < self._size

    def go_on_as(self, other: EventFile) -> None:
        """Go on where another reader of the same file stands."""
        vars(self).update(vars(other))

    def _open(self) -> BinaryIO:
        """The file, opened."""
        return self.path.open("rb")

    def _look(self, opened: BinaryIO | None = None) -> tuple[tuple[int, int], int]:
        """What tells the file from another of its name, and its size; of one that is open already, that one's."""
        found = self.path.stat() if opened is None else os.fstat(opened.fileno())
        return (found.st_dev, found.st_ino), found.st_size

    def read(self) -> Iterator[Taken]:
        """Yield what was written since the last time, a stretch at a time.

        Raises:
            ReadError: The file cannot be opened or read.
        """
        try:
            with self._open() as raw:
                self._identity, self._size = self._look(raw)
                yield from self.read_from(raw, self._size)
        except (OSError, EOFError, zlib.error) as error:
            raise ReadError(f"cannot be read as an event file: {error}", path=self.path) from error

    def record(self, offset: int, length: int) -> bytes:
        """The data of one record; fewer bytes where the file was cut since.

        Args:
            offset: Where they begin, in unpacked bytes.
            length: Number of bytes.

        Raises:
            ReadError: The file cannot be opened or read.
        """
        try:
            with self._open() as raw:
                packed = raw.read(2) == _GZIP
                raw.seek(0)
                file: _Readable = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]
                file.seek(offset)
                return self._read(file, length)
        except (OSError, EOFError, zlib.error) as error:
            raise ReadError(f"cannot be read as an event file: {error}", path=self.path) from error

    def read_from(self, raw: BinaryIO, size: int) -> Iterator[Taken]:
        """Yield what lies behind the offset, a stretch at a time, of a file that somebody else has opened.

        Args:
            raw: The file.
            size: Its size in bytes.

        Raises:
            OSError, EOFError, zlib.error: It cannot be read.
        """
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        if packed:
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield from self._stretches(unpacked, max(_UNPACKED_LEAST, _UNPACKED_TIMES * size))
        else:
            yield from self._stretches(raw, None)  # type: ignore[arg-type]  # every file that is read at once has readinto1

    def _stretches(self, file: _Readable, most: int | None) -> Iterator[Taken]:
        """Yield what lies behind the offset, at most up to byte ``most``."""
        file.seek(self.offset)
        try:
            buffer = _SPARE.pop()
        except IndexError:
            buffer = bytearray(STRETCH)
        try:
            yield from self._buffered(file, most, buffer)
        finally:
            if len(_SPARE) < _KEPT:
                _SPARE.append(buffer)

    def _buffered(self, file: _Readable, most: int | None, usual: bytearray) -> Iterator[Taken]:
        """Yield what follows, a buffer at a time."""
        rest, wanted = b"", STRETCH
        while True:
            buffer = memoryview(usual if wanted <= len(usual) else bytearray(wanted))[:wanted]
            buffer[: len(rest)] = rest
            filled = len(rest) + self._fill(file, buffer[len(rest) :])
            data = buffer[:filled]
            records = split(data)
            taken = self._taken(data, records)
            used = self._next_record(data, records.end) if records.damaged else records.end
            self.offset += used
            rest = bytes(data[used:])
            self.waiting = len(rest)
            if taken is not None:
                yield taken
            if most is not None and self.offset >= most:
                self._tell(f"unpacks to more than {most:,} bytes, as no log does: the rest is left out")
                return
            if records.needed > _LARGEST:
                if not self._passed_over(file, records.needed, most):
                    return
                rest = b""
            elif filled < wanted and not records.damaged:
                return
            wanted = max(STRETCH, records.needed) if records.needed <= _LARGEST else STRETCH

    def _read(self, file: _Readable, count: int) -> bytes:
        """So many bytes, or fewer where the file ends before."""
        buffer = bytearray(count)
        return bytes(buffer[: self._fill(file, memoryview(buffer))])

    def _fill(self, file: _Readable, buffer: memoryview) -> int:
        """Read as much as there is room for; the number of bytes is less where the file ends before.

        A compressed file may end anywhere.
        """
        filled = 0
        try:
            while filled < len(buffer) and (count := file.readinto1(buffer[filled:])):
                filled += count
        except EOFError:
            pass
        except (zlib.error, gzip.BadGzipFile) as error:
            self._tell(f"is damaged as a compressed file: {error}; the rest is lost")
        return filled

    def _taken(self, data: memoryview, records: Records) -> Taken | None:
        """What some records hold, with what is damaged in them told."""
        if not len(records.starts):
            return None
        taken = take(data, records, self.offset)
        if taken.damaged:
            first = self.offset + int(records.starts[taken.damaged[0]]) - HEADER
            count = len(taken.damaged)
            said = "1 record is" if count == 1 else f"{count:,} records are"
            self._tell(f"{said} damaged and left out, at byte {first:,}{' and behind it' if count > 1 else ''}")
        return taken

    def _passed_over(self, file: _Readable, size: int, most: int | None) -> bool:
        """Go on behind a record that is too large, if all of it is there."""
        beyond = self.offset + size
        if beyond > (most or _FARTHEST):
            return False
        try:
            file.seek(beyond - 1)
        except EOFError:  # a compressed file that ends before is waited for, as a plain one is
            return False
        if len(self._read(file, 1)) < 1:
            return False
        self._tell(f"the record at byte {self.offset:,} has {size:,} bytes and is left out; values are smaller")
        self.offset = beyond
        self.waiting = 0
        return True

    def _next_record(self, data: memoryview, damaged: int) -> int:
        """Where reading goes on behind a damaged length."""
        if not self._lost:
            self._tell(
                f"the record at byte {self.offset + damaged:,} is damaged: its length is not what was written; "
                "the next one is looked for"
            )
        place = find_header(np.frombuffer(data, np.uint8), damaged + 1)
        self._lost = place < 0
        return max(damaged + 1, len(data) - HEADER + 1) if place < 0 else place

    def _tell(self, warning: str) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)
