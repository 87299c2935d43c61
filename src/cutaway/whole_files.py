"""`write_whole`: a file is there whole or not at all, whatever happens while it is written.

In: a path and bytes. Out: a file. May import: nothing of cutaway.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from uuid import uuid4

UNFINISHED = ".unfinished"
"""End of the name of a file while it is being written, beside the place where it will be."""

_BOUND = (errno.EBUSY, errno.EPERM, errno.EACCES)
"""Why a file cannot be replaced: it is mounted, somebody else's in a folder of all, or open in a program of Windows."""


def write_whole(target: Path, data: bytes) -> None:
    """Write a file, or leave what is there as it was, also after Ctrl-C, on a full disk or when the process is killed.

    A link is followed; a file that was there keeps its permissions. What is no ordinary file (a terminal, a pipe), lies
    in a folder where nothing can be added, or may be written but not replaced, is written in place.

    Args:
        target: Where to.
        data: All of it.

    Raises:
        OSError: It cannot be written; it always names the target.
    """
    try:
        place = Path(os.path.realpath(target))  # not Path.resolve, which has an error of its own for links in a ring
        try:
            mode = target.stat().st_mode  # not of the place: a link to a pipe leads to no path
        except FileNotFoundError:
            _put(place, data, None)
            return
        if stat.S_ISREG(mode) and os.access(place, os.W_OK) and os.access(place.parent, os.W_OK):
            _put(place, data, stat.S_IMODE(mode))
        else:
            target.write_bytes(data)
    except OSError as error:  # a full disk does not say by itself which file it met
        raise OSError(error.errno, error.strerror, str(target)) from error


def _put(place: Path, data: bytes, mode: int | None) -> None:
    unfinished = place.parent / f".{uuid4().hex}{UNFINISHED}"
    try:
        unfinished.write_bytes(data)
        if mode is not None:
            unfinished.chmod(mode)
        if not _replaced(place, unfinished):
            place.write_bytes(data)
            unfinished.unlink()
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _replaced(place: Path, other: Path) -> bool:
    """Put another file in the place of one; whether that can be done to it."""
    try:
        other.replace(place)
    except OSError as error:
        if error.errno not in _BOUND or not place.exists():
            raise
        return False
    return True
