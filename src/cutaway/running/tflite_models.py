"""A ``.tflite`` file, run once by the interpreter of LiteRT with all of its tensors kept."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from cutaway.errors import OptionError
from cutaway.loading.litert import interpreter_module
from cutaway.readers import locate
from cutaway.readers.tflite import read_with_tensors
from cutaway.running.inputs import arrays_for, wanted_inputs
from cutaway.running.outputs import Activations
from cutaway.running.store import Array, Kept, Store

UNSEEN = "it lies in the body of a loop, a branch or a call: only the main subgraph keeps its tensors"


def run_tflite(path: str, x: Any, *, signature: str | None, seed: int, memory: int) -> Activations:
    """The results of all operations of the main subgraph; quantised ones as the real numbers that they mean.

    Raises:
        MissingExtra: There is no interpreter.
        OptionError: The input does not fit, or the interpreter refuses the model.
    """
    graph, tensors = read_with_tensors(locate(path), signature)
    module, _ = interpreter_module(f"{path}: to look inside, the model is run")
    arrays, words = arrays_for(wanted_inputs(graph), x, seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has moved to another package
            interpreter = module.Interpreter(
                model_path=path, num_threads=1, experimental_preserve_all_tensors=True, **_plain(module)
            )
        for detail, array in zip(interpreter.get_input_details(), arrays, strict=True):
            if tuple(detail["shape"]) != array.shape:
                interpreter.resize_tensor_input(detail["index"], array.shape)
        interpreter.allocate_tensors()
        for detail, array in zip(interpreter.get_input_details(), arrays, strict=True):
            interpreter.set_tensor(detail["index"], _quantised(array, detail))
        interpreter.invoke()
    except (ValueError, RuntimeError) as error:
        raise OptionError(f"{path}: the interpreter fails on {words}: {str(error)[:300]}") from error
    store = Store(memory)
    details = {detail["index"]: detail for detail in interpreter.get_tensor_details()}
    outputs: dict[tuple[int, int], Kept] = {}
    missing: dict[int, str] = {}
    for node in range(len(graph)):
        for port, tensor in enumerate(tensors.get(node, ())):
            try:
                outputs[node, port] = store.keep(_real(interpreter.get_tensor(tensor), details.get(tensor)))
            except ValueError:  # the interpreter has made one operation of several
                missing[node] = "the interpreter keeps no values of it"
        if node not in tensors:
            missing[node] = UNSEEN
    return Activations(graph, outputs, {}, missing, words, store)


def _plain(module: Any) -> dict[str, Any]:
    """What makes an interpreter keep to the plain operations."""
    kinds = getattr(module, "OpResolverType", None)
    return {} if kinds is None else {"experimental_op_resolver_type": kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES}


def _quantised(array: Array, detail: dict[str, Any]) -> Array:
    """Real numbers as those that a quantised input takes; whole numbers are taken to be such already."""
    scale, zero = detail["quantization"]
    if array.dtype.kind != "f" or np.dtype(detail["dtype"]).kind == "f" or scale == 0:
        return array.astype(detail["dtype"], copy=False)
    limits = np.iinfo(detail["dtype"])
    found: Array = np.clip(np.rint(array / scale) + zero, limits.min, limits.max).astype(detail["dtype"])
    return found


def _real(values: Array, detail: dict[str, Any] | None) -> Array:
    """The real numbers that quantised ones mean: (value - zero point) * scale, one of each by channel."""
    if detail is None or values.dtype.kind not in "iu":
        return values
    known = detail["quantization_parameters"]
    scales, zeros = known["scales"], known["zero_points"]
    if not len(scales):
        return values
    shape = [1] * values.ndim
    if len(scales) > 1:
        shape[known["quantized_dimension"]] = len(scales)
    found: Array = (values.astype(np.float32) - zeros.reshape(shape)) * scales.astype(np.float32).reshape(shape)
    return found
