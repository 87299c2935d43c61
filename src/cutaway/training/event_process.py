"""`EventProcess`: reads event files in a process of its own, so that the threads of this one answer meanwhile.

Decoding is many short calls of NumPy, which take turns with all other threads of a process: two threads that read are
no quicker than one, and keep a server from answering. What is read comes back through a pipe, as columns.
"""

from __future__ import annotations

import itertools
import pickle
import struct
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Self

from cutaway.errors import ReadError
from cutaway.own_python import command, environment
from cutaway.training.event_reader import EventFile
from cutaway.training.event_stretch import Taken

_PROGRAM = "cutaway.training.event_child"

_HEAD = struct.Struct("<8sQ")
"""`_MARK`, and into how many parts a message is cut, whose sizes follow."""

_MARK = b"cutaway\0"
"""What no message begins without: some Pythons print a line of their own when they start."""

_PIPE = 1 << 20
"""Bytes that may wait in a pipe, where that can be chosen: as many as Linux allows every program."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the process says.

    Attributes:
        file: The file, as far as it is read.
        taken: What was read; None where that was all.
        failure: Why the rest cannot be read; empty where it can.
    """

    file: EventFile
    taken: Taken | None
    failure: str = ""


class EventProcess:
    """A process that reads event files, one after the other. It ends when it is closed, and when this process ends."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        with suppress(OSError):  # then files are read here
            self._process = subprocess.Popen(
                command("-m", _PROGRAM), env=environment(),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pipesize=_PIPE,
                start_new_session=True,  # so that Ctrl-C does not end it before this process
            )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, whatever it is at; a second time changes nothing."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def read(self, file: EventFile) -> Iterator[Taken]:
        """As `EventFile.read`; what a process that is gone has not read is read here.

        Args:
            file: A file of this machine.

        Raises:
            ReadError: The file cannot be opened or read.
        """
        last: Told | None = None
        try:
            for last in self._told(file):
                file.go_on_as(last.file)
                if last.taken is not None:
                    yield last.taken
        finally:
            if last is None or last.taken is not None:  # it is gone, or tells what nobody waits for
                self.close()
        if last is None or last.taken is not None:
            yield from file.read()
        elif last.failure:
            raise ReadError(last.failure)

    def _told(self, file: EventFile) -> Iterator[Told]:
        """What the process says of a file, until it has read it or is gone."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return
        with suppress(OSError, EOFError):  # one that needs too much memory is ended by the system
            send(process.stdin, file)
            while True:
                told: Told = receive(process.stdout)
                yield told
                if told.taken is None:
                    return


def send(pipe: IO[bytes], message: Any) -> None:
    """Write a message; the numbers of its arrays follow it as they lie in memory.

    Raises:
        OSError: Nobody reads it.
    """
    arrays: list[pickle.PickleBuffer] = []
    plain = pickle.dumps(message, 5, buffer_callback=arrays.append)
    parts = [memoryview(plain), *(array.raw() for array in arrays)]
    sizes = [part.nbytes for part in parts]
    pipe.write(b"".join([_HEAD.pack(_MARK, len(parts)), struct.pack(f"<{len(parts)}Q", *sizes), *parts]))
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """Read a message of the other one, which is this program too; its arrays cannot be written to.

    Raises:
        EOFError: Whoever writes has ended, or writes something else.
        OSError: It cannot be read.
    """
    mark, count = _HEAD.unpack(_exactly(pipe, _HEAD.size))
    if mark != _MARK:
        raise EOFError
    sizes = struct.unpack(f"<{count}Q", _exactly(pipe, 8 * count))
    whole = _exactly(pipe, sum(sizes))
    plain, *arrays = (whole[end - size : end] for size, end in zip(sizes, itertools.accumulate(sizes), strict=True))
    return pickle.loads(plain, buffers=arrays)


def _exactly(pipe: IO[bytes], count: int) -> memoryview:
    data = pipe.read(count)
    if len(data) < count:
        raise EOFError
    return memoryview(data)
