"""What a file or folder looks like from outside, to tell when it has changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

MOST_FILES = 2_000
"""Files of a folder that are looked at; a model has some dozen."""

Look = tuple[tuple[str, int, int], ...]
"""Name, time of the last change and size of every file."""


def look(path: Path) -> Look:
    """What a model looks like; empty where there is nothing.

    The path of a checkpoint is the beginning of the names of several files.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return tuple(sorted(_beside(path)))
    return tuple(sorted(_inside(path))) if stat.S_ISDIR(mode) else tuple(_entry(path, ""))


def _entry(path: Path, name: str) -> Iterator[tuple[str, int, int]]:
    try:
        found = path.stat()
    except OSError:
        return
    yield name, found.st_mtime_ns, found.st_size


def _beside(path: Path) -> Iterator[tuple[str, int, int]]:
    try:
        names = [found.name for found in path.parent.iterdir() if found.name.startswith(f"{path.name}.")]
    except (OSError, ValueError):
        return
    for name in names[:MOST_FILES]:
        yield from _entry(path.parent / name, name)


def _inside(folder: Path) -> Iterator[tuple[str, int, int]]:
    count = 0
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            count += 1
            if count > MOST_FILES:
                return
            place = Path(root, name)
            yield from _entry(place, str(place.relative_to(folder)))
