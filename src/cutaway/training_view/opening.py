"""Which paths open as the training view."""

from __future__ import annotations

import os
from pathlib import Path

from cutaway.readers.sniff_events import is_event_file
from cutaway.training.addresses import is_address

_MODELS = frozenset({"saved_model.pb", "saved_model.pbtxt", "keras_metadata.pb", "model.json", "checkpoint"})
"""Files that make the folder that they lie in a model, whatever was logged beside them."""

_LOOKED_AT = 200_000
"""Files below a folder that are looked at until one is an event file."""


def is_log(path: str) -> bool:
    """Whether a path is an event file, or a folder with event files below it that is no model itself.

    The address of a store is one of logs, as models are opened from files on this machine. A page of the web is neither
    of them: it lists no files, and nothing is downloaded.
    """
    if is_address(path):
        return not path.lower().startswith(("http://", "https://"))
    if not path or "\0" in path:
        return False
    place = Path(path)
    if place.is_file():
        return is_event_file(place.name)
    seen = 0
    for folder, _, names in os.walk(place):
        if folder == str(place) and _MODELS.intersection(names):
            return False
        if any(map(is_event_file, names)):
            return True
        seen += len(names)
        if seen > _LOOKED_AT:
            return False
    return False
