"""Files and folders on disk."""

from __future__ import annotations

import io
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO

from cutaway.errors import ReadError
from cutaway.readers.limits import limit


class DiskFile:
    """A file on disk.

    Args:
        path: Where it lies.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def size(self) -> int:
        """Number of bytes."""
        return self.path.stat().st_size

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open it for reading at any place.

        Raises:
            ReadError: It cannot be opened.
        """
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise ReadError(f"cannot be read: {error}", path=self.path) from error
        with file:
            yield file

    @contextmanager
    def view(self) -> Iterator[memoryview]:
        """All bytes without reading them: pages come when they are touched.

        Raises:
            ReadError: It cannot be opened.
        """
        with self.open() as file, mapped(file, self.path) as view:
            yield view

    def read(self, most: int) -> bytes:
        """All bytes.

        Raises:
            ReadError: There are more than ``most``, or it cannot be read.
        """
        try:
            if self.size > most:
                raise ReadError(f"has {self.size:,} bytes; at most {most:,} are read", path=self.path)
            return self.path.read_bytes()
        except OSError as error:
            raise ReadError(f"cannot be read: {error}", path=self.path) from error

    def head(self, count: int) -> bytes:
        """The first bytes.

        Raises:
            ReadError: It cannot be read.
        """
        try:
            with self.open() as file:
                return file.read(count)
        except OSError as error:
            raise ReadError(f"cannot be read: {error}", path=self.path) from error


class Folder:
    """The files of a folder and of those in it.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def names(self) -> frozenset[str]:
        """Every file in it, the nearest first where there are more than `LIMITS` allow.

        Raises:
            ReadError: The folder itself cannot be listed.
        """
        return self._walked[0]

    @property
    def leading_out(self) -> frozenset[str]:
        """Links to files outside of the folder; they are not in `names`."""
        return self._walked[1]

    @cached_property
    def _walked(self) -> tuple[frozenset[str], frozenset[str]]:
        found: set[str] = set()
        leading_out: set[str] = set()
        budget = limit("listed")
        level = [""]
        for _ in range(limit("depth")):
            deeper: list[str] = []
            for prefix in level:
                entries = self._entries(prefix, budget)
                budget -= len(entries)
                for entry in entries:
                    name = prefix + entry.name
                    if entry.is_dir(follow_symlinks=False):
                        deeper += [] if entry.name.startswith(".") else [f"{name}/"]
                    elif entry.is_file():
                        outside = entry.is_symlink() and self._leads_out(name)
                        (leading_out if outside else found).add(name)
            level = deeper
        return frozenset(found), frozenset(leading_out)

    def has(self, name: str) -> bool:
        """Whether there is a file of that name.

        Raises:
            ReadError: The name leads out of the folder.
        """
        return _is_file(self._inside(name))

    def file(self, name: str) -> DiskFile:
        """One file by its name.

        Raises:
            ReadError: It is not there, or it lies outside of the folder.
        """
        path = self._inside(name)
        if not _is_file(path):
            raise ReadError("there is no such file in the folder", path=path)
        return DiskFile(path)

    def below(self, name: str) -> Folder:
        """The tree of one folder in it.

        Raises:
            ReadError: It lies outside of this one.
        """
        return Folder(self._inside(name))

    def _inside(self, name: str) -> Path:
        """Path of a name in the folder. Names come out of files that strangers wrote, and a link may lead anywhere."""
        climbs = "\\" in name or ":" in name[:2] or "\0" in name or PurePosixPath(name).is_absolute()
        if climbs or ".." in PurePosixPath(name).parts:
            raise ReadError(
                f"the file {name[:200]!r} lies outside of the model's folder, so it is not read; "
                "copy it into the folder",
                path=self.path,
            )
        if self._leads_out(name):
            raise ReadError(
                "is a link that leads out of the model's folder, and such links are not followed; "
                "copy the model with what its links point to",
                path=self.path / name,
            )
        return self.path / name

    def _leads_out(self, name: str) -> bool:
        root = os.path.realpath(self.path)
        return os.path.commonpath([root, os.path.realpath(self.path / name)]) != root

    def _entries(self, prefix: str, most: int) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.path / prefix) as entries:
                listed = [entry for _, entry in zip(range(most), entries, strict=False)]
        except OSError as error:
            if prefix:
                return []  # a folder that may not be entered holds nothing for us
            raise ReadError(f"cannot be listed: {error}", path=self.path) from error
        return sorted(listed, key=lambda entry: entry.name)


@contextmanager
def mapped(file: IO[bytes], path: Path) -> Iterator[memoryview]:
    """A file on disk as memory. Parts of the view may be kept; they keep the mapping alive.

    Raises:
        ReadError: It cannot be mapped.
    """
    try:
        size = file.seek(0, io.SEEK_END)
        pages = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) if size else None
    except (OSError, ValueError, OverflowError) as error:
        raise ReadError(f"cannot be read: {error}", path=path) from error
    view = memoryview(b"" if pages is None else pages)
    try:
        yield view
    finally:
        view.release()
        if pages is not None:
            with suppress(BufferError):  # somebody keeps a part of it; it is closed together with that part
                pages.close()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no disk can hold
        return False
