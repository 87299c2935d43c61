"""`Source`: a file, a zip or a folder under one face, read within limits.

A reader asks for the first bytes, for member names, and for members up to a size. Nothing is extracted, no
name inside an archive is ever used as a path on disk, and no reader opens a file on its own.
"""

from __future__ import annotations

import io
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Literal

from cutaway.errors import ReadError

LIMITS = MappingProxyType({
    "head": (1 << 16, "first bytes looked at to tell what a file is"),
    "text": (64 << 20, "bytes of a config, JSON or YAML; the largest seen in real files has 3 MB"),
    "ratio": (250, "bytes that one byte of a compressed config may become; real configs stay below 60"),
    "ratio_from": (1 << 20, "bytes from which on that ratio is looked at; less does no harm"),
    "unpacked": (8 << 30, "bytes of weights that are unpacked to a nameless file; larger ones are stored uncompressed"),
    "members": (100_000, "entries of a zip; a model with its assets has some hundred"),
    "directory": (32 << 20, "bytes of a zip's table of contents, which is read as a whole"),
    "chunk": (64 << 20, "bytes that the HDF5 library may ask for at once; structure is read in small pieces"),
})  # fmt: skip
"""What a file may cost, each with its reason. Beyond it stands a `ReadError`, not a slow machine."""

Kind = Literal["file", "zip", "folder"]


def limit(name: str) -> int:
    """The number of one of `LIMITS`."""
    return LIMITS[name][0]


