"""TensorFlow Lite files as something that runs, where nothing times their operations: the time of whole runs.

Python's classes of LiteRT tell no more. Its program ``benchmark_model`` does; the table that this writes is a trace.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from cutaway.errors import OptionError, ReadError
from cutaway.graph.model import Shape
from cutaway.loading.litert import interpreter_module
from cutaway.profiling.inputs import Input, filled

INSTEAD = (
    "so only the whole is known; for layers run its benchmark_model with --use_profiler=true "
    "--profiling_output_csv_file=FILE, and read that: --trace FILE"
)
"""What is said behind the reason why operations are not timed."""


def runnable(
    path: str, batch: int, shapes: Mapping[str, Shape], data: Any = None
) -> tuple[Callable[[], None], dict[str, tuple[int, ...]], str]:
    """A file as something that runs.

    Args:
        path: The file.
        batch: Length of every free batch axis.
        shapes: Shapes of some inputs, by name.
        data: Arrays for the inputs, in their order; None for numbers that are made up.

    Returns:
        What runs it once; the shape of each input by its name; what runs it, in words.

    Raises:
        MissingExtra: Neither LiteRT nor TensorFlow Lite is installed.
        ReadError: The file cannot be loaded.
        OptionError: A shape does not fit.
    """
    module, runtime = interpreter_module(
        "profile runs the model", ". The table of its benchmark_model can be read without it: --trace FILE"
    )
    try:
        interpreter = module.Interpreter(model_path=path, num_threads=os.cpu_count() or 1)
        details = interpreter.get_input_details()
    except (ValueError, RuntimeError) as error:
        raise ReadError(f"cannot be run by {runtime}: {error!s:.300}", path=path) from error
    wanted = [_input(each) for each in details]
    arrays = arrays_for(wanted, batch, shapes, data)
    try:
        for each, array in zip(details, arrays, strict=True):
            if tuple(each["shape"]) != array.shape:
                interpreter.resize_tensor_input(each["index"], array.shape)
        interpreter.allocate_tensors()
        for each, array in zip(details, arrays, strict=True):
            interpreter.set_tensor(each["index"], array)
    except (ValueError, RuntimeError) as error:
        raise ReadError(f"cannot be run by {runtime} on these shapes: {error!s:.300}", path=path) from error
    ran = {each.names[0]: tuple(array.shape) for each, array in zip(wanted, arrays, strict=True)}
    return interpreter.invoke, ran, runtime


def _input(detail: Mapping[str, Any]) -> Input:
    signature = detail.get("shape_signature", detail["shape"])
    shape = tuple(None if size < 0 else int(size) for size in signature)
    name = str(detail["name"])
    plain = name.partition(":")[0]
    short = plain.removeprefix("serving_default_")
    return Input(tuple(dict.fromkeys((short, plain, name))), shape, np.dtype(detail["dtype"]).name)


def arrays_for(wanted: Sequence[Input], batch: int, shapes: Mapping[str, Shape], data: Any) -> list[Any]:
    """Arrays for some inputs, in their order.

    Args:
        wanted: The inputs.
        batch: Length of every free batch axis.
        shapes: Shapes of some inputs, by name.
        data: Arrays that are given; None for numbers that are made up, the same at every call.

    Raises:
        OptionError: A shape or the number of arrays does not fit, or nothing can be made up for a type.
    """
    if data is not None:
        given = list(data) if isinstance(data, list | tuple) else [data]
        if len(given) != len(wanted):
            raise OptionError(f"data: the model takes {len(wanted)} tensors; received {len(given)}")
        return [np.asarray(each, one.dtype) for each, one in zip(given, wanted, strict=True)]
    numbers = np.random.default_rng(0)
    found = []
    for each, shape in zip(wanted, filled(wanted, batch, shapes), strict=True):
        kind = np.dtype(each.dtype)
        if kind.kind == "f":
            found.append(numbers.standard_normal(shape).astype(kind))
        elif kind.kind in "iub":
            found.append(numbers.integers(0, 2, shape).astype(kind))
        else:
            raise OptionError(f"an input of type {each.dtype} cannot be made up; give it: data=")
    return found
