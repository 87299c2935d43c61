"""Logs in object stores, through fsspec, which is imported when an address such as ``s3://bucket/logs`` is given.

An object cannot grow: what is written is kept, and every few seconds the object is written anew with all of it, up to a
size at which the next one begins. Each is an event file of its own, and readers put them together.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from cutaway.errors import MissingExtra, OptionError, ReadError
from cutaway.readers.sniff_events import is_event_file
from cutaway.training.event_reader import EventFile
from cutaway.training.event_stretch import Taken
from cutaway.training.event_writer import EventWriter, file_name, first_record
from cutaway.training.runs import Run

_LARGEST = 8 << 20
"""Bytes of an object from which on the next one begins: writing it anew shall not take longer than a moment."""

_EVERY = 5.0
"""Seconds between the times at which an object is written."""

_PATIENCE = 60.0
"""Seconds for which a store may fail before that is an error: one that is overloaded, or a network that changes, is
back within them; one that refuses never is, and whoever trains shall hear of it soon."""

_UNSTORED = 64 << 20
"""Bytes that are kept for a store that fails; as many as may wait for a slow disk."""

_FETCHED = 256 << 10
"""Bytes that are fetched at least: the first ones tell whether a file is compressed."""


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
        self._last = 0.0
        self._failing_since: float | None = None
        self._begin(PurePosixPath(name).name for name in _listed(self._system, self._root))

    def _begin(self, beside: Iterable[str]) -> None:
        """Begin the next object, behind those of the names ``beside``."""
        self.path = Path(self._root) / file_name(beside)
        self._data = bytearray(first_record())
        self._written = 0

    def _write(self, data: bytes) -> None:
        if self._written >= _LARGEST:
            self._begin([self.path.name])
        self._data += data
        full = len(self._data) >= _LARGEST and self._failing_since is None
        if full or time.monotonic() - self._last > _EVERY:
            self.flush()

    def flush(self) -> None:
        """Write the object, with all that it holds; what a store does not take is kept, and tried again the next time.

        Raises:
            Exception: Of whatever kind the store raises; it has failed for a minute, or too much would have to be kept.
        """
        try:
            self._store()
            self._failing_since = None
        except Exception:
            now = time.monotonic()
            self._failing_since = self._failing_since or now
            if now - self._failing_since > _PATIENCE or len(self._data) > _UNSTORED:
                raise
        finally:
            self._last = time.monotonic()

    def _store(self) -> None:
        if self._written < len(self._data):
            self._system.pipe_file(f"{self._root}/{self.path.name}", bytes(self._data))
            self._written = len(self._data)

    def is_there(self) -> bool:
        """Always: an object that was removed is written anew."""
        return True

    def close(self) -> None:
        """Write what is left.

        Raises:
            Exception: Of whatever kind the store raises: there is no next time.
        """
        self._store()


class RemoteFile(EventFile):
    """An event file in an object store, as large as it was when its folder was listed last."""

    def __init__(self, folder: RemoteFolder, path: str) -> None:
        super().__init__(path)
        self._folder, self._name = folder, path

    def read(self) -> Iterator[Taken]:
        """As of a local file; where it fails, the rest is read with the next look."""
        try:
            yield from super().read()
        except ReadError:
            self._size = 0
            raise

    def _open(self) -> BinaryIO:
        return self._folder.open(self._name)

    def _look(self, opened: BinaryIO | None = None) -> tuple[tuple[int, int], int]:
        del opened
        return (0, 0), self._folder.entry(self._name).size


class RemoteRun(Run):
    """A run in an object store."""

    def __init__(self, name: str, folder: RemoteFolder, path: str) -> None:
        super().__init__(name, Path(path))
        self._around, self._root = folder, path

    @property
    def address(self) -> str:
        """Where it lies."""
        return self._around.address_of(self._root)

    def look(self) -> tuple[float, int] | None:
        """When its files were written last and how many bytes they have, by the last listing."""
        found = self._around.files(self._root).values()
        return (max(entry.modified for entry in found), sum(entry.size for entry in found)) if found else None

    def _names(self) -> list[str]:
        return list(self._around.files(self._root))

    def _file(self, name: str) -> EventFile:
        return RemoteFile(self._around, f"{self._root}/{name}")


@dataclass(frozen=True, slots=True)
class Entry:
    """An object of a listing.

    Attributes:
        size: Bytes.
        modified: When it was written, in seconds since 1970; 0 where the store does not tell.
    """

    size: int
    modified: float


class RemoteFolder:
    """The runs below an address, as they were when it was listed last: looking at a file costs nothing in between.

    Args:
        address: The address of the folder.

    Raises:
        MissingExtra: fsspec, or what it needs for such addresses, is not installed.
        OptionError: There are no such addresses.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._system, self._root = file_system(address)
        self._folders: dict[str, dict[str, Entry]] = {}
        self._paths: dict[str, str] = {}

    def exists(self) -> bool:
        """Whether anything is there.

        Raises:
            ReadError: The store does not say.
        """
        with _told(self._address):
            return bool(self._system.exists(self._root))

    def runs(self) -> list[str]:
        """List the folder anew; the names of the runs.

        Raises:
            ReadError: The store does not answer, or refuses.
        """
        found: dict[str, dict[str, Entry]] = {}
        with _told(self._address):
            self._system.invalidate_cache()
            for path, facts in self._system.find(self._root, detail=True).items():
                folder, _, name = str(path).rpartition("/")
                if is_event_file(name):
                    found.setdefault(folder, {})[name] = Entry(int(facts.get("size") or 0), _modified(facts))
            paths = {self._name(folder): folder for folder in found}
        self._folders, self._paths = found, paths
        return sorted(paths)

    def _name(self, folder: str) -> str:
        """The name of the run in a folder; stores differ in whether a path begins with a slash, also their own root's.

        Raises:
            ValueError: It is not below the root.
        """
        return PurePosixPath(folder.strip("/")).relative_to(self._root.strip("/")).as_posix()

    def run(self, name: str) -> Run:
        """The run of a name that was listed last."""
        return RemoteRun(name, self, self._paths[name])

    def files(self, folder: str) -> Mapping[str, Entry]:
        """The event files of a folder by name; none where it is gone."""
        return self._folders.get(folder, {})

    def entry(self, path: str) -> Entry:
        """What is known of a file.

        Raises:
            FileNotFoundError: It is not there.
        """
        folder, _, name = path.rpartition("/")
        found = self.files(folder).get(name)
        if found is None:
            raise FileNotFoundError(path)
        return found

    def open(self, path: str) -> BinaryIO:
        """A file, of which only what is asked for is fetched.

        Raises:
            OSError: It cannot be opened.
        """
        with _giving():
            return io.BufferedReader(_Object(self._system.open(path, "rb", cache_type="none")), _FETCHED)

    def address_of(self, path: str) -> str:
        """The address of a file or folder in it."""
        return str(self._system.unstrip_protocol(path))


