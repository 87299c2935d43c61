"""Where logs lie: paths on this machine, and addresses in object stores that fsspec knows, such as ``s3://bucket/logs``."""

from __future__ import annotations

from pathlib import Path

from cutaway.readers.sniff_events import is_event_file


def folder_of(path: str | Path) -> str | Path:
    """The folder of logs that a path or address means: itself, or the one that an event file lies in."""
    around, _, name = str(path).rpartition("/")
    if is_address(path):
        return around if is_event_file(name) else path
    place = Path(path)
    return place.parent if place.is_file() and is_event_file(place.name) else place


def is_address(path: str | Path) -> bool:
    """Whether a path is the address of something that is not on this machine."""
    return "://" in str(path)


def below(folder: str | Path, name: str) -> str:
    """The path or address of what lies in a folder, which may be a whole store: ``memory://``."""
    path = str(folder)
    is_store = is_address(path) and not path.partition("://")[2].strip("/")
    return f"{path}{name}" if is_store else f"{path.rstrip('/')}/{name}"
