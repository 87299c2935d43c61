"""`Place`: a folder on this machine, or one in an object store that fsspec knows, under one face."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from cutaway.errors import ReadError
from cutaway.training.remote import file_system
from cutaway.whole_files import write_whole


class Place(Protocol):
    """A folder. Names in it are paths with slashes."""

    @property
    def address(self) -> str:
        """What people call it."""

    def names(self) -> list[str]:
        """All files in it and below, in the order of their names.

        Raises:
            ReadError: It is not there.
        """

    def size(self, name: str) -> int:
        """Bytes of a file; -1 where there is none."""

    def open(self, name: str) -> Any:
        """Open a file for reading at any place: a context with a binary file.

        Raises:
            OSError: It cannot be opened.
        """

    def write(self, name: str, data: bytes) -> None:
        """Write a file, which is there whole or not at all.

        Raises:
            OSError: It cannot be written.
        """

    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""


def open_place(address: str) -> Place:
    """The place behind a path, or an address such as ``s3://bucket/logs``.

    Raises:
        MissingExtra: fsspec, or what it needs for such addresses, is not installed.
        OptionError: There are no such addresses.
    """
    if "://" not in address:
        return _Folder(Path(address))
    system, root = file_system(address)
    return _Remote(address, system, root.rstrip("/"))


@dataclass(frozen=True)
class _Folder:
    """A folder on this machine."""

    path: Path

    @property
    def address(self) -> str:
        return str(self.path)

    def names(self) -> list[str]:
        if not self.path.is_dir():
            raise ReadError("expected a folder; there is none", path=self.path)
        found = []
        for folder, _, files in os.walk(self.path):
            around = Path(folder).relative_to(self.path)
            found += [(around / name).as_posix() for name in files]
        return sorted(found)

    def size(self, name: str) -> int:
        try:
            return (self.path / name).stat().st_size
        except OSError:
            return -1

    def open(self, name: str) -> BinaryIO:
        return (self.path / name).open("rb")

    def write(self, name: str, data: bytes) -> None:
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, data)

    def remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)


@dataclass(frozen=True)
class _Remote:
    """A folder in a file system of fsspec."""

    address: str
    system: Any
    root: str

    def names(self) -> list[str]:
        try:
            found = self.system.find(self.root)
        except (OSError, FileNotFoundError) as error:
            raise ReadError(f"cannot be listed: {error}", path=self.address) from error
        return sorted(str(path)[len(self.root) :].lstrip("/") for path in found)

    def size(self, name: str) -> int:
        try:
            return int(self.system.size(f"{self.root}/{name}"))
        except (OSError, TypeError):
            return -1

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        with self.system.open(f"{self.root}/{name}", "rb") as file:
            yield cast(BinaryIO, file if hasattr(file, "read1") else _Plain(file))

    def write(self, name: str, data: bytes) -> None:
        path = f"{self.root}/{name}"
        self.system.makedirs(path.rpartition("/")[0], exist_ok=True)
        self.system.pipe_file(path, data)  # object stores show an object when all of it is there

    def remove(self, name: str) -> None:
        path = f"{self.root}/{name}"
        if self.system.exists(path):
            self.system.rm_file(path)


class _Plain:
    """A file of fsspec with the one method that it lacks."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.seek, self.read, self.tell = file.seek, file.read, file.tell

    def read1(self, size: int = -1) -> bytes:
        """Bytes that are there; here as many as are asked for."""
        data: bytes = self._file.read(size)
        return data
