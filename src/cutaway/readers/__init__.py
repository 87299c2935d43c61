"""Readers: a file, a folder or a live model to a `Graph`.

In: a path, or a live object. Out: a frozen `cutaway.graph.model.Graph`.
Imports: ``cutaway.errors`` and ``cutaway.graph``. A format is one module and one row of `READERS`; no reader
knows another, and each is imported when a file of its format is read. A row decides by content, never by the
name of a file. The reader that claims an input owns its failure: no other is tried in silence.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from cutaway.errors import OptionError, ReadError, UnknownFormat
from cutaway.graph.memory import collector_paused
from cutaway.graph.model import Graph
from cutaway.readers.checkpoint_files import at_path, is_checkpoint, meta_graph_of
from cutaway.readers.find import find
from cutaway.readers.options import ReadOptions
from cutaway.readers.sniff import what_it_is
from cutaway.readers.sniff_events import is_event_log
from cutaway.readers.sniff_protobuf import protobuf_kind
from cutaway.readers.source import Source
from cutaway.readers.tfjs_files import is_tfjs

_HDF5 = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Reader:
    """One format.

    Attributes:
        name: Name of the format, which becomes `Graph.format`.
        matches: Whether a source is of this format, by its content.
        module: Module with a function ``read(source, options) -> Graph``.
        takes: Options of `ReadOptions` that mean something for this format, beside ``raw``.
    """

    name: str
    matches: Callable[[Source], bool]
    module: str
    takes: frozenset[str] = frozenset()


def _is_keras_v3(source: Source) -> bool:
    return source.kind != "file" and "config.json" in source.names and (
        "metadata.json" in source.names or "model.weights.h5" in source.names
    )  # fmt: skip


def _is_npz(source: Source) -> bool:
    return source.kind == "zip" and bool(source.names) and all(name.endswith(".npy") for name in source.names)


def _is_hdf5(source: Source) -> bool:
    return source.kind == "file" and any(source.head[at : at + 8] == _HDF5 for at in (0, 512, 1024, 2048))


def _is_config_text(source: Source) -> bool:
    if source.kind != "file" or b"\0" in source.head[:4096] or source.head[4:8] == b"TFL3":
        return False
    head = source.head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head[:1] in (b"{", b'"'):
        return b"class_name" in source.head and not any(
            other in source.head for other in (b'"nbformat"', b'"modelTopology"', b'"weightsManifest"')
        )
    return any(line.startswith(b"class_name:") for line in source.head.splitlines())


def _is_tflite(source: Source) -> bool:
    return source.kind == "file" and source.head[4:8] == b"TFL3"


def _is_saved_model(source: Source) -> bool:
    if source.kind != "file":
        return not source.names.isdisjoint({"saved_model.pb", "saved_model.pbtxt"})
    return protobuf_kind(source) in ("saved_model", "saved_model_text")


def _is_graph_def(source: Source) -> bool:
    return protobuf_kind(source) in ("graph_def", "graph_def_text")


def _is_meta_graph(source: Source) -> bool:
    if source.kind != "file":
        return meta_graph_of(source) is not None
    return protobuf_kind(source) in ("meta_graph", "meta_graph_text")


_EXPECTED = "expected a model of Keras, TensorFlow, TensorFlow Lite or TensorFlow.js"
_BUILDS = frozenset({"input_shape"})
_ENTERED = frozenset({"signature"})

READERS: tuple[Reader, ...] = (
    Reader("keras_v3", _is_keras_v3, "cutaway.readers.keras_v3", _BUILDS),
    Reader("keras_h5", _is_hdf5, "cutaway.readers.keras_h5", _BUILDS),
    Reader("keras_json", _is_config_text, "cutaway.readers.keras_json", _BUILDS),
    Reader("keras_weights", _is_npz, "cutaway.readers.keras_weights"),
    Reader("saved_model", _is_saved_model, "cutaway.readers.saved_model", _ENTERED),
    Reader("tflite", _is_tflite, "cutaway.readers.tflite", _ENTERED),
    Reader("graph_def", _is_graph_def, "cutaway.readers.graph_def"),
    Reader("meta_graph", _is_meta_graph, "cutaway.readers.meta_graph", _ENTERED),
    Reader("events", is_event_log, "cutaway.readers.events"),
    Reader("checkpoint", is_checkpoint, "cutaway.readers.checkpoint"),
    Reader("tfjs", is_tfjs, "cutaway.readers.tfjs", _BUILDS | _ENTERED),
)
"""Every format of files and folders; at most one row matches a source."""


def read(
    source: object, *, input_shape: Any = None, inputs: Any = None, signature: str | None = None, raw: bool = False
) -> Graph:
    """Read a model.

    Args:
        source: Path of a file or folder, or a live model.
        input_shape: Shape of the model's input, the batch included, for a model that was never built.
        inputs: Input specification of a live model that takes more than one tensor.
        signature: Entry point that is shown, for formats that hold several; None for the serving one.
        raw: Whether everything in the file is shown as it stands, plumbing included.

    Returns:
        The model as a graph.

    Raises:
        UnknownFormat: Nothing reads this; the message says what it is instead.
        ReadError: The input is damaged or unsafe.
        UnbuiltModel: A live model has no shapes yet, and none are given.
        OptionError: An option is given that means nothing for this source, or a signature that is not there.
    """
    options = ReadOptions(input_shape=input_shape, signature=signature, raw=raw)
    if isinstance(source, str | os.PathLike):
        if inputs is not None:
            raise OptionError("inputs= describes live models; for a file give input_shape=, the batch included")
        if not os.fspath(source):
            raise ReadError("the path of the model is empty; expected the path of a file or folder, or a live model")
        return _read_file(locate(source), options)
    return _read_live(source, options, inputs)


def locate(path: str | os.PathLike[str]) -> Source:
    """The model at a path: what lies there, or the one model in a folder or zip.

    Raises:
        UnknownFormat: Nothing reads what is there, or it holds several models; the message says what it is, or lists
            them.
        ReadError: There is nothing, or it cannot be opened.
    """
    source = at_path(os.fspath(path))
    if _format_of(source) is not None:
        return source
    found = find(source, _format_of) if source.kind != "file" else None
    if found is None:
        raise UnknownFormat(f"{what_it_is(source)}; {_EXPECTED}", path=source.path)
    return found


def _reader_of(source: Source) -> Reader | None:
    """The reader that claims a source; None where none does, or more than one."""
    found = [reader for reader in READERS if reader.matches(source)]
    return found[0] if len(found) == 1 else None


def _format_of(source: Source) -> str | None:
    reader = _reader_of(source)
    return None if reader is None else reader.name


def _read_file(source: Source, options: ReadOptions) -> Graph:
    reader = _reader_of(source)
    if reader is None:
        raise UnknownFormat(f"{what_it_is(source)}; {_EXPECTED}", path=source.path)
    for name in ("input_shape", "signature"):
        if getattr(options, name) is not None and name not in reader.takes:
            takers = ", ".join(reader.name for reader in READERS if name in reader.takes)
            raise OptionError(f"{name} means nothing for {reader.name}; it is an option of {takers or 'no format'}")
    with collector_paused():
        graph: Graph = import_module(reader.module).read(source, options)
    return graph


def _read_live(source: object, options: ReadOptions, inputs: Any) -> Graph:
    for name in ("keras_live", "tf_function"):  # a layer of Keras is a module of TensorFlow too
        live = import_module(f"cutaway.readers.{name}")
        if live.matches(source):
            graph: Graph = live.read(source, options, inputs=inputs)
            return graph
    kind = type(source)
    raise UnknownFormat(
        "expected a path, a live Keras model, or a graph, function or module of TensorFlow; received an object of "
        f"class {kind.__module__}.{kind.__qualname__}"
    )
