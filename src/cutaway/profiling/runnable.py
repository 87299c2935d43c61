"""`Runnable`: a model that can be run, and where each of its operations belongs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from cutaway.profiling.landing import Place
from cutaway.profiling.optimes import OpTimes

PHASES = ("forward", "backward", "update")


@dataclass(frozen=True, slots=True)
class Landed:
    """Where an operation of a trace belongs.

    Attributes:
        place: The node or group; None where nothing tells.
        phase: Which part of a step it is.
    """

    place: Place | None
    phase: str = "forward"


@dataclass(frozen=True, slots=True)
class Fusion:
    """Operations that TensorFlow made one.

    Attributes:
        place: Where the time of the whole belongs: where most of the work is.
        others: Places whose work is part of it, which have no time of their own for that.
    """

    place: Place
    others: tuple[Place, ...]


def no_fusions(times: OpTimes) -> Mapping[str, Fusion]:
    """Where operations are known by their names alone, nobody can tell what became one."""
    del times
    return {}


@dataclass(frozen=True, slots=True)
class Runnable:
    """A model and its inputs.

    Attributes:
        run: Runs it once and waits for it.
        land: Where an operation belongs, by its name.
        fusions: What became one, by the name of the operation that ran.
        found_by: How operations are told apart, in words.
        around: Made around all runs; puts back what they change.
    """

    run: Callable[[], Any]
    land: Callable[[str], Landed]
    fusions: Callable[[OpTimes], Mapping[str, Fusion]] = field(default=no_fusions)
    found_by: str = ""
    around: Callable[[], AbstractContextManager[None]] = nullcontext
