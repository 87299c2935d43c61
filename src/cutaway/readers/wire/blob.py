"""`Blob`: the bytes of one file or member, for readers that decode parts of it on demand, long after it was opened."""

from __future__ import annotations

import io
import mmap
from dataclasses import dataclass
from pathlib import Path

from cutaway.errors import ReadError
from cutaway.readers.source import Source

_WHOLE = 16 << 20
"""Bytes up to which a file is read at once. Larger ones are mapped: their constants are never touched."""

_UNMAPPED = 1 << 30
"""Bytes that are read at most where there is no file on disk to map, as in a compressed zip."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes, and where they lie.

    Attributes:
        data: All of them.
        member: Path inside the folder or zip, empty for the file itself; None for bytes that are in no file.
        path: The file, for messages.
    """

    data: bytes | mmap.mmap
    member: str | None = None
    path: Path | None = None

    def __len__(self) -> int:
        return len(self.data)

    def location(self, start: int, end: int) -> str | None:
        """Where some of the bytes lie, in the words that `cutaway.readers.values` reads; None if in no file."""
        return None if self.member is None else f"{self.member}@{start}+{end - start}"


def load(source: Source, member: str = "") -> Blob:
    """The bytes of a member, or of the file itself.

    Raises:
        ReadError: It is not there, cannot be opened, or is too large to be unpacked.
    """
    path = source.path / member if member else source.path
    with source.open(member) as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        if size <= _WHOLE:
            return Blob(file.read(), member, path)
        try:
            return Blob(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), member, path)
        except (OSError, ValueError):  # a part of an archive, or a file system that maps nothing
            if size > _UNMAPPED:
                raise ReadError(
                    f"has {size:,} bytes; at most {_UNMAPPED:,} are read from an archive", path=path
                ) from None
            return Blob(file.read(), member, path)
