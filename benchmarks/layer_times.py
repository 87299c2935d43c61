"""How well the time of layers is told: what lands on a layer, how steady the order is, and timing layers alone beside.

Each model is profiled three times in one process, as ``cutaway.profile`` does by default. The order of its ten slowest
layers is compared between the three (Kendall's tau, the least of the pairs). Beside it every layer is timed alone, as
its own compiled function on the tensors that it really gets: what the sum of that is of the whole model, how the order
of the ten slowest compares, and how long it takes.

Usage: python benchmarks/layer_times.py [--rounds N] [--work FOLDER] [--only PART …]
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from benchmarks.results import parts_parser, table, write_section

LANDED = 0.99
"""Share of the time of operations that must land on a layer."""

TAU = 0.8
"""Kendall's tau that the order of the ten slowest must keep between any two of three runs."""

SLOWEST = 10


def transformer() -> Any:
    """Four blocks of an encoder on 128 tokens."""
    from keras import Input, Model, layers

    tokens = Input((128,), dtype="int32")
    x = layers.Embedding(20_000, 256)(tokens)
    for _ in range(4):
        attended = layers.MultiHeadAttention(8, 32)(x, x)
        x = layers.LayerNormalization()(layers.Add()([x, attended]))
        wide = layers.Dense(1024, activation="gelu")(x)
        x = layers.LayerNormalization()(layers.Add()([x, layers.Dense(256)(wide)]))
    return Model(tokens, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


def application(name: str) -> Callable[[], Any]:
    """One of Keras' own models, with new weights."""

    def make() -> Any:
        import keras

        return getattr(keras.applications, name)(weights=None)

    return make


MODELS: Mapping[str, tuple[Callable[[], Any], int]] = {
    "MobileNetV2": (application("MobileNetV2"), 8),
    "ResNet50": (application("ResNet50"), 4),
    "transformer": (transformer, 8),
}
"""Name → what makes it, and how many examples it gets."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was seen of one model.

    Attributes:
        landed, raw: The least share that landed on a layer, and the median raw share.
        tau: The least of the three pairs of runs, in the order that is shown.
        bare: The same in the order of times alone, in which equal layers change places by chance.
        whole: Seconds of a run of the model.
        seconds: What one profile takes.
        alone: Sum of layers timed alone, as a share of the whole; what that takes; tau against ours.
    """

    landed: float
    raw: float
    tau: float
    bare: float
    whole: float
    seconds: float
    alone: tuple[float, float, float]


def order_kept(first: Sequence[str], second: Sequence[str]) -> float:
    """Kendall's tau of the first ten of the first order in both."""
    place = {name: at for at, name in enumerate(second)}
    pairs = list(combinations(first[:SLOWEST], 2))
    return sum(1 if place[one] < place[two] else -1 for one, two in pairs) / len(pairs)


def least_kept(orders: Sequence[Sequence[str]]) -> float:
    """The least tau between any two orders."""
    return min(order_kept(one, two) for one, two in combinations(orders, 2))


def by_time(times: Mapping[str, float]) -> list[str]:
    """Names, the slowest first."""
    return sorted(times, key=lambda name: -times[name])


def measure(make: Callable[[], Any], batch: int, rounds: int) -> Result:
    """Profile a model three times, and time its layers alone."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import cutaway

    model = make()
    found, seconds = [], []
    for _ in range(3):
        begun = time.perf_counter()
        found.append(cutaway.profile(model, batch=batch, peak=1e11, bandwidth=1e10))
        seconds.append(time.perf_counter() - begun)
    times = [{row.id: row.seconds for row in each.rows} for each in found]
    whole = median(each.whole for each in found)
    begun = time.perf_counter()
    own = alone(model, batch, rounds)
    took = time.perf_counter() - begun
    seen = {name: time for name, time in times[0].items() if name in own}
    return Result(
        landed=min(each.landed for each in found),
        raw=median(each.raw_share for each in found),
        tau=least_kept([[row.id for row in each.slowest()] for each in found]),
        bare=least_kept([by_time(each) for each in times]),
        whole=whole,
        seconds=median(seconds),
        alone=(sum(own.values()) / whole, took, least_kept([by_time(each) for each in (seen, own)])),
    )


def alone(model: Any, batch: int, rounds: int) -> dict[str, float]:
    """Seconds of each layer, compiled by itself and run on the tensors that it gets in the model."""
    import keras
    import numpy as np
    import tensorflow as tf

    calls = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    numbers = np.random.default_rng(0)
    given = [
        tf.constant(numbers.integers(0, 100, (batch, *each.shape[1:])), tf.int32)
        if "int" in each.dtype
        else tf.constant(numbers.standard_normal((batch, *each.shape[1:])), tf.float32)
        for each in model.inputs
    ]
    wanted = [tensor for layer in calls for tensor in tf.nest.flatten(layer.input)]
    tensors = iter(tf.nest.flatten(keras.Model(model.inputs, wanted)(given)))
    found = {}
    for layer in calls:
        received = tf.nest.map_structure(lambda _: next(tensors), layer.input)
        several = isinstance(layer, keras.layers.MultiHeadAttention)  # which takes its tensors one by one
        arguments = tuple(received) if several else (received,)
        function = tf.function(lambda *these, layer=layer: layer(*these, training=False))
        found[layer.name] = _median_seconds(partial(function, *arguments), rounds)
    return found


def _median_seconds(run: Callable[[], Any], rounds: int) -> float:
    for _ in range(3):
        run()
    spent = []
    for _ in range(rounds):
        begun = time.perf_counter()
        run()
        spent.append(time.perf_counter() - begun)
    return median(spent)


def row(name: str, batch: int, found: Result) -> Sequence[str]:
    """A line of the table."""
    share, took, tau = found.alone
    return (
        f"{name}, batch {batch}",
        f"{found.whole * 1e3:.1f} ms",
        f"{found.landed:.2%} ({'reached' if found.landed >= LANDED else 'MISSED'})",
        f"{found.raw:.0%}",
        f"{found.tau:.2f} ({'reached' if found.tau >= TAU else 'MISSED'})",
        f"{found.bare:.2f}",
        f"{found.seconds:.1f} s",
        f"{share:.1f} ×, tau {tau:.2f}, {took:.1f} s",
    )


def main() -> None:
    """Measure, print, and write the section."""
    parser = parts_parser(__doc__, MODELS, rounds=20)
    arguments = parser.parse_args()
    rows = []
    for name, (make, batch) in MODELS.items():
        if not arguments.only or name in arguments.only:
            rows.append(row(name, batch, measure(make, batch, arguments.rounds)))
            print(*rows[-1], sep="  ")
    heads = (
        "model",
        "a run",
        "on a layer",
        "raw share",
        "tau of three",
        "by time alone",
        "a profile takes",
        "layers timed alone",
    )
    text = table(heads, rows)
    if not arguments.only:
        words = (
            f"Targets: {LANDED:.0%} of the time of operations on a layer, tau at least {TAU} between any two of three "
            "profiles for the ten slowest layers, as they are listed: times that no gap parts share a rank. "
            "Beside it the same by time alone: the layers of equal blocks have no order. The last column is the sum "
            "of layers timed alone beside the whole model, how the order of our ten slowest compares with that, and "
            "what it takes."
        )
        write_section("layer_times.py", f"{words}\n\n{text}", ("tensorflow-cpu", "keras"))


if __name__ == "__main__":
    main()
