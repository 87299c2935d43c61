"""Text from a model in the files of other programs: nothing in it may end a string, a label or a file."""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)
_ALL_CONTROLS = re.compile("[\t\n]|" + _UNSAFE.pattern)


def visible(text: str, *, one_line: bool = False) -> str:
    r"""The text with what no file holds safely written out, as Python does: a null character is ``\x00``.

    These are control characters, halves of surrogate pairs, what XML forbids, and marks that reorder the text around
    them, so that a name cannot pretend to be another.

    Args:
        text: Anything.
        one_line: Whether line ends and tabs are written out too.
    """
    if text.isascii() and text.isprintable():
        return text
    return (_ALL_CONTROLS if one_line else _UNSAFE).sub(_written_out, text)


def _written_out(found: re.Match[str]) -> str:
    char = found[0]
    named = {"\n": r"\n", "\t": r"\t", "\r": r"\r"}.get(char)
    return named or (f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}")
