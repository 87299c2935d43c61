"""How a Keras model was compiled, read apart from its graph: losses, as the file or the live model tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutaway.errors import ReadError
from cutaway.readers.hdf5 import open_hdf5, text
from cutaway.readers.keras.json_text import parse_json
from cutaway.readers.source import Source

_NOTHING: Mapping[str, Any] = {}


def compiled_in_config(source: Source) -> Mapping[str, Any]:
    """What a ``.keras`` file says; empty where it says nothing.

    Raises:
        ReadError: The config is damaged.
    """
    raw = parse_json(source.read("config.json"), f"{source.path}: config.json")
    return _mapping(raw.get("compile_config") if isinstance(raw, dict) else None)


def compiled_in_hdf5(source: Source) -> Mapping[str, Any]:
    """What a ``.h5`` file says; empty where it says nothing.

    Raises:
        ReadError: The file is damaged.
        MissingExtra: h5py is not installed.
    """
    with open_hdf5(source) as file:
        said = text(file, "training_config")
        return _NOTHING if said is None else _mapping(parse_json(said.encode("utf-8", errors="replace"), "settings"))


def compiled_live(model: object) -> Mapping[str, Any]:
    """What a live model says; empty where it was not compiled, or cannot tell how."""
    told = getattr(model, "get_compile_config", None)
    if told is None:
        return _NOTHING
    try:
        return _mapping(told())
    except (ValueError, TypeError, NotImplementedError, AttributeError):
        return _NOTHING  # losses that are functions of their author's may not be told


def compiled(source: Source) -> Mapping[str, Any]:
    """What any file or folder says; empty where it says nothing that can be read."""
    try:
        if "config.json" in source.names:
            return compiled_in_config(source)
        if any(source.head[at : at + 8] == b"\x89HDF\r\n\x1a\n" for at in (0, 512, 1024, 2048)):
            return compiled_in_hdf5(source)
    except ReadError:
        pass  # the graph was read; that the settings are damaged takes nothing from it
    return _NOTHING


def _mapping(said: Any) -> Mapping[str, Any]:
    return said if isinstance(said, dict) else _NOTHING
