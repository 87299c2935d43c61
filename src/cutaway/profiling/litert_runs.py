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
from cutaway.loading.litert_interpreter import Request, prepared
from cutaway.loading.litert_trial import check_survives
from cutaway.profiling.inputs import Input, filled, inputs_of
from cutaway.readers.tflite import Steps

INSTEAD = (
    "so only the whole is known; for layers run its benchmark_model with --use_profiler=true "
    "--profiling_output_csv_file=FILE, and read that: --trace FILE"
)
"""What is said behind the reason why operations are not timed."""


def runnable(
    path: str, model: Steps, batch: int, shapes: Mapping[str, Shape], data: Any = None
) -> tuple[Callable[[], Any], dict[str, tuple[int, ...]], str]:
    """A file as something that runs, once it was found to end no process.

    Args:
        path: The file.
        model: The same as it was read.
        batch: Length of every free batch axis.
        shapes: Shapes of some inputs, by name.
        data: Arrays for the inputs, in their order; None for numbers that are made up.

    Returns:
        What runs it once; the shape of each input by the id of its node; what runs it, in words.

    Raises:
        MissingExtra: Neither LiteRT nor TensorFlow Lite is installed.
        ReadError: The file cannot be loaded or run.
        OptionError: A shape does not fit.
    """
    module, runtime = interpreter_module(
        "profile runs the model", ". The table of its benchmark_model can be read without it: --trace FILE"
    )
    given, ran = given_to(model, batch, shapes, data)
    request = Request(module.__name__, path, threads=os.cpu_count() or 1)
    check_survives(request, given)
    try:
        _, run = prepared(request, given)
    except (ValueError, RuntimeError) as error:
        raise ReadError(f"cannot be run by {runtime} on these shapes: {error!s:.300}", path=path) from error
    return run, ran, runtime


def given_to(
    model: Steps, batch: int, shapes: Mapping[str, Shape], data: Any
) -> tuple[dict[int, Any], dict[str, tuple[int, ...]]]:
    """Arrays for the inputs of a file by the number of their tensor, and their shapes by the id of their node.

    Args:
        model: The file as it was read.
        batch: Length of every free batch axis.
        shapes: Shapes of some inputs, by name.
        data: Arrays that are given; None for numbers that are made up, the same at every call.

    Raises:
        OptionError: A shape or the number of arrays does not fit, or nothing can be made up for a type.
    """
    arrays = _arrays(inputs_of(model.graph), batch, shapes, data)
    ran = {model.graph.ids[port.node]: each.shape for port, each in zip(model.graph.inputs, arrays, strict=True)}
    return dict(zip(model.inputs, arrays, strict=True)), ran


def _arrays(wanted: Sequence[Input], batch: int, shapes: Mapping[str, Shape], data: Any) -> list[Any]:
    """Arrays for some inputs, in their order."""
    if data is not None:
        given = list(data) if isinstance(data, list | tuple) else [data]
        if len(given) != len(wanted):
            raise OptionError(f"data: the model takes {len(wanted)} tensors; received {len(given)}")
        return [np.asarray(each, _type(one)) for each, one in zip(given, wanted, strict=True)]
    numbers = np.random.default_rng(0)
    found = []
    for each, shape in zip(wanted, filled(wanted, batch, shapes), strict=True):
        kind = _type(each)
        if kind.kind == "f":
            found.append(numbers.standard_normal(shape).astype(kind))
        elif kind.kind in "iub":
            found.append(numbers.integers(0, 2, shape).astype(kind))
        else:
            raise OptionError(f"an input of type {each.dtype} cannot be made up; give it: data=")
    return found


def _type(wanted: Input) -> np.dtype[Any]:
    if wanted.dtype == "string":
        return np.dtype(np.bytes_)
    try:
        return np.dtype(wanted.dtype)
    except TypeError as error:
        raise OptionError(f"input {wanted.names[0]!r} of type {wanted.dtype} cannot be filled from Python") from error
