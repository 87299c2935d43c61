"""Measured times of layers: from a mapping, from JSON, or from what ``cutaway profile`` wrote."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from cutaway.charts.layers import Ledger
from cutaway.charts.roofline import Machine
from cutaway.errors import OptionError, ReadError
from cutaway.graph.model import Shape
from cutaway.graph.regular import read_regular
from cutaway.graph.select import find

Times = Mapping[str, float] | str | PathLike[str]
"""Seconds by name or id of the layer, or the path of a JSON file with them."""

_MOST_BYTES = 256 << 20
"""Bytes of a file of times: a profile has some 400 for each of half a million layers."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured.

    Attributes:
        seconds: By name or id of the layer.
        shapes: Shapes of the inputs by name, where they are known.
        machine: What bounds the layers, where it was measured too.
    """

    seconds: Mapping[str, float]
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    machine: Machine | None = None


def read_times(times: Times) -> Measured:
    """Take times from a mapping or a file.

    Raises:
        ReadError: The file cannot be read, or holds no times.
        OptionError: A time is no number.
    """
    if isinstance(times, Mapping):
        return Measured(_checked(times.items()))
    path = Path(times)
    data = read_regular(path, _MOST_BYTES, "times")
    try:
        held = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ReadError(f"expected JSON with a time for each layer: {error}", path=path) from error
    try:
        if isinstance(held, dict) and held.get("kind") == "profile":
            return _profile(held)
        if isinstance(held, dict) and held:
            return Measured(_checked(held.items()))
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        if isinstance(error, OptionError):
            raise
        raise ReadError(f"expected what cutaway profile writes; it is damaged: {error!r}", path=path) from error
    raise ReadError('expected {"layer": seconds, …}, or what cutaway profile -o writes', path=path)


def _profile(held: dict[str, Any]) -> Measured:
    """A profile: the forward pass of each layer, the shapes that were run, and the roof."""
    rows = [row for row in held["rows"] if row["kind"] == "node"]
    seconds = _checked((row["id"], (row.get("forward_ms", row["time_ms"]) or 0.0) / 1e3) for row in rows)
    shapes = {
        str(name): tuple(None if size is None else int(size) for size in shape)
        for name, shape in held.get("setting", {}).get("shapes", {}).items()
    }
    roof = held.get("roof")
    machine = None
    if roof is not None:
        machine = Machine(float(roof["flops_per_second"]), float(roof["bytes_per_second"]), str(roof["source"]))
    return Measured(seconds, shapes, machine)


def _checked(times: Iterable[tuple[str, Any]]) -> dict[str, float]:
    found = {}
    for name, value in times:
        try:
            spent = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        except OverflowError:  # a whole number that no float holds, perhaps too long to be told
            value, spent = "a whole number beyond every float", None
        if spent is None or not 0 <= spent < math.inf:
            raise OptionError(f"times: {name!r} must be a finite number of seconds; received {value!r}")
        found[str(name)] = spent
    return found


def by_layer(held: Ledger, seconds: Mapping[str, float]) -> dict[int, float]:
    """Seconds by position of the layer; the operations of one layer are added up, and its calls share its time.

    Raises:
        OptionError: A name is that of no layer.
    """
    known = _names(held)
    found: dict[int, float] = {}
    for name, value in seconds.items():
        if name not in known:
            find(held.graph, [name], "times")  # tells which names are like it
            raise OptionError(f"times: {name!r} is a group and no layer")
        for at in known[name]:
            found[at] = found.get(at, 0.0) + value / len(known[name])
    return found


def _names(held: Ledger) -> dict[str, list[int]]:
    """Positions of the layers that a name or id means; an id comes before a name."""
    graph = held.graph
    found: dict[str, list[int]] = {}
    for at, layer in enumerate(held.layers):
        found.setdefault(layer.name, []).append(at)
    for node, at in enumerate(held.layer_of):
        found[graph.ids[node]] = [at]
    for at, layer in enumerate(held.layers):
        found[layer.id] = [at]
    return found
