"""FlatBuffers: tables whose every offset is checked before it is followed.

The ``flatbuffers`` package follows offsets unchecked and imports NumPy, which takes longer than reading most
models; ``docs/dependencies.md`` has the figures. A file is a web of tables, and nothing stops one from naming the
same table a million times: what is handed out is therefore counted, and a file that asks for more than it could
hold is refused.
"""

from __future__ import annotations

import struct
from typing import Any

_WIDTH = {"b": 1, "B": 1, "?": 1, "h": 2, "H": 2, "i": 4, "I": 4, "f": 4, "q": 8, "Q": 8, "d": 8}
_U16 = struct.Struct("<H").unpack_from
_I32 = struct.Struct("<i").unpack_from
_U32 = struct.Struct("<I").unpack_from
_ONE = {letter: struct.Struct(f"<{letter}").unpack_from for letter in _WIDTH}

_BYTES_A_TABLE = 16
"""Bytes of the file that stand behind one table at least; real tables have 40 and more."""


class FlatBufferError(ValueError):
    """An offset that leads outside, or more tables than the file could hold.

    Attributes:
        offset: Byte in the file where the trouble is.
    """

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class FlatBuffer:
    """The bytes that tables lie in, and how much of them may still be handed out.

    Args:
        data: The whole file.
    """

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.size = len(data)
        self._tables = self.size // _BYTES_A_TABLE + 1000
        self._bytes = 2 * self.size + (64 << 10)

    def root(self) -> Table:
        """The table that all others hang on.

        Raises:
            FlatBufferError: It lies outside of the file.
        """
        if self.size < 8:
            raise FlatBufferError(f"expected at least 8 bytes; received {self.size}", 0)
        return Table(self, _U32(self.data, 0)[0])

    def spend_table(self, at: int) -> None:
        """Count one table.

        Raises:
            FlatBufferError: More tables were asked for than the file could hold.
        """
        self._tables -= 1
        if self._tables < 0:
            raise FlatBufferError("more tables than the file could hold: they overlap each other", at)

    def vector(self, at: int, width: int, *, count: bool = True) -> tuple[int, int]:
        """Where the elements of a vector begin, and how many there are.

        Raises:
            FlatBufferError: It leads out of the file, or more was asked for than the file holds.
        """
        if at + 4 > self.size:
            raise FlatBufferError("an offset leads out of the file", at)
        start, length = at + 4, _U32(self.data, at)[0]
        if start + length * width > self.size:
            raise FlatBufferError(f"a list of {length:,} elements leads out of the file", at)
        if count:
            self._bytes -= length * width
            if self._bytes < 0:
                raise FlatBufferError("more values than the file could hold: they overlap each other", at)
        return start, length


class Table:
    """One table: its fields by number.

    Args:
        buffer: What it lies in.
        at: Where it begins.

    Raises:
        FlatBufferError: It leads out of the file.
    """

    __slots__ = ("_buffer", "_fields", "_fields_end", "at")

    def __init__(self, buffer: FlatBuffer, at: int) -> None:
        buffer.spend_table(at)
        if at + 4 > buffer.size:
            raise FlatBufferError(f"a table leads out of the file of {buffer.size:,} bytes", at)
        fields = at - _I32(buffer.data, at)[0]
        if not 0 <= fields <= buffer.size - 4:
            raise FlatBufferError("the list of fields of a table leads out of the file", at)
        length = _U16(buffer.data, fields)[0]
        if fields + length > buffer.size:
            raise FlatBufferError("the list of fields of a table leads out of the file", at)
        self.at = at
        self._buffer = buffer
        self._fields = fields + 4
        self._fields_end = fields + length

    def place(self, field: int, width: int = 4) -> int:
        """Where a field lies; 0 where the table does not have it.

        Raises:
            FlatBufferError: It leads out of the file.
        """
        entry = self._fields + 2 * field
        if entry + 2 > self._fields_end:
            return 0
        offset: int = _U16(self._buffer.data, entry)[0]
        if not offset:
            return 0
        if self.at + offset + width > self._buffer.size:
            raise FlatBufferError("a field leads out of the file", self.at)
        return self.at + offset

    def number(self, field: int, letter: str, default: Any = 0) -> Any:
        """A number, in a type by its letter in `struct`."""
        at = self.place(field, _WIDTH[letter])
        return _ONE[letter](self._buffer.data, at)[0] if at else default

    def numbers(self, field: int, letter: str) -> tuple[Any, ...]:
        """A list of numbers; an empty one where the table does not have it."""
        at = self._target(field)
        if not at:
            return ()
        start, length = self._buffer.vector(at, _WIDTH[letter])
        return struct.unpack_from(f"<{length}{letter}", self._buffer.data, start)

    def has(self, field: int) -> bool:
        """Whether a field is there."""
        return self.place(field) != 0

    def span(self, field: int, width: int = 1) -> tuple[int, int]:
        """Place and length of a list, whose elements are not touched; zeros where the table does not have it."""
        at = self._target(field)
        return self._buffer.vector(at, width, count=False) if at else (0, 0)

    def text(self, field: int) -> str:
        """A text; an empty one where the table does not have it. Bytes that are no text are shown escaped."""
        at = self._target(field)
        if not at:
            return ""
        start, length = self._buffer.vector(at, 1)
        return bytes(self._buffer.data[start : start + length]).decode("utf-8", errors="backslashreplace")

    def table(self, field: int) -> Table | None:
        """A table; None where this one does not have it."""
        at = self._target(field)
        return Table(self._buffer, at) if at else None

    def tables(self, field: int) -> list[Table]:
        """A list of tables."""
        at = self._target(field)
        if not at:
            return []
        start, length = self._buffer.vector(at, 4)
        offsets = struct.unpack_from(f"<{length}I", self._buffer.data, start)
        return [Table(self._buffer, start + 4 * index + offset) for index, offset in enumerate(offsets)]

    def _target(self, field: int) -> int:
        at = self.place(field)
        return at + _U32(self._buffer.data, at)[0] if at else 0
