"""`cutaway.Recorder`: a Keras callback that writes down how a model trains, for TensorBoard and for cutaway.

It takes the place of `keras.callbacks.TensorBoard` and understands all of its parameters. What it writes goes straight
to the system, so that a value is on disk when the step is over. Where writing fails, as on a full disk, it says so
once and lets the training go on.
"""

from __future__ import annotations

import contextlib
import json
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cutaway.errors import CutawayError, MissingExtra
from cutaway.graph.contract import to_contract
from cutaway.readers import read
from cutaway.training.event_writer import EventWriter
from cutaway.training.recorder_options import RecorderOptions, checked

try:
    import keras
except ImportError as error:
    raise MissingExtra(
        "cutaway.Recorder is a callback of Keras 3, which is not installed: pip install keras"
    ) from error

STRUCTURE = "cutaway_graph"
"""The plugin under which the structure of the model is written, in the words of the graph contract."""


class Recorder(keras.callbacks.Callback):
    """Writes metrics, the learning rate, times, the structure and distributions of the weights into event files.

    Args:
        log_dir: The folder of the run; ``train`` and ``validation`` are made in it.
        histogram_freq: Every so many epochs the distribution of each weight is written; 0 for never.
        write_graph: Whether the structure of the model is written.
        write_images: Whether weights are written as images too, with their distributions.
        write_steps_per_second: Whether the steps in a second are written, for each epoch and recorded step.
        update_freq: ``"epoch"``, ``"batch"``, or a number of steps: how often metrics are written.
        profile_batch: The step, or first and last one, that TensorFlow's profiler looks at; 0 for none.
        embeddings_freq: Every so many epochs the weights are saved for TensorBoard's projector; 0 for never.
        embeddings_metadata: Files with the labels of embeddings, by the name of their layer, or one file for all.
        every: Every so many steps metrics, learning rate, time per step, and distributions and norms of the weights
            are written; None for none of it.

    Raises:
        OptionError: An option is not what it can be; the message says what it can.
        MissingExtra: Keras is not installed.
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
    ) -> None:
        super().__init__()
        self.log_dir = str(log_dir)
        self._options: RecorderOptions = checked(
            histogram_freq, write_graph, write_images, write_steps_per_second, update_freq, every
        )
        self._writers: dict[str, EventWriter] = {}
        self._broken = False
        self._epoch_steps = 0
        self._step = 0
        self._noted: tuple[float, int] = (0.0, 0)
        self._began: tuple[float, int] = (0.0, 0)
        self._counts = False
        self._helper: Any = None
        if profile_batch or embeddings_freq:
            self._helper = _Helper(
                self.log_dir,
                write_graph=False,
                profile_batch=profile_batch,
                embeddings_freq=embeddings_freq,
                embeddings_metadata=embeddings_metadata,
            )
        if self._options.by_step or self._helper is not None:
            # Not methods: for a callback with such hooks Keras fetches the metrics of every batch.
            self._counts = True
            self.on_train_batch_begin = self._begin_step
            self.on_train_batch_end = self._end_step

    def set_model(self, model: Any) -> None:
        """Take the model, as Keras asks to."""
        super().set_model(model)
        if self._helper is not None:
            (Path(self.log_dir) / "train").mkdir(parents=True, exist_ok=True)
            self._helper.set_model(model)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Write the structure of the model, and begin to count."""
        self._broken = False
        self._step = max(self._step, self._iterations() or 0)
        if self._options.write_graph:
            with self._writing("train") as writer:
                _write_structure(self.model, writer)
        self._noted = self._began = (time.perf_counter(), self._step)
        self._tell("on_train_begin", logs)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Close the files; another `fit` goes on in new ones."""
        self._tell("on_train_end", logs)
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Begin to measure the time of an epoch."""
        self._epoch_steps = 0
        self._noted = self._began = (time.perf_counter(), self._step)
        self._tell("on_epoch_begin", epoch, logs)

    def _begin_step(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Let the profiler know of a step, if there is one."""
        self._tell("on_train_batch_begin", batch, logs)

    def _end_step(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Count a step, and record it where it is the turn of one."""
        before, new = self._step, batch + 1 - self._epoch_steps
        self._epoch_steps = batch + 1
        # Where several steps are executed as one, Keras counts those at the end of an epoch that were not there.
        told = self._iterations() if new > 1 else None
        self._step = before + new if told is None else told
        self._tell("on_train_batch_end", batch, None)
        if self._options.metrics_due(before, self._step):
            self._record_metrics(logs or {})
        if self._options.weights_due(before, self._step):
            self._record_weights()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Write the metrics of an epoch, and the weights where it is their turn."""
        now, logs = time.perf_counter(), logs or {}
        if not self._counts:
            self._step = self._iterations() or self._step
        start, first = self._began
        steps = self._step - first
        told = {f"epoch_{name}": value for name, value in _numbers(logs).items() if not name.startswith("val_")}
        told |= {f"epoch_{name}": value for name, value in self._learning_rates().items()}
        if steps > 0 and now > start:
            told["epoch_seconds_per_step"] = (now - start) / steps
            if self._options.write_steps_per_second:
                told["epoch_steps_per_second"] = steps / (now - start)
        with self._writing("train") as writer:
            writer.scalars(told, epoch)
        validated = {f"epoch_{name[4:]}": value for name, value in _numbers(logs).items() if name.startswith("val_")}
        if validated:
            with self._writing("validation") as writer:
                writer.scalars(validated, epoch)
        if self._options.histogram_freq and epoch % self._options.histogram_freq == 0:
            self._record_histograms(epoch)
        self._tell("on_epoch_end", epoch, None)

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Write the metrics of a validation by step, as TensorBoard's callback does."""
        step = self._iterations()
        if step is not None and logs:
            with self._writing("validation") as writer:
                told = {f"evaluation_{name}_vs_iterations": value for name, value in _numbers(logs).items()}
                writer.scalars(told, step)

    @contextlib.contextmanager
    def _writing(self, run: str) -> Iterator[EventWriter]:
        """The writer of a part of the run; a failure to write ends the recording, not the training."""
        try:
            yield self._writer(run)
        except OSError as error:
            self._fail(error)

    def _writer(self, run: str) -> EventWriter:
        if run not in self._writers and not self._broken:
            try:
                self._writers[run] = EventWriter(Path(self.log_dir) / run)
            except OSError as error:
                self._fail(error)
        return _Nowhere() if self._broken else self._writers[run]

    def _fail(self, error: OSError) -> None:
        self._broken = True
        warnings.warn(f"the training is no longer recorded: {error}; it goes on", stacklevel=4)

    def _record_metrics(self, logs: Mapping[str, Any]) -> None:
        now, (last, step) = time.perf_counter(), self._noted
        told = {f"batch_{name}": value for name, value in _numbers(logs).items()}
        told |= {f"batch_{name}": value for name, value in self._learning_rates().items()}
        if self._step > step and now > last:
            told["batch_seconds_per_step"] = (now - last) / (self._step - step)
            if self._options.write_steps_per_second:
                told["batch_steps_per_second"] = (self._step - step) / (now - last)
        with self._writing("train") as writer:
            writer.scalars(told, self._step)
        self._noted = (time.perf_counter(), self._step)

    def _record_weights(self) -> None:
        from cutaway.training.tensors import distribution_of

        with self._writing("train") as writer:
            now = time.time()
            for weight in self.model.weights:
                found, path = distribution_of(weight), weight.path
                writer.histogram(f"weights/{path}", found.rows(), self._step, wall_time=now)
                told = {f"norms/{path}": found.norm}
                if found.nan or found.infinite:
                    told |= {f"nan/{path}": found.nan, f"infinite/{path}": found.infinite}
                writer.scalars(told, self._step, wall_time=now)

    def _record_histograms(self, epoch: int) -> None:
        """The weights as `keras.callbacks.TensorBoard` names them."""
        from cutaway.training.tensors import distribution_of, image_of

        with self._writing("train") as writer:
            for weight in self.model.weights:
                name = weight.path.replace(":", "_")
                writer.histogram(f"{name}/histogram", distribution_of(weight).rows(), epoch)
                image = image_of(weight) if self._options.write_images else None
                if image is not None:
                    writer.images(f"{name}/image", image, epoch)

    def _learning_rates(self) -> dict[str, float]:
        optimizer = getattr(self.model, "optimizer", None)
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        several = getattr(optimizer, "optimizers", None)
        named = {"learning_rate": optimizer} if several is None else {f"learning_rate_{o.name}": o for o in several}
        found = {name: getattr(one, "learning_rate", None) for name, one in named.items()}
        return _numbers({name: keras.ops.convert_to_numpy(rate) for name, rate in found.items() if rate is not None})

    def _iterations(self) -> int | None:
        """Steps of the optimizer, which a model that was saved and loaded remembers; None if there is none."""
        iterations = getattr(getattr(self.model, "optimizer", None), "iterations", None)
        return None if iterations is None else int(keras.ops.convert_to_numpy(iterations))

    def _tell(self, hook: str, *given: Any) -> None:
        if self._helper is not None:
            getattr(self._helper, hook)(*given)


class _Helper(keras.callbacks.TensorBoard):
    """What Keras' callback does besides event files of values: profiles, and files of the projector."""

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Write nothing: the recorder does."""


class _Nowhere(EventWriter):
    """Stands for a writer that failed; what it is told is dropped."""

    def __init__(self) -> None:
        self._forms = {}

    def _write(self, data: bytes) -> None:
        """Drop it."""


def _numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    """Those of some values that are single numbers; a metric may also be an array, which is no curve."""
    found = {}
    for name, value in logs.items():
        number: Callable[[Any], float] = float
        try:
            found[name] = number(value)
        except (TypeError, ValueError):
            continue
    return found


def _write_structure(model: Any, writer: EventWriter) -> None:
    """Write what a model is made of, for cutaway and, as far as Keras can tell it, for TensorBoard."""
    try:
        encoded = json.dumps(to_contract(read(model)), separators=(",", ":")).encode()
        writer.contract("cutaway/structure", STRUCTURE, encoded)
    except CutawayError as error:
        warnings.warn(f"the structure of the model is not recorded: {error}", stacklevel=4)
    if type(model).__name__ in ("Functional", "Sequential"):
        try:
            config = model.to_json()
        except Exception as error:  # the configuration of a layer is the user's own code
            warnings.warn(f"the structure of the model is not recorded for TensorBoard: {error}", stacklevel=4)
        else:
            writer.keras_model(config)
