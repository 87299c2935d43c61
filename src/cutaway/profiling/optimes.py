"""`OpTimes`: what any source of traces yields, seconds by the name of the operation and by run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


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


def by_run(spans: Iterable[Span], starts: list[float], source: str) -> OpTimes:
    """Add up the spans of each operation in each run.

    Args:
        spans: All executions.
        starts: When each run began; empty where nobody marked the runs. How many there were is then told by what
            most of the operations say: each of them runs once in each run, but for those in loops.
        source: What they were read from, in words.
    """
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
