"""Traces that were recorded elsewhere: what kind a file is, told by its content, and the times of its operations."""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.errors import ReadError
from cutaway.graph.regular import read_regular
from cutaway.profiling.optimes import OpTimes, Span, by_run, check_size
from cutaway.profiling.sharing import shared
from cutaway.profiling.xplane import is_xplane, read_xplane
from cutaway.readers.checkpoint_files import at_path
from cutaway.readers.sniff_events import is_event_log
from cutaway.readers.tensorflow.event_files import Logged
from cutaway.readers.tensorflow.run_metadata import measurements
from cutaway.readers.wire.blob import load

LARGEST = 1 << 30
"""Bytes of a trace: a minute of a large model is some hundred MB, and more would take minutes to read."""

MOST_TEXT = 256 << 20
"""Characters of a trace in JSON, unpacked; Python makes ten times as many bytes of them."""

_GZIP = b"\x1f\x8b"
_MICRO = 1e-6
_LAST, _LONGEST = 1e18, 1e15
"""Microseconds: 30,000 years from zero, in which every clock counts, and 30 years of one operation."""

_WITH_KIND = re.compile(r"(?P<name>.+):(?P<kind>[A-Za-z_]\w*)\Z")
_LITERT_FIRST = "node type"
_LITERT_NAME = re.compile(r"\s*\[(?P<tensors>.*)\]:(?P<index>\d+)\s*\Z")
EXPECTED = (
    "expected an XPlane file (*.xplane.pb), a RunMetadata message, an event file or its folder, a trace of Chrome "
    "(trace.json, also packed), or the CSV of LiteRT's benchmark_model"
)


def read_trace(path: str | os.PathLike[str]) -> OpTimes:
    """The times of operations in a trace, of whichever kind.

    Raises:
        ReadError: There is no such file, it is none of these, damaged, or too large.
    """
    place = _file(Path(path))
    data = read_regular(place, LARGEST, "a trace")
    if data[:2] == _GZIP:
        data = _unpacked(data, place)
    found = _by_content(data, place)
    if not found.seconds:
        raise ReadError(f"holds no times of operations; {EXPECTED}", path=place)
    return found


def _file(path: Path) -> Path:
    """The file itself, or the newest trace of the profiler in a folder."""
    if not path.is_dir():
        return path
    found = sorted(path.rglob("*.xplane.pb"), key=lambda each: (each.stat().st_mtime, each.name))
    found = found or sorted(path.rglob("*tfevents*"))
    if not found:
        raise ReadError(f"there is no trace in this folder; {EXPECTED}", path=path)
    return found[-1]


def _unpacked(data: bytes, path: Path) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(data, MOST_TEXT)
    except zlib.error as error:
        raise ReadError(f"is packed and damaged: {error}", path=path) from error
    if unpacker.unconsumed_tail:
        raise ReadError(f"unpacks to more than {MOST_TEXT:,} bytes", path=path)
    return text


def _by_content(data: bytes, path: Path) -> OpTimes:
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] in (b"{", b"["):
        return by_run(_chrome(_json(data, path), path), [], "Chrome trace", path)
    if is_xplane(data):
        return read_xplane(data, str(path))
    if b"," in head and any(map(_is_litert_head, data[: 1 << 20].decode("utf-8", "replace").splitlines())):
        return _litert(data.decode("utf-8", "replace"))
    if is_event_log(at_path(str(path))):
        return _events(path)
    return _step_stats([data], "step stats", path)


def _json(data: bytes, path: Path) -> Any:
    if len(data) > MOST_TEXT:
        raise ReadError(f"has {len(data):,} bytes of JSON; at most {MOST_TEXT:,} are read", path=path)
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ReadError(f"begins as JSON but cannot be read: {error}", path=path) from error


def _chrome(document: Any, path: Path) -> Iterator[Span]:
    """The complete events that are operations: the profiler names them ``name:type``, older tools in ``args``."""
    events = document.get("traceEvents") if isinstance(document, dict) else document
    if not isinstance(events, list):
        raise ReadError("has no list traceEvents, as a trace of Chrome has", path=path)
    devices: dict[str, dict[str, list[Span]]] = {}
    for event in events:
        if not isinstance(event, dict) or event.get("ph") != "X":
            continue
        start, length = event.get("ts"), event.get("dur")
        if not isinstance(start, int | float) or not isinstance(length, int | float):
            continue
        if not -_LAST < start < _LAST or not 0 <= length < _LONGEST:  # also what is no number, and what no float holds
            continue
        name, kind = _chrome_name(event)
        if name:
            lines = devices.setdefault(repr(event.get("pid")), {})
            lines.setdefault(repr(event.get("tid")), []).append(Span(name, kind, start * _MICRO, length * _MICRO))
    for lines in devices.values():
        yield from shared(lines.values())


def _chrome_name(event: Mapping[str, Any]) -> tuple[str, str]:
    told = event.get("args")
    args = told if isinstance(told, dict) else {}
    for word in (args.get("long_name"), args.get("tf_op"), event.get("name")):
        found = _WITH_KIND.match(word) if isinstance(word, str) else None
        if found is not None and "::" not in str(word):
            return found["name"], found["kind"]
    name, kind = args.get("name"), args.get("op")
    return (name, kind if isinstance(kind, str) else "") if isinstance(name, str) and kind else ("", "")


def _events(path: Path) -> OpTimes:
    logged = Logged()
    logged.add(load(at_path(str(path))))
    return _step_stats(list(logged.runs.values()), "step stats of an event file", path)


def _step_stats(runs: list[bytes], source: str, path: Path) -> OpTimes:
    """Times of operations in each of some ``RunMetadata`` messages."""
    check_size(len(runs), 0, path)
    found = OpTimes(max(1, len(runs)), source=source)
    for at, encoded in enumerate(runs):
        for name, told in measurements(encoded).items():
            plain = _WITH_KIND.match(name)
            name, kind = (plain["name"], plain["kind"]) if plain else (name, "")
            if name not in found.seconds:
                check_size(len(runs), len(found.seconds) + 1, path)
                found.seconds[name], found.kinds[name] = np.zeros(found.runs), kind
            found.seconds[name][at] += told["compute_us"] * _MICRO
    return found


def _is_litert_head(line: str) -> bool:
    """Whether a line is the heading of a table of operations; by hand, as a pattern would try blank lines for ever."""
    line = line.strip().lower()
    if not line.startswith(_LITERT_FIRST) or not line.endswith("name"):
        return False
    return line[len(_LITERT_FIRST) :].lstrip().startswith(",") and "avg_ms" in line


def _litert(text: str) -> OpTimes:
    """The table of operations, in the order in which they run, that LiteRT's ``benchmark_model`` writes as CSV."""
    found = OpTimes(1, source="LiteRT's benchmark_model")
    columns: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if _is_litert_head(line):
            if columns:
                break  # the second table is the first in another order
            columns = [cell.lower() for cell in cells]
        elif columns and len(cells) >= len(columns):
            name = _LITERT_NAME.match(", ".join(cells[len(columns) - 1 :]))
            try:
                spent = float(cells[columns.index("avg_ms")]) * 1e-3
            except ValueError:
                continue
            if name is not None and 0 <= spent < 1e6:
                key = name["tensors"].split(",")[0].split(";")[0].strip() or f"operation {name['index']}"
                key = key if key not in found.seconds else f"{key}:{name['index']}"
                found.seconds[key] = np.array([spent])
                found.kinds[key] = cells[0]
    return found
