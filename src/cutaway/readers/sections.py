"""LiteRT-LM bundles: a header that lists sections, of which some are TensorFlow Lite models."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO

from cutaway.errors import ReadError
from cutaway.readers.limits import limit
from cutaway.readers.packed import Window
from cutaway.readers.places import File
from cutaway.readers.wire.flatbuffer import FlatBuffer, FlatBufferError, Table

MAGIC = b"LITERTLM"
_HEADER = 32
_MODEL = 3
_TEXT = 9


class Section:
    """A part of a file, as a file.

    Args:
        holder: The whole.
        start: Where the part begins.
        size: Its bytes.
        path: What the user is told.
    """

    def __init__(self, holder: File, start: int, size: int, path: Path) -> None:
        self.path = path
        self.size = size
        self._holder = holder
        self._start = start

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open it for reading at any place."""
        with self._holder.open() as file:
            yield io.BufferedReader(Window(file, self._start, self.size))

    @contextmanager
    def view(self) -> Iterator[memoryview]:
        """All bytes where they lie."""
        with self._holder.view() as whole:
            yield whole[self._start : self._start + self.size]

    def read(self, most: int) -> bytes:
        """All bytes.

        Raises:
            ReadError: There are more than ``most``.
        """
        if self.size > most:
            raise ReadError(f"has {self.size:,} bytes; at most {most:,} are read", path=self.path)
        return self.head(self.size)

    def head(self, count: int) -> bytes:
        """The first bytes."""
        with self.open() as file:
            return file.read(count)


class Sections:
    """The sections of a LiteRT-LM bundle by name; models have names that end in ``.tflite``.

    Args:
        holder: The bundle.
    """

    def __init__(self, holder: File) -> None:
        self.path = holder.path
        self._holder = holder

    @property
    def names(self) -> frozenset[str]:
        """Every section."""
        return frozenset(self._places)

    def has(self, name: str) -> bool:
        """Whether there is a section of that name."""
        return name in self._places

    def file(self, name: str) -> Section:
        """One section by its name.

        Raises:
            ReadError: It is not there.
        """
        if name not in self._places:
            raise ReadError(f"the bundle holds no section {name!r}", path=self.path)
        start, size = self._places[name]
        return Section(self._holder, start, size, Path(f"{self.path}/{name}"))

    def below(self, name: str) -> Sections:
        """Sections lie in no folders.

        Raises:
            ReadError: Always.
        """
        raise ReadError(f"the bundle holds no folder {name!r}", path=self.path)

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        head = self._holder.head(limit("head"))
        try:
            (end,) = struct.unpack_from("<Q", head, 24)
            root = FlatBuffer(memoryview(head)[_HEADER : min(end, len(head))]).root()
            sections = root.table(1)
            found: dict[str, tuple[int, int]] = {}
            for table in sections.tables(0) if sections is not None else ():
                start, stop = table.number(1, "Q"), table.number(2, "Q")
                if not _HEADER <= start <= stop <= self._holder.size:
                    raise ReadError(
                        f"a section of the LiteRT-LM bundle lies at {start:,} to {stop:,}, outside of its "
                        f"{self._holder.size:,} bytes: the file is damaged or cut short",
                        path=self.path,
                    )
                name, ending = _name(table), ".tflite" if table.number(3, "B") == _MODEL else ".bin"
                while f"{name}{ending}" in found:
                    name += "_"
                found[f"{name}{ending}"] = (start, stop - start)
        except (FlatBufferError, struct.error) as error:
            raise ReadError(f"the header of the LiteRT-LM bundle is damaged: {error}", path=self.path) from error
        return found


def _name(table: Table) -> str:
    """What the section is for, as far as its notes say."""
    for item in table.tables(0):
        value = item.table(2)
        if item.text(0) == "model_type" and item.number(1, "B") == _TEXT and value is not None:
            return value.text(0).replace("/", "_") or "section"
    return "section"
