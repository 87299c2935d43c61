"""Large numbers in few characters: bytes and counts, with the letter of their thousands."""

from __future__ import annotations

LARGEST = 10**100
"""No number is shown that is larger: files of strangers tell of tensors whose sizes no float can hold."""


def size_words(size: int) -> str:
    """A number of bytes in the largest unit of which there is at least one."""
    value, units = float(min(size, LARGEST)), ["B", "kB", "MB", "GB", "TB"]
    while value >= 999.95 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{size} B" if units[0] == "B" else f"{value:.1f} {units[0]}"


def count_words(number: float) -> str:
    """A large number in four digits and a letter: ``3.858 G``."""
    letters, value = ["", "k", "M", "G", "T", "P", "E"], float(min(number, LARGEST))
    while value >= 999.95 and len(letters) > 1:
        value /= 1000
        letters.pop(0)
    return f"{value:.4g} {letters[0]}" if letters[0] else f"{number:.4g}" if number % 1 else str(int(number))


def time_words(seconds: float) -> str:
    """A time in the largest unit of which there is at least one: ``1.25 ms``."""
    value, units = seconds * 1e9, ["ns", "µs", "ms", "s"]
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.3g} {units[0]}"
