"""Tables by layer name: a mapping, records, pairs, a DataFrame of pandas or polars, a CSV or JSON file.

These are the tables that the page takes where a file is dropped on it (``web/src/colour/own.ts``), read likewise::

    layer,latency_ms,device        {"conv1": 3.5, …}            {"model.tflite": {"results":
    conv1,3.5,gpu:0                {"conv1": {"ms": 3.5}, …}        {"conv1": {"value": 3.5}, …}}}
                                   [{"layer": "conv1", "ms": 3.5}, …]
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cutaway.errors import OptionError, ReadError
from cutaway.graph.regular import read_regular

Cell = float | str | None

LARGEST = 64_000_000
"""Bytes of a file; a table of 1,000,000 layers has some 50 MB."""

MOST_CELLS = 20_000_000
"""Rows times columns; more do not fit into the memory of a small machine."""

KEYS = ("layer", "id", "name", "node", "op", "operation", "tensor", "layer_name", "node_name")
"""Headings of the column of names, the best first."""

_EMPTY = re.compile(r"(?:nan|na|n/a|null|none|-)?\Z", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_DECIMAL_POINT = re.compile(_DECIMAL_COMMA.pattern.replace(",", r"\."))
_MOST_SAID = 60
"""Letters of how the roof of a profile is known."""

_LARGEST_VALUE = 1e150
"""The difference of two values must be finite."""

EXPECTED = (
    'expected a CSV with a heading such as layer,latency_ms, or JSON such as {"conv1": 3.5}, {"conv1": {"ms": 3.5}} '
    'or [{"layer": "conv1", "ms": 3.5}]'
)


@dataclass(frozen=True, slots=True)
class Table:
    """Values by name.

    Attributes:
        name: What it is called, such as the name of its file.
        columns: Names of the columns of values.
        rows: The name in each row, and its values.
        roof: Of a profile, the FLOPs and the bytes a second that the machine can do at best, and how that is known.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    roof: tuple[float, float, str] | None = None

    def numeric(self, column: int) -> bool:
        """Whether a column holds numbers, and nothing else but empty cells."""
        cells = [values[column] for _, values in self.rows if values[column] is not None]
        return bool(cells) and all(isinstance(cell, float) for cell in cells)


