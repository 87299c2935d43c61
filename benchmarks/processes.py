"""Whole processes, measured from outside: wall time, CPU time and peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Run:
    """One process, with the processes that it started itself.

    Attributes:
        wall: Seconds from start to end.
        cpu: Seconds of processor time, user and system, its children included.
        memory: Peak resident memory of the largest of them, in MiB.
        code: Exit code.
        output: What it wrote to stdout.
        errors: What it wrote to stderr.
    """

    wall: float
    cpu: float
    memory: float
    code: int
    output: str
    errors: str


def run(words: Sequence[str], folder: Path) -> Run:
    """Run a Python process and wait for it.

    The parent must be small: Linux counts what a process held before it was replaced by its program.

    Args:
        words: What follows the name of the interpreter on the command line.
        folder: Where its output is kept while it runs.
    """
    out, err = folder / "stdout.txt", folder / "stderr.txt"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, *words], stdout=stdout, stderr=stderr, env=environment())
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    return Run(
        wall,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1024,
        process.returncode,
        out.read_text(encoding="utf-8", errors="replace"),
        err.read_text(encoding="utf-8", errors="replace"),
    )


def environment() -> Mapping[str, str]:
    """The environment of a measured process: this checkout first, TensorFlow quiet and on the processor."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH")))),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "KERAS_BACKEND": "tensorflow",
    }


def median(runs: Sequence[Run]) -> Run:
    """The median of each number, which may be of different runs; words and code of the last one."""
    return Run(
        statistics.median(one.wall for one in runs),
        statistics.median(one.cpu for one in runs),
        statistics.median(one.memory for one in runs),
        runs[-1].code,
        runs[-1].output,
        runs[-1].errors,
    )
