"""`on_disk`: a SavedModel as the folder that TensorFlow asks for, unpacked from a zip while it is loaded."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from cutaway.errors import OptionError, ReadError
from cutaway.readers.limits import limit
from cutaway.readers.source import Source

_GRAPHS = ("saved_model.pb", "saved_model.pbtxt")
_PARTS = ("variables", "assets")
"""Folders of a SavedModel that TensorFlow reads when it loads one."""

_DEEPEST = 64
"""Folders in folders, far more than assets have: to make hundreds, Python calls itself as often."""

_NO_NAMES = (errno.EEXIST, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EINVAL)
"""What is wrong with a name that a zip can hold and a disk cannot: two of one name, a file with others in it, ..."""


@contextmanager
def on_disk(source: Source) -> Iterator[str]:
    """The folder of a SavedModel on this machine.

    What lies in a zip is unpacked to a folder that is taken away afterwards: the graph, its variables and its assets,
    and nothing else, under names that cannot lead out of there, and within `LIMITS`.

    Args:
        source: A SavedModel: a folder, a ``saved_model.pb`` in one, a zip, or a folder or file in a zip.

    Raises:
        ReadError: A member is damaged, too large, leads out of the zip, or has a name that no disk can hold.
        OptionError: It is a file of another name, which has no folder.
        OSError: There is no room for it.
    """
    if source.kind == "file" and source.path.name not in _GRAPHS:
        raise OptionError(f"{source.path}: a SavedModel is run in its folder, where the file is called saved_model.pb")
    folder = source.path.parent if source.kind == "file" else source.path
    if folder.is_dir():
        yield str(folder)
        return
    with tempfile.TemporaryDirectory(prefix="cutaway-model-") as made:
        _unpack(_around(source), Path(made))
        yield made


def _around(source: Source) -> Source:
    """The folder in a zip, or the zip, that a SavedModel lies in."""
    if source.kind != "file":
        return source
    return Source(source.path.parent)


def _unpack(source: Source, folder: Path) -> None:
    wanted = sorted(name for name in source.names if _is_part(name))
    room = limit("unpacked")
    for name in wanted:
        parts = PurePosixPath(name).parts
        if ".." in parts or any(mark in part for part in parts for mark in "\\:\0"):
            raise ReadError(f"member {name[:200]!r} leads out of the zip; nothing of it is unpacked", path=source.path)
        if len(parts) > _DEEPEST:
            raise ReadError(f"member {name[:200]!r} lies in more than {_DEEPEST} folders", path=source.path)
        room -= source.size_of(name) or 0
        if room < 0:
            raise ReadError(
                f"unpacks to more than {limit('unpacked'):,} bytes; unpack it yourself, and give the folder",
                path=source.path,
            )
    for name in wanted:
        try:
            _put(source, name, folder)
        except OSError as error:
            if error.errno in _NO_NAMES:
                raise ReadError(
                    f"member {name[:200]!r} cannot be unpacked: {error.strerror}", path=source.path
                ) from error
            raise OSError(error.errno, error.strerror, str(folder)) from error  # a full disk does not say where


def _put(source: Source, name: str, folder: Path) -> None:
    target = folder.joinpath(*PurePosixPath(name).parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open(name) as packed, target.open("xb") as file:
        shutil.copyfileobj(packed, file, 1 << 20)


def _is_part(name: str) -> bool:
    first, slash, _ = name.partition("/")
    return not name.endswith("/") and (first in _PARTS if slash else name in _GRAPHS)
