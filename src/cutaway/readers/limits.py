"""What a file may cost, each number with its reason."""

from __future__ import annotations

from types import MappingProxyType

LIMITS = MappingProxyType({
    "head": (1 << 16, "first bytes looked at to tell what a file is"),
    "text": (64 << 20, "bytes of a config, JSON or YAML; the largest seen in real files has 3 MB"),
    "ratio": (250, "bytes that one byte of a compressed config may become; real configs stay below 60"),
    "ratio_from": (1 << 20, "bytes from which on that ratio is looked at; less does no harm"),
    "unpacked": (8 << 30, "bytes of weights that are unpacked to a nameless file; larger ones are stored uncompressed"),
    "unpacked_ratio": (20, "bytes that one byte of packed weights may become; trained numbers hardly pack at all"),
    "unpacked_from": (512 << 20, "bytes from which on that ratio is looked at; to unpack less takes two seconds"),
    "members": (100_000, "entries of a zip; a model with its assets has some hundred"),
    "directory": (32 << 20, "bytes of a zip's table of contents, which is read as a whole"),
    "listed": (20_000, "entries of a folder that are looked at, the nearest first; a model has some dozen"),
    "depth": (6, "folders in folders that are looked into; the deepest seen, a served model in a zip, has 4"),
    "candidates": (500, "files and folders in them that are asked for their format; larger collections have a list"),
    "nested": (1, "zips inside a zip that are opened; bundles of MediaPipe hold bundles, and those hold models"),
    "chunk": (64 << 20, "bytes that the HDF5 library may ask for at once; structure is read in small pieces"),
    "values": (256 << 20, "bytes of values that are read at once; ask for the rest by range"),
})  # fmt: skip
"""What a file may cost, each with its reason. Beyond it stands a `ReadError`, not a slow machine."""


def limit(name: str) -> int:
    """The number of one of `LIMITS`."""
    return LIMITS[name][0]
