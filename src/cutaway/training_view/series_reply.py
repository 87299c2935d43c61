"""The answer to a chart: the curves of some tags over some runs, thinned to its pixels, as columns."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from cutaway.explorer.container import Container
from cutaway.training.runs import Run
from cutaway.training.series import SCALARS, Columns
from cutaway.training_view.curves import Floats, in_order, smoothed, stretches, thinned
from cutaway.training_view.logs import Logs
from cutaway.training_view.overview import Tags, scalar_columns

AXES: Final = ("step", "relative", "wall", "epoch")
"""What x can be: the step, hours are for the page to say: seconds since the run began, seconds since 1970, epochs."""

_INNER = (5.0, 95.0)
"""Percentiles between which values are no outliers, as TensorBoard has it."""

_FEW = 100
"""Values below which none is an outlier: a twentieth of them would be a handful, each of which says something."""

_PERCENTILES_OF = 200_000
"""Values of which percentiles are taken; of more, evenly chosen ones."""

_KEPT = 200 << 20
"""Bytes of lines that are kept as they were drawn."""

_COLUMNS = ("x", "y", "smooth", "step", "time")

MOST_LINES = 4_000
"""Lines of one chart; those behind them are counted, and left out."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a chart asks for.

    Attributes:
        runs: Numbers of the runs.
        tags: Numbers of the tags.
        axis: One of `AXES`.
        view: The range of x; None for all of it.
        pixels: Pixels of that range.
        log: Whether x is logarithmic.
        smoothing: Weight of the smoothing, from 0 to below 1.
    """

    runs: list[int]
    tags: list[int]
    axis: str
    view: tuple[float, float] | None
    pixels: int
    log: bool
    smoothing: float


@dataclass(frozen=True, slots=True)
class _Line:
    run: int
    tag: int
    x: Floats
    columns: Columns
    begin: int
    end: int
    part: int


@dataclass(frozen=True, slots=True)
class _Points:
    """What is drawn of a line.

    Attributes:
        columns: Of each point what `_COLUMNS` names.
        inside: Begin and end of the values of its series that are in view.
        ends: The least and the greatest finite one of these, and the least positive one; infinite where there is none.
    """

    columns: list[Floats]
    inside: slice
    ends: tuple[float, float, float]

    @property
    def total(self) -> int:
        """Number of values in view."""
        return int(self.inside.stop - self.inside.start)


class Drawn:
    """Lines as they were drawn last, so that news of one run cost nothing for the others. From any thread."""

    def __init__(self) -> None:
        self._lines: OrderedDict[object, _Points] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: object, make: Callable[[], _Points]) -> _Points:
        """What is known under a key, made where it is not."""
        with self._lock:
            if key in self._lines:
                self._lines.move_to_end(key)
                return self._lines[key]
        made = make()
        with self._lock:
            if key not in self._lines:
                self._lines[key] = made
                self._bytes += sum(part.nbytes for part in made.columns)
            while self._bytes > _KEPT and len(self._lines) > 1:
                _, old = self._lines.popitem(last=False)
                self._bytes -= sum(part.nbytes for part in old.columns)
        return made


def series_reply(logs: Logs, tags: Tags, drawn: Drawn, wanted: Wanted) -> list[bytes]:
    """The curves that a chart asks for, in a container.

    Its sections: ``lines`` (JSON; for each line run, tag, number of its stretch, number of points that follow, number
    of points there are in view), ``y``, ``step`` and ``time`` of all points, ``x`` where it is neither step nor time,
    ``smooth`` where it is not ``y``, and ``about`` (JSON; the range of x, the range of y in view, and that without
    outliers).
    """
    lines = [line for run in wanted.runs for tag in wanted.tags for line in _lines(logs, tags, run, tag, wanted.axis)]
    left_out = max(0, len(lines) - MOST_LINES)
    lines = lines[:MOST_LINES]
    whole = _range([line.x[line.begin : line.end] for line in lines], positive=wanted.log)
    view = wanted.view or whole or (0.0, 1.0)
    found: list[_Points] = []
    for line in lines:
        look = (view, wanted.pixels, wanted.log, wanted.smoothing, wanted.axis)
        key = (line.run, line.tag, line.part, len(line.columns), logs.shown[line.run].changed, look)
        found.append(drawn.get(key, partial(_points, line, wanted, view)))
    about = {"x": whole, "view": view, "left_out": left_out, **_heights(lines, found)}
    container = Container()
    container.json(
        "lines",
        [
            [line.run, line.tag, line.part, len(points.columns[0]), points.total]
            for line, points in zip(lines, found, strict=True)
        ],
    )
    container.json("about", about)
    for at, name in enumerate(_COLUMNS):
        if (name == "x" and wanted.axis in ("step", "wall")) or (name == "smooth" and not wanted.smoothing):
            continue
        column = np.concatenate([np.zeros(0), *(points.columns[at] for points in found)])
        container.made(name, "f64", column.astype("<f8", copy=False).tobytes(), len(column))
    return container.pieces()


def _points(line: _Line, wanted: Wanted, view: tuple[float, float]) -> _Points:
    """What is drawn of a line in view."""
    values = line.columns.values
    drawn = [values]
    if wanted.smoothing > 0:
        soft = np.zeros_like(values)
        soft[line.begin : line.end] = smoothed(values[line.begin : line.end], wanted.smoothing)
        drawn.append(soft)
    curve = thinned(line.x, drawn, line.begin, line.end, view, wanted.pixels, log=wanted.log)
    steps, times = line.columns.steps[curve.places].astype(np.float64), line.columns.times[curve.places]
    columns = [*(part[curve.places] for part in (line.x, values, drawn[-1])), steps, times]
    return _Points(columns, curve.inside, _ends(values[curve.inside]))


def _ends(values: Floats) -> tuple[float, float, float]:
    """The least and the greatest finite value, and the least positive one; infinite where there is none."""
    finite = values if np.isfinite(values).all() else values[np.isfinite(values)]
    if not len(finite):
        return np.inf, -np.inf, np.inf
    least, greatest = float(finite.min()), float(finite.max())
    positive = least if least > 0 else float(finite.min(initial=np.inf, where=finite > 0))
    return least, greatest, positive


def _lines(logs: Logs, tags: Tags, run: int, tag: int, axis: str) -> list[_Line]:
    shown = logs.shown[run]
    columns = scalar_columns(shown, tags.listed[tag])
    if columns is None or not len(columns):
        return []
    columns = ordered(columns)
    x = x_of(columns, axis, shown.run, tags.listed[tag][0])
    return [_Line(run, tag, x, columns, *place, part) for part, place in enumerate(stretches(x))]


def ordered(columns: Columns) -> Columns:
    """Columns of scalars file by file."""
    order = in_order(columns.files)
    if order is None:
        return columns
    return Columns(columns.times[order], columns.steps[order], columns.files[order], columns.values[order])


def x_of(columns: Columns, axis: str, run: Run, tag: str) -> Floats:
    """The x of each value of a series."""
    if axis == "wall":
        return columns.times
    if axis == "relative":
        return columns.times - _began(run)
    if axis == "epoch":
        return _epochs(columns, run, tag)
    return columns.steps.astype(np.float64)


def _began(run: Run) -> float:
    """When the first value of a run was written."""
    with run.lock:
        firsts = [series.times[0] for series in run.series.values() if series.kind == SCALARS and len(series)]
    return float(min(firsts, default=0.0))


def _epochs(columns: Columns, run: Run, tag: str) -> Floats:
    """How many epochs were over when each value was written, with the share of the one that was not.

    Epochs end where values named ``epoch_…`` are written, as Keras' callback does. Without any the step is the epoch.
    """
    if tag.startswith("epoch_"):
        return columns.steps.astype(np.float64) + 1
    with run.lock:
        named = [series for name, series in run.series.items() if name.startswith("epoch_") and series.kind == SCALARS]
        ends = max(named, key=len, default=None)
        if ends is None:
            return columns.steps.astype(np.float64)
        steps, times = ends.steps.astype(np.float64) + 1, ends.times
    order = np.argsort(times, kind="stable")
    found: Floats = np.interp(
        columns.times, np.append(_began(run), times[order]), np.append(steps[order[0]] - 1, steps[order])
    )
    return found


def _range(parts: list[Floats], *, positive: bool) -> tuple[float, float] | None:
    """The least and the greatest x of stretches that never go back."""
    if positive:
        parts = [part[part > 0] for part in parts]
    parts = [part for part in parts if len(part)]
    if not parts:
        return None
    return float(min(part[0] for part in parts)), float(max(part[-1] for part in parts))


def _heights(lines: list[_Line], found: list[_Points]) -> dict[str, Any]:
    """The range of y, that without outliers, and the least positive one, which a logarithmic scale begins with."""
    count = sum(points.total for points in found)
    ends = np.array([points.ends for points in found]).reshape(-1, 3)
    if not len(ends) or (ends[:, 0] > ends[:, 1]).all():
        return {"y": None, "inner": None, "positive": None, "points": count}
    least, greatest, positive = float(ends[:, 0].min()), float(ends[:, 1].max()), float(ends[:, 2].min())
    every = max(1, count // _PERCENTILES_OF)
    inside = (line.columns.values[points.inside] for line, points in zip(lines, found, strict=True))
    some = np.concatenate([values[::every] for values in inside])
    some = some[np.isfinite(some)]
    inner = [least, greatest] if len(some) < _FEW else [float(found) for found in np.percentile(some, _INNER)]
    return {
        "y": [least, greatest],
        "inner": inner,
        "positive": positive if positive < np.inf else None,
        "points": count,
    }
