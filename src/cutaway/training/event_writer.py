"""`EventWriter`: event files as TensorFlow 2 writes them, without TensorFlow.

Every call hands complete records to the system in one write. There is no buffer of our own: when the process is
killed, whatever was handed over stays, and the file ends with a whole record. A file is never reopened; a run that
goes on writes the next file beside it, as TensorFlow does, and readers put them together.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from cutaway.training.event_messages import (
    BLOB_DATA,
    HISTOGRAMS,
    SCALARS,
    TENSOR_DATA,
    event,
    field,
    metadata,
    record,
    records,
    scalar_form,
    strings,
    summary,
    tensor,
)
from cutaway.training.png_image import png

_FLOAT_MAX = float(np.finfo(np.float32).max)
_COUNTER = itertools.count()
_KERAS_TAG = "keras"
_BYTES = getattr(os, "O_BINARY", 0)
"""Without which Windows writes two bytes for each that happens to be the end of a line."""

_TOGETHER = 1000
"""Events that are handed to the system together, some hundred kilobytes."""


class EventWriter:
    """Writes one event file.

    Args:
        folder: The folder of the run; it is made where it is missing.

    Raises:
        OSError: The folder or the file cannot be made.

    Attributes:
        path: The file.
        heard: Is told of scalars once they are written, with their step and time.
    """

    heard: Callable[[Mapping[str, float], int, float], None] | None = None

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._held: list[bytes] | None = None
        self._file = -1
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | _BYTES
        while self._file < 0:  # another process may have taken the name
            self.path = folder / file_name(path.name for path in folder.iterdir())
            try:
                self._file = os.open(self.path, flags, 0o644)
            except FileExistsError:
                continue
        self._size = 0
        try:
            self._write(first_record())
        except OSError:
            self.close()
            raise

    def scalars(self, values: Mapping[str, float], step: int, *, wall_time: float | None = None) -> None:
        """Write scalars of one step, as float32.

        Args:
            values: The values by tag. What is beyond float32 is written as infinite.
            step: The step.
            wall_time: Seconds since 1970; now if None.
        """
        now = time.time() if wall_time is None else wall_time
        self._tell(scalar_form(tag).event(now, step, _float32(value)) for tag, value in values.items())
        if self.heard is not None:
            self.heard(values, step, now)

    def tensor_scalar(self, tag: str, value: float, step: int, *, wall_time: float | None = None) -> None:
        """Write one scalar as float64, where float32 would lose what matters, as in times and counts."""
        self._put(summary(tag, tensor(np.array(value, np.float64)), SCALARS), step, wall_time)

    def histogram(self, tag: str, rows: npt.NDArray[np.float64], step: int, *, wall_time: float | None = None) -> None:
        """Write a histogram.

        Args:
            tag: The tag.
            rows: One row a bin: its left edge, its right edge, the number of values in it.
            step: The step.
            wall_time: Seconds since 1970; now if None.

        Raises:
            ValueError: ``rows`` has not three columns.
        """
        if rows.ndim != 2 or rows.shape[1] != 3:
            raise ValueError(f"rows of a histogram are (left, right, count); received the shape {rows.shape}")
        self._put(summary(tag, tensor(rows.astype(np.float64, copy=False)), HISTOGRAMS), step, wall_time)

    def text(self, tag: str, text: str, step: int, *, wall_time: float | None = None) -> None:
        """Write a text, which TensorBoard shows as Markdown."""
        about = metadata("text", data_class=TENSOR_DATA)
        self._put(summary(tag, strings([text.encode()]), about), step, wall_time)

    def images(self, tag: str, pixels: npt.NDArray[np.uint8], step: int, *, wall_time: float | None = None) -> None:
        """Write images (count, height, width, channels), of which the first three are kept, as TensorFlow does."""
        about = metadata("images", data_class=BLOB_DATA)
        _, height, width, _ = pixels.shape
        values = [str(width).encode(), str(height).encode(), *map(png, pixels[:3])]
        self._put(summary(tag, strings(values, shape=[len(values)]), about), step, wall_time)

    def keras_model(self, config: str, *, step: int = 0, wall_time: float | None = None) -> None:
        """Write the structure of a Keras model, as `model.to_json` gives it."""
        about = metadata("graph_keras_model", b"1")
        self._put(summary(_KERAS_TAG, strings([config.encode()]), about), step, wall_time)

    def graph(self, graph_def: bytes, *, wall_time: float | None = None) -> None:
        """Write a graph of operations, an encoded ``GraphDef``."""
        self._put(field(4, graph_def), 0, wall_time)

    def run_metadata(self, tag: str, encoded: bytes, step: int, *, wall_time: float | None = None) -> None:
        """Write what was measured in one run of a graph, an encoded ``RunMetadata``."""
        about = metadata("graph_run_metadata", b"1")
        self._put(summary(tag, strings([encoded]), about), step, wall_time)

    def contract(self, tag: str, plugin: str, encoded: bytes, *, step: int = 0) -> None:
        """Write bytes that only cutaway reads, under a plugin of their own; TensorBoard passes over them."""
        self._put(summary(tag, strings([encoded]), metadata(plugin, b"1")), step, None)

    def flush(self) -> None:
        """Do nothing: whatever is told is handed to the system at once."""

    def is_there(self) -> bool:
        """Whether the file still stands where it was made; what is written to one that was removed is lost."""
        try:
            found, mine = self.path.stat(), os.fstat(self._file)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == (mine.st_dev, mine.st_ino)

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """What is told inside this block is written at its end, at once, which takes less time."""
        self._held = []
        try:
            yield
            held, self._held = self._held, None
            for begin in range(0, len(held), _TOGETHER):
                self._write(records(held[begin : begin + _TOGETHER]))
        finally:
            self._held = None

    def close(self) -> None:
        """Close the file; a second time changes nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, what: bytes, step: int, wall_time: float | None) -> None:
        self._tell([event(time.time() if wall_time is None else wall_time, step, what)])

    def _tell(self, events: Iterable[bytes]) -> None:
        """Write events, or keep them for the end of the block that holds them together."""
        if self._held is None:
            self._write(records(list(events)))
        else:
            self._held += events

    def _write(self, data: bytes) -> None:
        """Hand whole records over; where not all of them fit, none stays behind cut.

        Raises:
            OSError: The disk is full, the file is closed, or it cannot be written.
        """
        if self._file < 0:
            raise OSError(errno.EBADF, "the event file is closed", str(self.path))
        rest = memoryview(data)
        try:
            while len(rest):
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            if len(rest) < len(data):
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(data)


def file_name(beside: Iterable[str]) -> str:
    """A name for an event file, behind those of the files that are there: they are read in the order of their names.

    Args:
        beside: Their names. Where the clock was set back since, the time of the newest of them is taken.
    """
    stamps = (name.partition(".tfevents.")[2].partition(".")[0] for name in beside)
    newest = max((int(stamp) for stamp in stamps if stamp.isdecimal() and len(stamp) == 10), default=0)
    return f"events.out.tfevents.{max(int(time.time()), newest):010d}.{_host()}.{os.getpid()}.{next(_COUNTER):06d}.v2"


def first_record() -> bytes:
    """The record with which every event file begins."""
    return record(event(time.time(), 0, field(3, b"brain.Event:2")))


def _host() -> str:
    """The name of the machine, as far as it can be part of a file name."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in socket.gethostname()) or "host"


def _float32(value: float) -> float:
    value = float(value)
    if -_FLOAT_MAX <= value <= _FLOAT_MAX or value != value:
        return value
    try:  # what rounds to the largest float is no overflow
        struct.pack("<f", value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    return value
