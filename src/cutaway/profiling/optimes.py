"""`OpTimes`: what any source of traces yields, seconds by the name of the operation and by run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cutaway.errors import ReadError

Floats = npt.NDArray[np.float64]

MOST_RUNS = 10_000
"""Runs of a trace: a profile has some ten to a thousand, and each takes a number for every operation."""

MOST_TIMES = 20_000_000
"""Runs times operations; as numbers they take 160 MB, and what is made of them some times that."""


class Span(NamedTuple):
    """One execution of one operation.

    Attributes:
        name: The operation.
        kind: Its type, such as ``"Conv2D"``; may be empty.
        start: When it began, in seconds from any common zero.
        seconds: How long it took.
    """

    name: str
    kind: str
    start: float
    seconds: float


@dataclass(slots=True)
class OpTimes:
    """Times of operations.

    Attributes:
        runs: Runs of the model that the trace holds.
        seconds: For each operation its seconds in each run; one number, the mean, where runs cannot be told apart.
        kinds: Type of each operation, where it is known.
        source: What they were read from, in words.
    """

    runs: int
    seconds: dict[str, Floats] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    source: str = ""

    @property
    def total(self) -> Floats:
        """Seconds of all operations, by run."""
        return np.sum(list(self.seconds.values()), axis=0) if self.seconds else np.zeros(max(1, self.runs))


def check_size(runs: int, names: int, path: str | Path | None) -> None:
    """Refuse a trace whose times by operation and run do not fit into memory.

    Raises:
        ReadError: There are more than `MOST_RUNS` runs, or more than `MOST_TIMES` times.
    """
    if runs > MOST_RUNS:
        raise ReadError(f"the trace holds {runs:,} runs; at most {MOST_RUNS:,} are read: record fewer", path=path)
    if runs * names > MOST_TIMES:
        raise ReadError(
            f"the trace holds {runs:,} runs of {names:,} operations or more; at most {MOST_TIMES:,} times are read: "
            "record fewer runs",
            path=path,
        )


def by_run(spans: Iterable[Span], starts: list[float], source: str, path: str | Path | None = None) -> OpTimes:
    """Add up the spans of each operation in each run.

    Args:
        spans: All executions.
        starts: When each run began; empty where nobody marked the runs. How many there were is then told by what
            most of the operations say: each of them runs once in each run, but for those in loops.
        source: What they were read from, in words.
        path: The file, for messages.

    Raises:
        ReadError: There are too many runs, or too many operations for so many runs.
    """
    check_size(len(starts), 0, path)
    if not starts:
        return _mean(spans, source)
    found = OpTimes(len(starts), source=source)
    edges = np.asarray(starts)
    for span in spans:
        run = int(np.searchsorted(edges, span.start, side="right")) - 1
        if run < 0:
            continue  # before the first run, such as what copies its inputs
        times = found.seconds.get(span.name)
        if times is None:
            check_size(len(starts), len(found.seconds) + 1, path)
            times = found.seconds[span.name] = np.zeros(len(starts))
            found.kinds[span.name] = span.kind
        times[run] += span.seconds
    return found


def _mean(spans: Iterable[Span], source: str) -> OpTimes:
    sums: dict[str, float] = {}
    counts: dict[str, int] = {}
    kinds: dict[str, str] = {}
    for span in spans:
        sums[span.name] = sums.get(span.name, 0.0) + span.seconds
        counts[span.name] = counts.get(span.name, 0) + 1
        kinds.setdefault(span.name, span.kind)
    runs = int(np.median(list(counts.values()))) if counts else 0
    runs = max(1, runs)
    seconds = {name: np.array([total / runs]) for name, total in sums.items()}
    return OpTimes(runs, seconds, kinds, source)
