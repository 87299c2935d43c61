"""A ``.tflite`` file, run once by the interpreter of LiteRT with all of its tensors kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from cutaway.errors import OptionError
from cutaway.loading.litert import interpreter_module
from cutaway.loading.litert_interpreter import Request, prepared
from cutaway.loading.litert_trial import check_survives
from cutaway.readers import locate
from cutaway.readers.options import ReadOptions
from cutaway.readers.tflite import Steps, read_steps
from cutaway.running.inputs import arrays_for, wanted_inputs
from cutaway.running.outputs import Activations
from cutaway.running.store import Array, Kept, Store

UNSEEN = "it lies in a loop, a branch, a call or another signature: only the subgraph that is run keeps its tensors"


def run_tflite(path: str, x: Any, *, signature: str | None, seed: int, memory: int) -> Activations:
    """The results of all operations of the subgraph that is run; quantised ones as the real numbers that they mean.

    Raises:
        MissingExtra: There is no interpreter.
        ReadError: The file makes the interpreter crash.
        OptionError: The input does not fit, or the interpreter refuses the model.
    """
    model = read_steps(locate(path), ReadOptions(signature=signature))
    module, _ = interpreter_module(f"{path}: to look inside, the model is run")
    arrays, words = arrays_for(wanted_inputs(model.graph), x, seed)
    given = dict(zip(model.inputs, arrays, strict=True))
    signature = model.key if model.subgraph else ""
    request = Request(module.__name__, path, threads=1, keeps=True, signature=signature)
    check_survives(request, given)
    try:
        interpreter, run = prepared(request, given)
        run()
    except (ValueError, RuntimeError) as error:
        raise OptionError(f"{path}: the interpreter fails on {words}: {str(error)[:300]}") from error
    return _kept(model, interpreter, words, Store(memory))


def _kept(model: Steps, interpreter: Any, words: str, store: Store) -> Activations:
    """What an interpreter holds after a run."""
    where = (model.subgraph,) if model.subgraph else ()  # older interpreters know the first one alone
    details = {detail["index"]: detail for detail in interpreter.get_tensor_details(*where)}
    outputs: dict[tuple[int, int], Kept] = {}
    missing: dict[int, str] = {}
    for node in range(len(model.graph)):
        for port, tensor in enumerate(model.made.get(node, ())):
            try:
                outputs[node, port] = store.keep(_real(interpreter.get_tensor(tensor, *where), details.get(tensor)))
            except ValueError:  # the interpreter has made one operation of several
                missing[node] = "the interpreter keeps no values of it"
        if node not in model.made:
            missing[node] = UNSEEN
    return Activations(model.graph, outputs, {}, missing, words, store)


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
