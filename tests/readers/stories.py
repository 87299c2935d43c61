"""What two graphs of one model have in common, whatever formats they come from: layers, edges, weights."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from cutaway.graph.model import Graph

Name = tuple[str, ...]


@dataclass(frozen=True)
class Story:
    """A graph seen as layers.

    Attributes:
        layers: How often each layer is called, by the names of the models around it and its own.
        kinds: Class of each.
        edges: Calls that read each other, each pair once per pair of calls.
    """

    layers: Counter[Name]
    kinds: dict[Name, str]
    edges: Counter[tuple[Name, Name]]


def _path(graph: Graph, group: int) -> Name:
    names: list[str] = []
    while group > 0:
        names.append(graph.groups.names[group])
        group = graph.groups.parents[group]
    return tuple(reversed(names))


def _layer_around(graph: Graph, group: int) -> int:
    """The outermost opened layer around a group, itself included; 0 where there is none."""
    found = 0
    while group > 0:
        if graph.groups.kinds[group] in ("layer", "wrapper"):
            found = group
        group = graph.groups.parents[group]
    return found


def story(graph: Graph, *, without: frozenset[str] = frozenset()) -> Story:
    """The layers of a graph.

    Args:
        graph: Any graph.
        without: Classes of layers that the other format does not keep; what they join is joined directly.
    """
    around = [_layer_around(graph, group) for group in range(len(graph.groups))]
    unit_of: list[object] = []
    names: dict[object, Name] = {}
    kinds: dict[object, str] = {}
    for node in range(len(graph)):
        layer = around[graph.node_groups[node]]
        unit: object = ("layer", layer) if layer else node
        unit_of.append(unit)
        if layer:
            names[unit], kinds[unit] = _path(graph, layer), graph.groups.ops.get(layer, "")
        else:
            names[unit] = (*_path(graph, graph.node_groups[node]), graph.names[node])
            kinds[unit] = graph.op(node).replace("InputLayer", "Input")  # where nothing tells that Keras made it
    after: dict[object, set[object]] = {unit: set() for unit in names}
    for edge in graph.edges():
        if unit_of[edge.source] != unit_of[edge.target]:
            after[unit_of[edge.source]].add(unit_of[edge.target])
    for unit in [unit for unit, kind in kinds.items() if kind in without]:
        following = after.pop(unit)
        for others in after.values():
            if unit in others:
                others.remove(unit)
                others |= following
        del names[unit], kinds[unit]
    return Story(
        Counter(names.values()),
        {name: kinds[unit] for unit, name in names.items()},
        Counter((names[unit], names[other]) for unit, others in after.items() for other in others),
    )


def parameters(graph: Graph) -> int:
    """Elements of all weights."""
    return sum(weight.parameters for weight in graph.weights)
