"""A model file to a live Keras model, so that no code in the file runs."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from cutaway.errors import CutawayError, MissingExtra, ReadError
from cutaway.readers import locate
from cutaway.readers.hdf5 import open_hdf5, text
from cutaway.readers.keras.json_text import parse_json
from cutaway.readers.source import Source

_PARTS = frozenset({
    "activations", "constraints", "dtype_policies", "initializers", "layers", "models", "ops", "quantizers", "random",
    "regularizers",
})  # fmt: skip
"""Packages of Keras whose classes a config may name: all that models are made of."""

_BY_HAND = "load it yourself, if you trust it, and hand over the live model: cutaway.activations(model, x)"


def load_keras(path: str) -> Any:
    """Load a ``.keras`` file or a whole-model HDF5 file with Keras, in its safe mode and after a look at the config.

    Raises:
        ReadError: It holds code, names classes outside of Keras, or Keras cannot load it.
        MissingExtra: Keras or its backend is not installed.
    """
    source = locate(path)
    _check(_config(source), source)
    try:
        keras = import_module("keras")
    except ImportError as error:
        raise MissingExtra(
            f"{path}: to look inside, the model is run, for which Keras and TensorFlow are needed, and they are not "
            f"installed ({error}); pip install tensorflow"
        ) from None
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except CutawayError:
        raise
    except Exception as error:  # Keras raises whatever its many loaders raise
        first = next((line for line in str(error).splitlines() if line.strip()), "")
        raise ReadError(
            f"Keras cannot load it: {type(error).__name__}: {first[:240]}; {_BY_HAND}", path=path
        ) from error


def _config(source: Source) -> Any:
    if source.kind == "file":
        with open_hdf5(source) as file:
            config = text(file, "model_config")
        if config is None:
            raise ReadError("it holds weights alone; to look inside, expected a whole model", path=source.path)
        return parse_json(config.encode("utf-8", errors="replace"), f"{source.path}: attribute 'model_config'")
    if source.names.isdisjoint({"model.weights.h5", "model.weights.npz"}):
        raise ReadError("it holds no weights; to look inside, expected a whole model", path=source.path)
    return parse_json(source.read("config.json"), f"{source.path}: config.json")


def _check(config: Any, source: Source) -> None:
    for found in _objects(config):
        name, module = found.get("class_name"), found.get("module")
        if name in ("Lambda", "__lambda__", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TFSMLayer"):
            raise ReadError(
                f"it holds a {name}, which runs code when the model is loaded; {_BY_HAND}", path=source.path
            )
        if module is not None and not _is_keras(module):
            shown = str(module)[:80]
            raise ReadError(f"its config names {shown!r}, which is no part of Keras; {_BY_HAND}", path=source.path)


def _is_keras(module: Any) -> bool:
    if not isinstance(module, str):
        return False
    parts = module.split(".")
    if parts[0] != "keras":
        return False
    inner = parts[2:] if parts[1:2] == ["src"] else parts[1:]
    return not inner or inner[0] in _PARTS


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Every object of a config that names a class, without what it was compiled with, which is not loaded."""
    waiting = [config]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, dict):
            if "class_name" in thing:
                yield thing
            waiting.extend(value for key, value in thing.items() if key != "compile_config")
        elif isinstance(thing, list):
            waiting.extend(thing)
