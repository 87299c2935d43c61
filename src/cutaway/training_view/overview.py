"""What the page knows of all runs before it asks for a curve: names, tags, last values, hyper-parameters."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

from cutaway.explorer.session import shown_lines
from cutaway.explorer.text import shown as safe
from cutaway.training.hparams import Setting, hyper_parameters
from cutaway.training.runs import Run
from cutaway.training.series import SCALARS, Columns
from cutaway.training_view.logs import Logs, Shown

_WARNINGS = 20
"""Warnings of a run that are sent."""

_LETTERS = 300
"""Letters of a hyper-parameter that are sent."""


class Tags:
    """Numbers for tags, which never change: a tag under which two runs logged values of different kinds has two."""

    def __init__(self) -> None:
        self.listed: list[tuple[str, str]] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def number(self, tag: str, kind: str) -> int:
        """The number of a tag and kind."""
        with self._lock:
            found = self._numbers.get((tag, kind))
            if found is None:
                found = self._numbers[tag, kind] = len(self.listed)
                self.listed.append((tag, kind))
            return found


def overview(logs: Logs, tags: Tags, since: int) -> dict[str, Any]:
    """What has changed since a version; all of it for version 0."""
    version = logs.version
    listed = list(logs.shown)
    runs = [_run(shown, tags) for shown in listed if shown.changed > since]
    return {
        "version": version,
        "name": safe(logs.name),
        "complete": logs.complete,
        "trouble": shown_lines(logs.trouble),
        "count": len(listed),
        "runs": runs,
        "tags": [[safe(tag), kind] for tag, kind in list(tags.listed)],
    }


def _run(shown: Shown, tags: Tags) -> dict[str, Any]:
    run = shown.run
    with run.lock:
        numbers = sorted(tags.number(series.tag, series.kind) for series in list(run.series.values()))
        values = sum(len(series) for series in run.series.values())
        settings = _settings(run)
        warnings = run.warnings[:_WARNINGS]
        graphs = any(name in run.others for name in ("graph_def", "meta_graph_def"))
    return {
        "index": shown.index,
        "name": safe(run.name),
        "state": shown.state,
        "modified": round(shown.modified, 3),
        "values": values,
        "tags": numbers,
        "settings": settings,
        "graphs": graphs,
        "warnings": [shown_lines(warning) for warning in warnings],
        "waiting": run.waiting,
    }


def _settings(run: Run) -> dict[str, Setting]:
    """The hyper-parameters of a run."""
    found: dict[str, Setting] = {}
    for series in run.series.values():
        if series.kind == "hparams":
            for content in series.values:
                if isinstance(content, bytes):
                    found.update(hyper_parameters(content) or {})
    return {safe(name): _sendable(value) for name, value in found.items()}


def _sendable(value: Setting) -> Setting:
    if isinstance(value, str):
        return safe(value[:_LETTERS])
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def scalar_columns(shown: Shown, tag: tuple[str, str]) -> Columns | None:
    """The values of a scalar of a run; None where it has none."""
    if tag[1] != SCALARS:
        return None
    series = shown.run.series.get(tag[0])
    return None if series is None or series.kind != SCALARS else shown.run.columns(tag[0])


def summaries(logs: Logs, tags: Tags, runs: list[int], wanted: list[int]) -> list[list[Any]]:
    """For each run, for each tag: its last step and value, the least and the greatest finite one; None without it.

    Numbers that are not finite are texts, as JSON has none.
    """
    return [[_summary(scalar_columns(logs.shown[run], tags.listed[tag])) for tag in wanted] for run in runs]


def _summary(columns: Columns | None) -> list[Any] | None:
    if columns is None or not len(columns):
        return None
    values = columns.values
    finite = values[np.isfinite(values)]
    if not len(finite):
        return [int(columns.steps[-1]), _number(values[-1]), None, None]
    return [int(columns.steps[-1]), _number(values[-1]), float(finite.min()), float(finite.max())]


def _number(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))
