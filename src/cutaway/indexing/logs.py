"""Event files into an index: each in chunks, whose tables depend on nothing but the bytes of the file.

A chunk begins where the one before it ended and is closed once it has `CHUNK` bytes and more follow. A closed chunk is
never read again while the file begins as it did; the last, open one is read again when the file has grown. Whenever
and wherever a file is indexed, and however often the work was stopped: the tables are the same.
"""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from cutaway.errors import ReadError
from cutaway.indexing.places import Place, open_place
from cutaway.indexing.tables import FILES, POINTS, SERIES, packed, rows, said
from cutaway.readers.sniff_events import is_event_file
from cutaway.training.event_reader import STRETCH, EventFile
from cutaway.training.event_stretch import Taken
from cutaway.training.series import HISTOGRAMS, SCALARS, Series, kind_of
from cutaway.whole_files import UNFINISHED

SCHEMA = 1
"""Version of the pieces; those of another are made anew."""

CHUNK = 64 << 20
"""Bytes of a file that become one piece: some million scalars, and what a stopped job may have to read again."""

_ENDS = 4096  # bytes at the beginning and before the end of what was read, by which a file is known again
_WARNINGS = 20  # of a chunk that are kept
_PIECE: dict[str, str] = {name: kind for name, kind in SERIES.items() if name not in ("run", "files", "file")}


@dataclass(frozen=True, slots=True)
class Task:
    """An event file that is to be indexed.

    Attributes:
        source: Address of the log folder.
        index: Address of the index.
        name: The file, in the log folder.
        chunk: Bytes of a chunk.
    """

    source: str
    index: str
    name: str
    chunk: int = CHUNK


def tasks(source: str, index: str, chunk: int = CHUNK) -> list[Task]:
    """The event files of a log folder, in the order of their names.

    Raises:
        ReadError: There is no such folder, or no event file in it.
    """
    found = [Task(source, index, name, chunk) for name in open_place(source).names() if is_event_file(name)]
    if not found:
        raise ReadError("expected a folder with event files; there is none in it", path=source)
    return found


def run_of(name: str) -> str:
    """The run that a file belongs to: its folder, ``.`` for the log folder itself."""
    return name.rpartition("/")[0] or "."


def index_file(task: Task) -> str:
    """Bring the pieces of one file up to date.

    Returns:
        Why the file could not be read; empty where it could.

    Raises:
        OSError: The index cannot be written.
    """
    source, index = open_place(task.source), open_place(task.index)
    size = source.size(task.name)
    try:
        number, begin, done = _resume(source, index, task, size)
    except OSError as error:
        return f"{task.name}: {error}"
    while not done:
        try:
            made = _chunk(source, task, begin, size)
        except (OSError, EOFError, ReadError, zlib.error) as error:
            return f"{task.name}: {error}"
        _write(index, task, number, made)
        done = not made.closed
        if not done:
            number, begin = number + 1, made.end
    _forget(index, task.name, number + 1)
    return ""


@dataclass(slots=True)
class _Chunk:
    begin: int
    end: int
    closed: bool
    size: int
    waiting: int
    ends: str = ""
    series: dict[str, Series] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def _key(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:20]


def _piece(name: str, number: int) -> str:
    return f"pieces/{_key(name)}-{number:05}.parquet"


def _points(name: str, number: int) -> str:
    return f"points/{_key(name)}-{number:05}.parquet"


def _resume(source: Place, index: Place, task: Task, size: int) -> tuple[int, int, bool]:
    """Which chunk comes next, where it begins, and whether there is nothing left to do.

    Raises:
        OSError: The file cannot be read.
    """
    number, begin = 0, 0
    while (known := _known(source, index, task, number, begin, size)) is not None:
        if not known["closed"]:
            return number, begin, known["size"] == size
        number, begin = number + 1, int(known["end"])
    return number, begin, False


def _known(source: Place, index: Place, task: Task, number: int, begin: int, size: int) -> dict[str, Any] | None:
    """What the piece of a number says, where it still tells of these bytes."""
    found = said(index, _piece(task.name, number))
    if found is None or (found.get("schema"), found.get("name"), found.get("begin"), found.get("chunk")) != (
        SCHEMA, task.name, begin, task.chunk,
    ):  # fmt: skip
        return None
    if found["end"] > size or index.size(_points(task.name, number)) < 0:
        return None
    return found if found["ends"] == _ends(source, task.name, found["end"]) else None


