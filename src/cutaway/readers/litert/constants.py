"""Constant tensors: weights of the operation that reads them, or, where they are small, its attributes."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from cutaway.graph.model import BITS_OF_DTYPE, Weight
from cutaway.readers.litert.model import Model, TensorEntry
from cutaway.readers.litert.schema import shortest

_LETTERS = {
    "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
    "float16": "e", "float32": "f", "float64": "d", "bool": "?",
}  # fmt: skip
_SMALL = 16
_NEVER_SMALL = ("kernel", "bias", "alpha", "embeddings", "params")


@dataclass(frozen=True, slots=True)
class Constant:
    """A tensor whose values stand in the file.

    Attributes:
        tensor: Its entry.
        key: The same for two tensors that are one weight: see `keys`.
    """

    tensor: TensorEntry
    key: tuple[int, int]


@cache
def _roles() -> Mapping[str, tuple[str, ...]]:
    text = resources.files(__package__).joinpath("roles.txt").read_text(encoding="utf-8")
    lines = (line.partition(":") for line in text.splitlines() if not line.startswith("#"))
    return {op: tuple(names.split()) for op, _, names in lines}


def role(op: str, slot: int) -> str:
    """Name of an operation's argument; empty where the table has none."""
    names = _roles().get(op, ())
    return names[slot] if slot < len(names) else ""


def attribute(model: Model, constant: Constant, name: str) -> Any:
    """The values of a small constant, such as a shape or an axis; None for a weight."""
    tensor = constant.tensor
    letter = _LETTERS.get(tensor.dtype)
    if letter is None or tensor.shape is None or None in tensor.shape:
        return None
    count = 1
    for dim in tensor.shape:
        count *= dim or 0
    whole = tensor.dtype in ("int32", "int64", "bool")
    if count > (_SMALL if whole else 1) or any(name.endswith(ending) for ending in _NEVER_SMALL):
        return None
    if tensor.dtype in ("int32", "int64") and tensor.table.has(4) and _scaled(tensor):
        return None
    data = model.bytes_of(tensor.buffer, 8 * _SMALL)
    if data is None or len(data) != count * struct.calcsize(letter):
        return [] if count == 0 else None
    values = [shortest(value) for value in struct.unpack(f"<{count}{letter}", data)]
    if not tensor.shape:
        return values[0]
    if len(tensor.shape) == 2 and values:
        width = tensor.shape[1] or 1
        return [values[start : start + width] for start in range(0, count, width)]
    return values


def weight(model: Model, constant: Constant, id: str, name: str) -> Weight:
    """A constant as a weight, by the place of its bytes."""
    tensor = constant.tensor
    return Weight(
        id=id,
        name=name,
        shape=tuple(dim or 0 for dim in tensor.shape or ()),
        dtype=tensor.dtype,
        trainable=False,
        location=location(model, tensor),
    )


def location(model: Model, tensor: TensorEntry) -> str | None:
    """Where the bytes of a tensor lie, as ``MEMBER@OFFSET+SIZE``; the member is empty for the file itself."""
    if tensor.external in model.external and tensor.external:
        external = model.external[tensor.external]
        size = external.size or _size(tensor)
        return f"{external.file}@{external.offset}+{size}"
    start, size = model.place(tensor.buffer)
    return f"@{start}+{size}" if size > 0 and start + size <= len(model.data) else None


def _size(tensor: TensorEntry) -> int:
    count = 1
    for dim in tensor.shape or ():
        count *= dim or 0
    return (count * BITS_OF_DTYPE.get(tensor.dtype, 32) + 7) // 8


def _scaled(tensor: TensorEntry) -> bool:
    table = tensor.table.table(4)
    return table is not None and table.span(2, 4)[1] > 0


def keys(model: Model) -> dict[tuple[int, int], tuple[int, int]]:
    """For every constant tensor by subgraph and index, a key that is the same where two are one weight.

    The converter lets equal values share one buffer. Two tensors of one subgraph that do so are two weights all the
    same; tensors of different subgraphs are the weights of one model that is entered at several places.
    """
    found: dict[tuple[int, int], tuple[int, int]] = {}
    external = len(model.buffers)
    for subgraph in model.subgraphs:
        seen: dict[int, int] = {}
        for index, tensor in enumerate(subgraph.tensors):
            buffer = external + tensor.external if tensor.external else tensor.buffer
            if tensor.external or (0 < tensor.buffer < len(model.buffers) and model.buffers[tensor.buffer][1]):
                count = seen[buffer] = seen.get(buffer, 0) + 1
                found[subgraph.index, index] = (buffer, count)
    return found
