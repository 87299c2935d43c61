"""Reads one file, folded and raw, watched; run by ``test_bombs.py`` in a process of its own.

Usage: python bomb_worker.py FILE SECONDS; prints what became of it, and its memory in bytes.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from cutaway.errors import CutawayError
from cutaway.readers import read


def outcome(path: str, raw: bool) -> str:
    """What became of a file, in words."""
    try:
        graph = read(path, raw=raw)
    except CutawayError as error:
        return f"error: {error}"
    return f"graph: {len(graph)} nodes; {'; '.join(graph.warnings)}"


def most_memory() -> int:
    """Most memory of this process so far, in bytes; `resource` would count that of the process that started it too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024


if __name__ == "__main__":
    seconds = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    told = [outcome(sys.argv[1], raw) for raw in (False, True)]
    memory = most_memory()
    sys.stdout.write(json.dumps({"told": told, "memory": memory}))
