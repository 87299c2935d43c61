"""What is recorded at the ends of epochs, in the words of what is recorded at steps.

TensorBoard's callback, and `cutaway.Recorder` with ``histogram_freq``, write the distribution of each weight at the end
of an epoch, under the path that Keras gives it. Here it becomes the statistics that checks read, under the weight's id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from cutaway.graph.model import Weight
from cutaway.training.checks.records import Floats, Line
from cutaway.training.runs import Run
from cutaway.training.series import HISTOGRAMS, SCALARS, Columns

_PATH = re.compile(r"(?P<path>.+?)(?P<number>(?:_\d+)?)/histogram")
"""As Keras 3 writes it; Keras 2 has the number of the output behind the name. At steps the recorder writes others."""


def weight_lines(run: Run, weights: Mapping[str, Weight]) -> dict[str, Line]:
    """Statistics of the weights whose distributions were written by epoch, by tag.

    Mean, deviation and norm are those of the middles of the bins; equal distributions have equal ones. Layers of one
    name in several models have one path in Keras, so that their weights are written under one tag: of these nothing is
    told.

    Args:
        run: What was read.
        weights: The weights of the model, by id; others are not told.
    """
    claims: dict[str, list[_Claim]] = {}
    for tag, series in run.series.items():
        if series.kind == HISTOGRAMS and len(series) and (claim := _claim(tag, weights)) is not None:
            claims.setdefault(claim.id, []).append(claim)
    found: dict[str, Line] = {}
    for id, of_it in claims.items():
        least = min(claim.left_out for claim in of_it)
        told = [run.series[claim.tag].columns() for claim in of_it if claim.left_out == least]
        if len(told) == 1 and np.diff(told[0].steps).all():
            lines = _lines(told[0], weights[id].parameters)
            found |= {f"{name}/weights/{id}": line for name, line in lines.items()}
    return found


class _Claim(NamedTuple):
    """That a tag is about a weight; of several tags that seem to be, it is the one of which least is left out."""

    id: str
    tag: str
    left_out: int


def _claim(tag: str, weights: Mapping[str, Weight]) -> _Claim | None:
    """The weight that a tag is about: its path is the id, behind the names of models around it."""
    match = _PATH.fullmatch(tag)
    if match is None:
        return None
    for path in (match["path"] + match["number"], match["path"]):
        parts = path
        while parts:
            if parts in weights:
                return _Claim(parts, tag, len(tag) - len(parts))
            parts = parts.partition("/")[2]
    return None


def _lines(columns: Columns, size: int) -> dict[str, Line]:
    steps, places = np.unique(columns.steps[::-1], return_index=True)
    told = [_numbers(columns.values[::-1][place], size) for place in places.tolist()]
    return {name: Line(steps, np.array([numbers[name] for numbers in told]), by_epoch=True) for name in told[0]}


def _numbers(rows: Floats, size: int) -> dict[str, float]:
    """What a distribution says of a weight of so many values.

    Nobody counts values that are not finite. In TensorFlow's bins an infinite one makes an edge so, and NaN all edges;
    the recorder's bins are those of the finite ones.
    """
    endless, spoiled = bool(np.isinf(rows[:, :2]).any()), bool(np.isnan(rows[:, :2]).any())
    lost = max(0.0, size - float(rows[:, 2].sum()))
    finite = rows[np.isfinite(rows[:, :2]).all(axis=1) & (rows[:, 2] > 0)]
    middles, counts = finite[:, :2].mean(axis=1), finite[:, 2]
    counted = float(counts.sum())
    mean = float(counts @ middles) / counted if counted else float("nan")
    return {
        "mean": mean,
        "std": float(np.sqrt(counts @ np.square(middles - mean) / counted)) if counted else float("nan"),
        "norm": float(np.sqrt(counts @ np.square(middles))),
        "nan": lost if spoiled else 0.0,
        "infinite": max(1.0, lost) if endless else 0.0,
        "not_finite": 0.0 if spoiled or endless else lost,
    }


def epoch_ends(run: Run) -> dict[int, int]:
    """The last step that was recorded in each epoch, by when they were written; empty where none was recorded."""
    epochs = run.series.get("epoch_loss")
    stepwise = next(
        (one for tag, one in run.series.items() if tag.startswith("batch_") and one.kind == SCALARS and len(one)), None
    )
    if epochs is None or stepwise is None:
        return {}
    ends, steps = epochs.columns(), stepwise.columns()
    behind = np.searchsorted(np.maximum.accumulate(steps.times), ends.times, side="right")
    return {
        epoch: int(steps.steps[:place].max())
        for epoch, place in zip(ends.steps.tolist(), behind.tolist(), strict=True)
        if place
    }
