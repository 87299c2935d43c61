"""``.npz`` archives of weights. Headers are read, values are not; NumPy is not needed, and nothing is unpickled."""

from __future__ import annotations

import ast
import struct

from cutaway.errors import ReadError
from cutaway.graph.model import Graph
from cutaway.readers.hdf5 import Array, Tree
from cutaway.readers.keras.weight_tree import graph_of_weights
from cutaway.readers.options import ReadOptions
from cutaway.readers.source import Source

_LONGEST_HEADER = 1 << 16

_DTYPES = {
    "f2": "float16", "f4": "float32", "f8": "float64", "i1": "int8", "i2": "int16", "i4": "int32", "i8": "int64",
    "u1": "uint8", "u2": "uint16", "u4": "uint32", "u8": "uint64", "b1": "bool", "c8": "complex64",
    "c16": "complex128",
}  # fmt: skip


def read(source: Source, options: ReadOptions) -> Graph:  # noqa: ARG001  (weights have no input)
    """Read the names, shapes and types of an ``.npz``.

    Raises:
        ReadError: A member is no array, or is damaged.
    """
    arrays: Tree = {}
    for member in sorted(source.names):
        name = member.removesuffix(".npy")
        tree = arrays
        *groups, last = name.split("/")
        for group in groups:
            below = tree.setdefault(group, {})
            if not isinstance(below, dict):
                raise ReadError(f"{group!r} is an array and also holds {member!r}", path=source.path)
            tree = below
        tree[last] = _header(source, member)
    return graph_of_weights(arrays, source.path)


def _header(source: Source, member: str) -> Array:
    with source.open(member) as file:
        start = file.read(12)
        if start[:6] != b"\x93NUMPY" or len(start) < 12:
            raise ReadError(f"member {member!r}: expected a NumPy array; it begins {start[:6]!r}", path=source.path)
        wide = start[6] >= 2
        length = struct.unpack_from("<I" if wide else "<H", start, 8)[0]
        if not 2 <= length <= _LONGEST_HEADER:
            raise ReadError(f"member {member!r}: its header has {length:,} bytes", path=source.path)
        text = (b"" if wide else start[10:]) + file.read(length - (0 if wide else 2))
    try:
        header = ast.literal_eval(text.decode("latin-1").strip())
        shape = tuple(header["shape"])
        if not all(isinstance(dim, int) and dim >= 0 for dim in shape):
            raise ValueError(f"its shape is {shape}")
        kind = str(header["descr"])
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError) as error:
        raise ReadError(f"member {member!r}: its header is damaged: {error}", path=source.path) from error
    return Array(shape, _DTYPES.get(kind.lstrip("<>=|"), kind[:20]), member)
