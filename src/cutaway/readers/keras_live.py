"""Live Keras 3 and tf_keras models. Nothing is imported until a live object is handed in."""

from __future__ import annotations

from typing import Any

from cutaway.errors import OptionError, ReadError
from cutaway.graph import Graph
from cutaway.readers.live.kinds import class_names
from cutaway.readers.options import ReadOptions


def matches(obj: object) -> bool:
    """Whether an object is a layer or model of Keras; decided by names alone, nothing is imported."""
    return "Layer" in class_names(type(obj))


def read(obj: Any, options: ReadOptions, *, inputs: Any = None) -> Graph:
    """Read a live model.

    Args:
        obj: A Keras 3 model or layer, or a Functional or Sequential model of tf_keras.
        options: ``input_shape`` is for a model that is not built: shape of its input with the batch first (None for
            any), or a list or dict of shapes, nested as the first argument of its `call`.
        inputs: Instead of ``input_shape``: ``keras.KerasTensor`` objects, or anything with a shape and a dtype,
            nested in the same way; a dict by argument name where `call` takes several arguments.

    Returns:
        The graph of all calls, with nested and composite layers opened as groups.

    Raises:
        UnbuiltModel: The model has no shapes yet, and none were given.
        ReadError: The object is not a Keras layer or model.
        OptionError: A signature is asked for, which a live model has not.
    """
    if options.signature is not None:
        raise OptionError("signature means nothing for a live Keras model: it has one way of being called")
    if not matches(obj):
        raise ReadError(f"expected a Keras model or layer; received {type(obj).__name__}")
    from cutaway.readers.live.model import read_model

    return read_model(obj, input_shape=options.input_shape, inputs=inputs)
