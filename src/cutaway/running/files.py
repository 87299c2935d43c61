"""A model file to a live Keras model, so that no code in the file runs."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from cutaway.errors import CutawayError, MissingExtra, ReadError
from cutaway.readers import locate
from cutaway.readers.keras.code_in_config import check_no_code

_BY_HAND = "load it yourself, if you trust it, and hand over the live model: cutaway.activations(model, x)"


def load_keras(path: str) -> Any:
    """Load a ``.keras`` file or a whole-model HDF5 file with Keras, in its safe mode and after a look at the config.

    Raises:
        ReadError: It holds code, names classes outside of Keras, or Keras cannot load it.
        MissingExtra: Keras or its backend is not installed.
    """
    source = locate(path)
    if source.kind != "file" and source.names.isdisjoint({"model.weights.h5", "model.weights.npz"}):
        raise ReadError("it holds no weights; to look inside, expected a whole model", path=source.path)
    check_no_code(source, _BY_HAND)
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