class Source:
    """Where a model is read from.

    Args:
        path: A file or a folder.

    Raises:
        ReadError: There is nothing at ``path``, or it is neither a file nor a folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            mode = self.path.stat().st_mode
        except FileNotFoundError:
            raise ReadError("there is no such file or folder; check the path", path=self.path) from None
        except (OSError, ValueError) as error:
            raise ReadError(f"cannot be opened: {error}", path=self.path) from error
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise ReadError("expected a file or a folder; this is a device, a pipe or a socket", path=self.path)
        self._is_folder = stat.S_ISDIR(mode)

    @cached_property
    def kind(self) -> Kind:
        """Whether it is a folder, a zip that can be opened, or any other file."""
        if self._is_folder:
            return "folder"
        return "zip" if self._is_zip() else "file"

    @cached_property
    def size(self) -> int:
        """Bytes of the file; 0 for a folder."""
        return 0 if self._is_folder else self.path.stat().st_size

    @cached_property
    def head(self) -> bytes:
        """First bytes of the file; none for a folder."""
        if self._is_folder:
            return b""
        try:
            with self.path.open("rb") as file:
                return file.read(limit("head"))
        except OSError as error:
            raise ReadError(f"cannot be read: {error}", path=self.path) from error

    @cached_property
    def names(self) -> frozenset[str]:
        """Members of a zip, or files directly in a folder; none for any other file."""
        if self.kind == "folder":
            try:
                return frozenset(entry.name for entry in islice(self.path.iterdir(), limit("members")))
            except OSError as error:
                raise ReadError(f"cannot be listed: {error}", path=self.path) from error
        if self.kind == "zip":
            return frozenset(info.filename for info in self._archive.infolist())
        return frozenset()

    def read(self, member: str = "", *, most: int | None = None) -> bytes:
        """All bytes of a member, or of the file itself.

        Args:
            member: Name in the zip or folder, or beside the file; empty for the file.
            most: Bytes to read at most; `LIMITS` of a config if None.

        Raises:
            ReadError: It is not there, larger than allowed, damaged, or compressed beyond reason.
        """
        most = limit("text") if most is None else most
        if self.kind == "zip" and member:
            return self._read_packed(member, most)
        path = self._place(member)
        try:
            if not path.is_file():
                raise ReadError("there is no such file in the folder", path=path)
            if path.stat().st_size > most:
                raise ReadError(f"has {path.stat().st_size:,} bytes; at most {most:,} are read", path=path)
            return path.read_bytes()
        except OSError as error:
            raise ReadError(f"cannot be read: {error}", path=path) from error

    @contextmanager
    def open(self, member: str = "") -> Iterator[IO[bytes]]:
        """Open a member, or the file itself, for reading at any place.

        Raises:
            ReadError: It is not there or cannot be opened.
        """
        if self.kind == "zip" and member:
            with self._open_packed(self._info(member)) as unpacked:
                yield unpacked
            return
        path = self._place(member)
        if not path.is_file():
            raise ReadError("there is no such file in the folder", path=path)
        with path.open("rb") as file:
            yield file

    def size_of(self, member: str) -> int | None:
        """Bytes of a member; None where there is none.

        Raises:
            ReadError: The name leads out of the folder.
        """
        if self.kind == "zip" and member:
            return next((info.file_size for info in self._archive.infolist() if info.filename == member), None)
        path = self._place(member)
        try:
            return path.stat().st_size if path.is_file() else None
        except OSError as error:
            raise ReadError(f"cannot be read: {error}", path=path) from error

    def _place(self, member: str) -> Path:
        """Path of a member of a folder, or of a file beside a file, such as a shard of its weights.

        Names come out of files that strangers wrote, and a link in a folder may lead anywhere: what lies outside
        of the folder is not read.
        """
        if not member:
            return self.path
        folder = self.path if self._is_folder else self.path.parent
        try:
            path = (folder / member).resolve()
            inside = path.is_relative_to(folder.resolve())
        except (OSError, ValueError, RuntimeError) as error:
            raise ReadError(f"the file {member[:200]!r} cannot be found: {error}", path=self.path) from error
        if not inside or "\\" in member or ":" in member[:2]:
            raise ReadError(
                f"the file {member[:200]!r} lies outside of the model's folder, so it is not read; "
                "copy it into the folder",
                path=self.path,
            )
        return folder / member

    @contextmanager
    def _open_packed(self, info: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
        """A member that can be read at any place: where it lies if it is stored, else unpacked once to a nameless file.

        HDF5 jumps to and fro, and a compressed member could only jump back by beginning again.
        """
        if info.file_size > limit("unpacked"):
            raise ReadError(
                f"member {info.filename!r} unpacks to {info.file_size:,} bytes; at most {limit('unpacked'):,} are read",
                path=self.path,
            )
        self._check_ratio(info)
        try:
            with self._archive.open(info) as packed:
                if info.compress_type == zipfile.ZIP_STORED:
                    with self.path.open("rb") as file:
                        yield io.BufferedReader(Window(file, self._start_of(file, info), info.file_size))
                else:
                    with tempfile.TemporaryFile() as unpacked:
                        shutil.copyfileobj(packed, unpacked, 1 << 20)
                        unpacked.seek(0)
                        yield unpacked
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error) as error:
            raise ReadError(f"member {info.filename!r} is damaged: {error}", path=self.path) from error

    def _start_of(self, file: IO[bytes], info: zipfile.ZipInfo) -> int:
        """Where the bytes of a stored member begin: behind its header, whose two texts have their own lengths."""
        file.seek(info.header_offset + 26)
        name, extra = struct.unpack("<HH", file.read(4))
        return int(info.header_offset + 30 + name + extra)

    def _check_ratio(self, info: zipfile.ZipInfo) -> None:
        ratio = info.file_size / max(1, info.compress_size)
        if info.file_size > limit("ratio_from") and ratio > limit("ratio"):
            raise ReadError(
                f"member {info.filename!r} unpacks to {ratio:,.0f} times its size; a model's parts become at most "
                f"{limit('ratio')} times larger, so this looks like a zip bomb",
                path=self.path,
            )

    def _is_zip(self) -> bool:
        return b"PK" in self.head[:64] and zipfile.is_zipfile(self.path)

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        self._check_directory()
        try:
            return zipfile.ZipFile(self.path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error, UnicodeError) as error:
            raise ReadError(f"the zip is damaged: {error}", path=self.path) from error

    def _check_directory(self) -> None:
        """Look at the size of a zip's table of contents before it is read as a whole."""
        with self.path.open("rb") as file:
            start = max(0, self.size - (1 << 16) - 22)
            file.seek(start)
            tail = file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or at + 22 > len(tail):
            raise ReadError("the zip is cut short: its end, the table of contents, is missing", path=self.path)
        entries, length = struct.unpack_from("<H", tail, at + 10)[0], struct.unpack_from("<I", tail, at + 12)[0]
        wide = tail.rfind(b"PK\x06\x06", 0, at)
        if wide >= 0 and wide + 48 <= len(tail) and (entries == 0xFFFF or length == 0xFFFFFFFF):
            entries, length = struct.unpack_from("<QQ", tail, wide + 32)
        if entries > limit("members") or length > limit("directory"):
            raise ReadError(
                f"the zip lists {entries:,} members in {length:,} bytes; cutaway reads up to {limit('members'):,} "
                f"members in {limit('directory'):,} bytes",
                path=self.path,
            )

    def _info(self, member: str) -> zipfile.ZipInfo:
        found = [info for info in self._archive.infolist() if info.filename == member]
        if len(found) != 1:
            raise ReadError(
                f"the zip holds {len(found)} members named {member!r}; expected exactly one", path=self.path
            )
        info = found[0]
        if stat.S_ISLNK(info.external_attr >> 16):
            raise ReadError(f"member {member!r} is a symbolic link; links in archives are not followed", path=self.path)
        if info.flag_bits & 1:
            raise ReadError(f"member {member!r} is encrypted; cutaway asks for no passwords", path=self.path)
        return info

    def _read_packed(self, member: str, most: int) -> bytes:
        info = self._info(member)
        if info.file_size > most:
            raise ReadError(f"member {member!r} unpacks to {info.file_size:,} bytes; at most {most:,} are read",
                            path=self.path)  # fmt: skip
        self._check_ratio(info)
        try:
            with self._archive.open(info) as packed:
                data = packed.read(most + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
            raise ReadError(f"member {member!r} is damaged: {error}", path=self.path) from error
        if len(data) > most:
            raise ReadError(f"member {member!r} is larger than it says; at most {most:,} are read", path=self.path)
        return data


class Window(io.RawIOBase):
    """Part of a file, as a file.

    Args:
        file: The whole.
        start: Where the part begins.
        size: Its bytes.
    """

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        super().__init__()
        self._file = file
        self._start = start
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the part."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """The place in the part."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` up to the end of the part and return how many bytes came."""
        view = memoryview(buffer)
        count = max(0, min(len(view), self._size - self._at))
        self._file.seek(self._start + self._at)
        data = self._file.read(count)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


class Bounded(io.RawIOBase):
    """A file that refuses to read much at once, so that a lying length cannot fill the memory.

    Args:
        file: A file that can seek.
        most: Bytes of one read at most.
    """

    def __init__(self, file: IO[bytes], most: int | None = None) -> None:
        super().__init__()
        self._file = file
        self._most = limit("chunk") if most is None else most
        self.refused = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The place."""
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` and return how many bytes came, fewer at the end of the file.

        Raises:
            OSError: More is asked for than is allowed.
        """
        view = memoryview(buffer)
        if len(view) > self._most:
            self.refused = len(view)
            raise OSError(f"{len(view):,} bytes at once; at most {self._most:,} are read")
        data = self._file.read(len(view))
        view[: len(data)] = data
        return len(data)
