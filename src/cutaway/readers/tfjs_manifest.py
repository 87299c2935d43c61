"""The weights of a TensorFlow.js model: a manifest that lists them, and shards in which they lie end to end."""

from __future__ import annotations

import math
import posixpath
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from cutaway.errors import ReadError
from cutaway.graph.model import BITS_OF_DTYPE
from cutaway.readers.members import member
from cutaway.readers.source import Source

_USUAL_SHARD = 4 << 20
"""Bytes of every shard but the last, as the converter cuts them unless it is told otherwise."""

_MOST_SHARDS = 4096
"""Shards of a group; at the usual size they hold 16 GB."""

_LONGEST_NAME = 4096

_MOST_TEXTS = 100_000
"""Texts whose lengths are looked up; a vocabulary has some thousand."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A weight as the manifest lists it.

    Attributes:
        dtype: Type of what is stored.
        shape: Its dimensions.
        location: Where its bytes lie, as `cutaway.readers.values` reads them; None where they are missing.
        meant: Type of the weight; another than ``dtype`` where it is quantised.
    """

    dtype: str
    shape: tuple[int, ...]
    location: str | None
    meant: str


def weights_of(manifest: Any, source: Source, warnings: list[str]) -> dict[str, Stored]:
    """All weights by name, in the order of the manifest.

    Args:
        manifest: A list of groups with ``paths`` and ``weights``.
        source: The folder or zip that holds the shards, or the file that they lie beside.
        warnings: Takes what is missing, in words for the user.

    Raises:
        ReadError: It is no such list.
    """
    found: dict[str, Stored] = {}
    groups = manifest if isinstance(manifest, list) else [manifest]
    if len(groups) > _MOST_SHARDS:
        raise ReadError(f"the manifest lists {len(groups):,} groups of weights; at most {_MOST_SHARDS:,} are read")
    for group in groups:
        if not isinstance(group, dict) or not isinstance(group.get("weights"), list):
            raise ReadError("expected a list of groups of weights, each with 'paths' and 'weights'")
        paths = group.get("paths")
        shards = _Shards(source, [str(path) for path in paths] if isinstance(paths, list) else [])
        for name, stored in _group(group["weights"], shards):
            found.setdefault(name, stored)
        warnings += shards.warnings
    return found


def _group(weights: Iterable[Any], shards: _Shards) -> Iterable[tuple[str, Stored]]:
    """Weights of one group; their sizes tell where each begins, so the shards are measured when all are known."""
    listed: list[tuple[str, str, tuple[int, ...], str, str, int | None]] = []
    for each in weights:
        name, shape, told = _checked(each)
        quantization = each.get("quantization")
        dtype, how = _quantized(quantization, told) if isinstance(quantization, dict) else (told, "")
        bits = BITS_OF_DTYPE.get(dtype)
        size = None if bits is None else math.prod(shape) * max(bits, 8) // 8
        listed.append((name, dtype, shape, told, how, size))
    sizes = [size for *_, size in listed]
    shards.measure(None if None in sizes else sum(size for size in sizes if size is not None))
    at: int | None = 0
    for name, dtype, shape, told, how, size in listed:
        size = shards.texts(at, math.prod(shape)) if size is None and dtype == "string" and at is not None else size
        place = None if at is None or size is None else shards.place(at, size)
        yield name, Stored(dtype, shape, None if place is None else place + how, told)
        at = None if at is None or size is None else at + size


def _checked(told: Any) -> tuple[str, tuple[int, ...], str]:
    """Name, shape and type of a weight."""
    name, shape, dtype = (
        (told.get(key) for key in ("name", "shape", "dtype")) if isinstance(told, dict) else (None,) * 3
    )
    fits = isinstance(shape, list) and all(isinstance(dim, int) and 0 <= dim < 1 << 48 for dim in shape)
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or not fits or len(shape or ()) > 64:
        raise ReadError(f"a weight of the manifest has no name, one that is too long, or no shape: {str(told)[:120]}")
    return name, tuple(shape or ()), str(dtype or "float32")


