"""Everything that was logged, all points, as CSV or JSON, piece by piece."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from cutaway.style.measure import no_formula
from cutaway.training.series import HISTOGRAMS, SCALARS, TEXT, Columns
from cutaway.training_view.logs import Logs
from cutaway.training_view.overview import Tags

FORMATS: Final = {"csv": "text/csv", "json": "application/json"}
KINDS: Final = (SCALARS, HISTOGRAMS, TEXT)
"""Kinds of values that can be downloaded; pictures are files of their own."""

_ROWS = 5_000
"""Points that are written at once."""


def download(logs: Logs, tags: Tags, runs: list[int], wanted: list[int], form: str) -> Iterator[bytes]:
    """The values of some tags in some runs.

    CSV has a line for each value, of histograms for each bin; JSON a list with an object for each series.
    """
    if form == "csv":
        yield b"run,tag,step,wall_time,value,left,right,count\r\n"
    separator = b"[\n"
    for run in runs:
        for tag in wanted:
            name, kind = tags.listed[tag]
            of = logs.shown[run].run
            columns = of.columns(name) if kind in KINDS else None
            if columns is None or of.series[name].kind != kind:
                continue
            if form == "csv":
                yield from _lines(of.name, name, kind, columns)
            else:
                yield separator
                yield from _object(of.name, name, kind, columns)
                separator = b",\n"
    if form == "json":
        yield b"[]\n" if separator == b"[\n" else b"\n]\n"


def _lines(run: str, tag: str, kind: str, columns: Columns) -> Iterator[bytes]:
    names = [no_formula(run), no_formula(tag)]
    for begin in range(0, len(columns), _ROWS):
        text = io.StringIO()
        writer = csv.writer(text)
        places = range(begin, min(begin + _ROWS, len(columns)))
        for at in places:
            first = [*names, int(columns.steps[at]), repr(float(columns.times[at]))]
            if kind == HISTOGRAMS:
                rows = columns.values[at].tolist()
                writer.writerows([*first, "", repr(left), repr(right), repr(count)] for left, right, count in rows)
            elif kind == TEXT:
                writer.writerow([*first, no_formula("\n".join(columns.values[at])), "", "", ""])
            else:
                writer.writerow([*first, repr(float(columns.values[at])), "", "", ""])
        if lines := text.getvalue():  # histograms without bins have none
            yield lines.encode("utf-8", "replace")


def _object(run: str, tag: str, kind: str, columns: Columns) -> Iterator[bytes]:
    """One series; what is no number in JSON is a text."""
    head = json.dumps({"run": run, "tag": tag, "kind": kind})
    yield head[:-1].encode() + b', "steps": '
    yield json.dumps(columns.steps.tolist()).encode() + b', "wall_times": '
    yield json.dumps(plain(columns.times.tolist())).encode() + b', "values": ['
    for begin in range(0, len(columns), _ROWS):
        part = columns.values[begin : begin + _ROWS]
        values = [plain(value) for value in (part.tolist() if isinstance(part, np.ndarray) else part)]
        yield (b", " if begin else b"") + json.dumps(values)[1:-1].encode()
    yield b"]}"


def plain(value: Any) -> Any:
    """Numbers as JSON has them, however deep in lists; what is not finite is a text."""
    if isinstance(value, np.ndarray):
        return [plain(part) for part in value.tolist()]
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    return value
