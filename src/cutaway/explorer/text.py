"""JSON as the explorer sends it: short numbers, and names that are safe to show."""

from __future__ import annotations

import json
from typing import Any

from cutaway.style.measure import NARROW_BOX, clean

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def to_json(value: Any) -> str:
    """Compact JSON in ASCII, because a name may hold half of a surrogate pair."""
    return _encode(value)


def number(value: float) -> float:
    """A coordinate with two decimals, or a whole number where it is one."""
    short = round(value, 2)
    whole = int(short)
    return whole if whole == short else short


def shown(text: str) -> str:
    """One line of text as people see it, without controls and marks that reorder what stands around them."""
    if text.isascii() and text.isprintable():
        return text
    return clean(text).replace(NARROW_BOX, "\ufffd")
