"""From operations to the layers of a graph: by the calls that made them, or by their names where nobody saw those."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, NamedTuple

from cutaway.graph.model import Graph
from cutaway.readers.live.loose import Cluster, cluster, origin_of
from cutaway.readers.live.recording import Frame


class Place(NamedTuple):
    """Where time goes.

    Attributes:
        kind: A node, or a group itself, for what is in it beside its nodes.
        at: Index of the node or group.
    """

    kind: Literal["node", "group"]
    at: int


@dataclass(slots=True)
class _Inside:
    """What a group holds, at any depth, by the identity of the layer that is called there."""

    by_target: dict[int, list[Place]] = field(default_factory=dict)
    nodes: list[int] = field(default_factory=list)
    loose: list[int] = field(default_factory=list)


class CallPlaces:
    """The nodes and groups of a graph that was read from a live model, by the calls that they stand for.

    A call of a layer is the next node of that layer in the group of the call around it. What a call does beside the
    calls in it belongs to the loose operations that its group shows, by the author's line, or to the group itself.

    Args:
        graph: The graph as it was read, before it is grouped.
        root: The frame around all recorded calls.
        operations: What each call made itself, in order, by the identity of its frame.
        updates: Identities of frames that are no calls but updates of weights.
    """

    def __init__(
        self, graph: Graph, root: Frame, operations: dict[int, list[Any]], updates: Collection[int] = ()
    ) -> None:
        self._graph = graph
        self._insides = _insides(graph)
        self._operations = operations
        self._updates = updates
        self._places: dict[int, Place] = {id(root): Place("group", 0)}
        self._of_operations: dict[int, Place] = {}
        self._taken: dict[tuple[Place, int], int] = {}
        self._walk(root)

    def of(self, frame: Frame, operations: Iterable[Any] = ()) -> Place:
        """The place of the first of some operations of a call that has one of its own, else that of the call."""
        for operation in operations:
            if id(operation) in self._of_operations:
                return self._of_operations[id(operation)]
        place = self._places.get(id(frame), Place("group", 0))
        if place.kind == "group" and len(self._insides[place.at].loose) == 1:  # such as the core of an attention
            return Place("node", self._insides[place.at].loose[0])
        return place

    def _walk(self, root: Frame) -> None:
        top = _target(self._graph.groups.attributes.get(0))
        stack = [(root, Place("group", 0))]
        while stack:
            frame, place = stack.pop()
            self._places[id(frame)] = place
            if place.kind == "group":
                self._land_loose(frame, place)
            inner = []
            for one in frame.frames:
                here = place if one.target is top and frame is root else self._next(place, one)
                inner.append((one, here))
            stack += reversed(inner)

    def _next(self, around: Place, frame: Frame) -> Place:
        """The place of a call in that of the call around it; the same where the graph does not show it.

        What is not called but updated, and may be called several times, is meant by its first call.
        """
        if around.kind == "node":
            return around
        found = self._insides[around.at].by_target.get(id(frame.target))
        if not found:
            return around
        if id(frame) in self._updates:
            return found[0]
        key = (around, id(frame.target))
        turn = self._taken.get(key, 0)
        self._taken[key] = turn + 1
        return found[min(turn, len(found) - 1)]  # a layer that runs once for each step is drawn once

    def _land_loose(self, frame: Frame, place: Place) -> None:
        """Give what a composite computes itself to the nodes that show it."""
        own = self._operations.get(id(frame), ())
        inside = self._insides[place.at]
        if not own:
            return
        if len(inside.nodes) == 1:  # a wrapper runs its layer without calling it
            self._of_operations.update((id(each), Place("node", inside.nodes[0])) for each in own)
            return
        if not inside.loose:
            return
        waiting: dict[tuple[str, str], list[int]] = {}
        for node in inside.loose:
            source = self._graph.attributes[node].get("source")
            waiting.setdefault((self._graph.op(node), source if isinstance(source, str) else ""), []).append(node)
        for one in _clusters(frame, own):
            nodes = waiting.get((one.op, one.origin.source)) or waiting.get((one.op, ""))
            if not nodes:
                only = inside.loose[0] if len(inside.loose) == 1 else None
                nodes = None if only is None else [only]
            if nodes:
                node = nodes.pop(0) if len(nodes) > 1 else nodes[0]
                self._of_operations.update((id(each), Place("node", node)) for each in one.operations)


def _clusters(frame: Frame, operations: Sequence[Any]) -> list[Cluster]:
    return cluster((each, frame, (at,), origin_of(each)) for at, each in enumerate(operations))


def _insides(graph: Graph) -> list[_Inside]:
    """What each group holds; a group stands in the lists of those around it, and what is in it too."""
    found = [_Inside() for _ in graph.groups.parents]
    parents = graph.groups.parents

    def note(target: Any, place: Place, group: int) -> None:
        while group >= 0:
            if target is not None:
                found[group].by_target.setdefault(id(target), []).append(place)
            if place.kind == "node":
                found[group].nodes.append(place.at)
            group = parents[group]

    for group in range(1, len(parents)):
        note(_target(graph.groups.attributes.get(group)), Place("group", group), parents[group])
    for node, group in enumerate(graph.node_groups):
        target = _target(graph.attributes[node])
        note(target, Place("node", node), group)
        if target is None and graph.op(node) != "InputLayer":
            found[group].loose.append(node)
    return found


def _target(attributes: Any) -> Any:
    return getattr(attributes, "target", None)


_SUFFIX = re.compile(r"_\d+\Z")
_DROPPED = re.compile(r"(?:\A|/)gradient_tape/|/(?:body|cond|then|else)/_\d+(?=/)|-\d+-\w+-LayoutOptimizer\Z")
_DEEPEST = 60
"""Scopes of a name that are looked at, from its end; deeper ones say nothing more."""


def place_by_name(graph: Graph) -> Callable[[str], Place | None]:
    """A function from the name of an operation to its place in a graph; None where no name in it means anything.

    A node or group is meant by its id or its name; the deepest that is named in the scopes of the operation is taken.
    Keras writes a number behind a scope that it opens again; a name without it means the same layer.
    """
    ids: dict[str, Place] = {}
    for at, (identity, name) in enumerate(zip(graph.ids, graph.names, strict=True)):
        ids.setdefault(identity, Place("node", at))
        ids.setdefault(name, Place("node", at))
    for at in range(1, len(graph.groups)):
        for word in (graph.groups.ids[at], graph.groups.names[at]):
            ids.setdefault(word, Place("group", at))

    @cache
    def find(name: str) -> Place | None:
        plain = _DROPPED.sub("", name).strip("/")
        words = plain.split("/")[-_DEEPEST:]
        for candidate in _parts(words):
            if candidate in ids:
                return ids[candidate]
        return None

    return find


def _parts(words: Sequence[str]) -> Iterator[str]:
    """Parts of a path: the deepest first, of those the longest; without the numbers where with them none was found."""
    bare = [_SUFFIX.sub("", word) for word in words]
    for end in range(len(words), 0, -1):
        for start in range(end):
            joined = "/".join(words[start:end])
            yield joined
            short = "/".join([*bare[start : end - 1], words[end - 1]])
            yield short
            yield "/".join(bare[start:end])
