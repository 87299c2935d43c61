"""Work in this process, in several, or on a Dask cluster: the same function, the same tasks, results in their order."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from cutaway.errors import MissingExtra, OptionError

T = TypeVar("T")
R = TypeVar("R")
Told = Callable[[int, int], None]
"""Is told how many tasks are done, and how many there are."""

_PATIENCE = "20s"
"""For a scheduler to answer at all."""


def work(
    function: Callable[[T], R], tasks: Sequence[T], *, workers: int = 1, scheduler: str | None = None,
    told: Told | None = None,
) -> list[R]:  # fmt: skip
    """Call a function with each of many tasks.

    Args:
        function: A function of a module; workers import it.
        tasks: What it is called with.
        workers: Processes of this machine; 1 works in this one.
        scheduler: Address of the scheduler of a Dask cluster, such as ``tcp://10.0.0.1:8786``; None for this machine.
        told: Is told of the progress.

    Returns:
        The results, in the order of the tasks.

    Raises:
        OptionError: There is no such scheduler, or the number of workers is none.
        MissingExtra: A scheduler is named and distributed is not installed.
    """
    if workers < 1:
        raise OptionError(f"workers must be 1 or more; received {workers}")
    found: dict[int, R] = {}
    if scheduler is not None:
        source = _on_cluster(function, tasks, scheduler)
    elif workers == 1 or len(tasks) < 2:
        source = ((at, function(task)) for at, task in enumerate(tasks))
    else:
        source = _in_processes(function, tasks, min(workers, len(tasks)))
    with closing(source):  # Ctrl-C may come while it waits here for its next turn
        for at, result in source:
            found[at] = result
            if told is not None:
                told(len(found), len(tasks))
    return [found[at] for at in range(len(tasks))]


def _in_processes(function: Callable[[T], R], tasks: Sequence[T], workers: int) -> Generator[tuple[int, R], None, None]:
    # not forked: a process that has threads, as one with TensorFlow has, may hang when it is
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        others = set(active_children())
        try:
            with _uninterrupted():  # which the workers take over from this thread
                waiting = {pool.submit(_interruptible, function, task): at for at, task in enumerate(tasks)}
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        except BaseException:
            _stop(set(active_children()) - others)
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back until the end, where the system can."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _interruptible(function: Callable[[T], R], task: T) -> R:
    """One task in a worker, which Ctrl-C ends; between tasks a worker is silent, and its pool ends it."""
    if not hasattr(signal, "pthread_sigmask"):
        return function(task)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        return function(task)
    except KeyboardInterrupt:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        signal.raise_signal(signal.SIGINT)  # waits for the next task, of which some are in the queue already
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _stop(workers: set[BaseProcess]) -> None:
    """Interrupt what workers are at: the rest would only be thrown away."""
    for worker in workers:
        if worker.pid is not None:
            with suppress(OSError):  # it has ended meanwhile
                os.kill(worker.pid, signal.SIGINT)


def _on_cluster(function: Callable[[T], R], tasks: Sequence[T], scheduler: str) -> Generator[tuple[int, R], None, None]:
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise MissingExtra("a Dask cluster needs distributed; install it with: pip install 'cutaway[dask]'") from error
    try:  # before there is a client, which waits for the answer of what cannot be one while it is thrown away
        distributed.comm.get_address_host_port(scheduler)
    except ValueError as error:
        raise OptionError(f"scheduler {scheduler!r}: {error}; expected such as tcp://10.0.0.1:8786") from error
    try:
        client: Any = distributed.Client(scheduler, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise OptionError(f"scheduler {scheduler!r} does not answer: {error}") from error
    with client:
        waiting = {client.submit(function, task, pure=False): at for at, task in enumerate(tasks)}
        for done in distributed.as_completed(list(waiting), loop=client.loop):
            yield waiting[done], done.result()
