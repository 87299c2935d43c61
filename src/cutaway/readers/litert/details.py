"""What a tensor says about its numbers: quantisation and sparsity, in words and plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cutaway.readers.litert.model import Model, Subgraph, TensorEntry
from cutaway.readers.litert.schema import shortest
from cutaway.readers.wire.flatbuffer import Table

_BLOCKWISE = 2
_MOST = 16


def quantization(tensor: TensorEntry, subgraph: Subgraph) -> dict[str, Any]:
    """How real numbers were made integers: ``real = scale × (stored − zero_point)``; empty where they were not."""
    table = tensor.table.table(4)
    if table is None:
        return {}
    blocks = table.table(5) if table.number(4, "B") == _BLOCKWISE else None
    if blocks is not None:
        scales = blocks.number(0, "i")
        found = {"block_size": blocks.number(2, "i"), "axis": table.number(6, "i")}
        if 0 <= scales < len(subgraph.tensors):
            found["scales"] = _shape_of(subgraph.tensors[scales])
        return found
    scale, zero = table.numbers(2, "f"), table.numbers(3, "q")
    if not scale:
        return _range(table)
    if len(scale) == 1:
        return {"scale": shortest(scale[0]), "zero_point": zero[0] if zero else 0}
    return {"axis": table.number(6, "i"), "scale": _many(scale), "zero_point": _many(zero) if zero else 0}


def sparsity(tensor: TensorEntry, model: Model) -> dict[str, Any]:
    """Which dimensions are stored sparsely, and how many bytes are left; empty for a dense tensor."""
    table = tensor.table.table(6)
    if table is None:
        return {}
    formats = ["sparse" if dim.number(0, "b") else "dense" for dim in table.tables(2)]
    found: dict[str, Any] = {"dimensions": formats, "bytes": model.place(tensor.buffer)[1]}
    blocks = table.numbers(1, "i")
    if blocks:
        sizes = [dim.number(1, "i") for dim in table.tables(2)]
        found["blocks"] = sizes[-len(blocks) :]
    return found


def _range(table: Table) -> dict[str, Any]:
    low, high = table.numbers(0, "f"), table.numbers(1, "f")
    if len(low) == len(high) == 1:
        return {"min": shortest(low[0]), "max": shortest(high[0])}
    return {}


def _many(numbers: Sequence[Any]) -> Any:
    """All alike: the one number; a few: all of them; many: their number and range."""
    if len(set(numbers)) == 1:
        return shortest(numbers[0])
    if len(numbers) <= _MOST:
        return [shortest(number) for number in numbers]
    return f"{len(numbers):,} values from {shortest(min(numbers))} to {shortest(max(numbers))}"


def _shape_of(tensor: TensorEntry) -> str:
    return "×".join(map(str, tensor.shape or ())) + f" {tensor.dtype}"
