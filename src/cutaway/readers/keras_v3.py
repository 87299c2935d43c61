"""``.keras`` files of Keras 3, zipped or as a folder.

The graph, its shapes and its weights follow from ``config.json`` alone; ``model.weights.h5`` is opened, with
h5py, only for layers whose weights no rule knows.
"""

from __future__ import annotations

import json

from cutaway.errors import ReadError
from cutaway.graph.model import Graph
from cutaway.readers.keras.config import read_config
from cutaway.readers.keras.json_text import parse_json
from cutaway.readers.keras.stored import StoredV3
from cutaway.readers.options import ReadOptions
from cutaway.readers.source import Source

_WEIGHTS = "model.weights.h5"


def read(source: Source, options: ReadOptions) -> Graph:
    """Read a ``.keras`` file or folder.

    Raises:
        ReadError: It is damaged or unsafe, or its config is no model's.
    """
    raw = parse_json(source.read("config.json"), f"{source.path}: config.json")
    stored = StoredV3(source, _WEIGHTS) if _WEIGHTS in source.names else None
    return read_config(
        raw,
        format="keras_v3",
        producer=_producer(source),
        path=source.path,
        stored=stored,
        input_shape=options.input_shape,
    )


def _producer(source: Source) -> str:
    if "metadata.json" not in source.names:
        return ""
    try:
        version = json.loads(source.read("metadata.json", most=1 << 20)).get("keras_version")
    except (ReadError, ValueError, AttributeError, RecursionError):
        return ""  # metadata is no part of the model
    return f"Keras {version}" if isinstance(version, str) else ""
