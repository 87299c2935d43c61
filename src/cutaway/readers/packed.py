"""Zips: their members, where they lie or unpacked to a nameless file."""

from __future__ import annotations

import io
import shutil
import stat
import struct
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from cutaway.errors import ReadError
from cutaway.readers.disk import mapped
from cutaway.readers.limits import limit
from cutaway.readers.places import File

_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error, OSError)


class PackedFile:
    """A member of a zip.

    Args:
        archive: The zip.
        info: Its entry in the table of contents.
        holder: The file that the zip is.
        path: Path of the zip and name of the member, as the user is told.
    """

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, holder: File, path: Path) -> None:
        self.path = path
        self.size = info.file_size
        self.info = info
        self._archive = archive
        self._holder = holder

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open it where it lies if it is stored, else unpack it once to a nameless file.

        HDF5 jumps to and fro, and a compressed member could only jump back by beginning again.

        Raises:
            ReadError: It is too large, damaged, or compressed beyond reason.
        """
        if self.size > limit("unpacked"):
            raise self._error(f"unpacks to {self.size:,} bytes; at most {limit('unpacked'):,} are read")
        self._check_ratio()
        if self.size > limit("unpacked_from") and self.size > limit("unpacked_ratio") * self.info.compress_size:
            raise self._error(
                f"unpacks to {self.size:,} bytes, more than {limit('unpacked_ratio')} times its size; no weights "
                "do, so this looks like a zip bomb"
            )
        with ExitStack() as stack:
            try:
                file = self._placed(stack)
            except _DAMAGED as error:
                raise self._error(f"is damaged: {error}") from error
            yield file

    def _placed(self, stack: ExitStack) -> IO[bytes]:
        packed = stack.enter_context(self._archive.open(self.info))
        if self.info.compress_type == zipfile.ZIP_STORED:
            file = stack.enter_context(self._holder.open())
            return io.BufferedReader(Window(file, self._start(file), self.size))
        unpacked = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  (the stack closes it)
        shutil.copyfileobj(packed, unpacked, 1 << 20)
        unpacked.seek(0)
        return unpacked

    @contextmanager
    def view(self) -> Iterator[memoryview]:
        """All bytes, where they lie if they are stored, else unpacked once to a nameless file.

        Raises:
            ReadError: It is too large, damaged, or compressed beyond reason.
        """
        if self.info.compress_type == zipfile.ZIP_STORED:
            with self._holder.open() as file, self._holder.view() as whole:
                start = self._start(file)
                if start + self.size > len(whole):
                    raise self._error("is damaged: it goes on behind the end of the zip")
                yield whole[start : start + self.size]
        else:
            with self.open() as unpacked, mapped(unpacked, self.path) as view:
                yield view

    def read(self, most: int) -> bytes:
        """All bytes.

        Raises:
            ReadError: There are more than ``most``, it is damaged, or compressed beyond reason.
        """
        if self.size > most:
            raise self._error(f"unpacks to {self.size:,} bytes; at most {most:,} are read")
        self._check_ratio()
        try:
            with self._archive.open(self.info) as packed:
                data = packed.read(most + 1)
        except _DAMAGED as error:
            raise self._error(f"is damaged: {error}") from error
        if len(data) > most:
            raise self._error(f"is larger than it says; at most {most:,} are read")
        return data

    def head(self, count: int) -> bytes:
        """The first bytes.

        Raises:
            ReadError: It is damaged.
        """
        try:
            with self._archive.open(self.info) as packed:
                return packed.read(count)
        except _DAMAGED as error:
            raise self._error(f"is damaged: {error}") from error

    def _start(self, file: IO[bytes]) -> int:
        """Where the bytes of a stored member begin: behind its header, whose two texts have their own lengths."""
        file.seek(self.info.header_offset + 26)
        lengths = file.read(4)
        if len(lengths) < 4:
            raise self._error("is damaged: it begins behind the end of the zip")
        name, extra = struct.unpack("<HH", lengths)
        return int(self.info.header_offset + 30 + name + extra)

    def _check_ratio(self) -> None:
        ratio = self.size / max(1, self.info.compress_size)
        if self.size > limit("ratio_from") and ratio > limit("ratio"):
            raise self._error(
                f"unpacks to {ratio:,.0f} times its size; a model's parts become at most {limit('ratio')} times "
                "larger, so this looks like a zip bomb"
            )

    def _error(self, what: str) -> ReadError:
        return ReadError(f"member {self.info.filename!r} {what}", path=self._holder.path)


class Archive:
    """The members of a zip, or those below one folder in it.

    Args:
        holder: The file that the zip is.
    """

    def __init__(self, holder: File) -> None:
        self.path = holder.path
        self._holder = holder
        self._prefix = ""
        self._zip, self._infos = _opened(holder)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every member, folders too where the zip lists them."""
        start = len(self._prefix)
        return frozenset(name[start:] for name in self._infos if name.startswith(self._prefix) and name != self._prefix)

    def has(self, name: str) -> bool:
        """Whether there is a member of that name."""
        return self._prefix + name in self._infos

    def file(self, name: str) -> PackedFile:
        """One member by its name.

        Raises:
            ReadError: It is not there once, is a link, or is encrypted.
        """
        member = self._prefix + name
        found = self._infos.get(member, [])
        if len(found) != 1:
            raise ReadError(
                f"the zip holds {len(found)} members named {member!r}; expected exactly one", path=self._holder.path
            )
        info = found[0]
        if stat.S_ISLNK(info.external_attr >> 16):
            raise ReadError(
                f"member {member!r} is a symbolic link; links in archives are not followed", path=self._holder.path
            )
        if info.flag_bits & 1:
            raise ReadError(f"member {member!r} is encrypted; cutaway asks for no passwords", path=self._holder.path)
        return PackedFile(self._zip, info, self._holder, Path(f"{self.path}/{name}"))

    def below(self, name: str) -> Archive:
        """The members below one folder."""
        part = copy(self)
        part.__dict__.pop("names", None)
        part._prefix = f"{self._prefix}{name}/"
        part.path = Path(f"{self.path}/{name}")
        return part


