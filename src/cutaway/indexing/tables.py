"""Tables as Parquet: their columns, and how they are written so that equal tables are equal bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cutaway.errors import MissingExtra
from cutaway.indexing.places import Place

_KEY = b"cutaway"
"""Where a table keeps what it says about itself."""

Columns = Mapping[str, str]
"""Name of a column → its type: ``"text"``, ``"word"`` (a text of which there are few), ``"int"``, ``"float"``."""

POINTS: Columns = {"run": "word", "tag": "word", "file": "word", "step": "int", "time": "float", "value": "float"}
SERIES: Columns = {
    "run": "text", "tag": "text", "kind": "text", "count": "int", "first_step": "int", "last_step": "int",
    "first_time": "float", "last_time": "float", "min": "float", "max": "float", "last": "float", "not_finite": "int",
    "files": "int", "file": "text",
}  # fmt: skip
FILES: Columns = {
    "run": "text", "file": "text", "bytes": "int", "read": "int", "waiting": "int", "values": "int", "warnings": "text",
}  # fmt: skip
WEIGHTS: Columns = {
    "weight": "text", "name": "text", "shape": "text", "dtype": "text", "trainable": "int", "bytes": "int",
    "count": "int", "min": "float", "max": "float", "mean": "float", "std": "float", "norm": "float", "zeros": "int",
    "nan": "int", "posinf": "int", "neginf": "int", "problem": "text",
}  # fmt: skip


def arrow() -> Any:
    """The package pyarrow.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtra("an index needs pyarrow; install it with: pip install 'cutaway[index]'") from error
    return pyarrow


def packed(columns: Columns, values: Mapping[str, Sequence[Any]], about: Mapping[str, Any] | None = None) -> bytes:
    """A table as Parquet.

    Args:
        columns: Its columns.
        values: One sequence for each of them, all of one length; of words their positions in a list, and the list.
        about: What it says about itself, as JSON in its header.
    """
    pa = arrow()
    types = {
        "text": pa.string(), "word": pa.dictionary(pa.int32(), pa.string()), "int": pa.int64(), "float": pa.float64(),
    }  # fmt: skip
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    if about is not None:
        schema = schema.with_metadata({_KEY: json.dumps(about, sort_keys=True).encode()})
    arrays = [
        pa.DictionaryArray.from_arrays(pa.array(values[name][0]), pa.array(_texts(values[name][1]), type=pa.string()))
        if kind == "word"
        else pa.array(_texts(values[name]) if kind == "text" else values[name], type=types[kind])
        for name, kind in columns.items()
    ]
    stream = io.BytesIO()
    pa.parquet.write_table(pa.table(arrays, schema=schema), stream, compression="zstd", store_schema=True)
    return stream.getvalue()


def _texts(values: Sequence[str | None]) -> list[str | None]:
    """Texts that Parquet holds: the name of a file may have bytes that are no UTF-8, which are written out."""
    return [text if text is None else text.encode("utf-8", "backslashreplace").decode() for text in values]


def said(place: Place, name: str) -> dict[str, Any] | None:
    """What a table says about itself; None where there is no such table, or it is none of ours."""
    pa = arrow()
    if place.size(name) <= 0:
        return None
    try:
        with place.open(name) as file:
            held = pa.parquet.read_schema(_whole(file)).metadata or {}
        found = json.loads(held.get(_KEY, b"null"))
    except (OSError, ValueError, pa.ArrowException):
        return None
    return found if isinstance(found, dict) else None


def rows(place: Place, name: str) -> dict[str, list[Any]]:
    """The columns of a table.

    Raises:
        OSError: It cannot be read.
    """
    pa = arrow()
    with place.open(name) as file:
        found: dict[str, list[Any]] = pa.parquet.read_table(_whole(file)).to_pydict()
    return found


def _whole(file: Any) -> io.BytesIO:
    return io.BytesIO(file.read())
