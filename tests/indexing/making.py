"""Log folders for the tests, and what an index of one holds, byte by byte."""

from __future__ import annotations

import gzip
import math
import os
import signal
import time
from pathlib import Path

import numpy as np

from cutaway.training.event_writer import EventWriter


def write_run(folder: Path, values: int, *, seed: int = 0, tags: int = 3) -> Path:
    """One event file with scalars, a histogram and a text; the file."""
    chance = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.iterdir())
    writer = EventWriter(folder)
    for step in range(values):
        told = {f"tag{tag}": float(chance.normal()) for tag in range(tags)}
        if step % 17 == 5:
            told["tag0"] = math.nan
        writer.scalars(told, step)
    writer.close()
    made = set(folder.iterdir()) - before
    assert len(made) == 1
    return made.pop()


def write_logs(folder: Path, runs: int = 8) -> None:
    """Runs in nested folders, two files in one of them, a compressed one, and a cut one."""
    for run in range(runs):
        file = write_run(folder / f"group{run % 3}" / f"run{run}", 40 + 13 * run, seed=run)
        file.rename(file.with_name(f"events.out.tfevents.{run:03}"))  # names tell the time of writing otherwise
    second = write_run(folder / "group0" / "run0", 25, seed=99)
    second.rename(second.with_name("events.out.tfevents.900"))
    packed = folder / "group1" / "run1" / "events.out.tfevents.001"
    packed.write_bytes(gzip.compress(packed.read_bytes(), mtime=0))
    cut = folder / "group2" / "run2" / "events.out.tfevents.002"
    cut.write_bytes(cut.read_bytes()[:-7])


def tree(folder: Path) -> dict[str, bytes]:
    """All files of an index."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def interrupting(task: int) -> int:
    """A task in whose middle somebody presses Ctrl-C, which all processes of the terminal hear."""
    if task == 1:
        os.killpg(0, signal.SIGINT)
    time.sleep(60)
    return task