class _Object(io.RawIOBase):
    """A file of a store whose errors are those of a file, whatever the library of the store raises."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return int(self._file.seek(offset, whence))

    def readinto(self, buffer: Any, /) -> int:
        with _giving():
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


@contextlib.contextmanager
def _giving() -> Iterator[None]:
    """What goes wrong with an object is an `OSError`, as with a file; each store's library has its own errors."""
    try:
        yield
    except Exception as error:
        raise OSError(f"the store does not give it: {error or type(error).__name__}") from error


@contextlib.contextmanager
def _told(address: str) -> Iterator[None]:
    """What goes wrong with a store is told as that."""
    try:
        yield
    except Exception as error:
        raise ReadError(f"the store does not answer: {error or type(error).__name__}", path=address) from error


def _modified(facts: Mapping[str, Any]) -> float:
    """When an object was written; each store has a word of its own for it."""
    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = facts.get(name)
        if isinstance(value, int | float):
            return float(value)
        if isinstance(value, str):
            with contextlib.suppress(ValueError):
                value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return value.timestamp()
    return 0.0


def _listed(system: Any, folder: str) -> list[str]:
    """The files of a folder; none where it is not there."""
    system.invalidate_cache()
    try:
        return [str(entry["name"]) for entry in system.ls(folder, detail=True) if entry["type"] == "file"]
    except FileNotFoundError:
        return []
