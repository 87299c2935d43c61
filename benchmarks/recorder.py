"""What `cutaway.Recorder` costs a training, beside no callback and `keras.callbacks.TensorBoard`, in one process.

Each way has a model of its own, made with the same seed, which it trains for epochs of 100 steps in pairs: one with
the callback and one without, each first in every other pair; the ways take turns. A ratio is the median over the pairs,
with the quartiles beside it. Both epochs of a pair train the same model, for two that are made alike may lie in memory
otherwise and not run equally fast, and what disturbs an epoch without a callback with which all ways were compared
would seem to be what all of them cost. The first row is a way that does nothing: as far as it is from 1, so far the
others may be off. Every epoch is a `fit` of its own, so that what the beginning and the end of one cost counts fully,
as it does in no longer training. The first epoch, in which everything is traced, is told apart. Processor time is what
counts; the wall clock stands beside it. What a step costs that is not recorded is measured with a train function that
does nothing.

Memory is what TensorFlow's own allocator says was in use at once in a step, at most, from the end of the step before to
its own, behind the recorder: what the recorder makes in the step and after it, weights included, and what waits to be
written all count; blocks that the allocator keeps unused do not. No tensor of it is copied: NumPy looks at it where it
lies. Each way has a process of its own, and the median over the steps is told, for what happens to run at the same time
in two threads differs: from step to step of the mlp, and from process to process, by up to 1 MiB, whatever is recorded.
So it is measured in a single thread too, where all steps need the same, though nobody trains so. The memory of Python
is what `tracemalloc` sees in an epoch, of all threads, NumPy's arrays included: texts and rows on their way into the
file. The peak of the process holds what is there once: modules, traced functions, and the blocks of the allocator.

The data are made anew for nobody: one batch, repeated, with the tuner of tf.data off. With it on, the end of each
`fit` waits for a thread whose period doubles from 10 ms on, and epochs take 0.63, 1.27 or 2.55 s whatever they do.

Usage: python benchmarks/recorder.py [--quick] [--only mlp cnn mobilenet steps memory] [--rounds N]
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

import cutaway
from benchmarks.results import table, verdict, write_section

STEPS = 100
NOTHING, EVERYTHING = "no callback", "`Recorder(every=100)`, all of all layers"
WAYS: dict[str, Callable[[Path], Any]] = {
    NOTHING: lambda _: None,
    "`Recorder()`": lambda folder: cutaway.Recorder(folder),
    EVERYTHING: lambda folder: cutaway.Recorder(folder, every=100),
    '`Recorder(every=100, record="weights")`': lambda folder: cutaway.Recorder(folder, every=100, record="weights"),
    "`TensorBoard()`": lambda folder: keras.callbacks.TensorBoard(folder),
    "`TensorBoard(histogram_freq=1)`": lambda folder: keras.callbacks.TensorBoard(folder, histogram_freq=1),
}
TARGETS = {"`Recorder()`": 1.03, EVERYTHING: 1.05}


def mlp() -> tuple[Any, tuple[int, ...]]:
    """Four dense layers, 670,000 weights."""
    layers = [keras.layers.Dense(512, activation="relu") for _ in range(3)]
    return keras.Sequential([keras.Input((256,)), *layers, keras.layers.Dense(10)]), (128, 256)


def cnn() -> tuple[Any, tuple[int, ...]]:
    """Convolutions with normalisation, 225,000 weights."""
    model = keras.Sequential([keras.Input((32, 32, 3))])
    for filters in (32, 64, 64, 128):
        model.add(keras.layers.Conv2D(filters, 3, padding="same", use_bias=False))
        model.add(keras.layers.BatchNormalization())
        model.add(keras.layers.ReLU())
        model.add(keras.layers.MaxPooling2D())
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(128, activation="relu"))
    model.add(keras.layers.Dense(10))
    return model, (16, 32, 32, 3)


def mobilenet() -> tuple[Any, tuple[int, ...]]:
    """MobileNetV2 for images of 96 × 96."""
    model = keras.applications.MobileNetV2((96, 96, 3), weights=None, classes=10, classifier_activation=None)
    return model, (8, 96, 96, 3)


MODELS = {"mlp": mlp, "cnn": cnn, "mobilenet": mobilenet}


class Pair(NamedTuple):
    """An epoch with a callback beside one without: seconds of that one by the clock, and how often it fits."""

    seconds: float
    wall: float
    cpu: float


class Trained:
    """A model that one way trains."""

    def __init__(self, name: str, way: str, folder: Path) -> None:
        keras.utils.set_random_seed(1)
        self.model, shape = MODELS[name]()
        self.model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        batch = (
            tf.random.stateless_normal(shape, [1, 2]),
            tf.random.stateless_uniform(shape[:1], [3, 4], 0, 10, tf.int32),
        )
        options = tf.data.Options()
        options.autotune.enabled = False
        self.data = tf.data.Dataset.from_tensors(batch).repeat(STEPS).with_options(options)
        callback = WAYS[way](folder)
        self.callbacks = [] if callback is None else [callback]

    def epoch(self, callbacks: Sequence[Any]) -> tuple[float, float]:
        """Train for an epoch; seconds by the clock and of the processors."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.model.fit(self.data, epochs=1, verbose=0, callbacks=list(callbacks))
        return time.perf_counter() - wall, time.process_time() - cpu

    def pair(self, turn: int) -> Pair:
        """Train for two epochs, of which every other turn the first one has the callback."""
        if turn % 2:
            told, plain = self.epoch(self.callbacks), self.epoch([])
        else:
            plain, told = self.epoch([]), self.epoch(self.callbacks)
        return Pair(plain[0], told[0] / plain[0], told[1] / plain[1])


