"""Hyper-parameters of a run, as TensorBoard's plugin of that name logs them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from cutaway.readers.wire.fields import FIXED64, MESSAGE, VARINT, fields, varint

Setting = float | str | bool | None

_EXPERIMENT, _START, _END = 2, 3, 4
"""Fields of the plugin's message: what is varied and compared, what a session began with, how it ended."""

_STATUS = ("unknown", "success", "failure", "running")

_MOST = 1_000
"""Hyper-parameters that are kept; people write some dozen."""


def hyper_parameters(content: bytes) -> dict[str, Setting] | None:
    """The hyper-parameters in what is logged for the plugin, by name.

    Returns:
        None where it is not about the beginning of a session, or is damaged.
    """
    lost: list[int] = []
    found: dict[str, Setting] | None = None
    for part in fields(content, 0, len(content), lost):
        if (part.number, part.wire) != (_START, MESSAGE):
            continue
        found = {} if found is None else found
        for entry in fields(content, part.start, part.end, lost):
            if (entry.number, entry.wire) == (1, MESSAGE) and len(found) < _MOST:
                name, value = _entry(content, entry.start, entry.end, lost)
                found[name] = value
    return None if lost else found


@dataclass(frozen=True, slots=True)
class Experiment:
    """What an experiment varies and compares.

    Attributes:
        parameters: Names of the hyper-parameters.
        metrics: Tags of the metrics, with the group of runs in which they are logged before a slash where there is one.
    """

    parameters: list[str]
    metrics: list[str]


def experiment(content: bytes) -> Experiment | None:
    """What an experiment is about; None where the content is not about that, or is damaged."""
    lost: list[int] = []
    found: Experiment | None = None
    for part in fields(content, 0, len(content), lost):
        if (part.number, part.wire) != (_EXPERIMENT, MESSAGE):
            continue
        found = found or Experiment([], [])
        for entry in fields(content, part.start, part.end, lost):
            if entry.wire != MESSAGE:
                continue
            if entry.number == 4 and len(found.parameters) < _MOST:
                found.parameters.append(_text(content, entry.start, entry.end, 1, lost))
            elif entry.number == 5 and len(found.metrics) < _MOST:
                for name in fields(content, entry.start, entry.end, lost):
                    if (name.number, name.wire) == (1, MESSAGE):
                        group = _text(content, name.start, name.end, 1, lost)
                        tag = _text(content, name.start, name.end, 2, lost)
                        found.metrics.append(f"{group}/{tag}" if group else tag)
    return None if lost else found


def session_end(content: bytes) -> tuple[str, float] | None:
    """How a session ended: ``success``, ``failure``, ``running`` or ``unknown``, and when, in seconds since 1970.

    Returns:
        None where the content is not about the end of a session, or is damaged.
    """
    lost: list[int] = []
    found: tuple[str, float] | None = None
    for part in fields(content, 0, len(content), lost):
        if (part.number, part.wire) != (_END, MESSAGE):
            continue
        status, when = 0, 0.0
        for entry in fields(content, part.start, part.end, lost):
            if (entry.number, entry.wire) == (1, VARINT):
                status = varint(content, entry.start, entry.end)[0]
            elif (entry.number, entry.wire) == (2, FIXED64):
                (when,) = struct.unpack_from("<d", content, entry.start)
        found = (_STATUS[status] if status < len(_STATUS) else _STATUS[0], when)
    return None if lost else found


def _text(content: bytes, start: int, end: int, number: int, lost: list[int]) -> str:
    """The text in a field of a message; empty where it is not there."""
    told = [part for part in fields(content, start, end, lost) if (part.number, part.wire) == (number, MESSAGE)]
    return content[told[-1].start : told[-1].end].decode("utf-8", "replace") if told else ""


def _entry(content: bytes, start: int, end: int, lost: list[int]) -> tuple[str, Setting]:
    """A name and its ``google.protobuf.Value``."""
    name, value = "", None
    for part in fields(content, start, end, lost):
        if (part.number, part.wire) == (1, MESSAGE):
            name = content[part.start : part.end].decode("utf-8", "replace")
        elif (part.number, part.wire) == (2, MESSAGE):
            value = _value(content, part.start, part.end, lost)
    return name, value


def _value(content: bytes, start: int, end: int, lost: list[int]) -> Setting:
    value: Setting = None
    for part in fields(content, start, end, lost):
        if (part.number, part.wire) == (2, FIXED64):
            (value,) = struct.unpack_from("<d", content, part.start)
        elif (part.number, part.wire) == (3, MESSAGE):
            value = content[part.start : part.end].decode("utf-8", "replace")
        elif (part.number, part.wire) == (4, VARINT):
            value = bool(varint(content, part.start, part.end)[0])
    return value
