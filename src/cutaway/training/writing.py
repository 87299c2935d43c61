"""`Writing`: event files that a thread of their own writes, so that no step of a training waits for the disk."""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from cutaway.training.addresses import below, is_address
from cutaway.training.event_writer import EventWriter

Job = Callable[[EventWriter], None]

_WAITING = 64 << 20
"""Bytes that may wait to be written; what comes when the disk is that far behind is left out and told."""

_LOOKS = 1.0
"""Seconds between looks at whether the files are still there."""

_IDLE = 5.0
"""Seconds without a job after which what writers keep is written."""

_PATIENCE = 60.0
"""Seconds that the end of a training waits for a disk that does not answer."""


class Clock:
    """Seconds since 1970 that never go back: the time of day at the start, and what has passed since.

    When the clock of the machine is set while a training runs, its curves still lie side by side.
    """

    def __init__(self) -> None:
        self._begun = time.time() - self._passed()

    def __call__(self) -> float:
        """The time now."""
        return self._begun + self._passed()

    @staticmethod
    def _passed() -> float:
        boot = getattr(time, "CLOCK_BOOTTIME", None)  # which also runs while the machine sleeps
        return time.monotonic() if boot is None else time.clock_gettime(boot)


class Writing:
    """Writes the parts of a run, such as ``train`` and ``validation``, each into event files of its own folder.

    Args:
        folder: The folder of the run, or its address in an object store.
        opened: Makes the writer of a folder, given as ``folder`` is, with the part behind a slash.

    Attributes:
        failure: Why nothing is written any more; None while all is well.
        left_out: How many jobs were left out since the disk was too slow.
        moved: How often files were removed while they were written, and new ones begun.
    """

    def __init__(self, folder: str | Path, opened: Callable[[str], EventWriter] | None = None) -> None:
        self.failure: Exception | None = None
        self.left_out = 0
        self.moved = 0
        self._folder = folder
        self._opened = opened or open_writer
        self._writers: dict[str, EventWriter] = {}
        self._first: dict[str, list[Job]] = {}
        self._jobs: deque[tuple[str, Job, int]] = deque()
        self._size = 0
        self._looked = time.monotonic()
        self._changed = threading.Condition()
        self._ended = False
        self._thread: threading.Thread | None = None

    def put(self, part: str, job: Job, *, size: int = 100, first: bool = False) -> bool:
        """Hand over something to write.

        Args:
            part: The part of the run.
            job: Writes it.
            size: About how many bytes it holds while it waits.
            first: Whether every file of the part begins with it, also one that is begun anew.

        Returns:
            Whether it will be written, unless the disk fails.
        """
        with self._changed:
            if self.failure is not None or self._ended:
                return False
            if self._jobs and self._size + size > _WAITING:
                self.left_out += 1
                return False
            if first:
                self._first.setdefault(part, []).append(job)
            self._jobs.append((part, job, size))
            self._size += size
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="cutaway-writing", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            self._changed.notify()
        return True

    def wait(self, seconds: float = _PATIENCE) -> bool:
        """Wait until all that was handed over is written; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._size or self.failure is not None, seconds)

    def close(self, seconds: float = _PATIENCE) -> bool:
        """Write what waits, and close the files; whether that came to an end in time."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(seconds)
            atexit.unregister(self.close)
            return not self._thread.is_alive()
        return True

    def _run(self) -> None:
        while self._does_one():
            pass
        for writer in self._writers.values():
            try:
                writer.close()
            except Exception as error:
                self.failure = self.failure or error

    def _does_one(self) -> bool:
        """Do a job, of which nothing is held while the next one is waited for; False where no more will come."""
        taken = self._next()
        if taken is None:
            return False
        part, job, size = taken
        try:
            if self.failure is None:
                self._write(part, job)
        except Exception as error:  # of whatever kind: stores have their own, and nobody would hear of it here
            self.failure = error
        with self._changed:
            self._size -= size
            self._changed.notify_all()
        return True

    def _next(self) -> tuple[str, Job, int] | None:
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: self._jobs or self._ended, _IDLE):
                    return self._jobs.popleft() if self._jobs else None
            try:
                for writer in self._writers.values():
                    writer.flush()
            except Exception as error:
                self.failure = self.failure or error

    def _write(self, part: str, job: Job) -> None:
        now = time.monotonic()
        if now - self._looked > _LOOKS:
            self._looked = now
            self._look()
        writer = self._writers.get(part)
        if writer is None:
            writer = self._writers[part] = self._opened(below(self._folder, part))
        job(writer)

    def _look(self) -> None:
        """Begin files anew that somebody removed; what was in them is gone, what comes is not."""
        for part, writer in list(self._writers.items()):
            if not writer.is_there():
                writer.close()
                self.moved += 1
                writer = self._writers[part] = self._opened(below(self._folder, part))
                for job in self._first.get(part, ()):
                    job(writer)


def open_writer(folder: str) -> EventWriter:
    """The writer of a folder, on this machine or in an object store.

    Raises:
        OSError: It cannot be written.
        MissingExtra: What reaches the store is not installed.
    """
    if not is_address(folder):
        return EventWriter(folder)
    from cutaway.training.remote import RemoteWriter

    return RemoteWriter(folder)
