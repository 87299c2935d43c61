"""Whole processes, measured from outside: wall time, CPU time and peak memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
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


LAUNCHER = """
import json, os, sys, time
out, err, *words = sys.argv[1:]
flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
files = [(os.POSIX_SPAWN_OPEN, to, path, flags, 0o600) for to, path in ((1, out), (2, err))]
start = time.perf_counter()
child = os.posix_spawn(sys.executable, [sys.executable, *words], os.environ, file_actions=files)
_, status, usage = os.wait4(child, 0)
wall = time.perf_counter() - start
print(json.dumps([wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)]))
"""
"""Starts a process from one that is smaller than any that is measured: Linux counts in the peak memory of a process
what its parent held when it was started."""


def run(words: Sequence[str], folder: Path) -> Run:
    """Run a Python process and wait for it.

    Args:
        words: What follows the name of the interpreter on the command line.
        folder: Where its output is kept while it runs.
    """
    out, err = folder / "stdout.txt", folder / "stderr.txt"
    launched = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAUNCHER, str(out), str(err), *words],
        env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True,
    )  # fmt: skip
    wall, cpu, memory, code = json.loads(launched.stdout)
    output, errors = (path.read_text(encoding="utf-8", errors="replace") for path in (out, err))
    return Run(wall, cpu, memory, code, output, errors)


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
