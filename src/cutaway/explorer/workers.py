"""`Workers`: threads that make answers beside the loop that sends them.

Those of the standard library are waited for when a program ends; these are not, so that Ctrl-C ends a server whatever
it is busy with.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_Job = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[], Any]]


class Workers:
    """A few threads that take jobs in turn; they begin with the first job.

    Args:
        count: Number of threads.
        name: What debuggers show.
    """

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._started = 0
        self._lock = threading.Lock()

    async def run(self, make: Callable[[], T]) -> T:
        """What a job returns, or raises; a job whose caller has gone before it began is left out."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._start()
        self._jobs.put((loop, future, make))
        return await future

    def end(self) -> None:
        """Let every thread end after the job that it is at."""
        with self._lock:
            for _ in range(self._started):
                self._jobs.put(None)
            self._started = self._count

    def _start(self) -> None:
        with self._lock:
            if self._started < self._count:
                self._started += 1
                threading.Thread(target=self._work, name=f"{self._name} {self._started}", daemon=True).start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            loop, future, make = job
            if not future.cancelled():
                done = _outcome(make)
                with contextlib.suppress(RuntimeError):  # a loop that has ended waits for nothing
                    loop.call_soon_threadsafe(_settle, future, *done)
            del job, loop, future, make  # or they would be kept until the next job


def _outcome(make: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return make(), None
    except BaseException as error:  # it is raised where the job came from
        return None, error


def _settle(future: asyncio.Future[Any], value: Any, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(value)
    elif isinstance(error, StopIteration):  # which no future may hold
        future.set_exception(RuntimeError("a job ended with StopIteration"))
    else:
        future.set_exception(error)
