"""What the recorder hands over to be written: values are taken where the model trains, all else is done by the writer.

A job is a function that gets the writer of an event file; beside it stands about how many bytes it holds.
"""

from __future__ import annotations

import itertools
import json
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras

from cutaway.graph import Graph
from cutaway.graph.contract import to_contract
from cutaway.training import spread
from cutaway.training.event_writer import EventWriter
from cutaway.training.histograms import Distribution, histogram_rows
from cutaway.training.step.names import Name
from cutaway.training.step.told import SOME, Told
from cutaway.training.tensors import distribution_of, image_of
from cutaway.training.writing import Job

STRUCTURE = "cutaway_graph"
"""The plugin under which the structure of the model is written, in the words of the graph contract."""


def numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    """Those of some values that are single numbers; a metric may also be an array, which is no curve."""
    found: dict[str, float] = {}
    for name, value in logs.items():
        number: Callable[[Any], float] = float
        if isinstance(value, Mapping):  # as Keras does with the results of several metrics under one name
            found |= numbers(value)
            continue
        try:
            found[name] = number(value)
        except (TypeError, ValueError):
            continue
    return found


def learning_rates(model: Any) -> dict[str, float]:
    """The learning rate; where an optimizer is made of several, that of each, by its name."""
    optimizer = getattr(model, "optimizer", None)
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    several = getattr(optimizer, "optimizers", None)
    named = {"learning_rate": optimizer} if several is None else {f"learning_rate_{o.name}": o for o in several}
    found = {name: getattr(one, "learning_rate", None) for name, one in named.items()}
    return numbers({name: keras.ops.convert_to_numpy(rate) for name, rate in found.items() if rate is not None})


def iterations(model: Any) -> int | None:
    """Steps of the optimizer, which a model that was saved and loaded remembers; None if there is none."""
    told = getattr(getattr(model, "optimizer", None), "iterations", None)
    return None if told is None else int(keras.ops.convert_to_numpy(told))


def metrics(logs: dict[str, Any], more: dict[str, float], step: int, time: float) -> Job:
    """Metrics of a step, which may be tensors that are not there yet, and more numbers."""

    def job(writer: EventWriter) -> None:
        told = {f"batch_{name}": value for name, value in numbers(logs).items()}
        writer.scalars({**told, **more}, step, wall_time=time)

    return job


def taken(told: Told, step: int, time: float) -> Job:
    """What was taken at a step."""

    def job(writer: EventWriter) -> None:
        entries = told.rows()
        with writer.together():
            while some := list(itertools.islice(entries, SOME)):
                for (name, found, extra), rows in zip(some, histogram_rows([one for _, one, _ in some]), strict=True):
                    spread.write(writer, name.kind, name.id, rows, _numbers(name, found, extra), step, time)

    return job


def _numbers(name: Name, found: Distribution, extra: float) -> dict[str, float]:
    """The statistics of a distribution, with those of the last moment, by name."""
    values = spread.numbers(name.kind, found, form=name.form, width=name.width)
    if name.counts_units:
        values["dead"] = extra
    if name.kind == "updates" and 0 < extra < math.inf:
        values["ratio"] = found.norm / extra**0.5
    return values


def weights_of_epoch(model: Any, epoch: int, time: float, *, images: bool) -> Iterator[tuple[Job, int]]:
    """The weights as `keras.callbacks.TensorBoard` names them."""
    for weight in model.weights:
        name = weight.path.replace(":", "_")
        found, image = distribution_of(weight), image_of(weight) if images else None

        def job(writer: EventWriter, name: str = name, found: Any = found, image: Any = image) -> None:
            writer.histogram(f"{name}/histogram", found.rows(), epoch, wall_time=time)
            if image is not None:
                writer.images(f"{name}/image", image, epoch, wall_time=time)

        yield job, found.counts.nbytes + (0 if image is None else image.nbytes)


class Structure:
    """What a model is made of, as a job that writes it unless a file beside has it.

    Args:
        model: The model.
        graph: The model as it was read; None where it cannot be.
    """

    def __init__(self, model: Any, graph: Graph | None) -> None:
        self._jobs = list(_structure(model, graph))
        self._written: Path | None = None

    def __call__(self, writer: EventWriter) -> None:
        """Write it, also where the file that had it is no longer there; each object of a store has its own."""
        held = self._written
        if held is None or held.parent != writer.path.parent or not held.exists():
            for job in self._jobs:
                job(writer)
            self._written = writer.path


def _structure(model: Any, graph: Graph | None) -> Iterator[Job]:
    """The structure for cutaway and, as far as Keras can tell it, for TensorBoard."""
    if graph is not None:
        encoded = json.dumps(to_contract(graph), separators=(",", ":")).encode()
        yield lambda writer: writer.contract("cutaway/structure", STRUCTURE, encoded)
    if type(model).__name__ in ("Functional", "Sequential"):
        try:
            config = model.to_json()
        except Exception as error:  # the configuration of a layer is the user's own code
            warnings.warn(f"the structure of the model is not recorded for TensorBoard: {error}", stacklevel=6)
        else:
            yield lambda writer: writer.keras_model(config)
