"""Records of TensorFlow's event files (TFRecord): a length, its checksum, the data, their checksum, and the next one.

A writer that was stopped leaves its last record cut; that is normal, and what came before is read. Lengths are always
verified, so a damaged one leads nowhere; data by whoever uses them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from cutaway.readers.wire.crc32c import crc32c, masked
from cutaway.readers.wire.fields import Bytes

_HEADER = 12
_FOOTER = 4

_VERIFIED = 1 << 18
"""Bytes up to which data are verified: a checksum in Python costs a tenth of a second a megabyte."""

_MOST = 400_000
"""Records that are looked at; graphs stand at the beginning, and the longest log seen has 3,000."""


class Record(NamedTuple):
    """One record: where it, and its data, begin and end."""

    at: int
    start: int
    end: int


def begins_records(head: bytes) -> bool:
    """Whether a file begins with a record: by the checksum of its length."""
    return len(head) >= _HEADER and masked(crc32c(head[:8])) == struct.unpack_from("<I", head, 8)[0]


def records(data: Bytes, warnings: list[str]) -> Iterator[Record]:
    """The records of a file, up to its end or the first one that is damaged.

    Args:
        data: The file.
        warnings: Takes what is lost, in words.
    """
    at, size = 0, len(data)
    for _ in range(_MOST):
        if at >= size:
            return
        if at + _HEADER > size:
            warnings.append(_cut(at))
            return
        length, checksum = struct.unpack("<QI", data[at : at + _HEADER])
        if masked(crc32c(data[at : at + 8])) != checksum:
            warnings.append(
                f"the record at byte {at:,} is damaged: its length is not what was written; the rest is lost"
            )
            return
        start = at + _HEADER
        end = start + length
        if end + _FOOTER > size:
            warnings.append(_cut(at))
            return
        yield Record(at, start, end)
        at = end + _FOOTER
    warnings.append(f"only the first {_MOST:,} records are looked at, up to byte {at:,}")


def is_intact(data: Bytes, record: Record) -> bool:
    """Whether the checksum of a record's data is right; large data are believed."""
    if record.end - record.start > _VERIFIED:
        return True
    checksum: int = struct.unpack("<I", data[record.end : record.end + _FOOTER])[0]
    return masked(crc32c(data[record.start : record.end])) == checksum


def _cut(at: int) -> str:
    return f"the last record, at byte {at:,}, is cut: the program that wrote the file was stopped, or still runs"
