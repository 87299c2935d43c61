"""Logs that the tests of the training view look at."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.training.event_messages import metadata, strings, summary
from cutaway.training.event_writer import EventWriter

BEGAN = 1_700_000_000.0


def write_run(folder: Path, tags: dict[str, np.ndarray], *, first: int = 0, began: float = BEGAN) -> None:
    """One run with scalars, one value a step and second."""
    with EventWriter(folder) as writer:
        count = len(next(iter(tags.values())))
        for at in range(count):
            told = {tag: float(values[at]) for tag, values in tags.items()}
            writer.scalars(told, first + at, wall_time=began + at)


def two_runs(folder: Path, count: int = 5_000) -> dict[str, np.ndarray]:
    """A training with validation, and another; the values by run."""
    noise = np.random.default_rng(5)
    made = {}
    for name, height in (("first/train", 1.0), ("first/validation", 1.3), ("second", 2.0)):
        values = height * np.exp(-np.arange(count) / (count / 3)) + noise.normal(size=count) * 0.05
        made[name] = values.astype(np.float32).astype(np.float64)
        write_run(folder / name, {"loss": made[name], "accuracy": 1 - made[name]})
    return made


def wave_of(samples: np.ndarray[Any, Any], rate: int) -> bytes:
    """A WAV file of one channel of 16 bits, by the standard library."""
    made = io.BytesIO()
    with wave.open(made, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.astype("<i2").tobytes())
    return made.getvalue()


def put_sounds(writer: EventWriter, tag: str, pairs: list[tuple[bytes, bytes]], step: int = 0) -> None:
    """Sounds with what is said about them, in the form of ``tf.summary.audio``."""
    value = strings([part for pair in pairs for part in pair], shape=[len(pairs), 2])
    writer._put(summary(tag, value, metadata("audio", data_class=3)), step, None)