def _ends(source: Place, name: str, end: int) -> str:
    """A digest of the first bytes of a file, and of the last before a place."""
    with source.open(name) as file:
        first = file.read(min(_ENDS, end))
        file.seek(max(0, end - _ENDS))
        return hashlib.sha256(first + file.read(min(_ENDS, end))).hexdigest()[:32]


def _chunk(source: Place, task: Task, begin: int, size: int) -> _Chunk:
    """Read one chunk.

    Raises:
        OSError: The file cannot be read.
        ReadError: It is none.
    """
    file = EventFile(task.name)
    file.offset = begin
    made = _Chunk(begin, begin, False, size, 0)
    with source.open(task.name) as raw:
        packed_ = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        before = begin
        for taken in file.read_from(raw, size):
            _take(made, taken)
            full = before + STRETCH <= size and not packed_
            before = file.offset
            if full and file.offset - begin >= task.chunk:
                made.closed = True
                break
    # of a packed file only the bytes that lie on the disk are compared
    made.end = size if packed_ else file.offset
    made.waiting = 0 if made.closed or packed_ else max(0, size - file.offset)
    odd = [
        f"{series.tag}: {series.left_out:,} of its values are no {series.kind} and left out"
        for series in made.series.values() if series.left_out
    ]  # fmt: skip
    made.warnings = [*file.warnings, *odd][:_WARNINGS]
    made.ends = _ends(source, task.name, made.end)
    return made


def _take(made: _Chunk, taken: Taken) -> None:
    for block in taken.blocks:
        if block.tag not in made.series:
            made.series[block.tag] = Series(block.tag, kind_of(block))
        made.series[block.tag].add(block)


def _write(index: Place, task: Task, number: int, made: _Chunk) -> None:
    """Write the tables of a chunk: the points first, then the piece, which says that both are there."""
    tags = sorted(tag for tag, series in made.series.items() if len(series))
    scalars = [made.series[tag] for tag in tags if made.series[tag].kind == SCALARS]
    counts = np.array([len(series) for series in scalars], np.int64)
    same = np.zeros(int(counts.sum()), np.int32)
    columns: dict[str, Any] = {
        "run": (same, [run_of(task.name)]),
        "tag": (np.repeat(np.arange(len(scalars), dtype=np.int32), counts), [series.tag for series in scalars]),
        "file": (same, [task.name]),
        "step": _joined([series.steps for series in scalars], np.int64),
        "time": _joined([series.times for series in scalars], np.float64),
        "value": _joined([series.values for series in scalars], np.float64),
    }
    index.write(_points(task.name, number), packed(POINTS, columns))
    told = [_summary(made.series[tag]) for tag in tags]
    about = {
        "schema": SCHEMA, "name": task.name, "begin": made.begin, "end": made.end, "closed": made.closed,
        "size": made.end if made.closed else made.size, "waiting": made.waiting, "warnings": made.warnings,
        "chunk": task.chunk, "ends": made.ends,
    }  # fmt: skip
    index.write(
        _piece(task.name, number), packed(_PIECE, {name: [row[name] for row in told] for name in _PIECE}, about)
    )


def _joined(parts: list[npt.NDArray[Any]], kind: type) -> npt.NDArray[Any]:
    return np.concatenate(parts).astype(kind) if parts else np.zeros(0, kind)


def _summary(series: Series) -> dict[str, Any]:
    """A series of a chunk in numbers."""
    low, high, last, odd = _range(series)
    return {
        "tag": series.tag,
        "kind": series.kind,
        "count": len(series),
        "first_step": int(series.steps[0]),
        "last_step": int(series.steps[-1]),
        "first_time": float(series.times[0]),
        "last_time": float(series.times[-1]),
        "min": low,
        "max": high,
        "last": last,
        "not_finite": odd,
    }


