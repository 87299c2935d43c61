"""`cutaway.Recorder`: a Keras callback that writes down how a model trains, for TensorBoard and for cutaway.

It takes the place of `keras.callbacks.TensorBoard` and understands all of its parameters. A thread of its own writes,
so that no step waits for the disk; where writing fails, as on a full disk, it says so once and the training goes on.
With TensorFlow it has no hook by batch: it takes the place of the train function, which costs a step about a
microsecond, and no metric is fetched before it is needed.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cutaway.errors import CutawayError, MissingExtra, check_choice
from cutaway.training.checks.finding import Severity, TrainingFinding
from cutaway.training.checks.watch import Watch, in_words
from cutaway.training.event_writer import EventWriter
from cutaway.training.recorder_options import RecorderOptions, check_profile_and_embeddings, checked
from cutaway.training.step.plan import KINDS, Layers, Plan, located_graph, plan_of
from cutaway.training.writing import Clock, Writing

try:
    import keras
except ImportError as error:
    raise MissingExtra(
        "cutaway.Recorder is a callback of Keras 3, which is not installed: pip install keras"
    ) from error

from cutaway.training import jobs
from cutaway.training.step.functions import RecordedStep
from cutaway.training.step.times import Look, TimedSteps, timed_steps
from cutaway.training.step.told import Told
from cutaway.training.step.weights import RecordedWeights

_LOG = logging.getLogger("cutaway.training")


class Recorder(keras.callbacks.Callback):
    """Writes metrics, the learning rate, times, the structure and distributions of a model's inside into event files.

    Args:
        log_dir: The folder of the run; ``train`` and ``validation`` are made in it. Or an address in an object store.
        histogram_freq: Every so many epochs the distribution of each weight is written; 0 for never.
        write_graph: Whether the structure of the model is written.
        write_images: Whether weights are written as images too, with their distributions.
        write_steps_per_second: Whether the steps in a second are written, for each epoch and recorded step.
        update_freq: ``"epoch"``, ``"batch"``, or a number of steps: how often metrics are written.
        profile_batch: The step, or first and last one, that TensorFlow's profiler looks at; 0 for none.
        embeddings_freq: Every so many epochs the weights are saved for TensorBoard's projector; 0 for never.
        embeddings_metadata: Files with the labels of embeddings, by the name of their layer, or one file for all.
        every: Every so many steps metrics, learning rate, time per step, and what ``record`` names are written; None
            for none of it.
        record: What is recorded of the layers, every so many steps: some of ``"weights"``, ``"activations"``,
            ``"gradients"`` and ``"updates"``; True for all, False for none. All but weights need TensorFlow.
        layers: Which layers: names, ids or patterns such as ``"block*"``, or a function that is given a layer; None for
            all, of which some are left out in models where more than 1,000 tensors would be looked at.
        time_layers: Every so many steps, from the first ones on, the time of each layer in a step is written: forward,
            backward and update; None for never. Needs TensorFlow.
        checks: Whether what is written is looked at for faults of the training, as ``docs/checks.md`` lists them; what
            is found is logged, written as text, and kept in ``findings``.
        stop_on: ``"error"`` or ``"warning"``: the training stops where something as grave is found; None for never.

    Raises:
        OptionError: An option is not what it can be; the message says what it can.
        MissingExtra: Keras is not installed.

    Attributes:
        preparation_seconds: What it took to prepare the recording of activations, gradients, updates and times, once.
        findings: What the checks found so far.
    """

    def __init__(
        self,
        log_dir: str | Path = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: int | str | tuple[int, int] = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: str | dict[str, str] | None = None,
        *,
        every: int | None = None,
        record: bool | str | tuple[str, ...] | list[str] = KINDS,
        layers: Layers = None,
        time_layers: int | None = None,
        checks: bool = True,
        stop_on: Severity | None = None,
    ) -> None:
        super().__init__()
        self.log_dir = str(log_dir)
        self.preparation_seconds = 0.0
        self._options: RecorderOptions = checked(
            histogram_freq, write_graph, write_images, write_steps_per_second, update_freq, every, record, time_layers
        )
        check_profile_and_embeddings(profile_batch, embeddings_freq)
        self._layers = layers
        self._clock = Clock()
        check_choice("stop_on", stop_on, (None, "error", "warning"))
        self._stop_on = stop_on
        self._watch = Watch(checks=checks or stop_on is not None)
        self._writing = Writing(self.log_dir, self._watch.opened)
        self._told_failure = False
        self._told_preparation = False
        self._plan = Plan(frozenset())
        self._described: list[tuple[Any, bool]] = []
        self._unbuilt = False
        self._structure: jobs.Structure | None = None
        self._weights: RecordedWeights | None = None
        self._plain: Callable[[Any], Any] | None = None
        self._step_of: RecordedStep | None = None
        self._times: TimedSteps | None = None
        self._history: Any = None
        self._traced = False
        self._execution = 1
        self._epoch_steps = 0
        self._step = 0
        self._noted: tuple[float, int] = (0.0, 0)
        self._began: tuple[float, int] = (0.0, 0)
        self._replaces = keras.backend.backend() == "tensorflow"
        self._counts = self._options.by_step
        if time_layers and not self._replaces:
            warnings.warn("the time of the layers is not recorded: it needs TensorFlow as Keras' backend", stacklevel=2)
        self._helper: Any = None
        if profile_batch or embeddings_freq:
            self._helper = _Helper(
                self.log_dir,
                write_graph=False,
                profile_batch=profile_batch,
                embeddings_freq=embeddings_freq,
                embeddings_metadata=embeddings_metadata,
            )
        if profile_batch or (self._counts and not self._replaces):
            # Not methods: for a callback with such hooks Keras fetches the metrics of every batch.
            self.on_train_batch_begin = self._begin_batch
            self.on_train_batch_end = self._end_batch

    @property
    def is_shared(self) -> bool:
        """Whether what is recorded in steps is a part of the model's one train function, and no second one is made."""
        return self._step_of is not None and self._step_of.shared

    @property
    def findings(self) -> tuple[TrainingFinding, ...]:
        """What the checks found so far, in the order in which they did; the thread that writes runs them."""
        return tuple(self._watch.findings)

    def set_model(self, model: Any) -> None:
        """Take the model, as Keras asks to."""
        if self.model is not None and self.model is not model:  # which may have been left in the middle of a training
            self._detach()
        super().set_model(model)
        held = getattr(model, "train_function", None)
        self._traced = held is not None
        if held is not None and _own(held) is not held:  # an earlier training was broken off
            model.train_function = _own(held)
        if self._helper is not None:
            (Path(self.log_dir) / "train").mkdir(parents=True, exist_ok=True)
            self._helper.set_model(model)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Write the structure of the model, prepare what is recorded in steps, and begin to count."""
        self._writing.close()
        self._writing = Writing(self.log_dir, self._watch.opened)
        self._told_failure = False
        self._step = max(self._step, jobs.iterations(self.model) or 0)
        self._unbuilt = not getattr(self.model, "built", True)
        if self._unbuilt:  # as a subclassed model is until its first batch
            self._plan, self._described = Plan(frozenset()), []
        else:
            self._describe()
        if self._counts and self._replaces:
            self._attach()
        self._noted = self._began = (time.perf_counter(), self._step)
        self._tell("on_train_begin", logs)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Write what waits, and close the files; another `fit` goes on in new ones."""
        self._detach()
        self._tell("on_train_end", logs)
        step, now = self._step, self._clock()
        self._put(lambda writer: self._watch.finish(writer, step, now))
        if not self._writing.close():
            warnings.warn(f"{self.log_dir} is so slow that the last records are not written yet", stacklevel=2)
        self._look()
        if self._writing.left_out:
            warnings.warn(
                f"{self._writing.left_out} records are left out, since {self.log_dir} is slower than the training; "
                "record more seldom (every=) or fewer layers (layers=)",
                stacklevel=2,
            )

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Begin to measure the time of an epoch."""
        self._epoch_steps = 0
        self._history = getattr(self.model, "history", None)  # which a loop of the user's own may set late
        self._noted = self._began = (time.perf_counter(), self._step)
        self._tell("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Write the metrics of an epoch, and the weights where it is their turn."""
        passed, logs = time.perf_counter(), jobs.numbers(logs or {})
        self._describe_late()
        if not self._counts:
            self._step = jobs.iterations(self.model) or self._step
        start, first = self._began
        steps, now = self._step - first, self._clock()
        told = {f"epoch_{name}": value for name, value in logs.items() if not name.startswith("val_")}
        told |= {f"epoch_{name}": value for name, value in jobs.learning_rates(self.model).items()}
        if steps > 0 and passed > start:
            told["epoch_seconds_per_step"] = (passed - start) / steps
            if self._options.write_steps_per_second:
                told["epoch_steps_per_second"] = steps / (passed - start)
        validated = {f"epoch_{name[4:]}": value for name, value in logs.items() if name.startswith("val_")}
        if validated:
            self._put(lambda writer: writer.scalars(validated, epoch, wall_time=now), part="validation")
        self._put(lambda writer: writer.scalars(told, epoch, wall_time=now))
        if self._options.histogram_freq and epoch % self._options.histogram_freq == 0:
            for job, size in jobs.weights_of_epoch(self.model, epoch, now, images=self._options.write_images):
                self._put(job, size=size)
        self._look()
        self._tell("on_epoch_end", epoch, None)

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Write the metrics of a validation by step, as TensorBoard's callback does."""
        step, now = jobs.iterations(self.model), self._clock()
        if step is not None and logs:
            told = {f"evaluation_{name}_vs_iterations": value for name, value in jobs.numbers(logs).items()}
            self._put(lambda writer: writer.scalars(told, step, wall_time=now), part="validation")

    def _describe_late(self) -> None:
        """Describe a model that was built by its first batch, and record its inside from the next step on."""
        if not self._unbuilt:
            return
        self._unbuilt, self._traced = False, True
        self._describe()
        if self._counts and self._replaces:
            self._prepare()

    def _describe(self) -> None:
        """Write what the model is made of, and choose what to record of it."""
        kinds = self._options.kinds if self._replaces else self._options.kinds & {"weights"}
        if not (self._options.write_graph or self._options.time_steps or kinds):
            return
        seen = [(variable, variable.trainable) for variable in self.model.variables]
        if not _same(seen, self._described):
            self._read(kinds)
        self._described = seen
        if self._structure is not None:
            self._put(self._structure, first=True)

    def _read(self, kinds: frozenset[str]) -> None:
        """Read the model, which takes longer than a step of a small one, so that it is done once."""
        graph, located, problem = located_graph(self.model)
        if problem is not None:
            never = "it was never called; call it on a batch before fit, as model(batch), if it can be"
            why = problem if getattr(self.model, "built", True) else never
            warnings.warn(f"the structure of the model is not recorded: {why}", stacklevel=4)
        self._plan = plan_of(kinds, self._layers, graph, located)
        self._weights = None
        self._watch.graph = graph
        if self._plan.left_out:
            warnings.warn(self._plan.left_out, stacklevel=4)
        if self._options.write_graph:
            self._structure = jobs.Structure(self.model, graph)

    def _attach(self) -> None:
        """Take the place of the train function."""
        held = self.model.train_function
        if held is None:  # a loop of the user's own, which may call `train_on_batch`
            self.model.make_train_function()
            held = self.model.train_function
        self._plain = held
        self._history = getattr(self.model, "history", None)
        self._execution = int(getattr(self.model, "steps_per_execution", 1))
        self._prepare()
        self.model.train_function = self._train

    def _prepare(self) -> None:
        """Make what records the inside of steps, unless an earlier training made it."""
        held: Any = self._plain
        if _own(held) is not held and (self._plan.in_step or self._options.time_steps):
            warnings.warn(
                "another Recorder records the inside of the same steps; this one records metrics and weights alone",
                stacklevel=5,
            )
            self._plan = replace(self._plan, kinds=self._plan.kinds & {"weights"})
            self._described = []
        known = self._step_of is not None and self._step_of.plain is held and self._step_of.plan is self._plan
        if not self._plan.in_step:
            self._step_of = None
        elif not known:
            taken = ", ".join(kind for kind in KINDS if kind in self._plan.kinds)
            self._announce(f"record {taken} of every {self._options.weight_steps} steps")
            self._step_of = RecordedStep(self.model, self._plan, held, traced=self._traced)
        timed, steps = self._times, self._options.time_steps
        if self._unbuilt or _own(held) is not held:
            steps = 0
        self._times = timed_steps(self.model, self._watch.graph, held, steps, timed)
        if self._times is not None and self._times is not timed:
            self._announce(f"time the layers every {steps} steps")

    def _announce(self, what: str) -> None:
        """Say that something takes a while: where a bar shows the progress, so that it is seen."""
        say = _LOG.warning if (self.params or {}).get("verbose") else _LOG.info
        say("preparing to %s: this takes a while, once", what)

    def _detach(self) -> None:
        held = getattr(self.model, "train_function", None)
        if held is not None and _own(held) is not held:
            self.model.train_function = _own(held)

    def _train(self, iterator: Any) -> Any:
        """A step of the training, in the place of Keras' own train function."""
        if getattr(self.model, "history", None) is not self._history:  # each `fit` has its own: this one is not ours
            return self._left()(iterator)
        before, size = self._step, self._execution
        recorded = self._step_of
        told: Told | None = None
        look: Look | None = None
        record = self._options.weights_due(before, before + size)
        try:
            timed = self._times if self._times is not None and self._times.turn(before) else None
            batches = [] if timed is None or (record and recorded is not None) else timed.batches(iterator)
            if timed is not None and batches:
                logs, look = timed(batches)
            elif recorded is None:
                logs = self._plain(iterator)  # type: ignore[misc]
            else:
                logs, told = recorded(iterator, record=record)
        except BaseException as error:
            if type(error).__name__ not in ("StopIteration", "OutOfRangeError"):
                self._detach()
                self._step_of = None  # it may be half made
            raise
        self._step = before + size
        if size > 1:  # at the end of an epoch there may be fewer
            self._step = jobs.iterations(self.model) or self._step
        self._describe_late()
        if told is not None:
            self._record_step(told)
        if look is not None:
            self._record_look(look)
        if self._options.due(before, self._step):
            self._record(before, logs)
        return logs

    def _left(self) -> Callable[[Any], Any]:
        """Leave the model, whose `fit` was broken off without its end being told; the train function without us."""
        plain = self._plain
        self._detach()
        self._writing.close()
        return plain  # type: ignore[return-value]

    def _begin_batch(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Let the profiler know of a step, if there is one."""
        self._tell("on_train_batch_begin", batch, logs)

    def _end_batch(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Count a step where the train function is not ours, and record it where it is the turn of one."""
        self._tell("on_train_batch_end", batch, None)
        if self._replaces or not self._counts:
            return
        before, new = self._step, batch + 1 - self._epoch_steps
        self._epoch_steps = batch + 1
        # Where several steps are executed as one, Keras counts those at the end of an epoch that were not there.
        told = jobs.iterations(self.model) if new > 1 else None
        self._step = before + new if told is None else told
        self._describe_late()
        if self._options.due(before, self._step):
            self._record(before, logs or {})

    def _record(self, before: int, logs: Any) -> None:
        """Record what is due at a step."""
        if self._options.metrics_due(before, self._step):
            self._record_metrics(logs)
        if "weights" in self._plan.kinds and self._options.weights_due(before, self._step):
            if self._weights is None:
                self._weights = RecordedWeights(self.model, self._plan)
            told = self._weights.told()
            self._put(jobs.taken(told, self._step, self._clock()), size=told.size)
        self._look()

    def _record_metrics(self, logs: Any) -> None:
        passed, (last, first) = time.perf_counter(), self._noted
        step, now = self._step, self._clock()
        told = {f"batch_{name}": value for name, value in jobs.learning_rates(self.model).items()}
        if step > first and passed > last:
            told["batch_seconds_per_step"] = (passed - last) / (step - first)
            if self._options.write_steps_per_second:
                told["batch_steps_per_second"] = (step - first) / (passed - last)
        self._put(jobs.metrics(dict(logs) if isinstance(logs, Mapping) else {}, told, step, now))
        self._noted = (time.perf_counter(), step)

    def _record_step(self, told: Told) -> None:
        step, now = self._step, self._clock()
        if self._step_of is not None and not self._told_preparation:
            self._told_preparation = True
            seconds = self._step_of.preparation
            self.preparation_seconds += seconds
            self._put(lambda writer: writer.scalars({"recorder/preparation_seconds": seconds}, step, wall_time=now))
        self._put(jobs.taken(told, step, now), size=told.size)

    def _record_look(self, look: Look) -> None:
        step, now = self._step, self._clock()
        self.preparation_seconds += look.preparation
        self._put(lambda writer: look.write(writer, step, now), size=len(look.trace))

    def _put(
        self, job: Callable[[EventWriter], None], *, part: str = "train", size: int = 500, first: bool = False
    ) -> None:
        self._writing.put(part, job, size=size, first=first)

    def _look(self) -> None:
        """Say so, once, where nothing is written any more; stop where something grave was found."""
        grave = None if self._stop_on is None else self._watch.grave(self._stop_on)
        if grave is not None and not self.model.stop_training:
            self.model.stop_training = True
            warnings.warn(f"the training is stopped: {in_words(grave)}", stacklevel=4)
        if self._writing.failure is not None and not self._told_failure:
            self._told_failure = True
            why = _in_words(self._writing.failure)
            warnings.warn(f"the training is no longer recorded: {why}; it goes on", stacklevel=4)

    def _tell(self, hook: str, *given: Any) -> None:
        if self._helper is not None:
            getattr(self._helper, hook)(*given)


def _in_words(failure: Exception) -> str:
    """Why nothing is written any more; errors of other libraries may say little without their kind."""
    return str(failure) if isinstance(failure, (OSError, CutawayError)) else f"{type(failure).__name__}: {failure}"


def _own(function: Any) -> Any:
    """The train function of Keras, in the place of which recorders may have put theirs."""
    while isinstance(owner := getattr(function, "__self__", None), Recorder):
        function = owner._plain
    return function


def _same(one: list[tuple[Any, bool]], other: list[tuple[Any, bool]]) -> bool:
    """Whether two lists hold the same variables, trainable or not."""
    return (
        bool(one)
        and len(one) == len(other)
        and all(a is b and c == d for (a, c), (b, d) in zip(one, other, strict=True))
    )


class _Helper(keras.callbacks.TensorBoard):
    """What Keras' callback does besides event files of values: profiles, and files of the projector."""

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Write nothing: the recorder does."""
