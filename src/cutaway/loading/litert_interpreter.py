"""A ``.tflite`` file in the interpreter of LiteRT, with its inputs set.

As a program it runs one once, to find out whether that ends a process: ``litert_interpreter.py REQUEST INPUTS``. It
stands alone, so that what is tried there is what runs elsewhere.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class Request(NamedTuple):
    """What is run.

    Attributes:
        module: Name of the module with the interpreter.
        path: The file.
        threads: How many it may use.
        keeps: Whether the values of all tensors are kept, for which one plain kernel runs each operation.
        signature: What is run by its name; empty for the first subgraph.
    """

    module: str
    path: str
    threads: int
    keeps: bool = False
    signature: str = ""


def prepared(request: Request, arrays: Mapping[int, Any]) -> tuple[Any, Callable[[], Any]]:
    """An interpreter, and what runs it once.

    Args:
        request: What it runs.
        arrays: Its inputs by the index of their tensor; real numbers for quantised inputs are quantised.

    Raises:
        ValueError, RuntimeError: It refuses the model or the inputs; no error of cutaway.
    """
    module = import_module(request.module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has moved to another package
        interpreter = module.Interpreter(
            model_path=request.path, num_threads=request.threads, **(_keeping(module) if request.keeps else {})
        )
    if request.signature:
        runner = interpreter.get_signature_runner(request.signature)
        named = {
            name: _quantised(arrays[detail["index"]], detail) for name, detail in runner.get_input_details().items()
        }
        return interpreter, lambda: runner(**named)
    details = interpreter.get_input_details()
    for detail in details:
        if tuple(detail["shape"]) != arrays[detail["index"]].shape:
            interpreter.resize_tensor_input(detail["index"], arrays[detail["index"]].shape)
    interpreter.allocate_tensors()
    for detail in details:
        interpreter.set_tensor(detail["index"], _quantised(arrays[detail["index"]], detail))
    return interpreter, interpreter.invoke


def _keeping(module: Any) -> dict[str, Any]:
    """What makes an interpreter keep all tensors, and to the plain operations."""
    kinds = getattr(module, "OpResolverType", None)
    plain = {} if kinds is None else {"experimental_op_resolver_type": kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES}
    return {"experimental_preserve_all_tensors": True, **plain}


def _quantised(array: Any, detail: Mapping[str, Any]) -> Any:
    """Real numbers as those that a quantised input takes; whole numbers are taken to be such already."""
    scale, zero = detail["quantization"]
    if array.dtype.kind != "f" or np.dtype(detail["dtype"]).kind == "f" or scale == 0:
        return array.astype(detail["dtype"], copy=False)
    limits = np.iinfo(detail["dtype"])
    return np.clip(np.rint(array / scale) + zero, limits.min, limits.max).astype(detail["dtype"])


def _try(request: Path, inputs: Path) -> None:
    """Run a model once; what the interpreter says against it, it will say again to who asks."""
    with np.load(inputs, allow_pickle=False) as loaded:
        arrays = {int(tensor): loaded[tensor] for tensor in loaded.files}
    try:
        prepared(Request(*json.loads(request.read_text(encoding="utf-8"))), arrays)[1]()
    except (ValueError, RuntimeError):
        return


if __name__ == "__main__":
    _try(Path(sys.argv[1]), Path(sys.argv[2]))
