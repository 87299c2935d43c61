"""Reads mutants of model files for a while, watched; run by ``test_fuzz.py`` in a process of its own.

Usage: python fuzz_worker.py SECONDS SEED SCRATCH SAMPLE…; prints what happened as JSON.
"""

from __future__ import annotations

import io
import json
import os
import random
import resource
import shutil
import signal
import struct
import sys
import sysconfig
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from cutaway.errors import CutawayError
from cutaway.graph.model import Graph
from cutaway.readers import read
from tests.readers.worker_memory import most_memory

SLOWEST = 5
"""Seconds that one file may take."""

MOST_MEMORY = 1 << 30
"""Bytes that reading may take; the address space has another gigabyte for libraries."""

Mutation = Callable[[bytearray, random.Random], None]


def flip_bits(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 2, 8))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def lengthen(data: bytearray, chance: random.Random) -> None:
    """A number becomes one that is far too large: a length, an offset, a varint."""
    at = chance.randrange(len(data))
    huge = chance.choice(
        (b"\xff" * 4, b"\xff\xff\xff\x7f", b"\xff" * 9 + b"\x01", struct.pack("<q", 1 << 40), b"\x00" * 8)
    )
    data[at : at + len(huge)] = huge


def swap(data: bytearray, chance: random.Random) -> None:
    size = chance.randrange(1, max(2, len(data) // 4))
    first, second = chance.randrange(len(data)), chance.randrange(len(data))
    data[first : first + size], data[second : second + size] = data[second : second + size], data[first : first + size]


def repeat(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    part = data[start : start + chance.randrange(1, 400)]
    data[start:start] = part * chance.choice((1, 5, 50))


def drop(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    del data[start : start + chance.randrange(1, 60)]


def odd_value(data: bytearray, chance: random.Random) -> None:
    """In texts, a number or word becomes another."""
    at = chance.randrange(len(data))
    while at < len(data) and not chr(data[at]).isalnum():
        at += 1
    end = at
    while end < len(data) and chr(data[end]).isalnum():
        end += 1
    words = (b"-1", b"99999999999999999999", b"null", b"[]", b"{}", b"1e999", b"[" * 2000, b'""', b"true", b"NaN")
    data[at:end] = chance.choice(words)


MUTATIONS: tuple[Mutation, ...] = (flip_bits, flip_bits, cut, lengthen, lengthen, swap, repeat, drop, odd_value)


def mutant(data: bytes, chance: random.Random) -> bytes:
    if data[:2] == b"PK" and chance.random() < 0.7:
        return zip_mutant(data, chance)
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        if changed:
            chance.choice(MUTATIONS)(changed, chance)
    return bytes(changed)


def zip_mutant(data: bytes, chance: random.Random) -> bytes:
    """A zip that is whole, with a member that is not."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    name = chance.choice(sorted(members))
    members[name] = mutant(members[name], chance) if members[name] else b"?"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return buffer.getvalue()


class Guard:
    """Nothing but the mutant, Python's own files and nameless files is opened; nothing is started or connected."""

    def __init__(self, scratch: Path) -> None:
        paths = sysconfig.get_paths()
        own = (paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"], sys.prefix, sys.base_prefix)
        source = Path(__file__).parents[2] / "src"
        self._allowed = tuple({os.path.realpath(path) for path in (*own, source, __file__, scratch)})
        self._temporary = os.path.realpath(tempfile.gettempdir())
        self.breaches: list[str] = []
        self.armed = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        if event.startswith(("subprocess.", "socket.", "os.system", "os.exec", "os.posix_spawn", "ctypes.dlopen")):
            self.breaches.append(f"{event} {arguments!r}")
        elif event == "open" and isinstance(arguments[0], str | bytes) and not self._is_allowed(arguments):
            self.breaches.append(f"opened {arguments[0]!r}")
        elif event == "pickle.find_class":
            self.breaches.append(f"unpickled {arguments!r}")

    def _is_allowed(self, arguments: tuple[Any, ...]) -> bool:
        path = os.path.realpath(os.fsdecode(arguments[0]))
        new = Path(path).parent == Path(self._temporary) and bool(arguments[2] & os.O_EXCL)
        nameless = new or path == self._temporary
        return nameless or any(path == root or path.startswith(root + os.sep) for root in self._allowed)


def samples(paths: list[str]) -> list[tuple[Path, list[Path]]]:
    """Each model with the files in it that are worth changing."""
    found = []
    for path in map(Path, paths):
        files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
        found.append((path, [file for file in files if 0 < file.stat().st_size < 1 << 20]))
    return found


def mutants(models: list[tuple[Path, list[Path]]], scratch: Path, seed: int) -> Iterator[tuple[Path, str]]:
    """Writes mutants without end, one at a time."""
    number = 0
    while True:
        chance = random.Random(f"{seed}/{number}")
        model, files = chance.choice(models)
        file = chance.choice(files)
        place = scratch / "mutant"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        copy = place / model.name
        if model.is_dir():
            shutil.copytree(model, copy)
        target = copy if model == file else copy / file.relative_to(model)
        target.write_bytes(mutant(file.read_bytes(), chance))
        yield copy, f"mutant {number} of seed {seed}: {file}"
        number += 1


def too_slow(signal_number: int, frame: Any) -> None:
    raise TimeoutError(f"more than {SLOWEST} s")


def attempt(path: Path, raw: bool) -> str:
    """What became of one file: ``graph``, ``error``, or a failure in words."""
    signal.setitimer(signal.ITIMER_REAL, SLOWEST)
    try:
        return "graph" if isinstance(read(path, raw=raw), Graph) else "no graph"
    except CutawayError:
        return "error"
    except BaseException as error:
        return "".join(traceback.format_exception(error)[-4:])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def main(seconds: float, seed: int, scratch: Path, paths: list[str]) -> dict[str, Any]:
    """Read mutants until the time is over."""
    models = samples(paths)
    for name in ("h5py", "numpy", "yaml", "google.protobuf.message"):
        import_module(name)  # what these open and start while they are imported is theirs
    for model, _ in models:
        for raw in (False, True):
            read(model, raw=raw)  # whatever is imported for it is imported now
    resource.setrlimit(resource.RLIMIT_AS, (2 * MOST_MEMORY, 2 * MOST_MEMORY))
    signal.signal(signal.SIGALRM, too_slow)
    guard = Guard(scratch)
    sys.addaudithook(guard)
    outcomes = {"graph": 0, "error": 0}
    failures: list[str] = []
    slowest, end = 0.0, time.monotonic() + seconds
    for number, (path, name) in enumerate(mutants(models, scratch, seed)):
        start = time.monotonic()
        guard.armed = True
        outcome = attempt(path, raw=number % 4 == 0)
        guard.armed = False
        slowest = max(slowest, time.monotonic() - start)
        if guard.breaches:
            outcome = guard.breaches.pop()
        if outcome in outcomes:
            outcomes[outcome] += 1
        else:
            shutil.copytree(path.parent, scratch / f"failure-{len(failures)}", dirs_exist_ok=True)
            failures.append(f"{name}\n{outcome}")
        if time.monotonic() > end or len(failures) >= 5:
            break
    memory = most_memory()
    return {**outcomes, "failures": failures, "slowest": slowest, "memory": memory}


if __name__ == "__main__":
    told = main(float(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
    sys.stdout.write(json.dumps(told))
