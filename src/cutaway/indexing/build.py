"""`build_index`: a log folder or a checkpoint becomes an index, or an index is brought up to date."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cutaway import __version__
from cutaway.errors import OptionError, ReadError
from cutaway.indexing import checkpoints, logs
from cutaway.indexing.places import Place, open_place
from cutaway.indexing.tables import arrow
from cutaway.indexing.workers import Told, work
from cutaway.readers import locate
from cutaway.readers.sniff_events import is_event_file, is_event_log

_ABOUT = "index.json"
_MOST = 1 << 20  # bytes of that file


def build_index(
    source: str,
    target: str,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    told: Told | None = None,
) -> dict[str, int]:
    """Make an index of a log folder or a checkpoint, or bring one up to date.

    What was indexed before and has not changed is not read again, also where the work was stopped in the middle.

    Args:
        source: A log folder, as a path or an address that fsspec knows, or the path of a model or checkpoint.
        target: Folder of the index, likewise.
        workers: Processes of this machine.
        scheduler: Address of a Dask scheduler, whose workers do the work; they must reach both places under the same
            paths or addresses, and have this version of cutaway.
        told: Is told how many tasks are done, and how many there are.

    Returns:
        How many of each thing there are in it.

    Raises:
        ReadError: There is nothing at the source, or no log and no model.
        OptionError: The target is the index of something else, or the scheduler does not answer.
        MissingExtra: pyarrow, distributed or fsspec is needed and not installed.
        OSError: The index cannot be written.
    """
    arrow()
    index = open_place(target)
    kind = "logs" if _is_log(source) else "weights"
    _claim(index, kind)
    if kind == "weights":
        units = checkpoints.tasks(source, target)
        work(checkpoints.index_part, units, workers=workers, scheduler=scheduler, told=told)
        return checkpoints.finish(index, units)
    files = logs.tasks(source, target)
    problems = work(logs.index_file, files, workers=workers, scheduler=scheduler, told=told)
    return logs.finish(index, files, [problem for problem in problems if problem])


def _is_log(source: str) -> bool:
    """Whether a source is a log folder: any address, and any folder with event files, whatever else is in it.

    Raises:
        ReadError: There is nothing there, or it is an event file or a zip of logs.
    """
    if "://" in source:
        return True
    if Path(source).is_dir():
        return any(map(is_event_file, open_place(source).names()))
    if is_event_log(locate(source)):
        raise ReadError(
            "expected a folder with event files; this is a file: name its folder, or unpack it", path=source
        )
    return False


def _claim(index: Place, kind: str) -> None:
    """Say what an index is of; refuse a folder that holds anything else."""
    about: dict[str, Any] = {"schema": logs.SCHEMA, "kind": kind, "cutaway": __version__}
    size = index.size(_ABOUT)
    if 0 <= size <= _MOST:
        with index.open(_ABOUT) as file:
            try:
                known = json.loads(file.read())
            except ValueError:
                known = None
        if isinstance(known, dict) and known.get("kind") == kind:
            return
        raise OptionError(f"{index.address}: is the index of something else than {kind}; choose another folder")
    try:
        held = index.names()
    except ReadError:
        held = []
    if held:
        raise OptionError(f"{index.address}: expected a folder that is empty, absent or an index; it holds {held[0]!r}")
    index.write(_ABOUT, json.dumps(about, indent=1).encode() + b"\n")
