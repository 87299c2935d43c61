"""Operations of a ``GraphDef`` that have no one value to ask for: in open loops, or behind what is not given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

_IN = frozenset({"Enter", "RefEnter", "Switch", "RefSwitch"})
_BACK = frozenset({"NextIteration", "RefNextIteration"})
_NOT_BEFORE = _BACK | {""}
"""Kinds of what an operation need not stand behind: the way back of a loop, and what is not in the graph."""


def conditional(nodes: Iterable[Any]) -> set[str]:
    """Operations of a ``GraphDef`` that run many times or perhaps not at all.

    A value goes into a loop by ``Enter`` and leaves it by ``Exit``; it goes into a branch by ``Switch`` and leaves it
    by ``Merge``. The ``Merge`` and ``Switch`` of a loop itself do neither.
    """
    ops = {node.name: node.op for node in nodes}
    if _IN.isdisjoint(ops.values()):
        return set()
    inputs = {node.name: [_operation(name) for name in node.input] for node in nodes}
    depths: dict[str, int] = {}
    for name in _in_order(inputs, ops):
        sources = [source for source in inputs[name] if source in ops]
        depth = max((depths.get(source, 0) for source in sources), default=0)
        depths[name] = max(0, depth + _step(ops[name], {ops[source] for source in sources}))
    return {name for name, depth in depths.items() if depth > 0}


def unfed(nodes: Sequence[Any], given: Collection[str]) -> set[str]:
    """Operations of a ``GraphDef`` that depend on a placeholder for which there is nothing.

    Args:
        nodes: All operations.
        given: Names of those whose output is given, wherever they stand.
    """
    ops = {node.name: node.op for node in nodes}
    if not any(op == "Placeholder" and name not in given for name, op in ops.items()):
        return set()
    inputs = {node.name: [_operation(name) for name in node.input] for node in nodes}
    found: set[str] = set()
    for name in _in_order(inputs, ops):
        waits = ops[name] == "Placeholder" or not found.isdisjoint(inputs[name])
        if waits and name not in given:
            found.add(name)
    return found


def _operation(name: str) -> str:
    return name.removeprefix("^").partition(":")[0]


def _step(op: str, sources: set[str]) -> int:
    """By how much deeper a value is behind an operation."""
    if op in ("Enter", "RefEnter"):
        return 1
    if op in ("Exit", "RefExit"):
        return -1
    if op in ("Switch", "RefSwitch"):
        return 0 if "LoopCond" in sources else 1
    if op in ("Merge", "RefMerge"):
        return 0 if sources & _BACK else -1
    return 0


def _in_order(inputs: Mapping[str, Sequence[str]], ops: Mapping[str, str]) -> Iterator[str]:
    """Operations after what they read, the way back of a loop left out."""
    seen: set[str] = set()
    for first in inputs:
        stack = [(first, iter(inputs[first]))] if first not in seen else []
        seen.add(first)
        while stack:
            name, sources = stack[-1]
            source = next((each for each in sources if each not in seen and ops.get(each, "") not in _NOT_BEFORE), None)
            if source is None:
                stack.pop()
                yield name
            else:
                seen.add(source)
                stack.append((source, iter(inputs[source])))