def _quantized(told: dict[str, Any], dtype: str) -> tuple[str, str]:
    """Type that is stored, and what a location says about the way back."""
    stored = told.get("dtype")
    if stored == "float16":
        return "float16", ""
    scale, least = told.get("scale"), told.get("min")
    numbers = isinstance(scale, int | float) and isinstance(least, int | float)
    if stored not in ("uint8", "uint16") or not numbers:
        return dtype, ""
    return stored, f"#affine:{float(scale or 0)!r},{float(least or 0)!r}"


class _Shards:
    """The files of one group.

    Args:
        source: What they lie in, or beside.
        paths: Their names as the manifest tells them.
    """

    def __init__(self, source: Source, paths: list[str]) -> None:
        self.warnings: list[str] = []
        if len(paths) > _MOST_SHARDS:
            raise ReadError(f"a group of weights lists {len(paths):,} shards; at most {_MOST_SHARDS:,} are looked for")
        self._names = [posixpath.normpath(path) for path in paths]
        self._files = [self._file(source, name) for name in self._names]
        self._starts: list[int] = []
        self._total = 0
        lost = [name for name, file in zip(self._names, self._files, strict=True) if file is None]
        if lost:
            shown = ", ".join(repr(name[:120]) for name in lost[:3]) + (", …" if len(lost) > 3 else "")
            self.warnings.append(
                f"{len(lost)} of {len(paths)} shards are missing: {shown}; their weights have no values, but names "
                "and shapes are known from the manifest"
            )

    def _file(self, source: Source, name: str) -> Source | None:
        if name.startswith(("/", "..")) or ":/" in name:
            self.warnings.append(f"the shard {name[:120]!r} lies outside of the model's folder, so it is not read")
            return None
        return member(source, name)

    def measure(self, total: int | None) -> None:
        """Find where each shard begins, also behind missing ones: all but the last have the usual size.

        Args:
            total: Bytes of all weights; None where they are not known beforehand.
        """
        sizes = [None if file is None else file.size for file in self._files]
        missing = [at for at, size in enumerate(sizes) if size is None]
        if len(missing) == 1 and total is not None:
            sizes[missing[0]] = max(0, total - sum(size for size in sizes if size is not None))
        else:
            for at in missing:
                sizes[at] = _USUAL_SHARD
        *self._starts, self._total = accumulate((size or 0 for size in sizes), initial=0)
        short = not missing and total is not None and self._total < total
        if short:
            self.warnings.append(
                f"the shards have {self._total:,} bytes; the weights need {total:,}: what lies behind is lost"
            )

    def place(self, start: int, size: int) -> str | None:
        """Where some bytes of the group lie; None where a part of them is missing."""
        parts = []
        for at in range(max(0, bisect_right(self._starts, start) - 1), len(self._starts)):
            begin = self._starts[at]
            if begin >= start + size:
                break
            end = self._starts[at + 1] if at + 1 < len(self._starts) else self._total
            low, high = max(start, begin), min(start + size, end)
            if low < high:
                file = self._files[at]
                if file is None or high - begin > file.size:
                    return None
                parts.append(f"{self._names[at]}@{low - begin}+{high - low}")
        if not size and self._names:
            return f"{self._names[0]}@0+0"
        held = sum(int(part.rpartition("+")[2]) for part in parts)
        return ";".join(parts) if parts and held == size else None

    def texts(self, start: int, count: int) -> int | None:
        """Bytes of texts, each behind its length; None where they cannot be looked up."""
        at = start
        if count > _MOST_TEXTS or len(self._files) != 1 or self._files[0] is None:
            return None
        with self._files[0].open() as file:
            for _ in range(count):
                file.seek(at)
                length = file.read(4)
                at += 4 + int.from_bytes(length, "little")
                if len(length) < 4 or at > self._files[0].size:
                    return None
        return at - start