def _opened(holder: File) -> tuple[zipfile.ZipFile, dict[str, list[zipfile.ZipInfo]]]:
    """A zip and its members by name; its bytes stay open for as long as anybody uses the zip."""
    stack = ExitStack()
    try:
        file = stack.enter_context(holder.open())
        _check_directory(file, holder)
        archive = zipfile.ZipFile(file)
    except ReadError:
        stack.close()
        raise
    except (*_DAMAGED, ValueError, UnicodeError) as error:
        stack.close()
        raise ReadError(f"the zip is damaged: {error}", path=holder.path) from error
    weakref.finalize(archive, stack.close)
    infos: dict[str, list[zipfile.ZipInfo]] = {}
    for info in archive.infolist():
        infos.setdefault(info.filename, []).append(info)
    return archive, infos


def _check_directory(file: IO[bytes], holder: File) -> None:
    """Look at the size of a zip's table of contents before it is read as a whole."""
    file.seek(max(0, holder.size - (1 << 16) - 22))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + 22 > len(tail):
        raise ReadError("the zip is cut short: its end, the table of contents, is missing", path=holder.path)
    entries, length = struct.unpack_from("<H", tail, at + 10)[0], struct.unpack_from("<I", tail, at + 12)[0]
    wide = tail.rfind(b"PK\x06\x06", 0, at)
    if wide >= 0 and wide + 48 <= len(tail) and (entries == 0xFFFF or length == 0xFFFFFFFF):
        entries, length = struct.unpack_from("<QQ", tail, wide + 32)
    if entries > limit("members") or length > limit("directory"):
        raise ReadError(
            f"the zip lists {entries:,} members in {length:,} bytes; cutaway reads up to {limit('members'):,} "
            f"members in {limit('directory'):,} bytes",
            path=holder.path,
        )


def is_zip(holder: File, head: bytes) -> bool:
    """Whether a file is a zip that can be opened; it need not begin as one, some bundles begin with zeros."""
    if b"PK" not in head[:64] or head[4:8] == b"TFL3":  # a TFLite file may have a zip of its labels behind it
        return False
    try:
        with holder.open() as file:
            return zipfile.is_zipfile(file)
    except ReadError:
        return False


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
