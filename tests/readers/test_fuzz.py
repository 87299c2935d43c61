"""Every reader reads damaged files for a while: a graph or an error of ours, soon, in little memory, and nothing else.

``CUTAWAY_FUZZ_SECONDS`` says how long for each format, ``CUTAWAY_FUZZ_SEED`` where to begin.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cutaway.readers import READERS, read
from tests.readers import fuzz_worker

MODELS = Path(__file__).parents[1] / "models"
ROOT = Path(__file__).parents[2]

SECONDS = float(os.environ.get("CUTAWAY_FUZZ_SECONDS", "4"))
SEED = int(os.environ.get("CUTAWAY_FUZZ_SEED", "1"))


def samples_of(name: str, scratch: Path) -> list[str]:
    """Small real files of a format."""
    if name == "keras_weights":
        import numpy as np

        np.savez(scratch / "w.npz", **{"a/b": np.zeros((3, 4), "float32"), "c": np.arange(5)})  # type: ignore[arg-type]
        return [str(scratch / "w.npz")]
    folder = MODELS / name
    return sorted(map(str, folder.iterdir())) if folder.is_dir() else []


@pytest.mark.parametrize("name", [reader.name for reader in READERS])
def test_damaged_files(name: str, tmp_path: Path) -> None:
    samples = samples_of(name, tmp_path)
    assert samples, f"tests/models/{name} holds no sample of this format"
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    done = subprocess.run(
        [sys.executable, str(Path(fuzz_worker.__file__)), str(SECONDS), str(SEED), str(scratch), *samples],
        capture_output=True, text=True, timeout=SECONDS + 60, check=False,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert told["failures"] == []
    assert told["graph"] + told["error"] > 5
    assert told["slowest"] < fuzz_worker.SLOWEST
    assert told["memory"] < fuzz_worker.MOST_MEMORY


@pytest.mark.parametrize("name", [reader.name for reader in READERS])
def test_the_samples_are_of_their_format(name: str, tmp_path: Path) -> None:
    assert {read(path).format for path in samples_of(name, tmp_path)} == {name}


def test_the_guard_sees_what_it_must(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from tests.readers.fuzz_worker import Guard
guard = Guard(Path({str(tmp_path)!r}))
sys.addaudithook(guard)
guard.armed = True
open({str(tmp_path / "inside")!r}, "w").close()
assert guard.breaches == [], guard.breaches
open("/etc/hostname").close()
import subprocess
subprocess.run(["true"])
guard.armed = False
print(len(guard.breaches))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    assert int(done.stdout) >= 2
