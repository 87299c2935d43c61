"""`Series`: what was logged under one tag, as columns that grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from cutaway.training.event_blocks import Block

_Number = TypeVar("_Number", np.float64, np.int64)

SCALARS, HISTOGRAMS, TEXT, AUDIO, TENSORS = "scalars", "histograms", "text", "audio", "tensors"


@dataclass(frozen=True, slots=True)
class Columns:
    """The values of a series as they were at one moment; it may grow meanwhile.

    Attributes:
        times: When each value was written, in seconds since 1970, shape (n,).
        steps: The step of each value.
        files: The number of the event file that each came from, in the order in which the files were found.
        values: As `Series.values`.
    """

    times: npt.NDArray[np.float64]
    steps: npt.NDArray[np.int64]
    files: npt.NDArray[np.int64]
    values: Any

    def __len__(self) -> int:
        return len(self.steps)


class Series:
    """The values of one tag, all of them, in the order in which they were read.

    Attributes:
        tag: The tag.
        kind: The plugin that shows it: ``scalars``, ``histograms``, ``text``, ``images``, ``audio``, ``hparams`` and so
            on; ``tensors`` for an array that no plugin was named for.
        left_out: Number of values that are not what their kind says.
    """

    def __init__(self, tag: str, kind: str) -> None:
        self.tag = tag
        self.kind = kind
        self.left_out = 0
        self._times = [np.zeros(0)]
        self._steps = [np.zeros(0, np.int64)]
        self._scalars = [np.zeros(0)]
        self._objects: list[Any] = []
        self._files: list[tuple[int, int]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"Series({self.tag!r}, kind={self.kind!r}, {self._count:,} values)"

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """When each value was written, in seconds since 1970."""
        return _whole(self._times)

    @property
    def steps(self) -> npt.NDArray[np.int64]:
        """The step of each value."""
        return _whole(self._steps)

    @property
    def values(self) -> Any:
        """The values.

        Scalars are one array. Of histograms each is an array with a row a bin: its left edge, its right edge, the
        number of values in it. Texts are lists of strings, other tensors arrays, hyper-parameters bytes; of
        images and sounds where they lie, as `Stored`.
        """
        return _whole(self._scalars) if self.kind == SCALARS else self._objects

    def columns(self) -> Columns:
        """All of it, as it is now."""
        values = self.values if self.kind == SCALARS else list(self._objects)
        numbers = np.array([file for file, _ in self._files], np.int64)
        files = np.repeat(numbers, np.array([count for _, count in self._files], np.int64))
        return Columns(self.times, self.steps, files, values)

    def add(self, block: Block, file: int = 0) -> None:
        """Take values; those that are not what the kind says are left out.

        Args:
            block: The values.
            file: The number of the event file that they come from.
        """
        taken = np.ones(len(block.steps), np.bool_)
        if self.kind == SCALARS:
            scalars, taken = _scalars(block)
            self._scalars.append(scalars)
        else:
            values = [_told(self.kind, value) for value in block.values]
            if self.kind in (HISTOGRAMS, TEXT):
                taken = np.array([value is not None for value in values], np.bool_)
            self._objects += [value for value, kept in zip(values, taken.tolist(), strict=True) if kept]
        count = int(taken.sum())
        chosen = taken if count < len(taken) else slice(None)
        self._times.append(block.times[chosen])
        self._steps.append(block.steps[chosen])
        if self._files and self._files[-1][0] == file:
            count_before = self._files.pop()[1]
            self._files.append((file, count_before + count))
        else:
            self._files.append((file, count))
        self._count += count
        self.left_out += len(taken) - count


def kind_of(block: Block) -> str:
    """The kind of values for which no plugin is named: a single number is a scalar."""
    if block.plugin:
        return block.plugin
    return SCALARS if len(block.values) and np.ndim(_first(block)) == 0 and _first(block) is not None else TENSORS


def _first(block: Block) -> Any:
    return block.values[0]


def _whole(parts: list[npt.NDArray[_Number]]) -> npt.NDArray[_Number]:
    """All parts as one array, which takes their place."""
    if len(parts) > 1:
        filled = [part for part in parts if len(part)] or parts[:1]
        parts[:] = filled if len(filled) == 1 else [np.concatenate(filled)]
    return parts[0]


def _scalars(block: Block) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    if isinstance(block.values, np.ndarray) and block.values.size == len(block.values):
        return block.values.reshape(-1).astype(np.float64), np.ones(len(block.steps), np.bool_)
    single = [_single(value) for value in block.values]
    taken = np.array([value is not None for value in single], np.bool_)
    return np.array([value for value in single if value is not None], np.float64), taken


def _single(value: Any) -> float | None:
    """A number, or the only one of an array."""
    if isinstance(value, float):
        return value
    if isinstance(value, np.ndarray | np.generic) and value.size == 1:
        return float(value.reshape(-1)[0])
    return None


def _told(kind: str, value: Any) -> Any:
    """A value in the form of its kind; None where it is of another."""
    if kind == HISTOGRAMS:
        if isinstance(value, np.ndarray) and value.ndim == 2 and value.shape[1] == 3:
            return value if value.dtype == np.float64 else value.astype(np.float64)
        return None
    if kind == TEXT:
        return [part.decode("utf-8", "backslashreplace") for part in value] if isinstance(value, list) else None
    return value
