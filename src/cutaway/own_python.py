"""`command`, `environment`: how this process starts Python once more, to run a part of cutaway beside itself.

In: nothing. Out: what `subprocess` asks for. May import: nothing of cutaway.
"""

from __future__ import annotations

import errno
import os
import sys


def command(*words: str) -> list[str]:
    """The command that runs Python as this process does.

    Args:
        words: What Python is to run.

    Raises:
        OSError: This process is a program that has Python in it: to start that again would be to start the program.
    """
    if getattr(sys, "frozen", False) or not sys.executable:
        raise FileNotFoundError(errno.ENOENT, "this program has no Python that can be started by itself")
    return [sys.executable, "-P", *words]


def environment() -> dict[str, str]:
    """The variables with which it imports what this process imports."""
    path = [each for each in sys.path if isinstance(each, str) and each]  # Python passes over paths of other types too
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
