"""The process ``cutaway``: Ctrl-C at any moment, and output that nobody can write."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DIGITS = str(ROOT / "examples" / "digits.keras")

INTERRUPTED_AT = """
import signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
sys.argv[1:] = {words!r}
from cutaway.__main__ import main
sys.exit(main())
"""

INTERRUPTED_IN_A_DESTRUCTOR = """
import signal, sys, time
import cutaway.cli

class Interrupting:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

def run():
    Interrupting()
    time.sleep(60)
    return 0

cutaway.cli.main = run
from cutaway.__main__ import main
sys.exit(main())
"""

INTERRUPTED_AT_THE_END = """
import atexit, signal, sys
from cutaway.__main__ import main
atexit.register(signal.raise_signal, signal.SIGINT)
sys.exit(main())
"""


IGNORING = """
import signal, sys
import cutaway.cli

def run():
    signal.raise_signal(signal.SIGINT)
    return 7

signal.signal(signal.SIGINT, signal.SIG_IGN)
cutaway.cli.main = run
from cutaway.__main__ import main
sys.exit(main())
"""


def python(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip


@pytest.mark.parametrize(
    "module",
    ["argparse", "cutaway.cli", "cutaway.commands", "cutaway.graph.memory", "cutaway.picture", "cutaway.drawing.svg"],
)
def test_an_interrupt_while_modules_are_loaded(module: str, tmp_path: Path) -> None:
    done = python(INTERRUPTED_AT.format(module=module, words=["plot", DIGITS, "-o", str(tmp_path / "a.svg")]))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [
    ["summary"], ["check"], ["diff", DIGITS], ["chart", "-o", "a.svg"], ["profile"], ["view", "--no-browser"],
], ids=lambda words: str(words[0]))  # fmt: skip
def test_an_interrupt_of_any_command_that_has_begun(words: list[str]) -> None:
    done = python(INTERRUPTED_AT.format(module="cutaway.readers", words=[words[0], DIGITS, *words[1:]]))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("code", [INTERRUPTED_IN_A_DESTRUCTOR, INTERRUPTED_AT_THE_END])
def test_an_interrupt_where_python_would_only_print_it(code: str) -> None:
    done = python(code, "--version")
    assert (done.returncode, done.stderr) == (130, "")


def test_an_interrupt_that_a_shell_told_the_process_to_ignore() -> None:
    done = python(IGNORING)
    assert (done.returncode, done.stderr) == (7, "")


def test_the_command_that_is_installed_is_this_process() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert scripts == {"cutaway": "cutaway.__main__:main"}


@pytest.mark.parametrize("words", [
    ["--help"], ["--version"], ["plot", "--help"], ["check", "--list"], ["check", DIGITS], ["diff", DIGITS, DIGITS],
    ["summary", DIGITS], ["view", DIGITS, "--no-browser"],
], ids=" ".join)  # fmt: skip
def test_output_that_cannot_be_written_is_told_once(words: list[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full, the disk without room")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cutaway", *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )  # fmt: skip
        silent = subprocess.run(
            [sys.executable, "-m", "cutaway", *words], stdout=full, stderr=full, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )  # fmt: skip
    assert done.returncode == silent.returncode == 4
    assert done.stderr.startswith("cutaway: ")
    assert done.stderr.endswith("No space left on device\n")
    assert done.stderr.count("\n") == 1


def test_help_for_a_reader_that_went_away_is_silent() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "cutaway", "--help"], stdout=writing, stderr=subprocess.PIPE, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