def read_table(source: Any, *, name: str = "values", what: str = "overlay") -> Table:
    """Read a table.

    Args:
        source: Path of a ``.csv`` or ``.json`` file; a mapping from names to numbers or to mappings of values; a list
            of records or pairs; a DataFrame or Series.
        name: What it is called where it has no file.
        what: Name of the option, for messages.

    Raises:
        ReadError: The file is damaged, too large, or no table.
        OptionError: The object is no table.
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, str | os.PathLike):
        return _file(Path(source))
    if hasattr(source, "to_dicts"):  # polars
        return _records(source.to_dicts(), name, what)
    if hasattr(source, "to_frame") and not hasattr(source, "columns"):  # a Series of pandas, which has names of its own
        return _mapping({str(key): source[key] for key in source.index}, name, what)
    if hasattr(source, "to_dict") and hasattr(source, "columns"):
        return _pandas(source, name, what)
    if isinstance(source, Mapping):
        return _mapping(source, name, what)
    if isinstance(source, Iterable):
        return _listed(list(source), name, what)
    raise OptionError(
        f"{what} must be a path, a mapping, a list of records or a DataFrame; received {type(source).__name__}"
    )


def _file(path: Path) -> Table:
    data = read_regular(path, LARGEST, "a table")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReadError(f"is no text in UTF-8; {EXPECTED}", path=path) from error
    try:
        if text.lstrip()[:1] in ("{", "["):
            value = json.loads(text)
            if isinstance(value, Mapping):
                return _mapping(value, path.name, "the table")
            return _listed(value, path.name, "the table")
        return _csv(text, path.name)
    except (OptionError, csv.Error, ValueError, RecursionError) as error:
        if isinstance(error, ReadError):
            raise
        raise ReadError(f"{error}; {EXPECTED}", path=path) from error


def _csv(text: str, name: str) -> Table:
    """A table with semicolons, tabs or commas, whichever the first line has most of."""
    first = io.StringIO(text.lstrip(), newline="").readline()
    comma = max(";\t,", key=first.count)  # as many commas as others are those of decimals
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=comma)  # lines end where CSV says, not within quotes
    lines = [[cell.strip() for cell in line] for line in reader if any(line)]
    if not lines or len(lines[0]) < 2:
        raise OptionError("there is no table with at least two columns")
    if comma != ",":
        lines = _with_points(lines)
    head, rest = lines[0], lines[1:]
    if any(isinstance(_cell(cell), float) for cell in head[1:]):  # no heading
        head, rest = ["layer", *(f"value {at}" for at in range(1, len(head)))], lines
    _check_size(len(rest), len(head), "the table")  # before: each row is made as wide as the heading
    _check_widths(rest, len(head), comma)
    records = [dict(zip(head, [*line, *[""] * len(head)], strict=False)) for line in rest]
    return _records(records, name, "the table", first=head[0])


def _with_points(lines: list[list[str]]) -> list[list[str]]:
    """The cells of a table without commas between them, numbers such as ``0,5`` written with a point."""
    cells = [cell for line in lines for cell in line]
    comma = next(filter(_DECIMAL_COMMA.fullmatch, cells), None)
    point = next(filter(_DECIMAL_POINT.fullmatch, cells), None)
    if comma is None:
        return lines
    if point is not None:
        raise OptionError(f"{comma!r} has a decimal comma and {point!r} a decimal point; write all numbers alike")
    return [[cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell for cell in line] for line in lines]


def _check_widths(rows: list[list[str]], width: int, comma: str) -> None:
    """Refuse rows that hold more than the first line: of ``conv1,0,5`` only 0 would be read."""
    wide = next((row for row in rows if any(row[width:])), None)
    if wide is not None:
        hint = "; numbers with a decimal comma need semicolons between the columns" if comma == "," else ""
        raise OptionError(f"row {comma.join(wide)!r:.80} has {len(wide)} cells, where the first line has {width}{hint}")


def _mapping(value: Mapping[Any, Any], name: str, what: str) -> Table:
    """Numbers or records by name; also the file of a profile, and node data of Model Explorer."""
    rows = value.get("rows")
    if isinstance(rows, list):
        groups = value.get("groups")
        every = [*rows, *(groups if isinstance(groups, list) else [])]
        if value.get("kind") == "profile":  # what the graph knows by itself is nothing to lay over it
            every = [_measured(row) for row in every if isinstance(row, Mapping)]
            return replace(_records(every, name, what), roof=_roof(value.get("roof")))
        return _records(every, name, what)
    graphs = [each for each in (value, *value.values()) if isinstance(each, Mapping) and _is_results(each)]
    if graphs:
        results = {key: item for graph in graphs for key, item in graph["results"].items()}
        plain = {key: item.get("value") if isinstance(item, Mapping) else item for key, item in results.items()}
        return _made(name, ("value",), [(str(key), (_cell(item),)) for key, item in plain.items()], what)
    if value and all(isinstance(each, Mapping) for each in value.values()):
        return _records([{**each, "layer": str(key)} for key, each in value.items()], name, what)
    return _made(name, ("value",), [(str(key), (_cell(each),)) for key, each in value.items()], what)


def _measured(row: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: each for key, each in row.items() if key not in ("name", "op", "kind", "group")}


def _roof(said: Any) -> tuple[float, float, str] | None:
    """What a profile says of the machine; None where it says nothing, or nothing that makes sense."""
    if not isinstance(said, Mapping):
        return None
    numbers = [_cell(said.get(name)) for name in ("flops_per_second", "bytes_per_second")]
    peak, bandwidth = (value if isinstance(value, float) and value > 0 else None for value in numbers)
    return None if peak is None or bandwidth is None else (peak, bandwidth, str(said.get("source", ""))[:_MOST_SAID])


def _is_results(value: Mapping[Any, Any]) -> bool:
    return isinstance(value.get("results"), Mapping)


def _listed(items: Any, name: str, what: str) -> Table:
    """Records, or pairs of a name and a value."""
    if not isinstance(items, list):
        raise OptionError(f"{what} must hold values by name; received {type(items).__name__}")
    if items and all(isinstance(each, Mapping) for each in items):
        return _records(items, name, what)
    try:
        pairs = [(str(key), (_cell(each),)) for key, each in items]
    except (TypeError, ValueError) as error:
        raise OptionError(f"{what} must be records, or pairs of a name and a value: {error}") from error
    return _made(name, ("value",), pairs, what)


def _pandas(frame: Any, name: str, what: str) -> Table:
    """A DataFrame of pandas: names in a column, or in its index."""
    records = frame.to_dict("records")
    if not any(str(column).lower() in KEYS for column in frame.columns):
        records = [{"layer": str(key), **record} for key, record in zip(frame.index, records, strict=True)]
    return _records(records, name, what)


def _records(records: Sequence[Any], name: str, what: str, first: str | None = None) -> Table:
    """Rows of a table as mappings; ``first`` is the column of names where none is called so."""
    rows = [{str(key): each for key, each in row.items()} for row in records if isinstance(row, Mapping)]
    heads = list(dict.fromkeys(key for row in rows[:1000] for key in row))
    lower = {head.lower(): head for head in reversed(heads)}
    key = next((lower[word] for word in KEYS if word in lower), first)
    if key is None:
        raise OptionError(
            f"{what} must have a column of names, called {', '.join(KEYS[:4])} or the like; "
            f"it has {', '.join(heads[:6]) or 'none'}"
        )
    others = tuple(head for head in heads if head != key)
    _check_size(len(rows), len(others), what)  # before: each row gets a cell for what any other row has
    cells = [
        (str(row[key]), tuple(_cell(row.get(head)) for head in others)) for row in rows if row.get(key) is not None
    ]
    return _made(name, others, cells, what)


def _made(name: str, columns: tuple[str, ...], rows: Sequence[tuple[str, tuple[Cell, ...]]], what: str) -> Table:
    _check_size(len(rows), len(columns), what)
    for key, cells in rows:
        wrong = next((cell for cell in cells if isinstance(cell, float) and abs(cell) > _LARGEST_VALUE), None)
        if wrong is not None:
            raise OptionError(f"{what}: {key!r:.80} must be a finite number; received {wrong!r}")
    return Table(name, columns, tuple(rows))


def _check_size(rows: int, columns: int, what: str) -> None:
    if rows * max(1, columns) > MOST_CELLS:
        raise OptionError(f"{what} has {rows:,} rows of {columns:,} values; at most {MOST_CELLS:,} are read")


def _cell(value: Any) -> Cell:
    """A number, a text, or None for an empty cell and for what is no single value."""
    if value is None or isinstance(value, bool):
        return None if value is None else str(value).lower()
    if isinstance(value, str):
        if _EMPTY.match(value):
            return None
        try:
            value = float(value)
        except ValueError:
            return str(value)
    try:
        number = float(value)
    except OverflowError:  # a whole number that no float holds: refused as what is not finite
        number = math.inf
    except (TypeError, ValueError):
        return None
    return None if math.isnan(number) else number