def compare(name: str, rounds: int, work: Path) -> str:
    """The ways beside each other, on one model."""
    trained: dict[str, Trained] = {}
    firsts: dict[str, tuple[float, float]] = {}
    for place, way in enumerate(WAYS):
        trained[way] = Trained(name, way, work / f"{name}{place}")
        firsts[way] = trained[way].epoch(trained[way].callbacks)
    pairs: dict[str, list[Pair]] = {way: [] for way in WAYS}
    ways = list(WAYS)
    for turn in range(rounds):
        for way in ways[turn % len(ways) :] + ways[: turn % len(ways)]:
            pairs[way].append(trained[way].pair(turn))
    rows = []
    for place, way in enumerate(ways):
        wall = statistics.median(pair.wall for pair in pairs[way])
        low, cpu, high = statistics.quantiles((pair.cpu for pair in pairs[way]), n=4, method="inclusive")
        target = TARGETS.get(way)
        size = sum(path.stat().st_size for path in (work / f"{name}{place}").rglob("*") if path.is_file())
        rows.append([
            way, f"{cpu:.3f}", f"{low:.3f} to {high:.3f}", f"{wall:.3f}",
            "" if target is None else f"≤ {target:.2f}: {'reached' if cpu <= target else 'MISSED'}",
            f"{firsts[way][1] - firsts[NOTHING][1]:+.1f} s", f"{size / (rounds + 1) / 1e6:.2f} MB",
        ])  # fmt: skip
    alone = statistics.median(pair.seconds for pair in pairs[NOTHING])
    heading = [
        f"{name}, {alone / STEPS * 1e3:.1f} ms a step", "processor time", "half of the pairs", "wall clock", "target",
        "first epoch", "written an epoch",
    ]  # fmt: skip
    return table(heading, rows)


def steps(work: Path) -> str:
    """What a step costs that is not recorded."""
    rows = []
    logs = {"loss": tf.constant(1.0), "accuracy": tf.constant(0.5)}
    for place, way in enumerate(WAYS):
        if way == NOTHING:
            continue
        told = Trained("mlp", way, work / f"steps{place}")
        callback = told.callbacks[0]
        if isinstance(callback, cutaway.Recorder) and callback._options.weight_steps:
            callback = cutaway.Recorder(work / f"steps{place}", every=1 << 30)
        callback.set_model(told.model)
        callback.set_params({"verbose": 0})
        told.model.train_function = lambda _: logs
        callback.on_train_begin()
        callback.on_epoch_begin(0)
        hooked = not hasattr(callback.on_train_batch_end, "_is_default")
        count = 5000
        begun = time.process_time()
        for number in range(count):
            if hooked:
                callback.on_train_batch_begin(number % 99, None)
            answer = told.model.train_function(None)
            if hooked:  # Keras fetches the metrics for it
                callback.on_train_batch_end(number % 99, {name: float(value) for name, value in answer.items()})
        spent = (time.process_time() - begun) / count
        rows.append([way, f"{spent * 1e6:.1f} µs", f"≤ 100 µs: {'reached' if spent <= 1e-4 else 'MISSED'}"])
        told.model.train_function = None
    return table(["a step", "processor time", "target"], rows)


