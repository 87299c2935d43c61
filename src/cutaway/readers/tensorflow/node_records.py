"""The nodes of a `GraphDef` or a `FunctionDef`, found by hand and decoded in runs.

What one call of the decoder costs is shared by many nodes; of a node with a large constant only name, operation and
inputs are touched; of a damaged file all nodes are saved that can be.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from cutaway.errors import ReadError
from cutaway.readers.tensorflow.rows import Rows
from cutaway.readers.wire.blob import Blob
from cutaway.readers.wire.fields import Field, TooMuch, fields, varint
from cutaway.readers.wire.protobuf import DecodeError, message, text

_LARGE = 1 << 16
"""Bytes from which on a node is read field by field."""

_RUN = 8 << 20
"""Bytes that are decoded at once; more would only cost memory."""

_TINY = 6
"""Bytes of the shortest node, with a name and an operation of one letter each."""

_TINY_NODES = 1000
"""Shorter records up to which a file is believed."""

_NODES = 50_000
_BYTES_PER_NODE = 50
"""Nodes that any graph may have, and its bytes for each one more. Those of real graphs have 146 and more on average,
and a node costs the same time whether it has 20 or 200."""

_INPUTS = 200_000
_BYTES_PER_INPUT = 15
"""The same for inputs: real graphs have one in 113 bytes and more."""

_OTHERS = 50_000
"""Fields that are not nodes up to which a message is read on: results and arguments of a function, and few more."""


@dataclass(slots=True)
class Records:
    """What was found.

    Attributes:
        starts: The place of the length of each node.
        others: All fields that are not nodes.
        lost: Where reading had to stop, if it had to.
        dropped: Nodes whose inputs are left out, because there are too many.
        damaged: Where nodes begin that cannot be decoded.
    """

    starts: array[int] = field(default_factory=lambda: array("q"))
    others: list[Field] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    dropped: int = 0


class NodeScanner:
    """Reads the nodes between two places of a file.

    Args:
        blob: The file.
        rows: Takes the nodes.
        number: Number of the field that holds nodes: 1 in a graph, 3 in a function.
    """

    def __init__(self, blob: Blob, rows: Rows, number: int) -> None:
        self._blob = blob
        self._view = memoryview(blob.data)
        self._rows = rows
        self._key = number << 3 | 2
        self._number = number
        self._run_class = message("GraphNodes" if number == 1 else "FunctionNodes")
        self._run_field = "node" if number == 1 else "node_def"
        self._inputs = 0
        self.found = Records()

    def scan(self, start: int, end: int) -> Records:
        """Read them.

        Raises:
            ReadError: It is made of records that are too short to be nodes.
        """
        data, key, found = self._blob.data, self._key, self.found
        note = found.starts.append
        at = run = start
        first = tiny = 0
        most = _NODES + (end - start) // _BYTES_PER_NODE
        self._inputs = _INPUTS + (end - start) // _BYTES_PER_INPUT
        while at < end:
            record = at
            if data[at] != key:
                self._decode(run, record, first)
                at = self._other(record, end)
                run, first = at, len(found.starts)
                continue
            at += 1
            length = data[at] if at < end else 255
            at += 1
            if length > 127:
                if at < end and data[at] < 128:  # most nodes have a length of two bytes
                    length += (data[at] - 1) << 7
                    at += 1
                else:
                    length, at = varint(data, at - 1, end)
            if at < 0 or at + length > end:
                found.lost.append(record)
                at = record
                break
            if length > _LARGE:
                self._decode(run, record, first)
                self._large(record + 1, at, at + length)
                run, first = at + length, len(found.starts)
            else:
                tiny += length < _TINY
                if tiny > _TINY_NODES:
                    raise ReadError(f"{tiny:,} nodes are too short to have a name", path=self._blob.path)
                if len(found.starts) >= most:
                    found.lost.append(TooMuch(record))
                    at = record
                    break
                note(record + 1)
                if at + length - run > _RUN:
                    self._decode(run, at + length, first)
                    run, first = at + length, len(found.starts)
            at += length
        self._decode(run, at, first)
        return found

    def _other(self, at: int, end: int) -> int:
        """Note a field that is not a node, and return the place behind it."""
        if len(self.found.others) > _OTHERS:
            self.found.lost.append(TooMuch(at))
            return end
        for other in fields(self._blob.data, at, end, self.found.lost):
            self.found.others.append(other)
            return end if self.found.lost else other.end
        return end

    def _decode(self, start: int, end: int, first: int) -> None:
        """Take a run of nodes, the first of which has that number among those noted."""
        if end <= start:
            return
        try:
            nodes = getattr(self._run_class.FromString(self._view[start:end]), self._run_field)
        except DecodeError:
            nodes = list(self._one_by_one(first))
        self._take(nodes)

    def _one_by_one(self, first: int) -> Iterator[Any]:
        """The nodes of a run with damaged ones, which are left out."""
        head, starts = message("NodeHead"), self.found.starts
        run = starts[first:]
        del starts[first:]
        for start in run:
            length, at = varint(self._blob.data, start, len(self._blob))
            try:
                node = head.FromString(self._view[at : at + length])
            except DecodeError:
                self.found.damaged.append(start - 1)
                continue
            starts.append(start)
            yield node

    def _large(self, start: int, at: int, end: int) -> None:
        """Take a node without touching its attributes."""
        name, op, inputs = "", "", []
        for part in fields(self._blob.data, at, end, self.found.lost):
            if part.wire == 2 and part.number < 4:
                value = text(bytes(self._view[part.start : part.end]))
                if part.number == 1:
                    name = value
                elif part.number == 2:
                    op = value
                else:
                    inputs.append(value)
        self.found.starts.append(start)
        self._take([SimpleNamespace(name=name, op=op, input=inputs)])

    def _take(self, nodes: Sequence[Any]) -> None:
        """Hand on nodes, without inputs from where on there are too many."""
        count = sum([len(node.input) for node in nodes])
        self._inputs -= count
        if self._inputs >= 0:
            self._rows.add(nodes)
            return
        self._inputs += count
        kept = []
        for node in nodes:
            self._inputs -= len(node.input)
            self.found.dropped += self._inputs < 0 < len(node.input)
            kept.append(node if self._inputs >= 0 else SimpleNamespace(name=node.name, op=node.op, input=()))
        self._rows.add(kept)
