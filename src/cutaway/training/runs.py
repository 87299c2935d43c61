"""`LogFolder`: the runs below a folder, each a folder with event files, read when they are asked for.

A run is read from where it was left, so that asking again while it trains costs what was written in between.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING

from cutaway.errors import ReadError
from cutaway.readers.sniff_events import is_event_file
from cutaway.training.addresses import is_address
from cutaway.training.event_blocks import Block
from cutaway.training.event_reader import EventFile
from cutaway.training.event_stretch import Taken
from cutaway.training.series import Columns, Series, kind_of

if TYPE_CHECKING:
    from cutaway.training.remote import RemoteFolder

Reading = Callable[[EventFile], Iterator[Taken]]
"""How a file is read."""

READING: Reading = methodcaller("read")
"""In this process."""

_TAGS = 100_000
"""Tags of a run that are kept; the largest log seen has some thousand."""


class Run:
    """What was logged in one folder.

    Args:
        name: Its path below the log folder; ``.`` for that folder itself.
        folder: The folder.

    Attributes:
        name: As given.
        folder: As given.
        series: What was read, by tag.
        others: Number of events that are no values, by what they are, as `graph_def`.
        lock: Held while values are added; whoever reads series in another thread holds it too.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.series: dict[str, Series] = {}
        self.others: dict[str, int] = {}
        self.lock = threading.RLock()
        self._files: dict[str, EventFile] = {}
        self._numbers: dict[str, int] = {}
        self._told: list[str] = []
        self._failures: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Run({self.name!r}, {len(self.series):,} tags)"

    @property
    def address(self) -> str:
        """Where it lies: a path, or an address in an object store."""
        return str(self.folder)

    @property
    def warnings(self) -> list[str]:
        """What was left out, in words."""
        told = [f"{name}: {warning}" for name, file in self._files.items() for warning in file.warnings]
        odd = [
            f"{series.tag}: {series.left_out:,} of its values are no {series.kind} and left out"
            for series in self.series.values()
            if series.left_out
        ]
        failed = [f"{name}: {failure}" for name, failure in self._failures.items()]
        return [*self._told, *failed, *told, *odd]

    @property
    def waiting(self) -> int:
        """Bytes at the ends of files that are no whole record yet: a writer is at work, or was stopped."""
        return sum(file.waiting for file in self._files.values())

    @property
    def files(self) -> list[Path]:
        """The event files that were found, by their numbers."""
        return [self.folder / name for name in self._numbers]

    def record(self, file: int, offset: int, length: int) -> bytes:
        """The data of a record, as `EventFile.record` gives it.

        Args:
            file: Number of the event file.
            offset: Where they begin.
            length: Number of bytes.

        Raises:
            ReadError: The file cannot be read.
        """
        return self._file(list(self._numbers)[file]).record(offset, length)

    def look(self) -> tuple[float, int] | None:
        """When its event files were written last, in seconds since 1970, and their bytes; None where there are none."""
        found = []
        for name in self._names():
            with contextlib.suppress(OSError):
                found.append((self.folder / name).stat())
        return (max(one.st_mtime for one in found), sum(one.st_size for one in found)) if found else None

    def has_more(self) -> bool:
        """Whether something was written, or replaced, since the last time; a look at files, not into them."""
        if any(name not in self._files for name in self._names()):
            return True
        return any(file.has_more() or file.was_replaced() for file in self._files.values())

    def columns(self, tag: str) -> Columns | None:
        """What is known of a series now; None if there is none of that tag. From any thread."""
        with self.lock:
            series = self.series.get(tag)
            return None if series is None else series.columns()

    def read(self) -> int:
        """Read what was written since the last time.

        A file that vanished keeps what was read of it. Where another one stands in the place of a file that was read,
        all of the run is read again.

        Returns:
            Number of new values.
        """
        return sum(self.reading())

    def reading(self, read: Reading = READING) -> Iterator[int]:
        """Read as `read` does, a stretch at a time; the number of new values of each.

        Args:
            read: How a file is read.
        """
        if any(file.was_replaced() for file in self._files.values()):
            with self.lock:
                self.series, self.others, self._files, self._numbers, self._told = {}, {}, {}, {}, []
            self._tell("a file was replaced while it was read; the run is read anew")
        for name in sorted(self._names()):
            if name not in self._files:
                self._files[name] = self._file(name)
            self._numbers.setdefault(name, len(self._numbers))
        for name, file in sorted(self._files.items()):
            if not file.has_more():
                continue
            try:
                for taken in read(file):
                    yield self._add(taken, self._numbers[name])
                self._failures.pop(name, None)
            except ReadError as error:
                self._failures[name] = str(error)

    def _names(self) -> list[str]:
        """The names of its event files; none where the folder is gone."""
        return _event_files(self.folder)

    def _file(self, name: str) -> EventFile:
        return EventFile(self.folder / name)

    def _add(self, taken: Taken, file: int) -> int:
        with self.lock:
            for what, times in taken.others.items():
                self.others[what] = self.others.get(what, 0) + times
            return sum(self._add_block(block, file) for block in taken.blocks)

    def _add_block(self, block: Block, file: int) -> int:
        series = self.series.get(block.tag)
        if series is None:
            if len(self.series) >= _TAGS:
                self._tell(f"only the first {_TAGS:,} tags are kept")
                return 0
            series = self.series[block.tag] = Series(block.tag, kind_of(block))
        before = len(series)
        series.add(block, file)
        return len(series) - before

    def _tell(self, warning: str) -> None:
        if warning not in self._told:
            self._told.append(warning)


class LogFolder:
    """The runs below a folder.

    Args:
        path: The folder, or an address that fsspec knows, such as ``s3://bucket/logs``.

    Raises:
        ReadError: There is nothing at ``path``.
        MissingExtra: It is an address, and fsspec is not installed.

    Attributes:
        path: As given.
        runs: The runs by name, in the order of their names; none of them is read before it is asked to.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.runs: dict[str, Run] = {}
        self._remote: RemoteFolder | None = None
        if is_address(path):
            from cutaway.training.remote import RemoteFolder

            self._remote = RemoteFolder(str(path))
        there = self.path.exists() if self._remote is None else self._remote.exists()
        if not there:
            raise ReadError("expected a folder with event files; there is nothing", path=path)
        self.find()

    def find(self) -> list[str]:
        """Look for runs that were not there the last time.

        Returns:
            Their names.
        """
        new: dict[str, Run] = {}
        if self._remote is not None:
            new = {name: self._remote.run(name) for name in self._remote.runs() if name not in self.runs}
        else:
            for name, folder in _run_folders(self.path):
                if name not in self.runs:
                    new[name] = Run(name, folder)
        if new:
            self.runs = dict(sorted({**self.runs, **new}.items()))
        return sorted(new)

    def read(self) -> int:
        """Look for new runs, and read what was written in all of them since the last time.

        Returns:
            Number of new values.
        """
        self.find()
        return sum(run.read() for run in self.runs.values())


def _run_folders(path: Path) -> Iterator[tuple[str, Path]]:
    for folder, folders, files in os.walk(path):
        folders.sort()
        if any(map(is_event_file, files)):
            yield Path(folder).relative_to(path).as_posix(), Path(folder)


def _event_files(folder: Path) -> list[str]:
    """The names of the event files in a folder; none where it is gone."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if is_event_file(entry.name) and entry.is_file()]
    except OSError:
        return []
