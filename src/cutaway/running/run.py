"""`activations`: run a model once, and look at what every layer made."""

from __future__ import annotations

import os
from os import PathLike
from typing import Any

from cutaway.errors import OptionError
from cutaway.readers import keras_live, read
from cutaway.running.outputs import Activations
from cutaway.running.store import MEMORY


def activations(model: Any, x: Any = None, *, seed: int = 0, memory: int = MEMORY) -> Activations:
    """Run a model once, as for inference, and keep what every layer call made.

    Args:
        model: A live model of Keras 3, a Functional or Sequential one of tf_keras, or the path of a ``.keras``, HDF5
            or ``.tflite`` file. Keras files are loaded in safe mode; one that holds code is refused.
        x: An array with or without the batch, a list of arrays, a dict by input name, or the path of a ``.npy``,
            ``.npz`` or picture; None for random numbers in the range of each input: 0 to 1, 0 to 255 where a
            `Rescaling` reads them, ids that an `Embedding` has. A dimension that may have any length gets 32, the
            batch 1.
        seed: Seed of the random numbers; the second input takes the next one.
        memory: Bytes of outputs that are held in memory, 256 MB by default. Larger ones lie in temporary files, up
            to 8 GB; of what comes after them statistics are kept.

    Returns:
        The outputs by the id of the node that `cutaway.read` gives it. ``.missing`` tells which have none, and why.

    Raises:
        OptionError: The input does not fit, or the model fails on it.
        UnbuiltModel: The weights of a live model have no values yet.
        ReadError: A file is damaged, or unsafe to load.
        MissingExtra: What runs the model, or reads the input, is not installed.
    """
    if isinstance(memory, bool) or not isinstance(memory, int) or memory < 0:
        raise OptionError(f"memory must be a number of bytes, 0 or more; received {memory!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise OptionError(f"seed must be a whole number, 0 or more; received {seed!r}")
    if isinstance(model, (str, PathLike)):
        return _run_file(os.fspath(model), x, seed, memory)
    if not keras_live.matches(model):
        raise OptionError(
            f"expected a live Keras model, or the path of a .keras, HDF5 or .tflite file; received an object of class "
            f"{type(model).__module__}.{type(model).__qualname__}"
        )
    from cutaway.running.keras_models import run_keras

    return run_keras(model, x, seed=seed, memory=memory)


def _run_file(path: str, x: Any, seed: int, memory: int) -> Activations:
    graph = read(path)
    if graph.format == "tflite":
        from cutaway.running.tflite_models import run_tflite

        return run_tflite(path, x, seed=seed, memory=memory)
    if graph.format in ("keras_v3", "keras_h5"):
        from cutaway.running.files import load_keras
        from cutaway.running.keras_models import run_keras

        return run_keras(load_keras(path), x, seed=seed, memory=memory)
    raise OptionError(
        f"{path}: a model of the format {graph.format} is not run; expected a .keras, HDF5 or .tflite file, or a live "
        f"Keras model, such as one around keras.layers.TFSMLayer for a SavedModel"
    )
