"""Records of TensorFlow's event files (TFRecord): a length, its checksum, the data, their checksum, and the next one.

A writer that was stopped leaves its last record cut; that is normal, and what came before is read. Lengths are always
verified, so a damaged one leads nowhere; data up to a size, since a checksum in Python costs a tenth of a second a
megabyte.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from cutaway.readers.wire.crc32c import crc32c, masked
from cutaway.readers.wire.fields import Bytes

_HEADER = 12
_FOOTER = 4

_VERIFIED = 1 << 16
"""Bytes up to which the data of a record are verified."""


class Record(NamedTuple):
    """One record: where its data begin and end, and whether their checksum is right."""

    start: int
    end: int
    intact: bool


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
    while at < size:
        if at + _HEADER > size:
            warnings.append(_cut(at))
            return
        if masked(crc32c(data[at : at + 8])) != struct.unpack("<I", data[at + 8 : at + 12])[0]:
            warnings.append(
                f"the record at byte {at:,} is damaged, its length is not what was written; the rest is lost"
            )
            return
        start = at + _HEADER
        end = start + struct.unpack("<Q", data[at : at + 8])[0]
        if end + _FOOTER > size:
            warnings.append(_cut(at))
            return
        intact = end - start > _VERIFIED or (
            masked(crc32c(data[start:end])) == struct.unpack("<I", data[end : end + _FOOTER])[0]
        )
        if not intact:
            warnings.append(f"the data of the record at byte {at:,} are damaged")
        yield Record(start, end, intact)
        at = end + _FOOTER


def _cut(at: int) -> str:
    return f"the last record, at byte {at:,}, is cut: the program that wrote the file was stopped, or still runs"