def _range(series: Series) -> tuple[float | None, float | None, float | None, int]:
    """The least, the greatest and the last value of scalars; the outermost edges of histograms."""
    if series.kind == SCALARS:
        finite = series.values[np.isfinite(series.values)]
        odd = len(series) - len(finite)
        last = float(series.values[-1])
        return (float(finite.min()), float(finite.max()), last, odd) if len(finite) else (None, None, last, odd)
    if series.kind == HISTOGRAMS:
        filled = [value for value in series.values if len(value)]
        if filled:
            return min(float(value[0, 0]) for value in filled), max(float(value[-1, 1]) for value in filled), None, 0
    return None, None, None, 0


def _forget(index: Place, name: str, number: int) -> None:
    """Take away pieces that no chunk has any more: the file was cut or replaced."""
    while index.size(_piece(name, number)) >= 0 or index.size(_points(name, number)) >= 0:
        index.remove(_piece(name, number))
        index.remove(_points(name, number))
        number += 1


def finish(index: Place, wanted: list[Task], problems: list[str]) -> dict[str, int]:
    """Put the pieces of all files together as the tables ``series`` and ``files``.

    Args:
        index: The index.
        wanted: The files that are in the log folder; what the index holds of others goes.
        problems: Files that could not be read, in words.

    Returns:
        How many files, runs, series and values there are.
    """
    kept = {_key(task.name) for task in wanted}
    for name in index.names():
        folder, _, file = name.partition("/")
        stale = folder in ("pieces", "points") and file.partition("-")[0] not in kept
        if stale or name.endswith(UNFINISHED):  # the latter is what a job left that was killed while it wrote
            index.remove(name)
    series: dict[tuple[str, str], dict[str, Any]] = {}
    files: list[dict[str, Any]] = []
    for task in wanted:
        files.append(_file_row(index, task, series, problems))
    ordered = [series[key] for key in sorted(series)]
    index.write("series.parquet", packed(SERIES, {name: [row[name] for row in ordered] for name in SERIES}))
    index.write("files.parquet", packed(FILES, {name: [row[name] for row in files] for name in FILES}))
    runs = {row["run"] for row in files}
    return {
        "files": len(files), "runs": len(runs), "series": len(ordered), "values": sum(row["count"] for row in ordered)
    }  # fmt: skip


def _pieces(index: Place, name: str) -> Iterator[tuple[dict[str, Any], dict[str, list[Any]]]]:
    number = 0
    while (about := said(index, _piece(name, number))) is not None:
        yield about, rows(index, _piece(name, number))
        if not about["closed"]:
            return
        number += 1


def _file_row(
    index: Place, task: Task, series: dict[tuple[str, str], dict[str, Any]], problems: list[str]
) -> dict[str, Any]:
    """The row of a file, after its series were joined to those of the files before it."""
    run = run_of(task.name)
    row = {"run": run, "file": task.name, "bytes": 0, "read": 0, "waiting": 0, "values": 0, "warnings": ""}
    warnings = [problem for problem in problems if problem.startswith(f"{task.name}: ")]
    for about, table in _pieces(index, task.name):
        row.update(bytes=about["size"], read=about["end"], waiting=about["waiting"])
        warnings += about["warnings"]
        for at in range(len(table["tag"])):
            found = {name: table[name][at] for name in _PIECE}
            row["values"] += found["count"]
            _join(series, run, task.name, found)
    row["warnings"] = "; ".join(warnings)
    return row


def _join(series: dict[tuple[str, str], dict[str, Any]], run: str, file: str, found: dict[str, Any]) -> None:
    """Add what a piece tells of a series; pieces come in the order in which they were written."""
    known = series.get((run, found["tag"]))
    if known is None:
        series[run, found["tag"]] = {"run": run, **found, "files": 1, "file": file}
        return
    known["count"] += found["count"]
    known["not_finite"] += found["not_finite"]
    known["last_step"], known["last_time"], known["last"] = found["last_step"], found["last_time"], found["last"]
    for name, choose in (("min", min), ("max", max)):
        both = [value for value in (known[name], found[name]) if value is not None and not math.isnan(value)]
        known[name] = choose(both) if both else None
    if known["file"] != file:
        known["files"] += 1
        known["file"] = file
