"""Running a model under TensorFlow's profiler. Only here and in `calls` is TensorFlow imported."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from cutaway.errors import CutawayError, OptionError, ReadError
from cutaway.profiling.optimes import Floats, OpTimes
from cutaway.profiling.xplane import RUN, read_xplane

Made = TypeVar("Made")

WARM_UP = 3
"""Runs before the first that counts: the first compiles, the next fetch memory that stays."""


LEAST, MOST, BUDGET = 30, 120, 4.0
"""Runs that are looked at where nobody says how many: as many as fit into some seconds, but not fewer or more. Equal
layers differ by a few hundredths only, and their order needs that many to be steady."""


def attempted(act: Callable[[], Made]) -> Made:
    """What comes of preparing or running a model for the first time, so that what fails is told in words.

    Raises:
        OptionError: It fails: its inputs do not fit, or this machine cannot run it.
    """
    try:
        return act()
    except CutawayError:
        raise
    except Exception as error:  # TensorFlow and layers raise whatever they raise
        said = " ".join(str(error).split())
        raise OptionError(
            f"the model does not run on these inputs: {type(error).__name__}: {said:.300}. Give others: batch, shapes "
            "or data"
        ) from error


def worthwhile(run: Callable[[], Any]) -> int:
    """How many runs of a model are worth the time; it is run some times for that, which warms it up."""
    for _ in range(WARM_UP):
        run()
    return max(LEAST, min(MOST, int(BUDGET / max(_timed(run), 1e-6))))


def unprofiled(run: Callable[[], Any], runs: int) -> Floats:
    """Seconds of each of some runs, warmed up."""
    for _ in range(WARM_UP):
        run()
    return np.array([_timed(run) for _ in range(runs)])


def _timed(run: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def profiled(tf: Any, run: Callable[[], Any], runs: int) -> tuple[OpTimes, Floats]:
    """Times of all operations in each of some runs, and the seconds of the runs while they were looked at.

    Raises:
        OptionError: Another profiler is at work in this process, which can have only one.
        ReadError: The trace holds no operations.
    """
    trace, seconds = watched(tf, run, runs)
    return read_xplane(trace), seconds


def watched(tf: Any, run: Callable[[], Any], runs: int) -> tuple[bytes, Floats]:
    """The XPlane file of some runs, and the seconds that each took.

    Raises:
        OptionError: Another profiler is at work in this process, which can have only one.
        ReadError: There is no trace.
    """
    with tempfile.TemporaryDirectory(prefix="cutaway-profile-") as folder:
        with _session(tf, folder):
            seconds = []
            for at in range(runs):
                with tf.profiler.experimental.Trace(RUN, step_num=at):
                    seconds.append(_timed(run))
        found = sorted(Path(folder).rglob("*.xplane.pb"))
        if not found:
            raise ReadError("TensorFlow's profiler wrote no trace; expected an .xplane.pb file")
        return found[0].read_bytes(), np.array(seconds)


@contextlib.contextmanager
def _session(tf: Any, folder: str) -> Iterator[None]:
    try:
        tf.profiler.experimental.start(folder)  # options, even those that hold anyway, make it warn of each of them
    except tf.errors.AlreadyExistsError as error:
        raise OptionError(
            "TensorFlow's profiler is already at work in this process, which can have only one; stop it first"
        ) from error
    try:
        yield
    finally:
        tf.profiler.experimental.stop()


def made_up(tf: Any, shape: Sequence[int], dtype: str, below: int) -> Any:
    """A tensor of an input: normal numbers, or whole ones from 0 to below ``below``; the same at every call.

    Raises:
        OptionError: Nothing can be made up for its type.
    """
    numbers = np.random.default_rng(0)
    kind = tf.as_dtype(dtype)
    if kind.is_floating:
        return tf.cast(tf.constant(numbers.standard_normal(tuple(shape), dtype=np.float32)), kind)
    if kind.is_integer:
        return tf.cast(tf.constant(numbers.integers(0, max(1, below), tuple(shape))), kind)
    if kind.is_bool:
        return tf.ones(tuple(shape), tf.bool)
    raise OptionError(f"an input of type {dtype} cannot be made up; give it: data=")


def matrix_product(tf: Any) -> Callable[[Any, Any], Any]:
    """The product of two matrices, by the library and the threads that the model runs with."""
    product = tf.function(tf.linalg.matmul, autograph=False)

    def run(one: Any, two: Any) -> Any:
        return product(tf.constant(one), tf.constant(two)).numpy()

    return run


def surroundings(tf: Any) -> Mapping[str, Any]:
    """What the figures depend on beside the model."""
    return {
        "tensorflow": str(tf.__version__),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "devices": sorted({device.device_type for device in tf.config.list_physical_devices()}),
    }
