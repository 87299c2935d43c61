"""HDF5 files of Keras 1, 2 and 3: whole models, and weights alone.

A whole model holds its config as the attribute ``model_config``; the graph, its shapes and its weights follow
from that, and the arrays answer for layers that no rule knows.
"""

from __future__ import annotations

from typing import Any

from cutaway.errors import UnknownFormat
from cutaway.graph.model import Graph
from cutaway.readers.hdf5 import child, open_hdf5, text, tree
from cutaway.readers.keras.config import read_config
from cutaway.readers.keras.json_text import parse_json
from cutaway.readers.keras.named_weights import by_layer
from cutaway.readers.keras.stored import StoredByName
from cutaway.readers.keras.weight_tree import graph_of_weights
from cutaway.readers.options import ReadOptions
from cutaway.readers.source import Source

_SIGNS_OF_WEIGHTS = ("layers", "_layer_checkpoint_dependencies", "vars", "_layers")


def read(source: Source, options: ReadOptions) -> Graph:
    """Read a whole model, or weights alone.

    Raises:
        ReadError: The file is damaged or unsafe, or its config is no model's.
        UnknownFormat: It is HDF5, but holds neither a Keras model nor Keras weights.
        MissingExtra: h5py is not installed.
    """
    with open_hdf5(source) as file:
        config = text(file, "model_config")
        if config is None:
            return _weights_alone(source, file)
        raw = parse_json(config.encode("utf-8", errors="replace"), f"{source.path}: attribute 'model_config'")
        held = child(file, "model_weights")
        version = text(file, "keras_version") or (held is not None and text(held, "keras_version")) or ""
        if not version and isinstance(raw, dict) and isinstance(raw.get("keras_version"), str):
            version = raw["keras_version"]
        return read_config(
            raw,
            format="keras_h5",
            producer=f"Keras {version}" if version else "",
            path=source.path,
            stored=StoredByName(lambda: {} if held is None else by_layer(held)),
            input_shape=options.input_shape,
        )


def _weights_alone(source: Source, file: Any) -> Graph:
    version = text(file, "keras_version")
    if "layer_names" in file.attrs or "layer_names0" in file.attrs:
        arrays = by_layer(file)
    elif any(name in file for name in _SIGNS_OF_WEIGHTS):
        arrays = tree(file, "")
    else:
        shown = ", ".join(sorted(file)[:5])
        raise UnknownFormat(
            "the file is HDF5 without a Keras model or Keras weights: expected an attribute 'model_config' or "
            f"'layer_names', or a group 'layers'; it holds {shown or 'nothing'}",
            path=source.path,
        )
    return graph_of_weights(arrays, source.path, producer=f"Keras {version}" if version else "")
