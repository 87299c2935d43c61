"""Distributions over time: histograms as bands between quantiles and as ridges over one grid."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from cutaway.explorer.container import Container
from cutaway.training.series import HISTOGRAMS, Columns
from cutaway.training_view.curves import Floats, Places
from cutaway.training_view.logs import Logs
from cutaway.training_view.overview import Tags

LEVELS: Final = (0.0, 0.0668, 0.1587, 0.3085, 0.5, 0.6915, 0.8413, 0.9332, 1.0)
"""Quantiles between which bands are drawn, as TensorBoard has them: those of a normal distribution at its mean and at
half a deviation, one, and one and a half beside it, and the ends."""

GRID: Final = 80
"""Cells of the grid that ridges are drawn over."""

_TAIL = 0.005
"""Share of the values of each step that the grid may leave out at either end, or one outlier would hide all others."""

_LARGEST = 1e150
"""What edges and counts are cut to: the difference of two must be finite."""

MOST_STEPS = 2_000
"""Steps of one distribution that are sent."""


def distributions(logs: Logs, tags: Tags, runs: list[int], wanted: list[int], steps: int, ridges: int) -> list[bytes]:
    """Some histograms of some runs over time, in a container.

    Its sections: ``lines`` (JSON; for each run and tag that has any: run, tag, steps that follow, steps that there
    are, ridges that follow, low and high end of their grid), ``step`` and ``time``, ``bands`` (the quantiles at
    `LEVELS`, row by row), ``finite`` (number of values), ``ridge_step`` and ``ridges`` (shares of the values in `GRID`
    cells, row by row).

    Args:
        logs: The logs.
        tags: Their tags.
        runs: Numbers of runs.
        wanted: Numbers of tags.
        steps: Steps of each that are wanted at most; evenly chosen of more, with the first and the last.
        ridges: Ridges of each at most.
    """
    told: list[list[Any]] = []
    parts: dict[str, list[Floats]] = {name: [] for name in ("step", "time", "bands", "finite", "ridge_step", "ridges")}
    for run in runs:
        for tag in wanted:
            columns = _histograms(logs, tags, run, tag)
            if columns is None or not len(columns):
                continue
            chosen = evenly(len(columns), min(steps, MOST_STEPS))
            lines = [points(columns.values[place]) for place in chosen]
            low, high = ends(lines)
            shown = evenly(len(chosen), ridges)
            grid = np.linspace(low, high, GRID + 1)
            told.append([run, tag, len(chosen), len(columns), len(shown), low, high])
            parts["step"].append(columns.steps[chosen].astype(np.float64))
            parts["time"].append(columns.times[chosen])
            parts["bands"] += [_quantiles(edges, cumulated) for edges, cumulated in lines]
            parts["finite"].append(np.array([cumulated[-1] if len(cumulated) else 0.0 for _, cumulated in lines]))
            parts["ridge_step"].append(columns.steps[chosen][shown].astype(np.float64))
            parts["ridges"] += [shares(lines[int(place)], grid) for place in shown]
    container = Container()
    container.json("lines", told)
    for name, made in parts.items():
        joined = np.concatenate(made) if made else np.zeros(0)
        container.made(name, "f64", joined.astype("<f8").tobytes(), len(joined))
    return container.pieces()


def _histograms(logs: Logs, tags: Tags, run: int, tag: int) -> Columns | None:
    name, kind = tags.listed[tag]
    series = logs.shown[run].run.series.get(name)
    if kind != HISTOGRAMS or series is None or series.kind != HISTOGRAMS:
        return None
    return logs.shown[run].run.columns(name)


def evenly(count: int, most: int) -> Places:
    """So many places of a row, with the first and the last."""
    if count <= most:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, max(1, most)).round().astype(np.int64))


def points(rows: Floats) -> tuple[Floats, Floats]:
    """Points of the cumulated distribution: values that never fall, and how many lie below each."""
    rows = rows[np.isfinite(rows).all(axis=1) & (rows[:, 2] > 0)].clip(-_LARGEST, _LARGEST)
    edges = np.maximum.accumulate(rows[:, :2].reshape(-1)) if len(rows) else np.zeros(0)
    ends = np.cumsum(rows[:, 2])
    cumulated = np.stack((ends - rows[:, 2], ends), axis=1).reshape(-1)
    return edges, cumulated


def _quantiles(edges: Floats, cumulated: Floats) -> Floats:
    if not len(edges):
        return np.full(len(LEVELS), np.nan)
    found: Floats = np.interp(np.array(LEVELS) * cumulated[-1], cumulated, edges)
    found[0] = edges[0]
    return found


def ends(lines: list[tuple[Floats, Floats]]) -> tuple[float, float]:
    """The range of the values of all steps, without the tails of each."""
    found = [
        np.interp([_TAIL * cumulated[-1], (1 - _TAIL) * cumulated[-1]], cumulated, edges)
        for edges, cumulated in lines
        if len(edges)
    ]
    if not found:
        return 0.0, 1.0
    low, high = float(min(pair[0] for pair in found)), float(max(pair[1] for pair in found))
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def shares(line: tuple[Floats, Floats], grid: Floats) -> Floats:
    """The share of the values in each cell of a grid; what a bin holds is spread evenly over it."""
    edges, cumulated = line
    if not len(edges):
        return np.zeros(len(grid) - 1)
    below = np.interp(grid, edges, cumulated, left=0.0, right=cumulated[-1])
    if (edges[:-1] == edges[1:]).any():  # a bin of one single value: it lies in the cell that begins at or before it
        single = np.flatnonzero(edges[:-1] == edges[1:])
        for place in single.tolist():
            np.maximum(below, np.where(grid > edges[place], cumulated[place + 1], 0.0), out=below)
            np.minimum(below[:-1], np.where(grid[:-1] <= edges[place], cumulated[place], np.inf), out=below[:-1])
    found: Floats = np.diff(below) / cumulated[-1]
    return found
