"""`Located`: which call of which layer is which node or group of a graph, for those who watch the calls again."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from cutaway.graph import Graph
from cutaway.readers.live.compose import Composer
from cutaway.readers.live.kinds import graph_of


@dataclass(frozen=True, slots=True)
class Located:
    """Where the parts of a live model are in its graph.

    Attributes:
        calls: Ids of the calls of a layer or operation, by the id of the group around them and the identity of the
            layer, in the order in which the model makes them when it runs.
        groups: Those of the ids that are groups.
        weights: Ids of the weights by the identity of their variables.
        kept: The objects whose identities are used, which have to live as long as they are.
    """

    calls: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()
    weights: dict[int, str] = field(default_factory=dict)
    kept: tuple[Any, ...] = ()


def located(graph: Graph, composer: Composer) -> tuple[Graph, Located]:
    """A graph, and where everything that a composer placed is in it."""
    calls: dict[tuple[str, int], list[tuple[int, str]]] = {}
    groups = set()
    turns: dict[int, dict[Hashable, int]] = {}
    targets = {place.index: place.target for place in composer.placed if place.is_group}
    for place in composer.placed:
        around = graph.groups.ids[place.group]
        mine = graph.groups.ids[place.index] if place.is_group else graph.ids[place.index]
        if place.is_group:
            groups.add(mine)
        holder = targets.get(place.group, composer.root)
        turn = turns.setdefault(id(holder), _turns(holder)).get(place.key, 0)
        calls.setdefault((around, id(place.target)), []).append((turn, mine))
    ordered = {key: [mine for _, mine in sorted(found, key=lambda each: each[0])] for key, found in calls.items()}
    kept = tuple(place.target for place in composer.placed)
    return graph, Located(ordered, frozenset(groups), composer.weights.ids, kept)


def _turns(holder: Any) -> dict[Hashable, int]:
    """When a Functional model makes each of its calls, by the key of the first output; others are placed in order."""
    nodes = getattr(graph_of(holder), "_nodes_by_depth", None) or {}
    ordered = [node.outputs for depth in sorted(nodes, reverse=True) for node in nodes[depth]]
    # Keras 2 has a tensor in the place of a list of one; its models are not trained under our eyes
    return {id(made[0]): turn for turn, made in enumerate(ordered) if isinstance(made, list | tuple) and made}
