"""Work in several processes that is interrupted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

CODE = """
from multiprocessing import active_children
from cutaway.indexing.workers import work
from tests.indexing.making import interrupting

if __name__ == "__main__":
    try:
        work(interrupting, range(6), workers=2)
    except KeyboardInterrupt:
        print("interrupted", len(active_children()))
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="Ctrl-C for a group of processes is a matter of POSIX")
def test_an_interrupt_ends_all_workers_at_once_and_silently(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(CODE, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}, timeout=50,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted 0\n", "")
