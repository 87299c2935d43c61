"""A file as the HDF5 library may see it."""

from __future__ import annotations

import io
import struct
from typing import IO, Any

from cutaway.readers.limits import limit

_HEAP = b"GCOL"


class Bounded(io.RawIOBase):
    """A file for the HDF5 library: refuses what would fill the memory, and what the library would never come back from.

    Args:
        file: A file that can seek.
        most: Bytes of one read at most.
    """

    def __init__(self, file: IO[bytes], most: int | None = None) -> None:
        super().__init__()
        self._file = file
        self._most = limit("chunk") if most is None else most
        self.refused = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The place."""
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` and return how many bytes came, fewer at the end of the file.

        Raises:
            OSError: More is asked for than is allowed, or a collection of texts is damaged.
        """
        view = memoryview(buffer)
        if len(view) > self._most:
            self.refused = len(view)
            raise OSError(f"{len(view):,} bytes at once; at most {self._most:,} are read")
        start = self._file.tell()
        data = self._file.read(len(view))
        if data[:4] == _HEAP:
            self._check_heap(start)
            self._file.seek(start + len(data))
        view[: len(data)] = data
        return len(data)

    def _check_heap(self, start: int) -> None:
        """Walk a collection of texts as the library does, which stays for ever at free space of no size."""
        self._file.seek(start)
        size = struct.unpack_from("<Q", self._file.read(16).ljust(16, b"\0"), 8)[0]
        self._file.seek(start)
        heap = self._file.read(min(size, self._most))
        at = 16
        while at + 16 <= len(heap):
            index, _, _, length = struct.unpack_from("<HHIQ", heap, at)
            step = length if index == 0 else 16 + -(-length // 8) * 8
            if step < 16 or at + step > size:
                raise OSError(f"its texts are damaged at byte {start + at:,}")
            at += step
