"""The structure that a run recorded, as the explorer shows it, and what was recorded of its parts, step by step."""

from __future__ import annotations

import json
import threading
from typing import Any, Final

import numpy as np
from starlette.types import ASGIApp, Receive, Scope, Send

from cutaway.errors import ReadError
from cutaway.explorer.container import Container
from cutaway.explorer.replies import problem
from cutaway.explorer.server import application
from cutaway.explorer.session import Origin, Session
from cutaway.graph.contract import from_contract
from cutaway.graph.model import Graph
from cutaway.readers import read
from cutaway.training.addresses import is_address
from cutaway.training.runs import Run
from cutaway.training.series import SCALARS
from cutaway.training_view.curves import Floats, Places
from cutaway.training_view.logs import Logs

STRUCTURE: Final = "cutaway_graph"
"""The plugin under which `cutaway.Recorder` writes the structure of a model."""

MOST_CELLS: Final = 4_000_000
"""Numbers of one answer about a quantity: layers times steps; of more steps evenly chosen ones are sent."""

_KEPT = 3
"""Models that are kept laid out."""


class Models:
    """Explorers of the structures that runs recorded; each is laid out when it is first asked for.

    It answers what is mounted at ``/model/RUN``.

    Args:
        logs: The logs.
    """

    def __init__(self, logs: Logs) -> None:
        self._logs = logs
        self._apps: dict[int, tuple[Session, ASGIApp]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """End all of them."""
        with self._lock:
            for session, _ in self._apps.values():
                session.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request to the explorer of one run."""
        index = scope["path_params"]["run"]
        if not 0 <= index < len(self._logs.shown):
            await problem(404, f"there is no run {index}", "NotFound")(scope, receive, send)
            return
        await self._app(index)(scope, receive, send)

    def _app(self, index: int) -> ASGIApp:
        with self._lock:
            found = self._apps.pop(index, None)
            if found is None:
                run = self._logs.shown[index].run
                session = Session(Origin(read=lambda: structure_of(run), name=run.name))
                session.start()
                found = (session, application(session))
            self._apps[index] = found
            for old in list(self._apps)[:-_KEPT]:
                self._apps.pop(old)[0].close()
        return found[1]


def structure_of(run: Run) -> Graph:
    """The last structure that a run recorded.

    Raises:
        ReadError: It recorded none, or one that cannot be read.
    """
    with run.lock:
        found = [series for series in run.series.values() if series.kind == STRUCTURE and len(series)]
        encoded = found[-1].values[-1] if found else None
    if isinstance(encoded, list) and encoded:
        try:
            return from_contract(json.loads(encoded[0]))
        except (ValueError, RecursionError) as error:
            raise ReadError(f"the structure that was recorded is damaged: {error}", path=run.address) from error
    if is_address(run.address):
        raise ReadError(
            "in an object store only the structure that cutaway.Recorder writes is shown; copy the folder to this "
            "machine to see the graph that TensorBoard's callback wrote",
            path=run.address,
        )
    return read(run.address)


def quantity(logs: Logs, run: int, prefix: str) -> list[bytes]:
    """What was recorded under all tags that begin alike, as a table with a row a tag and a column a step.

    The sections: ``ids`` (what follows the prefix), ``steps``, ``times`` and ``values``, row by row, NaN where nothing
    was recorded. Where steps went back the later value counts.
    """
    of = logs.shown[run].run
    with of.lock:
        names = sorted(name for name, series in of.series.items() if name.startswith(prefix) and series.kind == SCALARS)
        found = [(name, columns) for name in names if (columns := of.columns(name)) is not None]
    steps = np.unique(np.concatenate([columns.steps for _, columns in found])) if found else np.zeros(0, np.int64)
    most = max(2, MOST_CELLS // max(1, len(found)))
    if len(steps) > most:
        steps = steps[np.unique(np.linspace(0, len(steps) - 1, most).round().astype(np.int64))]
    values = np.full((len(found), len(steps)), np.nan, np.float32)
    times = np.full(len(steps), np.nan)
    for row, (_, columns) in zip(values, found, strict=True):
        _fill(row, times, steps, columns.steps, columns.values, columns.times)
    container = Container()
    container.texts("ids", [name[len(prefix) :] for name, _ in found])
    container.made("steps", "f64", steps.astype("<f8").tobytes(), len(steps))
    container.made("times", "f64", times.astype("<f8").tobytes(), len(times))
    container.made("values", "f32", values.astype("<f4").tobytes(), values.size)
    return container.pieces()


def _fill(row: Any, times: Floats, steps: Places, of: Places, values: Floats, written: Floats) -> None:
    """Put the values of a series at their steps."""
    if not len(steps):
        return
    at = np.minimum(np.searchsorted(steps, of), len(steps) - 1)
    there = steps[at] == of
    with np.errstate(over="ignore"):
        row[at[there]] = values[there]
    times[at[there]] = written[there]
