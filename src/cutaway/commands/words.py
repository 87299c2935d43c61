"""Kinds of words on a command line, as argparse takes them."""

from __future__ import annotations

import argparse


def shape(text: str) -> tuple[int | None, ...]:
    """``None,28,28,1``, with or without brackets, as a shape."""
    words = [word.strip() for word in text.strip("()[] ").split(",") if word.strip()]
    if not words or not all(word.isdecimal() or word in ("None", "?") for word in words):
        raise argparse.ArgumentTypeError(f"expected sizes such as None,28,28,1; received {text!r}")
    return tuple(int(word) if word.isdecimal() else None for word in words)


def named_shape(text: str) -> tuple[str, tuple[int | None, ...]]:
    """``image=1,28,28,1`` as a name and a shape."""
    name, equals, sizes = text.rpartition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(
            f"expected an input and its shape, such as image=1,224,224,3; received {text!r}"
        )
    return name, shape(sizes)


_THOUSANDS = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}


def quantity(text: str) -> float:
    """``1.5T``, ``50G`` or ``2e10`` as a number."""
    factor = _THOUSANDS.get(text[-1:], 1.0)
    try:
        value = float(text[:-1] if factor != 1.0 else text) * factor
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number such as 50G, 1.5T or 2e10; received {text!r}")
    return value


def pixels(text: str) -> tuple[float, float]:
    """``880x520`` as a width and a height."""
    wide, cross, high = text.lower().replace("×", "x").partition("x")
    try:
        found = (float(wide), float(high))
    except ValueError:
        cross = ""
    if not cross:
        raise argparse.ArgumentTypeError(f"expected a width and a height such as 880x520; received {text!r}")
    return found
