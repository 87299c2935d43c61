"""Reads one file, folded and raw, watched; run by ``test_bombs.py`` in a process of its own.

Usage: python bomb_worker.py FILE SECONDS; prints what became of it, and its memory in bytes.
"""

from __future__ import annotations

import json
import resource
import sys

from cutaway.errors import CutawayError
from cutaway.readers import read
from tests.readers.worker_memory import most_memory


def outcome(path: str, raw: bool) -> str:
    """What became of a file, in words."""
    try:
        graph = read(path, raw=raw)
    except CutawayError as error:
        return f"error: {error}"
    return f"graph: {len(graph)} nodes; {'; '.join(graph.warnings)}"


if __name__ == "__main__":
    seconds = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    told = [outcome(sys.argv[1], raw) for raw in (False, True)]
    memory = most_memory()
    sys.stdout.write(json.dumps({"told": told, "memory": memory}))
