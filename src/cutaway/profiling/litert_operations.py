"""Times of the operations of a TensorFlow Lite file: recorded by LiteRT, and put on the nodes of its graph."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.graph.model import Shape
from cutaway.profiling.inputs import Input, inputs_of
from cutaway.profiling.landing import Place
from cutaway.profiling.litert_landing import At, found_in
from cutaway.profiling.litert_profiler import Kernels, Recording, Unprofiled, installed, recorded
from cutaway.profiling.litert_runs import given_to
from cutaway.profiling.optimes import Floats, OpTimes
from cutaway.profiling.runnable import Fusion, Landed
from cutaway.readers.tflite import Step, Steps

_ACTIVATIONS = frozenset({"RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1"})
_BEFORE = frozenset({"PAD", "PADV2", "MUL", "SQUARE"})
"""What XNNPACK joins with what reads it: paddings, and squares that are added up."""

_FOUND_BY: Mapping[Kernels, str] = {
    "xnnpack": "their numbers in LiteRT and the order of XNNPACK's operators",
    "builtin": "their numbers in LiteRT",
}


@dataclass(frozen=True, slots=True)
class Operations:
    """What was measured, by operation.

    Attributes:
        times: Seconds by operation and run.
        places: Where each of them belongs; those that are missing belong nowhere.
        fusions: What ran within another, by the name of that.
        whole, looked_at: Seconds of runs without and under the profiler.
        ran: The shape of each input by the id of its node.
        setting: What ran it, in words.
        notes: What else is to be said.
    """

    times: OpTimes
    places: Mapping[str, Place]
    fusions: Mapping[str, Fusion]
    whole: Floats
    looked_at: Floats
    ran: dict[str, tuple[int, ...]]
    setting: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    def land(self, name: str) -> Landed:
        """Where an operation belongs."""
        return Landed(self.places.get(name))


def measured(
    path: str, model: Steps, batch: int, shapes: Mapping[str, Shape], data: Any, runs: int | None
) -> Operations:
    """Run a file under LiteRT's profiler.

    It runs as LiteRT runs it by itself, by XNNPACK where that can; where the operators of that cannot be told to be
    operations of the file, once more with one kernel for each operation, and a note says so.

    Args:
        path: The file.
        model: The same as it was read.
        batch: Length of every free batch axis.
        shapes: Shapes of some inputs, by name.
        data: Arrays for the inputs, in their order; None for numbers that are made up.
        runs: How many runs are looked at; None for as many as fit into some seconds.

    Raises:
        Unprofiled: Operations cannot be timed here.
        OptionError: A shape does not fit.
    """
    litert = installed()
    _check_types(inputs_of(model.graph))
    given, ran = given_to(model, batch, shapes, data)
    seen = recorded(litert, path, given, model.key, runs, "xnnpack")
    kernels: Kernels = "xnnpack"
    notes: tuple[str, ...] = ()
    try:
        landed = found_in(seen.events, model)
    except Unprofiled as reason:
        kernels, by_itself = "builtin", float(np.median(seen.whole))
        seen = recorded(litert, path, given, model.key, runs, kernels)
        landed = found_in(seen.events, model)
        notes = (
            f"{reason}; so these are the times of LiteRT's built-in kernels, one for each operation. By XNNPACK, as "
            f"LiteRT runs it by itself, the whole takes {by_itself * 1e3:.3g} ms",
        )
    setting = {
        "by": _FOUND_BY[kernels],
        "kernels": "XNNPACK" if kernels == "xnnpack" else "built-in",
        "litert": litert.version,
        "cpus": os.cpu_count() or 1,
    }
    times = _times(seen, landed, model)
    if not any(np.median(seconds) for seconds in times.seconds.values()):
        raise Unprofiled("no operation takes a microsecond, the least that LiteRT's profiler tells")
    return Operations(
        times, _all_places(model), _fusions(model, landed), seen.whole,
        seen.looked_at, ran, setting, notes,
    )  # fmt: skip


def _check_types(wanted: Sequence[Input]) -> None:
    """Refuse inputs that are no plain numbers, such as strings."""
    for each in wanted:
        try:
            np.dtype(each.dtype)
        except TypeError as error:
            raise Unprofiled(f"LiteRT's profiler gets no inputs of type {each.dtype} from here") from error


def _name(place: At) -> str:
    return f"{place.subgraph}.{place.number}"


def _times(seen: Recording, landed: Sequence[At | None], model: Steps) -> OpTimes:
    """Seconds by operation, those of calls without what runs in their bodies; of what nobody can find too."""
    found = OpTimes(len(seen.seconds), source="LiteRT's profiler")
    inside: dict[int, Floats] = {}
    for at, event in enumerate(seen.events):
        if event.is_operation:
            inside[event.subgraph] = inside.get(event.subgraph, 0.0) + seen.seconds[:, at]
    for at, (event, place) in enumerate(zip(seen.events, landed, strict=True)):
        if place is None and not (event.is_operation and event.subgraph == model.subgraph):
            continue
        name = event.tag if place is None else _name(place)
        found.seconds[name] = found.seconds.get(name, 0.0) + seen.seconds[:, at]
        found.kinds[name] = event.tag
    for subgraph, steps in ((model.subgraph, model.steps), *model.bodies.items()):
        for number, step in enumerate(steps):
            name = _name(At(subgraph, number))
            bodies = [inside[body] for body in step.calls if body in model.bodies and body in inside]
            if name in found.seconds and bodies:
                found.seconds[name] = np.maximum(found.seconds[name] - np.sum(bodies, axis=0), 0.0)
    return found


def _all_places(model: Steps) -> dict[str, Place]:
    """Where each operation belongs, those in bodies too."""
    return {
        _name(At(subgraph, number)): place
        for subgraph, steps in ((model.subgraph, model.steps), *model.bodies.items())
        for number, place in _places(steps).items()
    }


def _places(steps: tuple[Step, ...]) -> dict[int, Place]:
    """Where each operation belongs: to its node or group; what is left out, to the first that reads what it makes."""
    readers = _readers(steps)
    places: dict[int, Place] = {}
    for at in range(len(steps) - 1, -1, -1):  # who reads stands behind who makes
        step = steps[at]
        if step.node is not None:
            places[at] = Place("node", step.node)
        elif step.group is not None:
            places[at] = Place("group", step.group)
        else:
            reading = next((reader for tensor in step.outputs for reader in readers.get(tensor, ())), None)
            if reading in places:
                places[at] = places[reading]
    return places


def _readers(steps: tuple[Step, ...]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for at, step in enumerate(steps):
        for tensor in step.inputs:
            found.setdefault(tensor, []).append(at)
    return found


def _fusions(model: Steps, landed: Sequence[At | None]) -> dict[str, Fusion]:
    """Activations that ran within what they follow, and paddings and squares within what follows them."""
    steps = model.steps
    timed = {place.number for place in landed if place is not None and place.subgraph == model.subgraph}
    makers = {tensor: at for at, step in enumerate(steps) for tensor in step.outputs}
    readers = _readers(steps)
    within: dict[int, list[Place]] = {}
    for at, step in enumerate(steps):
        if at in timed or step.node is None:
            continue
        beside: int | None = None
        if step.op in _ACTIVATIONS:
            beside = makers.get(step.inputs[0]) if step.inputs else None
        elif step.op in _BEFORE:
            beside = next((reader for tensor in step.outputs for reader in readers.get(tensor, ())), None)
        if beside is not None and beside in timed:
            within.setdefault(beside, []).append(Place("node", step.node))
    return {
        _name(At(model.subgraph, at)): Fusion(Place("node", node), tuple(places))
        for at, places in within.items()
        if (node := steps[at].node) is not None
    }
