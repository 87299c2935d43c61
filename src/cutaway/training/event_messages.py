"""Events as bytes, encoded by hand: a scalar is put together in a microsecond, and needs no message classes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from cutaway.training.checksums import masked_checksum, masked_checksums, masked_length

FLOAT, DOUBLE, STRING = 1, 2, 7
"""Numbers of types in TensorFlow's tensors."""

SCALAR_DATA, TENSOR_DATA, BLOB_DATA, UNSAID = 1, 2, 3, 0
"""What kind of data a summary is, in the words of TensorBoard 2; graphs leave it unsaid, as Keras does."""


_SMALL = tuple(bytes([value]) for value in range(0x80))
"""Numbers that take one byte, as most of them do."""


def varint(value: int) -> bytes:
    """A number; a negative one as ten bytes."""
    if 0 <= value < 0x80:
        return _SMALL[value]
    value &= 0xFFFFFFFFFFFFFFFF
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def field(number: int, value: bytes) -> bytes:
    """A field that has a length: bytes, a text or a message."""
    return varint(number << 3 | 2) + varint(len(value)) + value


def record(data: bytes) -> bytes:
    """An event as a record: its length and the data, each with its checksum."""
    return _record(data, masked_checksum(data))


def records(events: Sequence[bytes]) -> bytes:
    """Events as records."""
    return b"".join(map(_record, events, masked_checksums(events)))


def _record(data: bytes, checksum: int) -> bytes:
    return b"".join((struct.pack("<Q", len(data)), masked_length(len(data)), data, struct.pack("<I", checksum)))


def event(wall_time: float, step: int, what: bytes) -> bytes:
    """An event.

    Args:
        wall_time: Seconds since 1970.
        step: The step; 0 is not written.
        what: The encoded field that tells what happened.
    """
    return b"\x09" + struct.pack("<d", wall_time) + (b"\x10" + varint(step) if step else b"") + what


def metadata(plugin: str, content: bytes = b"", data_class: int = UNSAID) -> bytes:
    """By which of TensorBoard's plugins a value is shown."""
    told = field(1, field(1, plugin.encode()) + (field(2, content) if content else b""))
    return told + (b"\x20" + varint(data_class) if data_class else b"")


def tensor(values: npt.NDArray[np.float32] | npt.NDArray[np.float64]) -> bytes:
    """An array of float32 or float64 as a tensor."""
    shape = b"".join(field(2, b"\x08" + varint(size)) for size in values.shape)
    dtype = FLOAT if values.dtype == np.float32 else DOUBLE
    little = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False)
    return b"\x08" + varint(dtype) + field(2, shape) + field(4, little.tobytes())


def strings(values: Sequence[bytes], *, shape: Sequence[int] = ()) -> bytes:
    """Texts as a tensor."""
    sizes = b"".join(field(2, b"\x08" + varint(size)) for size in shape)
    return b"\x08" + varint(STRING) + field(2, sizes) + b"".join(field(8, value) for value in values)


def summary(tag: str, value: bytes, about: bytes) -> bytes:
    """The field of an event that holds one tensor under a tag.

    Args:
        tag: The tag.
        value: The encoded tensor.
        about: The encoded metadata.
    """
    return field(5, field(1, field(1, tag.encode()) + field(8, value) + field(9, about)))


SCALARS = metadata("scalars", data_class=SCALAR_DATA)
"""That a value is a scalar."""

HISTOGRAMS = metadata("histograms", data_class=TENSOR_DATA)
"""That a value is a histogram."""


class ScalarForm:
    """How a scalar of one tag is written: all but time, step and value is the same each time."""

    __slots__ = ("_after", "_before")

    def __init__(self, tag: str) -> None:
        mark = np.frombuffer(b"\xfa\xce\xfe\xed", "<f4")[0]
        encoded = summary(tag, tensor(np.array(mark, np.float32)), SCALARS)
        self._before, _, self._after = encoded.rpartition(b"\xfa\xce\xfe\xed")

    def record(self, wall_time: float, step: int, value: float) -> bytes:
        """One value as a record."""
        return record(self.event(wall_time, step, value))

    def event(self, wall_time: float, step: int, value: float) -> bytes:
        """One value as an event."""
        return event(wall_time, step, self._before + struct.pack("<f", value) + self._after)


@lru_cache(maxsize=1 << 14)
def scalar_form(tag: str) -> ScalarForm:
    """How a scalar of a tag is written; the forms of some ten thousand tags are kept, for every file has the same."""
    return ScalarForm(tag)
