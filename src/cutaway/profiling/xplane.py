"""XPlane files, which TensorFlow's profiler writes (``*.xplane.pb``): the operations that ran, and when.

A file is an ``XSpace`` of planes, one for each device; a plane has lines, one for each thread, and a line has events,
whose names stand once in a table of the plane. Operations are the events whose name is ``name:type``.
"""

from __future__ import annotations

import re

from cutaway.errors import ReadError
from cutaway.profiling.optimes import OpTimes, Span, by_run
from cutaway.profiling.sharing import shared
from cutaway.readers.wire.fields import MESSAGE, VARINT, Bytes, Field, fields, told_of, varint

RUN = "cutaway_run"
"""Name of the event that marks a run of ours."""

MOST_EVENTS = 5_000_000
"""Executions of operations in a trace; each takes some 300 bytes until it is added up, so these take 1.5 GB."""

_RUN = (RUN, "")

_PLANES = 1
_NAME, _LINES, _EVENT_NAMES = 2, 3, 4
_TIMESTAMP, _EVENTS = 3, 4
_METADATA, _OFFSET, _DURATION = 1, 2, 3
_KEY, _VALUE = 1, 2

_FIRST = _METADATA << 3
"""The key of the number of an event, which TensorFlow writes first."""

_OPERATION = re.compile(r"(?P<name>[A-Za-z0-9.][\w.\\/>^-]*):(?P<kind>[A-Za-z_][\w>]*)\Z")
_XLA = re.compile(r"xla|_XlaRun|XlaLaunch", re.IGNORECASE)
_PICO = 1e-12
_NANO = 1e-9


def is_xplane(data: Bytes) -> bool:
    """Whether bytes begin as an ``XSpace`` does: with a plane that has a name."""
    first = next(fields(data, 0, len(data), []), None)
    if first is None or first.number != _PLANES or first.wire != MESSAGE:
        return False
    inner = fields(data, first.start, first.end, [])
    kinds = [(each.number, each.wire) for each, _ in zip(inner, range(4), strict=False)]
    return (_NAME, MESSAGE) in kinds and all(number in (1, 2, 3, 4, 5, 6) for number, _ in kinds)


def read_xplane(data: Bytes, path: str = "") -> OpTimes:
    """The operations of a trace, on whichever devices they ran.

    Args:
        data: The file.
        path: Its path, for messages.

    Raises:
        ReadError: The file is damaged, or holds no operations.
    """
    lost: list[int] = []
    spans: list[Span] = []
    starts: list[float] = []
    room = MOST_EVENTS
    compiled = False
    zero: int | None = None  # the clock of the first line: as seconds since 1970, numbers would end above 0.1 µs
    for plane in fields(data, 0, len(data), lost):
        if plane.number != _PLANES or plane.wire != MESSAGE:
            continue
        names = _names(data, plane, lost)
        wanted = _wanted(names)
        compiled = compiled or any(_XLA.search(name) for name in names.values())
        lines: list[list[Span]] = []
        for line in fields(data, plane.start, plane.end, lost):
            if line.number == _LINES and line.wire == MESSAGE:
                begun_at = _timestamp(data, line, lost)
                zero = begun_at if zero is None else zero
                found = _line(data, line, wanted, lost, (begun_at - zero) * _NANO, room)
                starts += [each.start for each in found if each[:2] == _RUN]
                lines.append([each for each in found if each[:2] != _RUN])
                room -= len(found)
                if room < 0:
                    raise ReadError(
                        f"the trace holds more than {MOST_EVENTS:,} executions of operations: record fewer runs",
                        path=path or None,
                    )
        spans += shared(lines)
    if lost:
        raise ReadError(f"the trace {told_of(lost[0])}; record it anew", path=path or None, offset=int(lost[0]))
    if not spans:
        why = "; what XLA compiles is one event, without the times of layers" if compiled else ""
        raise ReadError(
            f"the trace holds no operations that take time{why}; expected a trace of TensorFlow's profiler of a model "
            "that runs some, with host_tracer_level=2",
            path=path or None,
        )
    return by_run(spans, sorted(starts), "XPlane", path or None)


def _names(data: Bytes, plane: Field, lost: list[int]) -> dict[int, str]:
    """Names of events by their number."""
    found: dict[int, str] = {}
    for entry in fields(data, plane.start, plane.end, lost):
        if entry.number != _EVENT_NAMES or entry.wire != MESSAGE:
            continue
        key, name = 0, ""
        for part in fields(data, entry.start, entry.end, lost):
            if part.number == _KEY and part.wire == VARINT:
                key = varint(data, part.start, part.end)[0]
            elif part.number == _VALUE and part.wire == MESSAGE:
                for inner in fields(data, part.start, part.end, lost):
                    if inner.number == _NAME and inner.wire == MESSAGE:
                        name = bytes(data[inner.start : inner.end]).decode("utf-8", "replace")
        found[key] = name
    return found


def _wanted(names: dict[int, str]) -> dict[int, tuple[str, str]]:
    """Name and type of what is an operation, by number, and `_RUN` for what marks a run.

    Once for a plane: it may have as many lines as names.
    """
    found: dict[int, tuple[str, str]] = {}
    for number, name in names.items():
        told = _OPERATION.match(name)
        if told is not None:
            found[number] = told["name"], told["kind"]
        elif name == RUN:
            found[number] = _RUN
    return found


def _timestamp(data: Bytes, line: Field, lost: list[int]) -> int:
    """The nanoseconds that the events of a line are counted from."""
    for part in fields(data, line.start, line.end, lost):
        if part.number == _TIMESTAMP and part.wire == VARINT:
            return varint(data, part.start, part.end)[0]
    return 0


def _line(
    data: Bytes, line: Field, wanted: dict[int, tuple[str, str]], lost: list[int], zero: float, room: int
) -> list[Span]:
    """Operations that ran in a thread, and the runs that began in it: ``room`` and one at most."""
    found: list[Span] = []
    for part in fields(data, line.start, line.end, lost):
        if part.number == _EVENTS and part.wire == MESSAGE:
            if part.end > part.start and data[part.start] == _FIRST:  # most events are none of ours
                number = varint(data, part.start + 1, part.end)[0]
                if number not in wanted:
                    continue
            told = {_METADATA: 0, _OFFSET: 0, _DURATION: 0}
            for inner in fields(data, part.start, part.end, lost):
                if inner.number in told and inner.wire == VARINT:
                    told[inner.number] = varint(data, inner.start, inner.end)[0]
            if told[_METADATA] in wanted:
                found.append(Span(*wanted[told[_METADATA]], zero + told[_OFFSET] * _PICO, told[_DURATION] * _PICO))
                if len(found) > room:
                    break
    return found
