"""Where each operation lies: in which layer, in which body of a loop, branch or function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from cutaway.readers.tensorflow.inline import Operations
from cutaway.readers.tensorflow.scopes import Scopes, calls_of_shared

Step = str | int
"""A scope as it stands in the names of operations, or the index of a region."""

Path = tuple[Step, ...]

_MOST_PLACES = 50_000
"""Groups that every graph may have, beside one for each two operations; deeper ones are not opened."""

_WRAPPERS = ("StatefulPartitionedCall", "PartitionedCall")


def paths_of(operations: Operations, scopes: Scopes, reads: dict[int, str], *, shared: bool) -> list[Path]:
    """The path of each operation; equal ones are the same object.

    Args:
        operations: All of them.
        scopes: How names tell layers.
        reads: For operations that read a variable, its name.
        shared: Whether all calls of a layer share one scope, so that they must be told apart.
    """
    told = _told_apart(operations, scopes, reads) if shared else {}
    bases: list[Path] = []
    for index, around in enumerate(operations.regions):
        if around.parent < 0:
            bases.append(())
            continue
        path = _join(bases[around.parent], told.get(~index) or scopes.path(around.caller))
        bases.append((*path, index) if around.name else path)
    same: dict[tuple[int, tuple[str, ...]], Path] = {}

    def find(region: int, scope: tuple[str, ...]) -> Path:
        path = same.get((region, scope))
        if path is None:
            path = same[region, scope] = _join(bases[region], scope)
        return path

    paths: list[Path] = []
    by_scope: list[dict[str, Path]] = [{} for _ in bases]
    for name, region in zip(operations.names, operations.region, strict=True):
        scope = name.rpartition("/")[0]
        known = by_scope[region]
        found = known.get(scope)
        if found is None:
            found = known[scope] = find(region, scopes.path_of_scope(scope))
        paths.append(found)
    for at, scope_of_call in told.items():
        if at >= 0 and scope_of_call:
            paths[at] = find(operations.region[at], scope_of_call)
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


@dataclass(slots=True, eq=False)
class Place:
    """One group to be: a scope or a region.

    Attributes:
        around: The place that holds it; None for the root.
        step: What it is; the root is an empty scope.
        shown: Name of it.
        scopes: Scopes from the outermost to this one, as they stand in names, that of the model included.
        layers: Names of the layers around and with it, outermost first.
        parts: Places directly in it, in the order of their first operation.
        members: Shown operations directly in it.
        kind: Class of the layer that it is; empty where nothing tells.
        single: Whether one node says all of it.
        group: Its group in the graph that is built; -1 before there is one.
    """

    around: Place | None
    step: Step
    shown: str
    scopes: tuple[str, ...]
    layers: tuple[str, ...] = ()
    parts: dict[Step, Place] = field(default_factory=dict)
    members: list[int] = field(default_factory=list)
    kind: str = ""
    single: bool = False
    group: int = -1

    def walk(self) -> Iterable[Place]:
        """This place and all below it, parents first."""
        waiting = [self]
        while waiting:
            place = waiting.pop()
            yield place
            waiting.extend(reversed(place.parts.values()))

    def below(self, step: Step, name: str) -> Place:
        """The part for a step, made when it is first asked for."""
        found = self.parts.get(step)
        if found is None:
            scoped = isinstance(step, str)
            scopes = (*self.scopes, step.partition("#")[0]) if isinstance(step, str) else self.scopes
            layers = (*self.layers, name) if scoped else self.layers
            found = self.parts[step] = Place(self, step, name, scopes, layers)
        return found


def tree_of(
    members: Sequence[int], paths: Sequence[Path], depth: int, shown: Callable[[Step], str], warnings: list[str]
) -> tuple[Place, list[Place]]:
    """The nesting of shown operations.

    Args:
        members: The operations, in order.
        paths: Their paths; equal ones are the same object.
        depth: Steps that are left out: the scope of the model.
        shown: Name of a step.
        warnings: Takes what is left out, in words.

    Returns:
        The root, and the place of each operation.
    """
    around = next((path[:depth] for path in paths if len(path) > depth), ()) if depth else ()
    root = Place(None, "", "", tuple(step.partition("#")[0] for step in around if isinstance(step, str)))
    root.group = 0
    places: dict[int, Place] = {}
    most = _MOST_PLACES + len(members) // 2
    owners = []
    for at, path in zip(members, paths, strict=True):
        place = places.get(id(path))
        if place is None:
            place = root
            for step in path[depth:]:
                if most <= 0 and step not in place.parts:
                    break
                most -= step not in place.parts
                place = place.below(step, shown(step))
            places[id(path)] = place
        place.members.append(at)
        owners.append(place)
    if most <= 0:
        warnings.append(
            "the names of the operations hold more scopes than models of its size do: the rest are not opened"
        )
    return root, owners


def model_scope(paths: Iterable[Path]) -> int:
    """How many scopes, counted from the top, hold all layers: that of the model, and those of calls around it."""
    kinds = [path for path in {id(path): path for path in paths}.values() if path]
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
