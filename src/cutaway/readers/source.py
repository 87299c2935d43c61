"""`Source`: a file, a zip or a folder under one face, read within limits.

A reader asks for the first bytes, for member names, and for members up to a size. Nothing is extracted, no
name inside an archive is ever used as a path on disk, and no reader opens a file on its own.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from cutaway.errors import ReadError
from cutaway.readers.disk import DiskFile, Folder
from cutaway.readers.limits import LIMITS as LIMITS
from cutaway.readers.limits import limit as limit
from cutaway.readers.packed import Archive, is_zip
from cutaway.readers.places import File, Tree
from cutaway.readers.sections import MAGIC, Sections

Kind = Literal["file", "zip", "folder"]


class Source:
    """Where a model is read from.

    Args:
        path: A file or a folder. A path may lead on through a zip: ``models.zip/a/model.tflite``.

    Raises:
        ReadError: There is nothing at ``path``, or it is neither a file nor a folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._file: File | None = None
        self._folder: Tree | None = None
        self._level = 0
        self._around: Tree | None = None
        try:
            mode = self.path.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            self.__dict__.update(_through_zip(self.path).__dict__)
            return
        except (OSError, ValueError) as error:
            raise ReadError(f"cannot be opened: {error}", path=self.path) from error
        if stat.S_ISDIR(mode):
            self._folder = Folder(self.path)
        elif stat.S_ISREG(mode):
            self._file = DiskFile(self.path)
            self._around = Folder(self.path.parent)
        else:
            raise ReadError("expected a file or a folder; this is a device, a pipe or a socket", path=self.path)

    @cached_property
    def kind(self) -> Kind:
        """Whether it is a folder (of a zip too), a zip or bundle that can be opened, or any other file."""
        if self._file is None:
            return "folder"
        return "zip" if self.head.startswith(MAGIC) or is_zip(self._file, self.head) else "file"

    @cached_property
    def size(self) -> int:
        """Bytes of the file; 0 for a folder."""
        return 0 if self._file is None else self._file.size

    @cached_property
    def head(self) -> bytes:
        """First bytes of the file; none for a folder."""
        return b"" if self._file is None else self._file.head(limit("head"))

    @cached_property
    def names(self) -> frozenset[str]:
        """Members of a zip, or files in a folder and in the folders in it; none for any other file."""
        return frozenset() if self.kind == "file" else self._tree.names

    @property
    def leading_out(self) -> frozenset[str]:
        """Links in a folder that lead out of it; they are not in `names`, as they are not followed."""
        return self._folder.leading_out if isinstance(self._folder, Folder) else frozenset()

    def at(self, name: str) -> Source:
        """A member or a folder in it as a source of its own, which may lie in a zip in this zip.

        Raises:
            ReadError: There is no such member, or it lies too deep in zips.
        """
        if self.kind == "file":
            raise ReadError(f"holds nothing, so no {name!r} either", path=self.path)
        parts = PurePosixPath(name).parts
        for end in range(len(parts), 0, -1):
            here, rest = "/".join(parts[:end]), "/".join(parts[end:])
            if here in self.names:
                part = self._part(here, file=self._tree.file(here))
                return part.at(rest) if rest else part
        if any(other.startswith(f"{name}/") for other in self.names):
            return self._part(name, folder=self._tree.below(name))
        shown = ", ".join(sorted(self.names)[:5]) or "nothing"
        raise ReadError(f"holds no {name!r}; it holds {shown}{', …' if len(self.names) > 5 else ''}", path=self.path)

    def beside(self, name: str) -> Source:
        """A file that lies beside this one, in the same folder or below it, on disk or in the same zip.

        Raises:
            ReadError: It is not there, or outside of that folder.
        """
        if self._around is None:
            raise ReadError(f"nothing lies beside a folder, so no {name!r} either", path=self.path)
        return _made(Path(f"{self.path.parent}/{name}"), self._level, file=self._around.file(name), around=self._around)

    def read(self, member: str = "", *, most: int | None = None) -> bytes:
        """All bytes of a member, or of the file itself.

        Args:
            member: Name in the zip or folder, or beside the file; empty for the file.
            most: Bytes to read at most; `LIMITS` of a config if None.

        Raises:
            ReadError: It is not there, larger than allowed, damaged, or compressed beyond reason.
        """
        most = limit("text") if most is None else most
        return self._at(member).read(most)

    @contextmanager
    def open(self, member: str = "") -> Iterator[IO[bytes]]:
        """Open a member, or the file itself, for reading at any place.

        Raises:
            ReadError: It is not there or cannot be opened.
        """
        with self._at(member).open() as file:
            yield file

    @contextmanager
    def view(self, member: str = "") -> Iterator[memoryview]:
        """All bytes of a member, or of the file itself, without reading them: pages come when they are touched.

        Raises:
            ReadError: It is not there or cannot be opened.
        """
        with self._at(member).view() as view:
            yield view

    def size_of(self, member: str) -> int | None:
        """Bytes of a member, or of a file beside this one; None where there is none.

        Raises:
            ReadError: The name leads out of the folder.
        """
        tree = self._tree if self.kind != "file" else self._around
        return tree.file(member).size if tree is not None and tree.has(member) else None

    def _at(self, member: str) -> File:
        if not member:
            if self._file is None:
                raise ReadError("is a folder; expected a file", path=self.path)
            return self._file
        if self.kind == "file" and self._around is not None:
            return self._around.file(member)
        return self._tree.file(member)

    @cached_property
    def _tree(self) -> Tree:
        if self._folder is not None:
            return self._folder
        if self._file is None or self.kind != "zip":
            raise ReadError("is a file that holds no others; expected a folder or a zip", path=self.path)
        if self._level > limit("nested"):
            raise ReadError(
                f"is a zip in {self._level} others; cutaway opens {limit('nested')} zip in a zip: unpack it first",
                path=self.path,
            )
        return Sections(self._file) if self.head.startswith(MAGIC) else Archive(self._file)

    def _part(self, name: str, *, file: File | None = None, folder: Tree | None = None) -> Source:
        above = name.rpartition("/")[0]
        around = None if file is None else self._tree.below(above) if above else self._tree
        level = self._level + (self.kind == "zip")
        return _made(Path(f"{self.path}/{name}"), level, file=file, folder=folder, around=around)


def _made(
    path: Path, level: int, *, file: File | None = None, folder: Tree | None = None, around: Tree | None = None
) -> Source:
    """A source that is part of another, ``level`` zips deep."""
    made = object.__new__(Source)
    made.path, made._level, made._file, made._folder, made._around = path, level, file, folder, around
    return made


def _through_zip(path: Path) -> Source:
    """What lies at a path that leads through a zip.

    Raises:
        ReadError: There is nothing there.
    """
    for parent in path.parents:
        if parent.is_file():
            outer = Source(parent)
            if outer.kind != "zip":
                raise ReadError("there is no such file: what stands before it is a file, and no zip", path=path)
            return outer.at(path.relative_to(parent).as_posix())
    raise ReadError("there is no such file or folder; check the path", path=path)
