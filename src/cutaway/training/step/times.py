"""`TimedSteps`: steps of a training that run apart from the others, and the time that each layer takes in one of them.

The step is the user's own `train_step`, traced once more while its calls are followed, so that each operation that
TensorFlow's profiler sees belongs to the call that made it. Nothing is added to it, and it is a step of the training as
any other is. It gets its batch before its clock starts, since to wait for data is no work of a layer.
"""

from __future__ import annotations

import itertools
import logging
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.errors import CutawayError, ReadError
from cutaway.graph import Graph
from cutaway.profiling.calls import followed
from cutaway.profiling.optimes import OpTimes
from cutaway.profiling.runnable import PHASES
from cutaway.profiling.running import watched
from cutaway.profiling.sums import Spent, add_up
from cutaway.profiling.traced_places import TracedPlaces
from cutaway.profiling.xplane import read_xplane
from cutaway.readers.live.calls import leaves
from cutaway.readers.live.recording import keras
from cutaway.training.event_writer import EventWriter

REFERENCES = 3
"""Steps before the one that the profiler looks at, which tell how long a step takes when nobody does."""

_LOG = logging.getLogger("cutaway.training")


@dataclass(frozen=True, slots=True)
class Look:
    """What the profiler saw of a step.

    Attributes:
        trace: Its XPlane file.
        seconds: What such a step takes when nobody looks.
        slowdown: How many times as long this one took.
        graph: The model.
        places: Where its operations belong.
        preparation: Seconds that it took to prepare, where this is the first look; else 0.
    """

    trace: bytes
    seconds: float
    slowdown: float
    graph: Graph
    places: TracedPlaces
    preparation: float

    def spent(self) -> Spent:
        """The time of each layer, scaled to the step; what others did meanwhile, such as reading data, is left out.

        Raises:
            ReadError: The trace holds no operations.
        """
        found = read_xplane(self.trace)
        own = {name: np.array([each.mean()]) for name, each in found.seconds.items() if self.places.knows(name)}
        times = OpTimes(1, own, {name: found.kinds[name] for name in own})
        return add_up(self.graph, times, self.places.land, self.places.fusions(times), self.seconds)

    def write(self, writer: EventWriter, step: int, now: float) -> None:
        """Write the times of all layers and groups.

        Args:
            writer: The event file.
            step: The step.
            now: Seconds since 1970.
        """
        try:
            spent = self.spent()
        except ReadError as error:
            _LOG.warning("the time of the layers in step %d is not known: %s", step, error)
            return
        told = dict(_by_layer(self.graph, spent)) | {
            "recorder/timed_step_seconds": spent.whole,
            "recorder/timed_share_of_layers": spent.landed,
            "recorder/timed_raw_share": spent.raw_share,
            "recorder/timed_slowdown": self.slowdown,
        }
        if self.preparation:
            told["recorder/timed_preparation_seconds"] = self.preparation
        writer.scalars(told, step, wall_time=now)


def _by_layer(graph: Graph, spent: Spent) -> Iterator[tuple[str, float]]:
    """Tags and seconds of all nodes but inputs, and of all groups with what is in them."""
    rows = [(graph.ids[at], spent.node_phases[at]) for at in range(len(graph)) if graph.op(at) != "InputLayer"]
    rows += [(graph.groups.ids[at], spent.group_phases[at]) for at in range(1, len(graph.groups))]
    for id, by_phase in rows:
        yield f"seconds/step/{id}", float(by_phase.sum())
        for phase, seconds in zip(PHASES, by_phase.tolist(), strict=True):
            if seconds:
                yield f"seconds/{phase}/{id}", seconds


