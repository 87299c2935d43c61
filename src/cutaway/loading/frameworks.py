"""The frameworks that run a model, or a word about what to install."""

from __future__ import annotations

import os
from typing import Any

from cutaway.errors import MissingExtra


def tensorflow(what: str, instead: str = "") -> Any:
    """TensorFlow, quiet.

    Args:
        what: What it is needed for, such as ``"profile runs the model"``.
        instead: A sentence about what can be done without it.

    Raises:
        MissingExtra: It is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import tensorflow as tf
    except ImportError as error:
        raise MissingExtra(
            f"{what}, which needs TensorFlow, and that is not installed: pip install tensorflow{instead}"
        ) from error
    return tf


def keras(what: str) -> Any:
    """Keras; raises as `tensorflow`."""
    try:
        import keras as found
    except ImportError as error:
        raise MissingExtra(
            f"{what}, for which Keras and TensorFlow are needed, and they are not installed ({error}): "
            "pip install tensorflow"
        ) from error
    return found
