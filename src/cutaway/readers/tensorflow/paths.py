"""Where each operation lies: in which layer, in which body of a loop, branch or function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from cutaway.readers.tensorflow.inline import Operations
from cutaway.readers.tensorflow.scopes import Scopes, calls_of_shared

Step = str | int
"""A scope as it stands in the names of operations, or the index of a region."""

Path = tuple[Step, ...]

_WRAPPERS = ("StatefulPartitionedCall", "PartitionedCall")


def operation_paths(operations: Operations, scopes: Scopes, reads: dict[int, str], *, shared: bool) -> list[Path]:
    """The path of every operation.

    Args:
        operations: All of them.
        scopes: How names tell layers.
        reads: For operations that read a variable, its name.
        shared: Whether all calls of a layer share one scope, so that they must be told apart.
    """
    told = _told_apart(operations, scopes, reads) if shared else {}
    bases: list[Path] = []
    scope_of = scopes.path
    for index, region in enumerate(operations.regions):
        if region.parent < 0:
            bases.append(())
            continue
        path = _join(bases[region.parent], told.get(~index) or scope_of(region.caller))
        bases.append((*path, len(bases)) if region.name else path)
    known: dict[tuple[int, tuple[str, ...]], Path] = {}
    paths: list[Path] = []
    for at, (name, region_index) in enumerate(zip(operations.names, operations.region, strict=True)):
        scope = told.get(at) or scope_of(name)
        key = (region_index, scope)
        found = known.get(key)
        if found is None:
            found = known[key] = _join(bases[region_index], scope)
        paths.append(found)
    return paths


def _join(base: Path, scope: Sequence[str]) -> Path:
    """A scope inside a base; names in bodies of loops repeat the scopes around the loop."""
    around = [step.partition("#")[0] for step in base if isinstance(step, str)]
    same = 0
    while same < min(len(around), len(scope)) and around[same] == scope[same].partition("#")[0]:
        same += 1
    return (*base, *(scope[same:] if same == len(around) else scope))


def _told_apart(operations: Operations, scopes: Scopes, reads: dict[int, str]) -> dict[int, tuple[str, ...]]:
    """Paths of operations in functions, and of the calls there: those of region ``r`` under ``~r``."""
    by_region: dict[int, dict[int, str]] = {}
    begun = {0}
    for at, region in enumerate(operations.region):
        inner = region
        while inner not in begun:  # the call stands where its first operation is
            begun.add(inner)
            around = operations.regions[inner]
            if around.parent:
                by_region.setdefault(around.parent, {})[~inner] = around.caller
            inner = around.parent
        if region and operations.place[at] >= 0:
            by_region.setdefault(region, {})[at] = operations.names[at]
    starts, nodes = operations.input_start, operations.input_node
    feeds = {at: nodes[starts[at] : starts[at + 1]] for names in by_region.values() for at in names if at >= 0}
    told: dict[int, tuple[str, ...]] = {}
    for names in by_region.values():
        told.update(calls_of_shared(names, reads, feeds, scopes))
    return told


@dataclass(slots=True)
class Place:
    """One group to be: a scope or a region.

    Attributes:
        path: Its path.
        shown: Name of it.
        parts: Steps below it, in the order of their first operation.
        members: Shown operations directly in it.
    """

    path: Path
    shown: str
    parts: dict[Step, Place] = field(default_factory=dict)
    members: list[int] = field(default_factory=list)

    def walk(self) -> Iterable[Place]:
        """This place and all below it, parents first."""
        waiting = [self]
        while waiting:
            place = waiting.pop()
            yield place
            waiting.extend(reversed(place.parts.values()))


def tree_of(paths: Iterable[tuple[int, Path]], shown: Callable[[Step], str]) -> Place:
    """The nesting of shown operations.

    Args:
        paths: Operations with their paths, in order.
        shown: Name of a step.
    """
    root = Place((), "")
    places: dict[Path, Place] = {(): root}
    for at, path in paths:
        place = places.get(path)
        if place is None:
            place = root
            for depth, step in enumerate(path, 1):
                below = place.parts.get(step)
                if below is None:
                    below = place.parts[step] = places[path[:depth]] = Place(path[:depth], shown(step))
                place = below
        place.members.append(at)
    return root


def model_scope(paths: Iterable[Path]) -> int:
    """How many scopes, counted from the top, hold all layers: that of the model, and those of calls around it."""
    kinds = {path for path in paths if path}
    depth = 0
    while kinds:
        first = {path[depth] for path in kinds if len(path) > depth}
        if len(first) != 1 or not any(len(path) > depth + 1 for path in kinds):
            return depth
        step = next(iter(first))
        if not isinstance(step, str):
            return depth
        depth += 1
        if step.rstrip("_0123456789") not in _WRAPPERS:
            return depth
    return depth
