"""Hyper-parameters of a run, as TensorBoard's plugin of that name logs them."""

from __future__ import annotations

import struct

from cutaway.readers.wire.fields import FIXED64, MESSAGE, VARINT, fields, varint

Setting = float | str | bool | None

_START = 3
"""Field of the plugin's message that tells what a session began with."""

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
