"""Logs in object stores, through fsspec, which is imported when an address such as ``s3://bucket/logs`` is given.

An object cannot grow: what is written is kept, and every few seconds the object is written anew with all of it, up to a
size at which the next one begins. Each is an event file of its own, and readers put them together.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from cutaway.errors import MissingExtra, OptionError
from cutaway.readers.sniff_events import is_event_file
from cutaway.training.event_reader import EventFile
from cutaway.training.event_writer import EventWriter, file_name, first_record
from cutaway.training.runs import Run

_LARGEST = 8 << 20
"""Bytes of an object from which on the next one begins: writing it anew shall not take longer than a moment."""

_EVERY = 5.0
"""Seconds between the times at which an object is written."""


def file_system(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it.

    Raises:
        MissingExtra: fsspec, or what it needs for such addresses, is not installed.
        OptionError: There are no such addresses.
    """
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtra(
            f"{address}: addresses need fsspec; install it with: pip install 'cutaway[remote]'"
        ) from error
    try:
        system, root = fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise MissingExtra(f"{address}: {error}") from error
    except ValueError as error:
        raise OptionError(f"{address} is no address that fsspec knows: {error}") from error
    return system, str(root)


class RemoteWriter(EventWriter):
    """As `EventWriter`, in an object store.

    Args:
        address: The folder of the run.

    Raises:
        OSError: It cannot be written.
        MissingExtra: fsspec, or what it needs for such addresses, is not installed.
    """

    def __init__(self, address: str) -> None:
        self._system, self._root = file_system(address)
        self._held = None
        self._begin()

    def _begin(self) -> None:
        """Begin the next object."""
        names = [PurePosixPath(name).name for name in _listed(self._system, self._root)]
        self.path = Path(self._root) / file_name(names)
        self._data = bytearray(first_record())
        self._written = 0
        self._last = 0.0

    def _write(self, data: bytes) -> None:
        self._data += data
        if len(self._data) >= _LARGEST:
            self.flush()
            self._begin()
        elif time.monotonic() - self._last > _EVERY:
            self.flush()

    def flush(self) -> None:
        """Write the object, with all that it holds."""
        if self._written < len(self._data):
            self._system.pipe_file(f"{self._root}/{self.path.name}", bytes(self._data))
            self._written = len(self._data)
        self._last = time.monotonic()

    def is_there(self) -> bool:
        """Always: an object that was removed is written anew."""
        return True

    def close(self) -> None:
        """Write what is left."""
        self.flush()


class RemoteFile(EventFile):
    """An event file in an object store."""

    def __init__(self, system: Any, path: str) -> None:
        super().__init__(path)
        self._system, self._name = system, path

    def _open(self) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(self._system.open(self._name, "rb")))

    def _look(self, opened: BinaryIO | None = None) -> tuple[tuple[int, int], int]:
        del opened
        self._system.invalidate_cache()
        return (0, 0), int(self._system.info(self._name)["size"])


class RemoteRun(Run):
    """A run in an object store."""

    def __init__(self, name: str, system: Any, folder: str) -> None:
        super().__init__(name, Path(folder))
        self._system, self._root = system, folder

    def _names(self) -> list[str]:
        names = (PurePosixPath(path).name for path in _listed(self._system, self._root))
        return [name for name in names if is_event_file(name)]

    def _file(self, name: str) -> EventFile:
        return RemoteFile(self._system, f"{self._root}/{name}")


class RemoteFolder:
    """The runs below an address."""

    def __init__(self, address: str) -> None:
        self._system, self._root = file_system(address)

    def exists(self) -> bool:
        """Whether anything is there."""
        return bool(self._system.exists(self._root))

    def runs(self) -> Iterator[str]:
        """The names of the runs."""
        self._system.invalidate_cache()
        root = PurePosixPath(self._root)
        found = {PurePosixPath(path).parent for path in self._system.find(self._root) if is_event_file(path)}
        yield from sorted(folder.relative_to(root).as_posix() for folder in found)

    def run(self, name: str) -> Run:
        """The run of a name."""
        return RemoteRun(name, self._system, self._root if name == "." else f"{self._root}/{name}")


def _listed(system: Any, folder: str) -> list[str]:
    """The files of a folder; none where it is not there."""
    system.invalidate_cache()
    try:
        return [str(entry["name"]) for entry in system.ls(folder, detail=True) if entry["type"] == "file"]
    except FileNotFoundError:
        return []
