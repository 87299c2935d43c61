"""LiteRT's profiler, at work in a process of its own, since a version that is not known could end that."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from cutaway.graph.regular import read_regular
from cutaway.loading.litert_trial import signal_name
from cutaway.own_python import command
from cutaway.profiling.optimes import Floats
from cutaway.profiling.running import BUDGET, LEAST, MOST, WARM_UP

CHECKED = ("2.1.6", "2.2.0", "2.3.0")
"""Versions of ai-edge-litert whose C interface takes what `litert_child` gives it, as was tried with their wheels."""

PROGRAM = Path(__file__).with_name("litert_child.py")

LIMIT = 600.0
"""Seconds after which the process is taken to hang, and one more for each run that was asked for: 150 runs of 4."""

_AROUND = 10
_LARGEST = 1 << 28
"""Bytes of what the process writes: 2,000 runs of 10,000 operations."""

_MICRO = 1e-6

_TOLD = re.compile(r"ERROR: *(?:\[[^\]]*\] *)?(.*)")
"""A line of LiteRT's log that tells an error, with the place in its source before it."""

Kernels = Literal["xnnpack", "builtin"]


class Unprofiled(Exception):
    """Why operations were not timed, in words; never leaves this package."""


class Installed(NamedTuple):
    """LiteRT as it is installed: its version, and its library."""

    version: str
    library: Path


class Event(NamedTuple):
    """What the profiler noted once in each run.

    Attributes:
        tag: The operation, or what a delegate made of operations.
        kind: A bit of those in ``litert_profiler_event.h``.
        number: Of the operation in its subgraph; of a delegate's, the position among those of its part of the model.
        subgraph: Index of the subgraph.
    """

    tag: str
    kind: int
    number: int
    subgraph: int

    @property
    def is_operation(self) -> bool:
        """Whether it is one of the file's operations, run by LiteRT itself."""
        return self.kind == 1 << 1

    @property
    def is_delegated(self) -> bool:
        """Whether a delegate ran it, which numbers what it runs in its own way."""
        return self.kind in (1 << 2, 1 << 3)


@dataclass(frozen=True, slots=True)
class Recording:
    """What one process measured.

    Attributes:
        version: Of LiteRT.
        whole: Seconds of runs that nobody looked at.
        looked_at: Seconds of runs under the profiler.
        events: What each of these runs consists of, in order.
        seconds: Of each event in each run, by run and event; whole microseconds.
    """

    version: str
    whole: Floats
    looked_at: Floats
    events: tuple[Event, ...]
    seconds: Floats


def installed() -> Installed:
    """LiteRT, where its profiler can be used.

    Raises:
        Unprofiled: It is not installed, or in a version or on a machine for which that was never tried.
    """
    try:
        version = importlib.metadata.version("ai-edge-litert")
        found = importlib.util.find_spec("ai_edge_litert")
    except (ImportError, ValueError):  # ValueError: something that is no package bears its name
        found = None
    if found is None or not found.submodule_search_locations:
        raise Unprofiled("LiteRT's profiler is not there: pip install ai-edge-litert")
    if version not in CHECKED:
        raise Unprofiled(
            f"LiteRT's profiler was tried with ai-edge-litert {', '.join(CHECKED)} only, and {version} is installed"
        )
    if not sys.platform.startswith("linux") or platform.machine() not in ("x86_64", "AMD64"):
        raise Unprofiled("LiteRT's profiler was tried on Linux on x86-64 only")
    library = Path(next(iter(found.submodule_search_locations))) / "libLiteRt.so"
    if not library.is_file():
        raise Unprofiled(f"ai-edge-litert {version} came without libLiteRt.so")
    return Installed(version, library)


def recorded(
    litert: Installed, path: str, arrays: Mapping[int, Any], signature: str, runs: int | None, kernels: Kernels
) -> Recording:
    """Run a file under the profiler.

    Args:
        litert: What runs it.
        path: The file.
        arrays: Inputs by the index of their tensor.
        signature: Which signature is run; the first where empty.
        runs: How many runs are looked at; None for as many as fit into some seconds.
        kernels: ``"xnnpack"``, as LiteRT runs models by itself, which joins operations; or ``"builtin"``, one kernel
            for each operation of the file.

    Raises:
        Unprofiled: The process fails, crashes, hangs or writes something else.
    """
    with tempfile.TemporaryDirectory(prefix="cutaway-litert-") as folder:
        place = Path(folder)
        np.savez(place / "inputs.npz", **{str(tensor): array for tensor, array in arrays.items()})
        request = {
            "library": str(litert.library), "model": str(Path(path).absolute()), "inputs": str(place / "inputs.npz"),
            "signature": signature, "kernels": kernels, "threads": os.cpu_count() or 1, "runs": runs,
            "warm_up": WARM_UP, "least": LEAST, "most": MOST, "budget": BUDGET, "around": _AROUND,
        }  # fmt: skip
        (place / "request.json").write_text(json.dumps(request), encoding="utf-8")
        _run(place, LIMIT + (runs or 0))
        return _read(place / "reply.json", litert.version)


def _run(place: Path, limit: float) -> None:
    """Start the process, and wait until it has written its reply."""
    words = str(PROGRAM), str(place / "request.json"), str(place / "reply.json")
    said = place / "said.txt"
    try:
        with said.open("wb") as errors:
            done = subprocess.run(
                command(*words),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                timeout=limit,
                check=False,
            )
    except subprocess.TimeoutExpired as error:
        raise Unprofiled(f"LiteRT's profiler was not done after {limit:g} seconds") from error
    except OSError as error:
        raise Unprofiled(f"no process could be started for LiteRT's profiler: {error.strerror}") from error
    if done.returncode < 0:
        raise Unprofiled(f"LiteRT's profiler crashed ({signal_name(-done.returncode)})")
    if done.returncode:
        raise Unprofiled(f"LiteRT's profiler fails: {_last_words(said)}")


def _last_words(said: Path) -> str:
    """What LiteRT says is wrong, or where it says nothing, the error of the process."""
    with said.open("rb") as file:
        file.seek(max(0, said.stat().st_size - 8192))
        lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    told = [match[1] for line in lines if (match := _TOLD.match(line))]
    words = (told or lines or ["it does not say why"])[-1]
    return f"{words:.200}".rstrip(".")


def _read(path: Path, version: str) -> Recording:
    try:
        reply = json.loads(read_regular(path, _LARGEST, "what LiteRT's profiler saw"))
        events = tuple(Event(str(tag), int(kind), int(at), int(graph)) for tag, kind, at, graph in reply["events"])
        seconds = np.array(reply["microseconds"], dtype=np.float64) * _MICRO
        whole, looked_at = (np.array(reply[name], dtype=np.float64) for name in ("whole", "looked_at"))
    except (ValueError, TypeError, KeyError) as error:  # ReadError is a ValueError
        raise Unprofiled("LiteRT's profiler wrote something that cannot be read") from error
    if not events or seconds.shape[1:] != (len(events),) or not whole.size or not looked_at.size:
        raise Unprofiled("LiteRT's profiler saw no operations")
    return Recording(version, whole, looked_at, events, seconds)
