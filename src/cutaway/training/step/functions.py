"""`RecordedStep`: the train function of a model, replaced by one that is the same and also tells what it does.

There are two ways. A second train function is made of the same `train_step`, and called in the recorded steps instead
of the first: the other steps are not touched, but everything is traced twice. Where that takes long, and the model has
not been trained yet, the statistics are part of its one train function, behind a condition that is false in all steps
but the recorded ones: that is traced once, and costs every step 2 to 4 % of its processor time, since what layers make
lives until the condition is looked at.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from cutaway.training.step.capture import HERE, Capture, patches
from cutaway.training.step.measuring import AtOnce, WhereFlagged
from cutaway.training.step.names import Name
from cutaway.training.step.plan import Plan
from cutaway.training.step.statistics import combined
from cutaway.training.step.told import Told

KEY = "__cutaway__"
"""Under which the statistics leave the train function, among its logs."""

MANY_CALLS = 300
"""Calls of layers from which on the statistics are part of the one train function: a second one of MobileNetV2, with
154 calls, takes about as long as the first step of its training, and one of EfficientNetV2L, with 1,031, minutes."""

TrainFunction = Callable[[Any], Any]


class RecordedStep:
    """Runs the steps of a training, recording those that it is told to.

    Args:
        model: The model, compiled.
        plan: What to take.
        plain: Its train function.
        traced: Whether that may have been traced already.

    Attributes:
        plain: As given.
        plan: As given.
        shared: Whether the statistics are part of the one train function.
        preparation: Seconds that it took to prepare, so far as they can be told from those of the training.
    """

    def __init__(self, model: Any, plan: Plan, plain: TrainFunction, *, traced: bool) -> None:
        self.plain = plain
        self.preparation = 0.0
        self._model = model
        self.plan = plan
        self._tf = sys.modules["tensorflow"]
        self._original = model.train_step
        self._names: list[list[Name]] = []
        self._recorded_once = False
        strategy = model.distribute_strategy
        self._replicas = strategy.num_replicas_in_sync > 1 or type(strategy).__name__ != "_DefaultDistributionStrategy"
        self.shared = not (
            plan.size < MANY_CALLS
            or traced
            or self._replicas
            or getattr(model, "run_eagerly", False)
            or getattr(model, "jit_compile", False)
            or getattr(model, "steps_per_execution", 1) != 1
        )
        self._flag = self._tf.Variable(False, trainable=False, name="cutaway_records") if self.shared else None
        self._function = self._made()

    def __call__(self, iterator: Any, *, record: bool) -> tuple[Any, Told | None]:
        """Run a step.

        Args:
            iterator: As Keras gives it to the train function.
            record: Whether to tell of this step.

        Returns:
            What the train function returned, and what was recorded.
        """
        if self.shared:
            return self._run_shared(iterator, record)
        if not record:
            return self.plain(iterator), None
        begun = time.perf_counter()
        with patches(), self._in_place():
            logs = self._function(iterator)
        if not self._recorded_once:
            self._recorded_once = True
            self.preparation = time.perf_counter() - begun
        return self._parted(logs, record)

    def _run_shared(self, iterator: Any, record: bool) -> tuple[Any, Told | None]:
        if record and self._flag is not None:
            self._flag.assign(True)
        try:
            with self._in_place():
                logs = self._function(iterator)
        finally:
            if record and self._flag is not None:
                self._flag.assign(False)
        return self._parted(logs, record)

    def _parted(self, logs: Any, record: bool) -> tuple[Any, Told | None]:
        taken = logs.pop(KEY, None) if isinstance(logs, dict) else None
        if taken is None or not record:
            return logs, None
        trace, *statistics = taken
        return logs, Told(self._names, trace, *statistics)

    @contextlib.contextmanager
    def _in_place(self) -> Iterator[None]:
        """While this lasts, the model's `train_step` is ours; older versions of Keras look it up when they trace."""
        held = vars(self._model)
        before = held.get("train_step")
        held["train_step"] = self._step
        try:
            yield
        finally:
            if before is None:
                del held["train_step"]
            else:
                held["train_step"] = before

    def _made(self) -> TrainFunction:
        """The train function that Keras makes of our step."""
        model = self._model
        before = model.train_function
        try:
            with self._in_place():
                model.train_function = None
                model.make_train_function()
                made: TrainFunction = model.train_function
        finally:
            model.train_function = before
        return made

    def _step(self, data: Any) -> Any:
        """The user's step, and what it does. Runs when it is traced, once for each replica, or eagerly."""
        measuring = AtOnce() if self._flag is None else WhereFlagged(self._flag)
        capture = HERE.capture = Capture(self.plan, measuring)
        try:
            with patches() if self.shared else contextlib.nullcontext():
                logs = self._original(data)
        finally:
            HERE.capture = None
        if not isinstance(logs, dict) or not capture.names:
            return logs
        return {**logs, KEY: self._statistics(capture)}

    def _statistics(self, capture: Capture) -> Any:
        begun = time.perf_counter()
        tf = self._tf
        trace = len(self._names)
        self._names.append(capture.names)
        statistics = capture.statistics()
        if self.shared:
            self.preparation += time.perf_counter() - begun
        if not self._replicas:
            return tf.constant(trace), *statistics
        alike = [name.kind != "activations" for name in capture.names if not name.values]

        def merged(strategy: Any, *statistics: Any) -> Any:
            found = zip(*map(strategy.experimental_local_results, statistics), strict=True)
            return tf.constant(trace), *combined(list(found), alike)

        return tf.distribute.get_replica_context().merge_call(merged, args=statistics)
