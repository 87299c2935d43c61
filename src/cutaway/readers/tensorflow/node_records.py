"""The nodes of a `GraphDef` or a `FunctionDef`, found by hand and decoded in runs.

What one call of the decoder costs is shared by many nodes; of a node with a large constant only name, operation and
inputs are touched; of a damaged file all nodes are saved that can be.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
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

_SHORT = 1024
"""Bytes of a node up to which its attributes are compared with those of others."""

_DISTINCT = 1 << 15
"""Distinct sets of attributes that are told apart. Of the nodes of real graphs, hundreds share each."""

_OTHERS = 50_000
"""Fields that are not nodes up to which a message is read on: results and arguments of a function, and few more."""


@dataclass(slots=True)
class Records:
    """What was found.

    Attributes:
        starts: The place of the length of each node.
        codes: For each node, the number of its set of attributes, which all nodes have that say the same; -1 for nodes
            that are not compared with others.
        told: The encoded attributes of each such set.
        others: All fields that are not nodes.
        lost: Where reading had to stop, if it had to.
        dropped: Nodes whose inputs are left out, because there are too many.
        damaged: Where nodes begin that cannot be decoded.
    """

    starts: array[int] = field(default_factory=lambda: array("q"))
    codes: array[int] = field(default_factory=lambda: array("i"))
    told: list[tuple[bytes, ...]] = field(default_factory=list)
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
        self._long: list[int] = []
        self._known: dict[tuple[bytes, ...] | None, int] = {None: -1}
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
                if length > _SHORT:
                    self._long.append(len(found.starts) - first)
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
            nodes = list(getattr(self._run_class.FromString(self._view[start:end]), self._run_field))
        except DecodeError:
            nodes = list(self._one_by_one(first))
            self.found.codes.extend([-1] * len(nodes))
        else:
            self._compare(nodes)
        self._long.clear()
        self._take(nodes)

    def _compare(self, nodes: Sequence[Any]) -> None:
        """Give nodes that say the same in their attributes the same number."""
        known, found = self._known, self.found
        attributes: list[tuple[bytes, ...] | None] = [tuple(node.attr) for node in nodes]
        for index in self._long:
            attributes[index] = None
        if len(known) <= _DISTINCT:
            found.codes.extend([known.setdefault(each, len(known) - 1) for each in attributes])
            found.told += [each for each in islice(known, 1 + len(found.told), None) if each is not None]
        else:
            found.codes.extend([known.get(each, -1) for each in attributes])

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
        self.found.codes.append(-1)
        self._take([SimpleNamespace(name=name, op=op, input=inputs)])

    def _take(self, nodes: Sequence[Any]) -> None:
        """Hand on nodes, without inputs from where on there are too many."""
        inputs = [tuple(node.input) for node in nodes]
        count = sum(map(len, inputs))
        if count > self._inputs:
            for index, each in enumerate(inputs):
                self._inputs -= len(each)
                if self._inputs < 0 and each:
                    self.found.dropped += 1
                    inputs[index] = ()
        else:
            self._inputs -= count
        self._rows.add([node.name for node in nodes], [node.op for node in nodes], inputs)
