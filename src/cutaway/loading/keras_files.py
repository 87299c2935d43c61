"""A model file of Keras to a live model, so that no code in the file runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from cutaway.errors import ReadError
from cutaway.loading.frameworks import keras
from cutaway.readers.checkpoint_files import at_path
from cutaway.readers.keras.code_in_config import check_no_code


def has_weights(path: str) -> bool:
    """Whether a file holds more than the configuration of a model."""
    source = at_path(path)
    return "config.json" not in source.names or any(name.startswith("model.weights") for name in source.names)


def load_keras(path: str, caller: str, *, compiled: bool = False) -> Any:
    """Load a ``.keras`` file or a whole-model HDF5 file with Keras, in its safe mode and after a look at the config.

    Args:
        path: The file.
        caller: The function that takes the live model instead, for messages: ``"cutaway.profile"``.
        compiled: Whether what the model was compiled with is loaded too.

    Raises:
        ReadError: It holds code, names classes outside of Keras, or Keras cannot load it.
        MissingExtra: Keras or its backend is not installed.
    """
    return _made(path, caller, compiled, lambda found: found.saving.load_model(path, compile=compiled, safe_mode=True))


def model_of_config(path: str, caller: str, *, compiled: bool = False) -> Any:
    """The model of a configuration, with weights that are new; arguments and errors as of `load_keras`."""

    def make(found: Any) -> Any:
        config = json.loads(at_path(path).read("config.json"))
        if not compiled:
            config["compile_config"] = None
        return found.saving.deserialize_keras_object(config, safe_mode=True)

    return _made(path, caller, compiled, make)


def _made(path: str, caller: str, compiled: bool, make: Callable[[Any], Any]) -> Any:
    by_hand = f"load it yourself, if you trust it, and hand over the live model: {caller}(model)"
    check_no_code(at_path(path), by_hand, compiled=compiled)
    found = keras(f"{path}: {caller} runs the model")
    try:
        return make(found)
    except Exception as error:  # whatever the many loaders of Keras, and the code of layers, may raise
        said = _reason(str(error))
        raise ReadError(
            f"cannot be loaded by Keras {found.__version__}: {said}. Where it has layers of your own, load it "
            f"with custom_objects and give it to {caller}",
            path=path,
        ) from error


def _reason(said: str) -> str:
    """What Keras says went wrong, without the configurations that it puts around it."""
    innermost = " ".join(said.split()).rpartition("Exception encountered: ")[2]
    return innermost.partition("Full object config: ")[0].strip().rstrip(".")[:300]
