"""`Logs`: the runs below a folder as a server shows them, read in a thread of its own, the newest first.

Everybody may ask at any time and gets what is known by then; whoever wants news waits for a version.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from cutaway.errors import ReadError
from cutaway.training.addresses import folder_of, is_address
from cutaway.training.event_process import EventProcess
from cutaway.training.runs import READING, LogFolder, Reading, Run

LOOK_EVERY = 0.1
"""Seconds between two looks at the files of runs that were written to lately."""

_SHARE = 20
"""Looking for new runs, and at old ones, takes at most one part in so many of the time."""

_PROCESSES = 4
"""Processes that read at the beginning, at most: each takes some 100 MB of memory."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often logs are looked at, and how much of them is read unasked.

    Attributes:
        least: Seconds between two looks at everything, at least.
        fresh: Seconds after which a run counts as ended until it is written to again; until then it is looked at beside
            that, every `LOOK_EVERY`. Minus infinity where no run is.
        threads: How many read what is there at the beginning.
        apart: Bytes of event files from which on processes of their own read them at the beginning.
        unasked: Bytes of event files that are read before anybody asks for them; of the others only names are known.
    """

    least: float
    fresh: float
    threads: int
    apart: float
    unasked: int


LOCAL = Pace(least=0.5, fresh=120.0, threads=2, apart=64 << 20, unasked=2 << 30)
"""Of files on this machine: 64 MiB are read in about the time in which a process that can do so starts."""

REMOTE = Pace(least=5.0, fresh=-math.inf, threads=8, apart=math.inf, unasked=256 << 20)
"""Of an object store: one listing tells of all files, costs money, and is as old as the writer's last one (5 s); most
of reading is waiting, so that several threads wait at once."""


class Shown:
    """One run on its way to the page.

    Attributes:
        index: Its number, which never changes.
        run: What was read.
        state: ``waiting`` until it is read, then ``read``; ``gone`` where its folder is no longer there.
        changed: The version with which it changed last.
        modified: When its files were written last, in seconds since 1970.
        size: Bytes of its files.
        reading: Held by the thread that reads it.
    """

    def __init__(self, index: int, run: Run) -> None:
        self.index = index
        self.run = run
        self.state = "waiting"
        self.changed = 0
        self.modified = 0.0
        self.size = 0
        self.reading = threading.Lock()
        self.look()

    def look(self) -> bool:
        """Look at the files from outside; say whether they are there."""
        found = self.run.look()
        if found is not None:
            self.modified, self.size = found
        return found is not None


class Logs:
    """The runs below a folder. All methods may be called from any thread.

    Args:
        path: The folder, or one event file, or the address of one of them in an object store.

    Raises:
        ReadError: There is nothing at that path, or no event file at that address.
        MissingExtra: It is an address, and fsspec is not installed.

    Attributes:
        name: What people call the folder.
        trouble: Why nothing new can be seen, as where a store does not answer; empty where all is well.
    """

    def __init__(self, path: str | Path) -> None:
        place = folder_of(path)
        self.name = str(place).rstrip("/").rpartition("/")[2] if is_address(place) else Path(place).resolve().name
        self.name = self.name or str(place)
        self.shown: list[Shown] = []
        self.complete = False
        self.trouble = ""
        self._pace = REMOTE if is_address(place) else LOCAL
        self._folder = LogFolder(place)
        if is_address(place) and not self._folder.runs:
            raise ReadError(
                "expected a folder with event files; there are none (models are opened from files on this machine)",
                path=place,
            )
        self._asked: list[int] = []
        self._lock = threading.Lock()
        self._version = 1
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = set()
        self._ended = threading.Event()
        self._woken = threading.Event()
        self.closed = False
        self._take(sorted(self._folder.runs))

    @property
    def version(self) -> int:
        """Grows with every change."""
        return self._version

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._follow, name="cutaway-logs", daemon=True).start()

    def close(self) -> None:
        """End: whoever waits is woken."""
        self.closed = True
        self._ended.set()
        self._woken.set()
        self._publish(None)

    def want(self, indices: list[int]) -> None:
        """Read some runs before all others, if they are not read yet."""
        with self._lock:
            new = [index for index in indices if self.shown[index].state == "waiting" and index not in self._asked]
            self._asked += new
        if new:
            self._woken.set()

    async def after(self, version: int) -> int:
        """Wait until something has changed since a version; return the new one."""
        loop = asyncio.get_running_loop()
        entry = (loop, loop.create_future())
        with self._lock:
            if self._version > version or self.closed:
                return self._version
            self._waiting.add(entry)
        try:
            await entry[1]
        finally:
            with self._lock:
                self._waiting.discard(entry)
        return self._version

    def _take(self, names: list[str]) -> None:
        """Show runs that were not there before."""
        for name in names:
            shown = Shown(len(self.shown), self._folder.runs[name])
            with self._lock:
                self.shown.append(shown)
            self._publish(shown)

    def _publish(self, shown: Shown | None) -> None:
        with self._lock:
            self._version += 1
            if shown is not None:
                shown.changed = self._version
            waiting = list(self._waiting)
        for loop, future in waiting:
            with contextlib.suppress(RuntimeError):  # a loop that has ended waits for nothing
                loop.call_soon_threadsafe(_wake, future)

    def _follow(self) -> None:
        """Read what is there, then what comes, until the end."""
        self._read_all()
        self.complete = True
        self._publish(None)
        slow = 0.0
        while not self._ended.is_set():
            self._read_asked()
            now = time.monotonic()
            if now >= slow:
                self._look_around()
                spent = time.monotonic() - now
                slow = time.monotonic() + max(self._pace.least, _SHARE * spent)
            fresh = time.time() - self._pace.fresh
            for shown in self.shown:
                if shown.state == "read" and shown.modified >= fresh and shown.run.has_more():
                    self._read(shown)
            self._woken.wait(LOOK_EVERY)
            self._woken.clear()

    def _look_around(self) -> None:
        """Look for new runs, and at those that were not written to for a while."""
        try:
            found = self._folder.find()
        except ReadError as error:
            self._say(str(error))
            return
        self._say("")
        self._take(found)
        for shown in self.shown:
            if self._ended.is_set():
                return
            there = shown.look()
            if not there and shown.state != "gone":
                shown.state = "gone"
                self._publish(shown)
            elif there and shown.state == "gone":
                shown.state = "waiting"
                self._publish(shown)
            unasked = sum(other.size for other in self.shown if other.state == "read")
            small = shown.state == "waiting" and unasked + shown.size <= self._pace.unasked
            if small or (shown.state == "read" and shown.run.has_more()):
                self._read(shown)

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self._publish(None)

    def _read_all(self) -> None:
        """Read runs, the newest first, until there is too much to be read unasked; much of it in other processes."""
        todo, total = list[Shown](), 0
        for shown in sorted(self.shown, key=lambda shown: -shown.modified):
            total += shown.size
            if total <= self._pace.unasked:
                todo.append(shown)
        todo.reverse()
        size = sum(shown.size for shown in todo)
        if size >= self._pace.apart:
            count, each = min(_PROCESSES, os.cpu_count() or 1, len(todo)), self._read_apart
        else:
            count, each = self._pace.threads, self._read_here
        threads = [threading.Thread(target=each, args=(todo,), daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _read_here(self, todo: list[Shown]) -> None:
        self._read_each(todo, READING)

    def _read_apart(self, todo: list[Shown]) -> None:
        with EventProcess() as process:
            self._read_each(todo, process.read)

    def _read_each(self, todo: list[Shown], read: Reading) -> None:
        """Read what is left to do, and before it what is asked for; several threads share the work."""
        while not self._ended.is_set():
            self._read_asked(read)
            with self._lock:
                if not todo:
                    return
                shown = todo.pop()
            self._read_first(shown, read)

    def _read_asked(self, read: Reading = READING) -> None:
        while not self._ended.is_set():
            with self._lock:
                if not self._asked:
                    return
                index = self._asked.pop(0)
            self._read_first(self.shown[index], read)

    def _read_first(self, shown: Shown, read: Reading) -> None:
        """Read a run for the first time, unless another thread does."""
        if shown.state == "waiting" and shown.reading.acquire(blocking=False):
            try:
                self._read(shown, read)
            finally:
                shown.reading.release()

    def _read(self, shown: Shown, read: Reading = READING) -> None:
        """Read what was written in a run since the last time."""
        first, told = shown.state == "waiting", shown.run.warnings
        for count in shown.run.reading(read):
            if count:
                self._publish(shown)
            if self._ended.is_set():
                return
        shown.look()
        if first:
            shown.state = "read"
        if first or shown.run.warnings != told:
            self._publish(shown)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
