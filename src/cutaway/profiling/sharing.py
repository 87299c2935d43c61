"""Whose time it is where operations run within one another, and several at once.

What counts is the clock: an operation that runs within another, as in the body of a function, takes that time from it,
and an instant in which several run is split evenly among them, since they share the cores. So the sum of all is the
time in which anything ran. Were each counted in full, the two branches of a block would seem up to twice as slow as
each is alone, and by another share in each run, as the threads happen to meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from cutaway.profiling.optimes import Floats, Span

_Stretch = tuple[float, float, int]
"""When an operation began and ceased to be the innermost of its thread, and the place of its execution."""


def shared(threads: Iterable[Sequence[Span]]) -> Iterator[Span]:
    """The executions of operations with their shares of the clock.

    Args:
        threads: What ran in each thread of one device; starts count from a zero that all have in common.
    """
    spans: list[Span] = []
    stretches: list[_Stretch] = []
    for thread in threads:
        stretches += _innermost(thread, len(spans))
        spans += thread
    starts, ends, places = zip(*stretches, strict=True) if stretches else ((), (), ())
    shares = _shares(np.array(starts, np.float64), np.array(ends, np.float64))
    seconds = np.bincount(np.array(places, np.intp), shares, len(spans))
    for span, own in zip(spans, seconds.tolist(), strict=True):
        yield span._replace(seconds=own)


def _innermost(thread: Sequence[Span], first: int) -> Iterator[_Stretch]:
    """When each execution ran and none within it; ``first`` is the place of the first of the thread."""
    around: list[tuple[float, int]] = []  # the end and the place of each that still runs, the innermost last
    now = 0.0
    for at in sorted(range(len(thread)), key=lambda at: (thread[at].start, -thread[at].seconds)):
        start, seconds = thread[at].start, thread[at].seconds
        while around and around[-1][0] <= start:
            end, place = around.pop()
            if end > now:
                yield now, end, place
                now = end
        if around:
            yield now, start, around[-1][1]
        now = start
        around.append((start + seconds, first + at))
    while around:
        end, place = around.pop()
        if end > now:
            yield now, end, place
            now = end


def _shares(starts: Floats, ends: Floats) -> Floats:
    """The seconds of each stretch, of which an instant counts 1/k where k of them run."""
    times = np.concatenate((starts, ends))
    order: npt.NDArray[np.intp] = np.argsort(times, kind="stable")
    running = np.cumsum(np.where(order < len(starts), 1, -1))
    passed = np.zeros(len(times))
    np.cumsum(np.diff(times[order]) / np.maximum(running[:-1], 1), out=passed[1:])
    counted = np.empty_like(passed)
    counted[order] = passed
    shares: Floats = counted[len(starts) :] - counted[: len(starts)]
    return shares
