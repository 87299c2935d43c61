"""Architectures as text: JSON of ``model.to_json()`` of every Keras version, and YAML of Keras 1 and 2."""

from __future__ import annotations

from typing import Any

from cutaway.graph.model import Graph
from cutaway.readers.keras.config import read_config
from cutaway.readers.keras.json_text import parse_json
from cutaway.readers.keras.yaml_text import parse_yaml
from cutaway.readers.options import ReadOptions
from cutaway.readers.source import Source


def read(source: Source, options: ReadOptions) -> Graph:
    """Read an architecture.

    Raises:
        ReadError: It is neither JSON nor YAML, or not that of a model.
        MissingExtra: It is YAML, and PyYAML is not installed.
    """
    data = source.read()
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    raw = parse_json(data, str(source.path)) if start in (b"{", b'"') else parse_yaml(data, str(source.path))
    if isinstance(raw, str):
        raw = parse_yaml(raw.encode(), str(source.path))
    if isinstance(raw, dict) and isinstance(raw.get("model_config"), dict):
        raw = raw["model_config"]
    return read_config(
        raw, format="keras_json", producer=producer(raw), path=source.path, input_shape=options.input_shape
    )


def producer(raw: Any) -> str:
    """The program that wrote a config, by its ``keras_version``."""
    version = raw.get("keras_version") if isinstance(raw, dict) else None
    return f"Keras {version}" if isinstance(version, str) else ""
