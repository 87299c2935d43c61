"""Graph files of any size, the same bytes every time: what the benchmarks of the readers read.

A graph is a row of blocks of three convolutions with a way around, in scopes such as ``block_12/conv_3/Conv2D``, with
the shapes that TensorFlow records; TensorFlow itself imports them. Files are written by hand, in pieces, so that no
size needs much memory::

    python benchmarks/graph_files.py FILE.pb NODES          each constant is one number that fills its shape
    python benchmarks/graph_files.py FILE.pb NODES values   kernels have all of their numbers, 0.147 MB each
    python benchmarks/graph_files.py FILE.pbtxt BYTES
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from math import prod
from pathlib import Path
from typing import NamedTuple

_FLOAT = 1
_HALF = b"\0\0\0\x3f"


class Node(NamedTuple):
    """One operation, and what it says of itself."""

    name: str
    op: str
    inputs: tuple[str, ...] = ()
    shape: tuple[int, ...] = (-1, 56, 56, 64)


def nodes() -> Iterator[Node]:
    """The operations of an endless network."""
    yield Node("images", "Placeholder")
    last, block = "images", 0
    while True:
        block += 1
        before = last
        for conv in range(1, 4):
            scope = f"block_{block}/conv_{conv}"
            yield Node(f"{scope}/kernel", "Const", (), (3, 3, 64, 64))
            yield Node(f"{scope}/kernel/read", "Identity", (f"{scope}/kernel",), (3, 3, 64, 64))
            yield Node(f"{scope}/Conv2D", "Conv2D", (last, f"{scope}/kernel/read"))
            yield Node(f"{scope}/bias", "Const", (), (64,))
            yield Node(f"{scope}/BiasAdd", "BiasAdd", (f"{scope}/Conv2D", f"{scope}/bias"))
            yield Node(f"{scope}/Relu", "Relu", (f"{scope}/BiasAdd",))
            last = f"{scope}/Relu"
        yield Node(f"block_{block}/add", "AddV2", (last, before))
        last = f"block_{block}/add"


def write_graph(path: Path, count: int, *, values: bool = False) -> None:
    """Write a frozen graph.

    Args:
        path: The file.
        count: Number of operations.
        values: Whether kernels have all of their numbers, and not one that fills them.
    """
    with path.open("wb") as file:
        for node in islice(nodes(), count):
            file.write(_field(1, _node(node, values)))
        file.write(_field(4, _number(1, 2474)))


def _node(node: Node, values: bool) -> bytes:
    told = _field(1, node.name.encode()) + _field(2, node.op.encode())
    told += b"".join(_field(3, name.encode()) for name in node.inputs) + _attributes(node.op, node.shape)
    return told if node.op != "Const" else told + _constant(node.shape, values and node.name.endswith("kernel"))


@lru_cache(maxsize=64)
def _attributes(op: str, shape: tuple[int, ...]) -> bytes:
    """What an operation says of itself, encoded."""
    told = _attribute("_output_shapes", _field(1, _field(7, _shape(shape))))
    told += _attribute("dtype" if op in ("Const", "Placeholder") else "T", _number(6, _FLOAT))
    if op == "Conv2D":
        told += _attribute("strides", _field(1, _field(3, b"\x01\x01\x01\x01")))
        told += _attribute("padding", _field(2, b"SAME")) + _attribute("data_format", _field(2, b"NHWC"))
    return told


@lru_cache(maxsize=64)
def _constant(shape: tuple[int, ...], full: bool) -> bytes:
    """The value of a constant, encoded."""
    numbers = _field(4, _HALF * prod(shape)) if full else _field(5, _HALF)
    return _attribute("value", _field(8, _number(1, _FLOAT) + _field(2, _shape(shape)) + numbers))


def write_text(path: Path, size: int) -> None:
    """Write a graph as text, of at least so many bytes."""
    written = 0
    made = nodes()
    with path.open("w", encoding="utf-8") as file:
        while written < size:
            written += file.write(_text(next(made)))


_TEXT_OF_CONV = """  attr {
    key: "strides"
    value {
      list {
        i: 1
        i: 1
        i: 1
        i: 1
      }
    }
  }
  attr {
    key: "padding"
    value {
      s: "SAME"
    }
  }
"""


def _text(node: Node) -> str:
    inputs = "".join(f'  input: "{name}"\n' for name in node.inputs)
    dims = "".join(f"          dim {{\n            size: {size}\n          }}\n" for size in node.shape)
    dtype = "dtype" if node.op in ("Const", "Placeholder") else "T"
    more = _TEXT_OF_CONV if node.op == "Conv2D" else ""
    if node.op == "Const":
        shape = f"        tensor_shape {{\n{dims}        }}\n"
        value = f"      tensor {{\n        dtype: DT_FLOAT\n{shape}        float_val: 0.5\n      }}\n"
        more = f'  attr {{\n    key: "value"\n    value {{\n{value}    }}\n  }}\n'
    shapes = f"      list {{\n        shape {{\n{dims}        }}\n      }}\n"
    return (
        f'node {{\n  name: "{node.name}"\n  op: "{node.op}"\n{inputs}'
        f'  attr {{\n    key: "_output_shapes"\n    value {{\n{shapes}    }}\n  }}\n'
        f'  attr {{\n    key: "{dtype}"\n    value {{\n      type: DT_FLOAT\n    }}\n  }}\n{more}}}\n'
    )


def _attribute(name: str, value: bytes) -> bytes:
    return _field(5, _field(1, name.encode()) + _field(2, value))


def _shape(shape: tuple[int, ...]) -> bytes:
    return b"".join(_field(2, _number(1, size)) for size in shape)


def _field(number: int, content: bytes) -> bytes:
    return _open(number, len(content)) + content


def _open(number: int, length: int) -> bytes:
    return _varint(number << 3 | 2) + _varint(length)


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value & 0xFFFFFFFFFFFFFFFF)


def _varint(value: int) -> bytes:
    told = bytearray()
    while value > 127:
        told.append(value & 127 | 128)
        value >>= 7
    return bytes(told) + bytes([value])


def main() -> None:
    path, size = Path(sys.argv[1]), int(sys.argv[2])
    if path.suffix == ".pbtxt":
        write_text(path, size)
    else:
        write_graph(path, size, values="values" in sys.argv[3:])


if __name__ == "__main__":
    main()
