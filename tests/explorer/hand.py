"""What the tests of the explorer share: a chart of a graph, and its answers decoded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.drawing.arrange import Arranged, always, arrange, everything_large
from cutaway.explorer.chart import Chart
from cutaway.explorer.contract import Live
from cutaway.graph.grouping import group
from cutaway.graph.model import Graph
from cutaway.layout.nesting import LayoutOptions
from cutaway.style.labels import LabelOptions

ROOT = Path(__file__).resolve().parents[2]
ALL: Live = {"weights": True, "focus": True, "export": True, "inside": 0}


def arranged_of(graph: Graph, **options: Any) -> Arranged:
    grouped = group(graph)
    unfolded = always if everything_large(grouped) else None
    return arrange(grouped, LabelOptions(names=None), LayoutOptions(unfolded=unfolded, **options), {})


def chart_of(graph: Graph, **options: Any) -> Chart:
    return Chart(arranged_of(graph, **options), ALL)


def whole(chart: Chart) -> dict[str, Any]:
    """The head with all other parts merged into it, as a page would."""
    head: dict[str, Any] = json.loads(chart.head())
    rest = json.loads(chart.rest())
    for kind in ("sheets", "looks", "parts"):
        assert not set(head[kind]) & set(rest[kind])
        head[kind].update(rest[kind])
    return head


_TYPES = {"u8": "<u1", "i32": "<i4", "u32": "<u4", "f32": "<f4", "f64": "<f8"}


def decode(pieces: Sequence[bytes]) -> dict[str, Any]:
    """Columns by name: arrays of numbers, lists of texts, and values of JSON."""
    data = b"".join(pieces)
    size = int.from_bytes(data[:4], "little")
    assert (4 + size) % 8 == 0
    sections = {section["name"]: section for section in json.loads(data[4 : 4 + size])["sections"]}
    found: dict[str, Any] = {}
    for name, section in sections.items():
        start = 4 + size + section["offset"]
        assert start % 8 == 0
        body = data[start : start + section["length"]]
        assert len(body) == section["length"]
        if section["type"] != "utf8":
            found[name] = np.frombuffer(body, _TYPES[section["type"]])
            assert len(found[name]) == section["count"]
        elif f"{name}_start" not in sections:
            found[name] = json.loads(body)
        else:
            found[name] = body
    for name in [name for name in found if f"{name}_start" in found and isinstance(found[name], bytes)]:
        starts = found.pop(f"{name}_start").tolist()
        assert starts[0] == 0
        assert starts[-1] == len(found[name])
        found[name] = [found[name][low:high].decode() for low, high in pairwise(starts)]
    return found
