"""`Session`: the model that a server shows, from the moment its port is open: being read, shown, or failed.

Reading runs in a thread of its own, so that the page can say how far it has come; whoever wants a chart waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.errors import CutawayError, OptionError
from cutaway.explorer.chart import MANY_WEIGHTS, Chart, arranged
from cutaway.explorer.contract import Live, Progress
from cutaway.explorer.findings import Settings, in_part, look
from cutaway.explorer.text import shown
from cutaway.explorer.watch import look as look_at
from cutaway.explorer.workers import Workers
from cutaway.graph.grouping import group
from cutaway.graph.memory import collector_paused
from cutaway.graph.model import Graph

if TYPE_CHECKING:
    from cutaway.checks.finding import Finding
    from cutaway.explorer.compared_weights import WeightPairs
    from cutaway.explorer.comparing import Comparing
    from cutaway.explorer.inside import Inside
    from cutaway.explorer.weights import Values
    from cutaway.overlays.overlay import Overlay
    from cutaway.running.outputs import Activations

SETTLED = 1.0
"""Seconds from a chart to what nobody has asked for yet; the first picture has the processor until then."""

WATCH_EVERY = 0.5
"""Seconds between two looks at a file that is watched."""

BUSY = ("reading", "running", "arranging")
"""States in which a model is on its way."""

MOST_CHARTS = 12
MOST_NODES = 200_000
"""Charts of parts that are kept beside that of the whole, and what they may hold together; the oldest goes first."""


_COMPARED: Live = {"weights": False, "focus": True, "export": True, "inside": 0}
"""Values are read from one file, and here there are two."""


class NotReady(Exception):
    """There is no chart: reading failed.

    Attributes:
        kind: Class of the error.
    """

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model comes from.

    Attributes:
        read: Reads it, afresh every time.
        name: What people call it, such as the name of its file.
        path: The file or folder that holds the values of its weights; None where they cannot be read.
        bytes: Size of that file; 0 where it is not known.
        watch: Whether it is read again when its file changes, or that of the model that it is compared with.
        read_old: Reads the model that it is compared with; None where there is none.
        old_path: The file or folder of that; None where there is none.
        settings: Gives how it was compiled, which the checks want to know.
        run: Runs it, once on each input that is to be looked at; None where nothing is run.
        lay: Lays a table of the caller's over a grouped graph; None where there is none.
        command: What a user types to show it again; empty where no command did.
    """

    read: Callable[[], Graph]
    name: str
    path: Path | None = None
    bytes: int = 0
    watch: bool = False
    read_old: Callable[[], Graph] | None = None
    old_path: Path | None = None
    settings: Settings = dict
    run: Callable[[], list[Activations]] | None = None
    lay: Callable[[Graph], Overlay] | None = None
    command: str = ""


@dataclass(slots=True)
class _State:
    progress: Progress
    version: int = 0
    charts: dict[int, Chart] = field(default_factory=dict)
    latest: int = -1
    lasting: frozenset[int] = frozenset()
    comparing: Comparing | None = None
    closed: bool = False


