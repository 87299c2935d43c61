"""Files that are read whole: what is a pipe or a device is refused before it is opened, and nothing too large is read.

A pipe that nobody writes to, or a device, would keep whoever opens it waiting for ever, or fill the memory.
"""

from __future__ import annotations

import stat
from pathlib import Path

from cutaway.errors import ReadError


def read_regular(path: Path, most: int, what: str) -> bytes:
    """All bytes of a file.

    Args:
        path: Where it lies.
        most: Bytes that it may have.
        what: What it is to be, for messages, such as ``"a trace"``.

    Raises:
        ReadError: It is not there, no file, too large, or cannot be read.
    """
    try:
        told = path.stat()
        if not stat.S_ISREG(told.st_mode):
            raise ReadError(
                f"expected a file with {what}; this is a folder, a device, a pipe or a socket: save what comes from it "
                "to a file",
                path=path,
            )
        size = told.st_size
        if size <= most:
            with path.open("rb") as file:
                data = file.read(size + 1)  # no more than this, however fast it grows while it is read
            size = len(data)
    except OSError as error:
        raise ReadError(f"cannot be read: {error.strerror}", path=path) from error
    if size > most:
        raise ReadError(f"has {size:,} bytes; at most {most:,} of {what} are read", path=path)
    return data
