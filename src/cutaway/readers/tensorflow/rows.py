"""`Rows`: nodes with the inputs that they name, to the columns of a `Body`."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, chain
from typing import Any, cast

from cutaway.graph.model import CONTROL
from cutaway.readers.tensorflow.program import ARGUMENT, Attributes, Body
from cutaway.readers.wire.protobuf import text

_PENDING = -2
"""Port of an input that names a node which has not come yet."""


class Rows:
    """Collects nodes in the order of the file and finds the node that each input names.

    An input is looked up as it stands first, which finds nearly all of them; what comes later in the file is found
    at the end.

    Args:
        arguments: Names of the arguments of a function, which become its first operations.
        port: For functions: number of the output that ``argument:index`` of a node means.
    """

    def __init__(self, arguments: Sequence[str] = (), port: Callable[[int, str, str, int], int] | None = None) -> None:
        self.names: list[str] = list(arguments)
        self.ops: list[str] = [ARGUMENT] * len(arguments)
        self._arguments = len(arguments)
        self._port = port
        self._index = {name: at for at, name in enumerate(arguments)}
        self._kinds: dict[Any, str] = {}
        self._starts = array("q", [0] * (len(arguments) + 1))
        self._nodes = array("i")
        self._ports = array("i")
        self._pending: list[tuple[int, str]] = []
        self._controls = array("q")

    def __len__(self) -> int:
        return len(self.names)

    def add(self, names: list[str], ops: Iterable[Any], inputs: Sequence[Sequence[str | bytes]]) -> None:
        """Take nodes: their names, the kinds of their operations, and the names that their inputs are given by."""
        base, edges = len(self.names), len(self._nodes)
        if not set(map(type, names)) <= {str}:
            names = list(map(text, names))
        self._index.update(zip(names, range(base, base + len(names)), strict=True))
        self.names += names
        kinds = self._kinds
        self.ops += [kinds.get(op) or kinds.setdefault(op, text(op)) for op in ops]
        self._starts.extend(accumulate(map(len, inputs[1:]), initial=edges + len(inputs[0])) if inputs else ())
        flat = list(chain.from_iterable(cast("Sequence[Sequence[str]]", inputs)))
        sources = list(map(self._index.get, flat))
        ports = array("i", bytes(4 * len(flat)))
        if None in sources:
            for at, source in enumerate(sources):
                if source is None:
                    sources[at], ports[at] = self._resolve(flat[at], edges + at)
        self._nodes.extend(cast("list[int]", sources))
        self._ports.extend(ports)

    def reference(self, name: str) -> tuple[int, int] | None:
        """The node and the port that a name of a value means; None where there is no such node."""
        if name[:1] == "^":
            found = self._index.get(name[1:])
            return None if found is None else (found, CONTROL)
        found = self._index.get(name)
        if found is not None:
            return found, 0
        node, _, rest = name.partition(":")
        found = self._index.get(node)
        if found is None:
            return None
        argument, _, number = rest.rpartition(":")
        index = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 0
        if argument and self._port is not None:
            index = self._port(found, self.ops[found], argument, index)
        return found, index

    def finish(self, name: str, attributes: Attributes) -> Body:
        """Find what was named before it came, and make the columns."""
        lost = []
        for at, text_of_input in self._pending:
            found = self.reference(text_of_input)
            if found is None:
                lost.append(at)
            else:
                self._nodes[at], self._ports[at] = found
        self._order(lost)
        return Body(
            name=name,
            names=self.names,
            ops=self.ops,
            input_start=self._starts,
            input_node=self._nodes,
            input_port=self._ports,
            attributes=attributes,
            arguments=self._arguments,
            lost=len(lost),
        )

    def _resolve(self, name: str | bytes, at: int) -> tuple[int, int]:
        """An input that is not the name of a node before it; `_PENDING` where that node may come later."""
        name = text(name)
        if name[:1] == "^":
            self._controls.append(at)
        found = self.reference(name)
        if found is None:
            self._pending.append((at, name))
            return 0, _PENDING
        return found

    def _order(self, lost: list[int]) -> None:
        """Leave out the lost inputs, and put control edges behind the others of their node."""
        ports, starts = self._ports, self._starts
        mixed = any(
            at + 1 < len(ports) and ports[at + 1] != CONTROL and starts[bisect_left(starts, at + 1)] != at + 1
            for at in self._controls
        )
        if not lost and not mixed:
            return
        gone = set(lost)
        kept_starts, nodes, kept_ports = array("q", [0]), array("i"), array("i")
        for row in range(len(self.names)):
            kept = [at for at in range(starts[row], starts[row + 1]) if at not in gone]
            kept.sort(key=lambda at: ports[at] == CONTROL)
            nodes.extend(self._nodes[at] for at in kept)
            kept_ports.extend(ports[at] for at in kept)
            kept_starts.append(len(nodes))
        self._starts, self._nodes, self._ports = kept_starts, nodes, kept_ports
