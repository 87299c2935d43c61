"""Whether Keras would run or import anything but itself when it loads a file: told from the config alone."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any

from cutaway.errors import ReadError
from cutaway.readers.hdf5 import open_hdf5, text
from cutaway.readers.keras.json_text import parse_json
from cutaway.readers.source import Source

_PARTS = frozenset({
    "activations", "constraints", "dtype_policies", "initializers", "layers", "losses", "metrics", "models", "ops",
    "optimizers", "quantizers", "random", "regularizers",
})  # fmt: skip
"""Packages of Keras whose classes a config may name: all that models are made of and compiled with."""

_CODE = frozenset({"Lambda", "__lambda__", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TFSMLayer"})


def check_no_code(source: Source, by_hand: str, *, compiled: bool = False) -> None:
    """Refuse a ``.keras`` file or whole-model HDF5 file that brings code, or names classes outside of Keras.

    Keras has a safe mode of its own, but any code in the process may have switched that off for all.

    Args:
        source: The file.
        by_hand: What to do about it, for the message.
        compiled: Whether what the model was compiled with is loaded too.

    Raises:
        ReadError: It does, or it is no whole model.
    """
    for config in _configs(source, compiled):
        for found in _objects(config):
            _check(found, source, by_hand)


def _configs(source: Source, compiled: bool) -> Iterator[Any]:
    """All that Keras makes objects of."""
    if source.kind == "file":
        with open_hdf5(source) as file:
            texts = {name: text(file, name) for name in ("model_config", *(["training_config"] if compiled else []))}
        if texts["model_config"] is None:
            raise ReadError("it holds weights alone; expected a whole model", path=source.path)
        for name, said in texts.items():
            if said is not None:
                yield parse_json(said.encode("utf-8", errors="replace"), f"{source.path}: attribute {name!r}")
        return
    config = parse_json(source.read("config.json"), f"{source.path}: config.json")
    if isinstance(config, dict) and not compiled:  # Keras forgets this one alone; models inside are compiled always
        config = {key: value for key, value in config.items() if key != "compile_config"}
    yield config


def _check(found: dict[str, Any], source: Source, by_hand: str) -> None:
    name, module = found.get("class_name"), found.get("module")
    if name in _CODE:
        raise ReadError(f"it holds a {name}, which runs code when the model is loaded; {by_hand}", path=source.path)
    if module is not None and not _is_keras(module) and not _is_loss(found):
        shown = str(module)[:80]
        raise ReadError(f"its config names {shown!r}, which is no part of Keras; {by_hand}", path=source.path)


def _is_keras(module: Any) -> bool:
    if not isinstance(module, str):
        return False
    parts = module.split(".")
    if parts[0] != "keras":
        return False
    inner = parts[2:] if parts[1:2] == ["src"] else parts[1:]
    return not inner or inner[0] in _PARTS


def _is_loss(found: dict[str, Any]) -> bool:
    """Whether it is a function of Keras: these are said to be builtins, and must then be none of Python's."""
    name = found.get("config")
    said = (found.get("module"), found.get("class_name")) == ("builtins", "function")
    return said and isinstance(name, str) and name.isidentifier() and not hasattr(builtins, name)


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Every object of a config that names a class."""
    waiting = [config]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, dict):
            if "class_name" in thing:
                yield thing
            waiting.extend(thing.values())
        elif isinstance(thing, list):
            waiting.extend(thing)
