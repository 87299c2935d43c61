"""Files of a model that names in another of its files lead to: shards of weights, indices, data."""

from __future__ import annotations

from cutaway.errors import ReadError
from cutaway.readers.source import Source


def member(source: Source, name: str) -> Source | None:
    """A file of a model, in its folder or zip or, for a model that is a file, beside it; None where it is not there.

    What lies outside of the model's folder, by its name or by a link, is not there.
    """
    if not name:
        return source
    if source.kind != "file":
        return source.at(name) if name in source.names else None
    try:
        return source.beside(name)
    except ReadError:
        return None
