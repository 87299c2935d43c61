"""Which output of an operation ``node:argument:index`` means, the way that functions write their inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).with_name("op_outputs.txt")

Output = tuple[str, str]
"""Name of an output argument, and the attribute that gives its length where it is a list, else an empty string."""


@cache
def declared_outputs() -> dict[str, tuple[Output, ...]]:
    """Output arguments of the operations that have several, or a list."""
    table = {}
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            op, *arguments = line.split()
            table[op] = tuple((name, length) for name, _, length in (text.partition("*") for text in arguments))
    return table


class OutputPorts:
    """Numbers of outputs, counted over all output arguments.

    Operations that no table declares have their output arguments in the order in which they are first named.

    Args:
        attribute: One attribute of a node by position and name.
        functions: Output arguments of a function of the library by name, which may be called as an operation; None
            where there is no such function.
    """

    def __init__(
        self, attribute: Callable[[int, str], Any], functions: Callable[[str], Sequence[Output] | None]
    ) -> None:
        self._attribute = attribute
        self._functions = functions
        self._seen: dict[str, list[Output]] = {}

    def port(self, node: int, op: str, argument: str, index: int) -> int:
        """Number of one output of a node."""
        arguments = declared_outputs().get(op) or self._functions(op)
        if arguments is None:
            seen = self._seen.setdefault(op, [])
            if (argument, "") not in seen:
                seen.append((argument, ""))
            arguments = seen
        port = index
        for name, length in arguments:
            if name == argument:
                return port
            port += self._length(node, length) if length else 1
        return index

    def _length(self, node: int, attribute: str) -> int:
        value = self._attribute(node, attribute)
        if isinstance(value, list):
            return len(value)
        return value if isinstance(value, int) else 1
