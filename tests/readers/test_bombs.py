"""Files that are made to cost more than they are worth become a graph or an error of ours, soon and in little memory.

``CUTAWAY_BOMBS`` says how large they are made; 1 is 10 MB.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.readers import bomb_worker
from tests.readers.bombs import BOMBS

ROOT = Path(__file__).parents[2]

SECONDS = 20
"""Of computing, for reading a file twice. It takes far less: what is caught here takes minutes."""

MOST_MEMORY = 1 << 30


def read_by_itself(path: Path) -> Any:
    """What becomes of a file, folded and raw."""
    done = subprocess.run(
        [sys.executable, str(Path(bomb_worker.__file__)), str(path), str(SECONDS)],
        capture_output=True, text=True, check=False, timeout=10 * SECONDS,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    assert done.returncode == 0, f"ended by signal {-done.returncode}: {done.stderr[-2000:]}"
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_or_refused(name: str, tmp_path: Path) -> None:
    data = BOMBS[name]()
    assert len(data) <= 10_000_000
    path = tmp_path / f"bomb.{name.rpartition('_')[2]}"
    path.write_bytes(data)
    told = read_by_itself(path)
    assert len(told["told"]) == 2
    assert told["memory"] < MOST_MEMORY
