"""Checks of what was logged: event files become `Records`, one for each training below a folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from cutaway.errors import ReadError
from cutaway.graph.contract import from_contract
from cutaway.graph.model import Graph
from cutaway.readers.keras.config import read_config
from cutaway.readers.keras.json_text import parse_json
from cutaway.readers.keras_json import producer
from cutaway.training.addresses import folder_of
from cutaway.training.checks.epochs import epoch_ends, weight_lines
from cutaway.training.checks.records import Line, Records
from cutaway.training.runs import LogFolder, Run

STRUCTURE_TAG = "cutaway/structure"
KERAS_TAG = "keras"


def trainings(path: str | Path) -> dict[str, Records]:
    """The trainings below a folder, by name: a training is a folder, or one with ``train`` and ``validation`` in it.

    Args:
        path: The folder, or an event file in one; or the address of a folder in an object store.

    Raises:
        ReadError: There is nothing, or no event file.
    """
    folder = LogFolder(folder_of(path))
    folder.read()
    if not folder.runs:
        raise ReadError("expected a folder with event files; there are none in it", path=path)
    return trainings_of(folder.runs)


def trainings_of(runs: Mapping[str, Run]) -> dict[str, Records]:
    """The trainings that some runs are parts of, by name, as far as they have been read. From any thread.

    Args:
        runs: The runs by name.
    """
    found: dict[str, Records] = {}
    for name, run in runs.items():
        around, _, part = name.rpartition("/")
        is_part = part in ("train", "validation")
        records = found.setdefault((around or ".") if is_part else name, Records())
        series = records.validation if part == "validation" else records.train
        with run.lock:
            series.update({tag: _line(run, tag) for tag, one in run.series.items() if one.kind == "scalars"})
            records.graph = records.graph or _graph(run)
            if series is records.train:
                records.epoch_ends = epoch_ends(run)
                records.train = weight_lines(run, records.weights()) | records.train
    return dict(sorted(found.items()))


def _line(run: Run, tag: str) -> Line:
    """A series by rising step; of several values for one step the one that was written last."""
    columns = run.series[tag].columns()
    steps, places = np.unique(columns.steps[::-1], return_index=True)
    return Line(steps, columns.values[::-1][places], by_epoch=tag.startswith("epoch_"))


def _graph(run: Run) -> Graph | None:
    """The structure that the recorder wrote, else the Keras model that TensorBoard's callback wrote.

    None where there is neither, or it is damaged.
    """
    try:
        if (encoded := _last(run, STRUCTURE_TAG)) is not None:
            return from_contract(json.loads(encoded))
        if (encoded := _last(run, KERAS_TAG)) is not None:
            config = parse_json(encoded, run.address)
            return read_config(config, format="events", producer=producer(config), path=Path(run.address))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return None


def _last(run: Run, tag: str) -> bytes | None:
    series = run.series.get(tag)
    texts: Iterable[object] = () if series is None or not len(series) else series.values[-1] or ()
    return next((text for text in texts if isinstance(text, bytes)), None)