def memory(names: list[str], work: Path) -> str:
    """What a recorded step holds more than one of a training without a callback."""
    rows = []
    for name, threads in itertools.product(names, (0, 1)):
        plain, recorded = (_measured(name, way, threads, work) for way in (NOTHING, EVERYTHING))
        extra = recorded["recorded"] - plain["plain"]
        target = 2 * plain["largest"]
        rows.append([
            f"{name}, one thread" if threads else name,
            f"{plain['largest']:.1f} MiB", f"{plain['plain']:.1f} MiB", f"{recorded['plain']:.1f} MiB",
            f"{recorded['recorded']:.1f} MiB", f"{extra:+.1f} MiB", verdict(extra, round(target, 1), "MiB"),
            f"{recorded['python']:.1f} MiB", f"{plain['process']:.0f} and {recorded['process']:.0f} MiB",
        ])  # fmt: skip
    heading = [
        "all of all layers", "largest output of a layer", "a step, no callback", "a step that is not recorded",
        "a recorded step", "more", "target", "Python's own, by the way", "peak of the process, without and with",
    ]  # fmt: skip
    return table(heading, rows)


def _measured(name: str, way: str, threads: int, work: Path) -> dict[str, float]:
    words = [sys.executable, __file__, "--alone", name, way, "--threads", str(threads), "--work", str(work)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def peaks_into(found: list[float]) -> Any:
    """A callback that notes the most that TensorFlow had in use in each step, in MiB."""

    def begin(*_: Any, **__: Any) -> None:
        tf.config.experimental.reset_memory_stats("CPU:0")

    def end(*_: Any, **__: Any) -> None:
        found.append(tf.config.experimental.get_memory_info("CPU:0")["peak"] / 2**20)

    return keras.callbacks.LambdaCallback(on_train_batch_begin=begin, on_train_batch_end=end)


def alone(name: str, way: str, work: Path) -> dict[str, float]:
    """Memory of one way to train one model, every tenth step of which is recorded, in MiB."""
    told = Trained(name, way, work / f"memory-{name}-{way == NOTHING}")
    own = [] if way == NOTHING else [cutaway.Recorder(work / f"memory-{name}", every=10)]
    told.data = told.data.take(40)
    told.epoch(own)
    peaks: list[float] = []
    told.model.fit(told.data, epochs=3, verbose=0, callbacks=[*own, peaks_into(peaks)])
    status = Path("/proc/self/status").read_text()  # getrusage would tell the peak of the process that began this one
    process = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]
    tracemalloc.start()
    told.epoch(own)
    shape = told.data.element_spec[0].shape
    sizes = [np.prod(layer.output.shape[1:]) for layer in told.model.layers]
    return {
        "plain": statistics.median(found for place, found in enumerate(peaks) if place % 10 != 9),
        "recorded": statistics.median(peaks[9::10]),
        "largest": float(4 * shape[0] * max(sizes) / 2**20),
        "python": tracemalloc.get_traced_memory()[1] / 2**20,
        "process": process,
    }


def main() -> None:
    """Measure, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, help="pairs of epochs of each way (default: 9, of MobileNetV2 3)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, no MobileNetV2, and write nothing")
    parser.add_argument("--only", nargs="+", choices=[*MODELS, "steps", "memory"], help="some parts, and write nothing")
    parser.add_argument("--models", nargs="+", choices=MODELS, help="whose memory is measured (default: all)")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--alone", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = options.work or Path(folder)
        if options.alone is not None:
            name, way = options.alone
            tf.config.threading.set_inter_op_parallelism_threads(options.threads)
            tf.config.threading.set_intra_op_parallelism_threads(options.threads)
            print(json.dumps(alone(name, way, work)))
            return
        parts = options.only or (["mlp", "cnn", "steps"] if options.quick else [*MODELS, "steps", "memory"])
        bodies = []
        for part in parts:
            if part == "steps":
                bodies.append(steps(work))
            elif part == "memory":
                bodies.append(memory(options.models or list(MODELS), work))
            else:
                rounds = options.rounds or (3 if options.quick or part == "mobilenet" else 9)
                bodies.append(compare(part, rounds, work))
            print(bodies[-1], flush=True)
    if not options.only and not options.quick:
        write_section("recorder.py", "\n\n".join(bodies), ["tensorflow-cpu", "keras", "tensorboard", "numpy"])


if __name__ == "__main__":
    main()
