"""What event files hold beside curves: graphs, configurations of Keras models, and measurements of runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cutaway.readers.wire.blob import Blob
from cutaway.readers.wire.fields import MESSAGE, fields
from cutaway.readers.wire.protobuf import DecodeError, message, text
from cutaway.readers.wire.records import Record, is_intact, records

_GRAPH, _SUMMARY, _RUN, _META_GRAPH = 4, 5, 8, 9
"""Fields of an ``Event`` that may hold a graph."""

_KERAS = "graph_keras_model"
_RUNS = frozenset({"graph_run_metadata", "graph_run_metadata_graph"})
_LARGEST = 64 << 20
"""Bytes of a summary that is decoded; a configuration has some thousand."""


@dataclass(frozen=True, slots=True)
class Place:
    """A graph in an event file: the file, and where it begins and ends."""

    blob: Blob
    start: int
    end: int


@dataclass(slots=True)
class Logged:
    """What was found, each in the order of the files.

    Attributes:
        keras: Configurations of Keras models, as JSON, by tag.
        graphs: Encoded ``GraphDef`` messages.
        meta_graphs: Encoded ``MetaGraphDef`` messages.
        runs: Encoded ``RunMetadata`` messages, by tag.
        events: Number of records.
        warnings: What is lost, in words.
    """

    keras: dict[str, bytes] = field(default_factory=dict)
    graphs: list[Place] = field(default_factory=list)
    meta_graphs: list[Place] = field(default_factory=list)
    runs: dict[str, bytes] = field(default_factory=dict)
    events: int = 0
    warnings: list[str] = field(default_factory=list)

    def add(self, blob: Blob) -> None:
        """Take what one file holds."""
        lost: list[str] = []
        for record in records(blob.data, lost):
            self.events += 1
            for part in fields(blob.data, record.start, record.end, []):
                if part.wire != MESSAGE or part.number not in (_GRAPH, _SUMMARY, _RUN, _META_GRAPH):
                    continue
                if part.number == _SUMMARY and not self._is_telling(blob, part.start, part.end):
                    continue
                if not is_intact(blob.data, record):
                    lost.append(f"the data of the record at byte {record.at:,} are damaged; what it says may be wrong")
                self._take(blob, record, part.number, part.start, part.end)
        self.warnings += lost if blob.member in ("", None) else [f"{blob.member}: {warning}" for warning in lost]

    def _is_telling(self, blob: Blob, start: int, end: int) -> bool:
        """Whether a summary holds more than values: by the name of the plugin that shows it."""
        return end - start <= _LARGEST and blob.data.find(b"graph_", start, end) >= 0

    def _take(self, blob: Blob, record: Record, number: int, start: int, end: int) -> None:
        if number == _GRAPH:
            self.graphs.append(Place(blob, start, end))
        elif number == _META_GRAPH:
            self.meta_graphs.append(Place(blob, start, end))
        elif end - start <= _LARGEST:
            try:
                if number == _RUN:
                    run = message("TaggedRunMetadata").FromString(blob.data[start:end])
                    self.runs[text(run.tag)] = run.run_metadata
                else:
                    self._take_summary(message("Summary").FromString(blob.data[start:end]))
            except DecodeError:
                self.warnings.append(f"the data of the record at byte {record.at:,} are damaged and left out")

    def _take_summary(self, summary: Any) -> None:
        for value in summary.value:
            plugin = text(value.metadata.plugin_data.plugin_name)
            content = value.tensor.string_val
            if plugin == _KERAS and content:
                self.keras[text(value.tag)] = content[0]
            elif plugin in _RUNS and content:
                self.runs[text(value.tag)] = content[0]
