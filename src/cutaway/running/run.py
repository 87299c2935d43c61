"""`activations`: run a model once, and look at what every layer made."""

from __future__ import annotations

import os
from os import PathLike
from typing import Any

from cutaway.errors import OptionError, ReadError
from cutaway.readers import keras_live, read, tf_function
from cutaway.readers.options import ReadOptions
from cutaway.running.outputs import Activations
from cutaway.running.store import MEMORY

_CALLER = "cutaway.activations"


def activations(
    model: Any, x: Any = None, *, signature: str | None = None, seed: int = 0, memory: int = MEMORY
) -> Activations:
    """Run a model once, as for inference, and keep what every layer call made.

    The operations of a SavedModel or graph really run, and the initialisers of a SavedModel when it is loaded. Files
    whose operations would touch other files or run Python are refused, as is code in files of Keras.

    Args:
        model: A live model of Keras 3, a Functional or Sequential one of tf_keras, a function of TensorFlow, or the
            path of a ``.keras``, HDF5 or ``.tflite`` file, a SavedModel, also in a zip, or a frozen ``.pb``. Keras
            files are loaded in safe mode; one that holds code is refused.
        x: An array with or without the batch, a list of arrays, a dict by input name, or the path of a ``.npy``,
            ``.npz`` or picture; None for random numbers in the range of each input: 0 to 1, 0 to 255 where a
            `Rescaling` reads them, ids that an `Embedding` has. A dimension that may have any length gets 32, the
            batch 1.
        signature: Entry point that is run, for files that hold several; None for the serving one.
        seed: Seed of the random numbers; the second input takes the next one.
        memory: Bytes of outputs that are held in memory, 256 MB by default. Larger ones lie in temporary files, up
            to 8 GB; of what comes after them statistics are kept.

    Returns:
        The outputs by the id of the node that `cutaway.read` gives it. ``.missing`` tells which have none, and why.

    Raises:
        OptionError: The input does not fit, the model fails on it, or there is no such signature.
        UnbuiltModel: The weights of a live model have no values yet.
        ReadError: A file is damaged, or unsafe to load.
        MissingExtra: What runs the model, or reads the input, is not installed.
    """
    if isinstance(memory, bool) or not isinstance(memory, int) or memory < 0:
        raise OptionError(f"memory must be a number of bytes, 0 or more; received {memory!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise OptionError(f"seed must be a whole number, 0 or more; received {seed!r}")
    if isinstance(model, (str, PathLike)):
        return _run_file(os.fspath(model), x, signature, seed, memory)
    if keras_live.matches(model):
        from cutaway.running.keras_models import run_keras

        if signature is not None:
            raise OptionError("signature chooses among the entry points of a file or module; a Keras model has one")
        return run_keras(model, x, seed=seed, memory=memory)
    if tf_function.matches(model):
        from cutaway.running.saved_graphs import run_function

        function = tf_function.concrete_function(model, ReadOptions(signature=signature))
        return run_function(function, x, seed=seed, memory=memory)
    raise OptionError(
        f"expected a live model of Keras or TensorFlow, or the path of one; received an object of class "
        f"{type(model).__module__}.{type(model).__qualname__}"
    )


def _run_file(path: str, x: Any, signature: str | None, seed: int, memory: int) -> Activations:
    graph = read(path, signature=signature)
    if graph.format == "tflite":
        from cutaway.running.tflite_models import run_tflite

        return run_tflite(path, x, signature=signature, seed=seed, memory=memory)
    if graph.format in ("keras_v3", "keras_h5"):
        from cutaway.running.keras_models import run_keras

        return run_keras(_loaded(path), x, seed=seed, memory=memory)
    if graph.format == "saved_model":
        from cutaway.running.saved_graphs import run_saved_model

        return run_saved_model(path, x, signature=signature, seed=seed, memory=memory)
    if graph.format == "graph_def":
        from cutaway.running.saved_graphs import run_graph_def

        return run_graph_def(path, x, seed=seed, memory=memory)
    raise OptionError(
        f"{path}: a model of the format {graph.format} is not run; expected a .keras, HDF5 or .tflite file, a "
        "SavedModel, a frozen .pb, or a live model"
    )


def _loaded(path: str) -> Any:
    from cutaway.loading.keras_files import has_weights, load_keras

    if not has_weights(path):
        raise ReadError("it holds no weights; to look inside, expected a whole model", path=path)
    return load_keras(path, _CALLER)
