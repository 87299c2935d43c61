"""Which files and folders are logs of TensorBoard; light enough to ask of every source."""

from __future__ import annotations

from pathlib import PurePosixPath

from cutaway.readers.source import Source
from cutaway.readers.wire.records import begins_records

_TIME = 0x09
"""First byte of an event: the key of the time at which it was written."""

_MODELS = frozenset({
    ".keras", ".h5", ".hdf5", ".pb", ".pbtxt", ".meta", ".index", ".tflite", ".json", ".yaml", ".yml", ".npz", ".zip",
    ".task", ".litertlm",
})  # fmt: skip


def is_event_file(name: str) -> bool:
    """Whether a member of a folder is an event file, by its name, which TensorBoard goes by too."""
    return "tfevents" in name.rpartition("/")[2]


def is_event_log(source: Source) -> bool:
    """Whether a source is an event file, or a folder with event files and no other model."""
    if source.kind == "file":
        head = source.head
        return len(head) > 12 and head[12] == _TIME and begins_records(head)
    found = False
    for name in source.names:
        if is_event_file(name):
            found = True
            continue
        path = PurePosixPath(name)
        profiled = "plugins" in path.parts  # what the profiler writes beside a log
        if path.name == "checkpoint" or (path.suffix.lower() in _MODELS and not profiled):
            return False
    return found
