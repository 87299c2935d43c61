"""What was recorded at one step: numbers, and histograms as shares over a grid that all steps of a tag have."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from cutaway.training.series import HISTOGRAMS, SCALARS, Columns
from cutaway.training_view.distributions import ends, evenly, points, shares
from cutaway.training_view.download import plain
from cutaway.training_view.logs import Logs
from cutaway.training_view.overview import Tags

CELLS: Final = 40
"""Cells of a histogram, which is drawn as wide as a word or three."""

_LOOKED_AT = 40
"""Steps that the range of a histogram is taken from, the one that is asked for among them."""


def at_step(logs: Logs, tags: Tags, run: int, wanted: list[int], step: int | None) -> list[dict[str, Any] | None]:
    """What a run recorded under some tags at a step, or last before it; of one step the value that was written last.

    Each has its ``step``. A number has its ``value``, which is a text where it is not finite; a histogram ``low``,
    ``high``, the ``shares`` of the values in `CELLS` equal cells between them, and how many values are ``finite``.

    Args:
        logs: The logs.
        tags: Their tags.
        run: Number of the run.
        wanted: Numbers of tags, of numbers or histograms.
        step: The step; None for the last one.

    Returns:
        One for each tag; None where nothing was recorded by then.
    """
    return [_at(logs, *tags.listed[tag], run, step) for tag in wanted]


def _at(logs: Logs, tag: str, kind: str, run: int, step: int | None) -> dict[str, Any] | None:
    of = logs.shown[run].run
    series = of.series.get(tag)
    columns = None if series is None or series.kind != kind else of.columns(tag)
    place = None if columns is None else _place(columns, step)
    if columns is None or place is None:
        return None
    told: dict[str, Any] = {"step": int(columns.steps[place])}
    if kind == SCALARS:
        return told | {"value": plain(float(columns.values[place]))}
    return told | _histogram(columns, place) if kind == HISTOGRAMS else None


def _place(columns: Columns, step: int | None) -> int | None:
    """Where the value of a step stands."""
    before = columns.steps if step is None else columns.steps[columns.steps <= step]
    return int(np.flatnonzero(columns.steps == before.max())[-1]) if len(before) else None


def _histogram(columns: Columns, place: int) -> dict[str, Any]:
    here = points(columns.values[place])
    others = [points(columns.values[at]) for at in evenly(len(columns), _LOOKED_AT - 1)]
    low, high = ends([*others, here])
    found = shares(here, np.linspace(low, high, CELLS + 1))
    finite = float(here[1][-1]) if len(here[1]) else 0.0
    return {"low": low, "high": high, "shares": [round(share, 5) for share in found.tolist()], "finite": finite}
