"""One event, decoded whole: for all that is not a row of numbers, and for forms that only older writers use."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cutaway.readers.wire.fields import FIXED32, MESSAGE, fields
from cutaway.readers.wire.protobuf import DecodeError, message, text
from cutaway.training.event_layout import TYPES

_STRING, _BOOL, _HALF = 7, 10, 19
_LISTS = {
    1: "float_val", 2: "double_val", 3: "int_val", 4: "int_val", 5: "int_val", 6: "int_val", 9: "int64_val",
    10: "bool_val", 17: "int_val", 22: "uint32_val", 23: "uint64_val",
}  # fmt: skip
_OTHERS = ("file_version", "graph_def", "meta_graph_def", "tagged_run_metadata")
_ENCODED = 4
"""Field of an image, and of a sound, that holds the encoded data."""

_LARGEST = 16 << 20
"""Numbers of one tensor: what is repeated to fill a shape takes no bytes in the file."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a value that is not kept lies: pictures and sounds are read when they are looked at.

    Attributes:
        offset: Where the data of its record begin, in unpacked bytes.
        length: Number of bytes of the record.
    """

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Found:
    """A value of a summary.

    Attributes:
        tag: The tag.
        plugin: The plugin that shows it; empty if not said.
        value: A float, an array, texts as bytes, or None for what is not kept.
    """

    tag: str
    plugin: str
    value: object


@dataclass(frozen=True, slots=True)
class Event:
    """An event.

    Attributes:
        time: Seconds since 1970.
        step: The step.
        values: Its values.
        other: What it is, where it is no summary.
    """

    time: float
    step: int
    values: list[Found]
    other: str


def decode(data: bytes) -> Event | None:
    """What an event tells; None where it is none."""
    try:
        event = message("Event").FromString(data)
    except DecodeError:
        return None
    what = event.WhichOneof("what")
    values = [_found(value) for value in event.summary.value] if what == "summary" else []
    return Event(event.wall_time, event.step, values, what if what in _OTHERS else "")


STORED = ("images", "audio")
"""Plugins whose values are not kept."""


def _under(data: bytes, tag: str) -> Any:
    """The first value that an event holds under a tag; None where it holds none, or is damaged."""
    try:
        event = message("Event").FromString(data)
    except DecodeError:
        return None
    return next((value for value in event.summary.value if text(value.tag) == tag), None)


def pictures(data: bytes, tag: str) -> list[bytes]:
    """The encoded pictures that an event holds under a tag; none where it holds none, or is damaged."""
    value = _under(data, tag)
    if value is None:
        return []
    if value.WhichOneof("value") == "image":
        return [
            value.image[part.start : part.end]
            for part in fields(value.image, 0, len(value.image), [])
            if (part.number, part.wire) == (_ENCODED, MESSAGE)
        ]
    return [bytes(part) for part in value.tensor.string_val[2:]]  # width and height come first


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound.

    Attributes:
        data: As it is encoded, WAV where TensorFlow wrote it.
        label: What the writer says about it; empty if nothing.
        rate: Samples a second; 0 where only the encoded data tell.
    """

    data: bytes
    label: str = ""
    rate: float = 0.0


def sounds(data: bytes, tag: str) -> list[Sound]:
    """The sounds that an event holds under a tag; none where it holds none, or is damaged."""
    value = _under(data, tag)
    if value is None:
        return []
    if value.WhichOneof("value") == "audio":
        return _old_sound(value.audio)
    told, pairs = list(value.tensor.string_val), len(value.tensor.tensor_shape.dim) > 1
    labels = told[1::2] if pairs else [b""] * len(told)  # TensorFlow 2 writes a label behind each
    return [Sound(bytes(one), text(label)) for one, label in zip(told[:: 2 if pairs else 1], labels, strict=False)]


def _old_sound(audio: bytes) -> list[Sound]:
    """A sound of TensorFlow 1 or PyTorch."""
    encoded, rate = b"", 0.0
    for part in fields(audio, 0, len(audio), []):
        if (part.number, part.wire) == (_ENCODED, MESSAGE):
            encoded = audio[part.start : part.end]
        elif (part.number, part.wire) == (1, FIXED32):
            (rate,) = struct.unpack_from("<f", audio, part.start)
    return [Sound(encoded, "", rate)] if encoded else []


def _found(value: Any) -> Found:
    tag, about = text(value.tag), value.metadata.plugin_data
    plugin, kind = text(about.plugin_name), value.WhichOneof("value")
    if plugin == "hparams":
        return Found(tag, plugin, bytes(about.content))
    if kind == "simple_value":
        return Found(tag, plugin or "scalars", float(value.simple_value))
    if kind == "histo":
        return Found(tag, plugin or "histograms", _histogram(value.histo))
    if kind == "image":
        return Found(tag, plugin or "images", None)
    if kind == "audio":
        return Found(tag, plugin or "audio", None)
    return Found(tag, plugin, _tensor(value.tensor, keep=plugin not in STORED) if kind else None)


def _histogram(histogram: Any) -> npt.NDArray[np.float64] | None:
    """A histogram of TensorFlow 1 or PyTorch as rows of left edge, right edge and count.

    What lies below the first limit begins at the smallest value, and what lies above the last but one ends at the
    largest: the outer limits themselves are the largest floats.
    """
    limits = np.array(histogram.bucket_limit, np.float64)
    counts = np.array(histogram.bucket, np.float64)
    if len(limits) != len(counts):
        return None
    filled = np.flatnonzero(counts > 0)
    if not len(filled):
        return np.zeros((0, 3))
    first, last = int(filled[0]), int(filled[-1])
    lefts = np.concatenate(([histogram.min], limits[first:last]))
    rights = np.concatenate((limits[first:last], [histogram.max]))
    return np.stack((lefts, rights, counts[first : last + 1]), axis=1)


def _tensor(tensor: Any, *, keep: bool) -> object:
    """A tensor as an array, that of texts as a list of bytes; None where it is of neither kind, or is not kept."""
    if tensor.dtype == _STRING:
        return [bytes(value) for value in tensor.string_val] if keep else None
    shape = [int(dim.size) for dim in tensor.tensor_shape.dim]
    count = 1
    for size in shape:
        count *= size
    type = "?" if tensor.dtype == _BOOL else TYPES.get(tensor.dtype)
    if type is None or min(shape, default=0) < 0 or count > _LARGEST or tensor.tensor_shape.unknown_rank:
        return None
    if tensor.tensor_content:
        if len(tensor.tensor_content) != count * np.dtype(type).itemsize:
            return None
        return np.frombuffer(tensor.tensor_content, type).reshape(shape)
    if tensor.dtype == _HALF:
        listed = np.array(tensor.half_val, np.uint16).view(np.float16)
    else:
        listed = np.array(getattr(tensor, _LISTS[tensor.dtype]), np.float64 if type == "<f8" else None).astype(type)
    if len(listed) == 1 < count:
        return np.broadcast_to(listed, shape)
    return listed.reshape(shape) if len(listed) == count else None
