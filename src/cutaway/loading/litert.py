"""The interpreter of LiteRT, from whichever package has it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from cutaway.errors import MissingExtra

_MODULES = {
    "ai_edge_litert.interpreter": "LiteRT",
    "tensorflow.lite.python.interpreter": "TensorFlow Lite",
    "tflite_runtime.interpreter": "TensorFlow Lite",
}


def interpreter_module(what: str, instead: str = "") -> tuple[Any, str]:
    """The module with the interpreter, and the name of what it is a part of.

    Args:
        what: What it is needed for, for the message.
        instead: A sentence about what can be done without it.

    Raises:
        MissingExtra: There is none.
    """
    for module, name in _MODULES.items():
        try:
            return import_module(module), name
        except ImportError:
            continue
    raise MissingExtra(
        f"{what}, for which the interpreter of LiteRT is needed, and it is not installed: pip install ai-edge-litert"
        f"{instead}"
    )
