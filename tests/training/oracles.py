"""Event files as TensorBoard's own loader reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.training.runs import Run


def events(path: Path) -> Iterator[Any]:
    """The events of a file, in the forms of TensorBoard 2."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    yield from EventFileLoader(str(path)).Load()


def columns(folder: Path) -> dict[str, list[tuple[float, int, str, Any]]]:
    """Time, step, plugin and value of everything in a folder, by tag."""
    from tensorboard.util.tensor_util import make_ndarray

    found: dict[str, list[tuple[float, int, str, Any]]] = {}
    plugins: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        for event in events(path) if "tfevents" in path.name else ():
            for value in event.summary.value:
                plugin = plugins.setdefault(value.tag, value.metadata.plugin_data.plugin_name)
                told = make_ndarray(value.tensor) if value.HasField("tensor") else None
                found.setdefault(value.tag, []).append((event.wall_time, event.step, plugin, told))
    return found


def assert_same(run: Run) -> int:
    """That a run is what TensorBoard reads of it.

    Graphs and the measurements of TensorFlow 1 are values to TensorBoard, which makes up tags for them, and not to us.

    Returns:
        The number of values that were compared.
    """
    theirs = columns(run.folder)
    made_up = {"__run_graph__"} if "graph_def" in run.others else set[str]()
    if "tagged_run_metadata" in run.others:
        made_up |= {tag for tag, told in theirs.items() if told[0][2] == "graph_run_metadata"}
    assert set(theirs) - made_up == set(run.series)
    count = 0
    for tag, series in run.series.items():
        told = theirs[tag]
        assert len(series) == len(told), tag
        assert series.times.tolist() == [time for time, _, _, _ in told]
        assert series.steps.tolist() == [step for _, step, _, _ in told]
        if told[0][2]:
            assert series.kind == told[0][2], tag
        if series.kind in ("scalars", "histograms"):
            for mine, (_, _, _, value) in zip(series.values, told, strict=True):
                expected = np.squeeze(value) if series.kind == "scalars" else value
                np.testing.assert_array_equal(np.asarray(mine).astype(value.dtype), expected)
                count += 1
        elif series.kind == "text":
            for mine, (_, _, _, value) in zip(series.values, told, strict=True):
                assert [part.encode() for part in mine] == np.atleast_1d(value).tolist()
                count += 1
    return count
