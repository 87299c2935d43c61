"""Weights of a model or checkpoint into an index: numbers about the values of each, read by range.

Parts of at most `PART` elements, of one weight or of several small ones, are the units of work. What a part tells is
kept until the file changes, so that a stopped job goes on; the parts of a weight are joined in their order, so that
the numbers are the same whoever worked.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.analysis.array_statistics import Sums
from cutaway.errors import CutawayError
from cutaway.graph.model import Weight
from cutaway.indexing.places import Place, open_place
from cutaway.indexing.tables import WEIGHTS, packed
from cutaway.readers import locate, read
from cutaway.readers.values import read_values

SCHEMA = 1
PART = 1 << 26
"""Elements of a unit of work: 256 MB of the usual type."""

_STEP = 1 << 22
"""Elements that are read at once; a part holds a whole number of them, so that sums do not depend on the parts."""


@dataclass(frozen=True, slots=True)
class Span:
    """A range of the elements of a weight."""

    weight: Weight
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Part:
    """Ranges of weights that are read together.

    Attributes:
        source: Path of the model.
        index: Address of the index.
        number: Its number among all parts.
        state: A digest of the model's files, as far as they can be told from outside.
        spans: The ranges.
    """

    source: str
    index: str
    number: int
    state: str
    spans: tuple[Span, ...]


def tasks(source: str, index: str, most: int = PART) -> list[Part]:
    """The weights of a model in parts, in their order.

    Args:
        source: Path of the model or checkpoint.
        index: Address of the index.
        most: Elements of a part.

    Raises:
        ReadError: It is damaged, unsafe, or not a model.
    """
    held = locate(source)
    weights = read(source).weights
    digest = hashlib.sha256(f"{SCHEMA}:{most}".encode())
    paths = [Path(source)] if held.kind != "folder" else [Path(source) / name for name in sorted(held.names)]
    if held.kind == "file":
        beside = Path(source).name.removesuffix(".index")
        paths += sorted(path for path in Path(source).parent.glob("*") if path.name.startswith(beside))
    for path in paths:
        if path.is_file():
            told = path.stat()
            digest.update(f"{path.name}\0{told.st_size}\0{told.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    state = digest.hexdigest()[:32]
    return [Part(source, index, at, state, spans) for at, spans in enumerate(_divided(weights, most))]


def _divided(weights: Sequence[Weight], most: int) -> list[tuple[Span, ...]]:
    found: list[tuple[Span, ...]] = []
    spans: list[Span] = []
    room = most
    for weight in weights:
        for start in range(0, weight.parameters, most) or (0,):
            stop = min(start + most, weight.parameters)
            if spans and stop - start > room:
                found.append(tuple(spans))
                spans, room = [], most
            spans.append(Span(weight, start, stop))
            room -= stop - start
    return [*found, tuple(spans)] if spans else found


def index_part(part: Part) -> None:
    """Read the ranges of a part and keep what they tell, where that is not known yet.

    Raises:
        OSError: The index cannot be written.
    """
    index = open_place(part.index)
    if _kept(index, part) is not None:
        return
    found = []
    held = locate(part.source)
    for span in part.spans:
        sums, problem = Sums(), ""
        try:
            for start in range(span.start, span.stop, _STEP):
                values = read_values(held, span.weight, start, min(start + _STEP, span.stop))
                if values.dtype.kind == "c":
                    problem = "complex numbers, of which no statistics are made"
                    break
                with np.errstate(over="ignore", invalid="ignore"):
                    sums.add(values)
        except CutawayError as error:
            problem = str(error)
        found.append({"sums": _plain(sums), "problem": problem})
    text = json.dumps({"state": part.state, "number": part.number, "spans": found}, sort_keys=True)
    index.write(_name(part.number), text.encode())


def _name(number: int) -> str:
    return f"pieces/{number:06}.json"


def _plain(sums: Sums) -> dict[str, Any]:
    return {name: repr(value) if isinstance(value, float) else value for name, value in asdict(sums).items()}


def _sums(told: dict[str, Any]) -> Sums:
    exact: dict[str, Any] = {name: float(value) if isinstance(value, str) else value for name, value in told.items()}
    return Sums(**exact)


def _kept(index: Place, part: Part) -> list[dict[str, Any]] | None:
    """What is known of a part; None where it is not, or the file is another now."""
    if index.size(_name(part.number)) < 0:
        return None
    with index.open(_name(part.number)) as file:
        try:
            told = json.loads(file.read())
        except ValueError:
            return None
    right = isinstance(told, dict) and told.get("state") == part.state and told.get("number") == part.number
    spans: list[dict[str, Any]] | None = told["spans"] if right else None
    return spans if spans is not None and len(spans) == len(part.spans) else None


def finish(index: Place, parts: Sequence[Part]) -> dict[str, int]:
    """Put what the parts tell together as the table ``weights``.

    Returns:
        How many weights and values there are.
    """
    order: list[Weight] = []
    sums: dict[str, Sums] = {}
    problems: dict[str, str] = {}
    for part in parts:
        told = _kept(index, part) or []
        for span, found in zip(part.spans, told, strict=True):
            if span.weight.id not in sums:
                order.append(span.weight)
                sums[span.weight.id] = Sums()
            sums[span.weight.id].join(_sums(found["sums"]))
            problems[span.weight.id] = problems.get(span.weight.id) or found["problem"]
    wanted = {_name(part.number) for part in parts}
    for name in index.names():
        if name.startswith("pieces/") and name not in wanted:
            index.remove(name)
    table = [_row(weight, sums[weight.id], problems[weight.id]) for weight in order]
    index.write("weights.parquet", packed(WEIGHTS, {name: [row[name] for row in table] for name in WEIGHTS}))
    return {"weights": len(order), "values": sum(each.read for each in sums.values())}


def _row(weight: Weight, sums: Sums, problem: str) -> dict[str, Any]:
    some = sums.finite > 0 and not problem
    numbers = (sums.low, sums.high, sums.mean, sums.deviation, sums.norm)
    low, high, mean, deviation, norm = (value if some and math.isfinite(value) else None for value in numbers)
    return {
        "weight": weight.id, "name": weight.name, "shape": "×".join(map(str, weight.shape)), "dtype": weight.dtype,
        "trainable": int(weight.trainable), "bytes": weight.bytes, "count": weight.parameters, "min": low, "max": high,
        "mean": mean, "std": deviation, "norm": norm, "zeros": sums.zeros, "nan": sums.nan, "posinf": sums.posinf,
        "neginf": sums.neginf, "problem": problem,
    }  # fmt: skip
