"""Where the operation that a node stands for lies in the file, so that whoever runs the file finds it there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cutaway.readers.tensorflow.inline import LOOP_VARIABLE, Operations


@dataclass(frozen=True, slots=True)
class Origin:
    """The operation of one node.

    Attributes:
        path: Names of the calls around it, outermost first, and then its own name.
        within: Kind of the loop, branch or other operation in whose body it lies; empty where only plain calls are
            around it.
    """

    path: tuple[str, ...]
    within: str = ""


def origins_of(operations: Operations, members: Iterable[int]) -> list[Origin]:
    """The origins of some operations, in their order."""
    around = _regions(operations)
    found = []
    for at in members:
        region, name = operations.region[at], operations.names[at]
        calls, within = around[region]
        told = operations.regions[region]
        if told.op and operations.ops[at] == told.op and name == told.caller:  # the end of a loop is the loop itself
            calls, within = around[told.parent]
        elif operations.ops[at] == LOOP_VARIABLE:
            within = told.op
        found.append(Origin((*calls, name), within))
    return found


def _regions(operations: Operations) -> list[tuple[tuple[str, ...], str]]:
    """For each region, the calls around what lies in it, and the kind of the innermost that is no plain call."""
    found: list[tuple[tuple[str, ...], str]] = []
    for region in operations.regions:  # a parent stands before its children
        if region.parent < 0:
            found.append(((), ""))
            continue
        calls, within = found[region.parent]
        found.append(((*calls, region.caller), region.op or within))
    return found