class TimedSteps:
    """Runs steps of a training in the place of its train function, some at a time, and looks at the last of them.

    Args:
        model: The model, compiled.
        graph: The model as it was read.
        plain: Its train function.
        every: Steps from one look to the next.

    Attributes:
        graph, plain: As given.
    """

    def __init__(self, model: Any, graph: Graph, plain: Callable[[Any], Any], every: int) -> None:
        self.graph = graph
        self.plain = plain
        self._model = model
        self._every = every
        self._execution = int(getattr(model, "steps_per_execution", 1))
        self._tf = sys.modules["tensorflow"]
        self._original = model.train_step
        self._function = self._tf.function(self._step, autograph=False, reduce_retracing=True)
        self._run_batch: Callable[[Any], Any] | None = None
        self._signature: Any = None
        self._looked = -1
        self._left = 0
        self._places: TracedPlaces | None = None
        self._preparation = 0.0
        self._references: dict[str, list[float]] = {}
        self._told_failure = False

    def turn(self, before: int) -> bool:
        """Whether the step behind a number of others is one of these: the first ones are, then some of ``every``."""
        number = before // self._every
        if number != self._looked and not self._left:
            self._looked, self._left = number, REFERENCES + 1 + (self._places is None)
        return self._left > 0

    def batches(self, iterator: Any) -> list[Any]:
        """The data of a step, or of as many as are executed as one; fewer where there are no more.

        Where there are none the step is not ours: at the end of some data Keras runs what needs none of them, such as
        the counters, and so it must remain.

        Args:
            iterator: As Keras gives it to the train function.
        """
        signature = _without_optionals(self._tf, getattr(iterator, "element_spec", None))
        if signature != self._signature:
            self._signature, self._run_batch = signature, None
        return [_without_optionals(self._tf, batch) for batch in itertools.islice(iterator, self._execution)]

    def __call__(self, batches: list[Any]) -> tuple[Any, Look | None]:
        """Run the steps of some data, one at least.

        Returns:
            What the train function would have returned, and what was seen, where this was looked at.
        """
        self._left -= 1
        shapes = str([getattr(leaf, "shape", None) for leaf in leaves(batches)])
        if not self._left:
            known = self._references.get(shapes, [])
            self._references = {}
            return self._look(batches, known)
        known_places, begun = self._places, time.perf_counter()
        logs = [self._run(batch) for batch in batches][-1]
        seconds = time.perf_counter() - begun
        if known_places is None:
            self._preparation = seconds
        elif known_places is self._places:  # else it was traced anew, for data of other shapes
            self._references.setdefault(shapes, []).append(seconds / len(batches))
        return logs, None

    def _look(self, batches: list[Any], references: list[float]) -> tuple[Any, Look | None]:
        """Run steps while the profiler looks; where it cannot, they run all the same."""
        begun = 0
        made: list[Any] = []

        def run() -> None:
            nonlocal begun
            begun += 1
            made.append(self._run(batches[len(made)]))

        before, places, seen = self._preparation, self._places, None
        try:
            seen = watched(self._tf, run, len(batches))
        except Exception as error:
            if begun != len(made):  # it is the training that failed
                raise
            self._tell(error)
        while len(made) < len(batches):
            run()
        if seen is None or self._places is None or (not references and places is not self._places):
            return made[-1], None
        trace, took = seen
        seconds = statistics.median(references or took.tolist())
        self._preparation = 0.0
        return made[-1], Look(trace, seconds, float(took.mean()) / seconds, self.graph, self._places, before)

    def _tell(self, error: Exception) -> None:
        """Say so, once, that the profiler cannot look."""
        if not self._told_failure:
            self._told_failure = True
            why = error if isinstance(error, (CutawayError, OSError)) else f"{type(error).__name__}: {error}"
            warnings.warn(f"the time of the layers is not recorded in this step: {why}", stacklevel=6)

    def _run(self, batch: Any) -> Any:
        """A step, to its very end.

        It is traced for what the data say of their shapes, as Keras does it, and not for those of a batch: sizes that
        are known lead TensorFlow to other last digits.
        """
        if self._run_batch is None:
            known = self._signature is not None
            self._run_batch = self._function.get_concrete_function(self._signature) if known else self._function
        logs = self._run_batch(batch)
        self._tf.test.experimental.sync_devices()
        return logs

    def _step(self, data: Any) -> Any:
        """The user's own step. Runs when it is traced."""
        with followed(self._tf, self._model) as traced:
            logs = self._original(data)
        self._places = TracedPlaces(self.graph, traced)
        return logs


def _without_optionals(tf: Any, batch: Any) -> Any:
    """A batch, or its specification, with None in the place of what is not there, as Keras hands it to `train_step`."""
    absent = tf.experimental.Optional, tf.OptionalSpec
    found: Any = keras().tree.map_structure(lambda leaf: None if isinstance(leaf, absent) else leaf, batch)
    return found


def timed_steps(
    model: Any, graph: Graph | None, plain: Callable[[Any], Any], every: int, before: TimedSteps | None
) -> TimedSteps | None:
    """What times the layers of a model; None, with a warning, where nothing can.

    Args:
        model: The model, compiled.
        graph: The model as it was read; None where it cannot be.
        plain: Its train function.
        every: Steps from one look to the next; 0 for none.
        before: What timed them in an earlier training, which goes on where nothing has changed.
    """
    if not every:
        return None
    if before is not None and before.plain is plain and before.graph is graph:
        return before
    why = _obstacle(model)
    if graph is None:
        why = "the structure of the model is not known"
    if why or graph is None:
        warnings.warn(f"the time of the layers is not recorded: {why}", stacklevel=5)
        return None
    return TimedSteps(model, graph, plain, every)


def _obstacle(model: Any) -> str:
    """Why the layers of a model cannot be timed; empty where they can."""
    strategy = model.distribute_strategy
    if getattr(model, "run_eagerly", False):
        return "the model runs eagerly, where Python takes most of the time; compile it without run_eagerly"
    if getattr(model, "jit_compile", False):
        return "XLA makes one operation of the whole step; compile the model with jit_compile=False"
    if strategy.num_replicas_in_sync > 1 or type(strategy).__name__ != "_DefaultDistributionStrategy":
        return f"the steps run on the replicas of a {type(strategy).__name__}, at the same time"
    if type(model).make_train_function is not keras().Model.make_train_function:
        return f"{type(model).__name__} makes a train function of its own, which is not `train_step` alone"
    if hasattr(model.train_step, "get_concrete_function"):
        return "its train_step is a tf.function, whose inside cannot be told apart; fit compiles it without that too"
    return ""