class Session:
    """A model on its way to the page. All methods may be called from any thread.

    Args:
        origin: Where the model comes from.
        on_failure: Is told, in words, why a model cannot be read; the page is told too.
    """

    def __init__(self, origin: Origin, on_failure: Callable[[str], None] | None = None) -> None:
        self.origin = origin
        self._on_failure = on_failure
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._comparing = threading.Lock()  # a lock of its own: to tell a hundred thousand changes takes a while
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = set()
        self._state = _State(
            {"state": "reading", "name": shown(origin.name), "bytes": origin.bytes, "seconds": 0.0, "error": "",
             "kind": "", "chart": -1, "command": shown(origin.command)}
        )  # fmt: skip
        self._ended = threading.Event()
        self._values: Values | None = None
        self._weight_pairs: WeightPairs | None = None
        self._inside: Inside | None = None
        self.workers = Workers(4, "cutaway answers")
        self.slow_workers = Workers(2, "cutaway values")  # so that who reads gigabytes does not stop the drawing

    def start(self) -> None:
        """Begin to read, and to watch where that is wished."""
        threading.Thread(target=self._run, name="cutaway-read", daemon=True).start()

    def _run(self) -> None:
        paths = [path for path in (self.origin.path, self.origin.old_path) if path is not None]
        seen = [look_at(path) for path in paths]
        self.load()
        self._prepare()
        while self.origin.watch and paths and not self._ended.wait(WATCH_EVERY):
            now = [look_at(path) for path in paths]
            if not all(now) or now == seen:
                continue
            while not self._ended.wait(WATCH_EVERY / 2) and now != (later := [look_at(path) for path in paths]):
                now = later  # it is still being written
            seen = now
            self.load()
            self._prepare()

    def _prepare(self) -> None:
        """Count what the first click asks for, once the first picture has been drawn."""
        if self._ended.wait(SETTLED):
            return
        with self._lock:
            chart = self._state.charts.get(self._state.latest)
        if chart is not None:
            with contextlib.suppress(Exception):  # whoever asks for it is told
                chart.facts()

    def load(self) -> None:
        """Read the model and make its chart; a failure becomes the state of the session."""
        self._began = time.monotonic()
        self._publish(state="reading", error="", kind="")
        try:
            with collector_paused():
                graph = self.origin.read()
                old = None if self.origin.read_old is None else self.origin.read_old()
            if self.origin.run is not None:
                self._publish(state="running")
                self.look_inside(self.origin.run())
            self._publish(state="arranging")
            self.take(graph, old)
        except CutawayError as error:
            self._fail(str(error), error)
        except Exception as error:  # whatever it is: the page says it, and the server stays
            words = f"the model cannot be shown, because of a defect of cutaway: {type(error).__name__}: {error}"
            self._fail(words, error)
        else:
            gc.freeze()  # millions of objects that stay need not be searched for garbage again

    def _fail(self, words: str, error: Exception) -> None:
        told = shown_lines(words)
        self._publish(state="failed", error=told, kind=type(error).__name__)
        if self._on_failure is not None:
            self._on_failure(told)

    def take(self, graph: Graph, old: Graph | None = None) -> Chart:
        """Show a model that has been read; return its chart.

        Args:
            graph: The model.
            old: A model that it is compared with: the chart then shows both as one, and two further charts each.
        """
        with collector_paused():
            if old is None:
                grouped = group(graph)
                charts = [self._chart_of(grouped, lambda: look(grouped, self.origin.settings))]
                comparing = None
            else:
                from cutaway.explorer.comparing import Comparing

                comparing = Comparing.of(old, graph)
                charts = comparing.charts(_COMPARED, self.origin.settings, lay=self.origin.lay)
        self._keep_whole(charts, comparing)
        self._publish(state="ready", chart=charts[0].index)
        return charts[0]

    @property
    def comparing(self) -> Comparing | None:
        """The two models that are compared, where there are two."""
        with self._lock:
            return self._state.comparing

    def states(self, chart: Chart) -> Sequence[int] | None:
        """What became of each node of a chart of two models; None for any other chart."""
        comparing = self.comparing
        if comparing is None or chart.compare is None:
            return None
        from cutaway.explorer.comparing import SIDES

        return comparing.states[SIDES.index(chart.compare["side"])]

    def comparison(self) -> list[bytes]:
        """The container of what two models have otherwise.

        Raises:
            KeyError: There is one model alone.
        """
        comparing = self.comparing
        if comparing is None:
            raise KeyError("comparison")
        with self._comparing:
            return comparing.container()

    def add(self, graph: Graph) -> Chart:
        """Make the chart of a part of the model."""
        with self._lock:
            all_of_it = self._state.charts[self._state.latest]
        with collector_paused():
            grouped = group(graph)
            chart = self._chart_of(grouped, lambda: in_part(all_of_it.found(), grouped), part=True)
        self._keep(chart)
        return chart

    def look_inside(self, runs: list[Activations]) -> None:
        """Say what layers made of an input, or of two, before a model is taken."""
        from cutaway.explorer.inside import Inside  # NumPy takes its time

        self._inside = Inside(runs)

    def inside(self) -> Inside:
        """What layers made.

        Raises:
            NotReady: The model was not run.
        """
        if self._inside is None:
            raise NotReady(
                "the model was not run on an input: cutaway view MODEL --input x.npy shows what its layers make",
                "NotRun",
            )
        return self._inside

    def values(self) -> Values:
        """Reads the values of the weights.

        Raises:
            NotReady: There is no model yet, or its file is not known.
        """
        from cutaway.explorer.weights import Values  # NumPy, which takes its time, is not needed to show a model

        with self._lock:
            latest = self._state.charts.get(self._state.latest)
            if latest is None or self.origin.path is None:
                raise NotReady(
                    "the values of these weights cannot be read: there is no file that holds them", "NoValues"
                )
            if self._values is None:
                self._values = Values(str(self.origin.path), latest.arranged.graph.weights)
            return self._values

    def weight_pairs(self) -> WeightPairs:
        """Compares the values of weights.

        Raises:
            NotReady: There are not two models, or the file of one is not known.
        """
        from cutaway.explorer.compared_weights import WeightPairs  # NumPy, as of `values`

        with self._lock:
            comparing, old, new = self._state.comparing, self.origin.old_path, self.origin.path
            if comparing is None or old is None or new is None:
                raise NotReady("values are compared of two models that are files", "NoValues")
            if self._weight_pairs is None:
                self._weight_pairs = WeightPairs(comparing.compared, str(old), str(new))
            return self._weight_pairs

    def progress(self) -> tuple[int, Progress]:
        """The version, which grows with every change, and how far it has come."""
        with self._lock:
            found, version = self._state.progress.copy(), self._state.version
        if found["state"] in BUSY:
            found["seconds"] = round(time.monotonic() - self._began, 2)
        return version, found

    @property
    def closed(self) -> bool:
        """Whether the server is ending."""
        return self._state.closed

    def close(self) -> None:
        """End: whoever waits is woken."""
        with self._lock:
            self._state.closed = True
        self._ended.set()
        self._publish()
        self.workers.end()
        self.slow_workers.end()

    async def chart(self, index: int | None = None) -> Chart:
        """A chart; that of the whole model once it is there, where no number is given.

        Raises:
            NotReady: Reading failed, or the server is ending.
            KeyError: There is no chart of that number, or no longer.
        """
        version = -1
        while True:
            with self._lock:
                state = self._state
                if index is not None and state.latest >= 0:
                    return state.charts[index]
                if state.progress["state"] == "ready":
                    return state.charts[state.latest]
                if state.closed:
                    raise NotReady("the server is ending", "Closed")
                if state.progress["state"] == "failed":
                    raise NotReady(state.progress["error"], state.progress["kind"])
                version = state.version
            await self.after(version)

    async def after(self, version: int) -> int:
        """Wait until something has changed since a version; return the new one."""
        loop = asyncio.get_running_loop()
        entry = (loop, loop.create_future())
        with self._lock:
            if self._state.version > version:
                return self._state.version
            self._waiting.add(entry)
        try:
            await entry[1]
        finally:
            with self._lock:
                self._waiting.discard(entry)
        return self._state.version

    def _chart_of(self, graph: Graph, find: Callable[[], list[Finding]], *, part: bool = False) -> Chart:
        live: Live = {
            "weights": self.origin.path is not None and _has_values(graph),
            "focus": True,
            "export": True,
            "inside": 0 if self._inside is None else len(self._inside.runs),
        }
        facts = None if self._inside is None else self._inside.facts(graph)
        overlay = None
        if self.origin.lay is not None:
            with contextlib.suppress(OptionError) if part else contextlib.nullcontext():  # nothing in it may be named
                overlay = self.origin.lay(graph)
        return Chart(arranged(graph), live, facts=facts, find=find, overlay=overlay)

    def _keep_whole(self, charts: list[Chart], comparing: Comparing | None) -> None:
        """Show these charts, and none of those that were there before."""
        with self._lock:
            state = self._state
            first = max(state.charts, default=-1) + 1
            for at, chart in enumerate(charts):
                chart.index = first + at
            if comparing is not None:
                from cutaway.explorer.comparing import SIDES

                for side, chart in zip(SIDES, charts, strict=True):
                    chart.compare = comparing.head(side, first)
            state.charts = {chart.index: chart for chart in charts}
            state.lasting, state.latest, state.comparing = frozenset(state.charts), first, comparing
            self._values = self._weight_pairs = None

    def _keep(self, chart: Chart) -> None:
        """Keep the chart of a part, and as many of those before it as may be kept."""
        with self._lock:
            state = self._state
            chart.index = max(state.charts, default=-1) + 1
            state.charts[chart.index] = chart
            parts = [index for index in sorted(state.charts) if index not in state.lasting]
            nodes = sum(len(state.charts[index].arranged.graph) for index in parts)
            for index in parts[:-1]:
                if len(parts) <= MOST_CHARTS and nodes <= MOST_NODES:
                    break
                nodes -= len(state.charts.pop(index).arranged.graph)
                parts.remove(index)

    def _publish(self, **changes: Any) -> None:
        with self._lock:
            state = self._state
            state.progress.update(changes)  # type: ignore[typeddict-item]
            state.progress["seconds"] = round(time.monotonic() - self._began, 2)
            state.version += 1
            waiting = list(self._waiting)
        for loop, future in waiting:
            with contextlib.suppress(RuntimeError):  # a loop that has ended waits for nothing
                loop.call_soon_threadsafe(_wake, future)


def _has_values(graph: Graph) -> bool:
    """Whether the file of a model holds values of its weights, as far as is known without a look at them."""
    if (
        len(graph.weights) > MANY_WEIGHTS or graph.format == "keras_h5"
    ):  # where weights are made on demand, or found by their names
        return bool(graph.weights)
    return any(weight.location for weight in graph.weights)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def shown_lines(text: str) -> str:
    """Lines of text that are safe to show."""
    return "\n".join(map(shown, text.split("\n")))
