"""An oracle: walks a Functional model as Keras runs it, by depth, and never as our reader walks it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import keras

from cutaway.graph import Graph

Maker = tuple[str, str, int]
"""Name and class of what made a tensor, and its port."""


def edges_of(model: Any) -> Counter[tuple[Maker, str, str]]:
    """All edges of a Functional or Sequential model, nested models inlined: (maker, reader's name, reader's class)."""
    found: Counter[tuple[Maker, str, str]] = Counter()
    graph = getattr(model, "_functional", None) or model
    made = {id(tensor): (tensor._keras_history.operation.name, "InputLayer", 0) for tensor in graph.inputs}
    _run(graph, made, found)
    return found


def _run(graph: Any, made: dict[int, Maker], found: Counter[tuple[Maker, str, str]]) -> list[Maker]:
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            if node.is_input:
                continue
            target = node.operation
            if isinstance(target, keras.Model):
                inner = getattr(target, "_functional", None) or target
                received = [made[id(tensor)] for tensor in node.input_tensors]
                makers = _run(inner, dict(zip(map(id, inner.inputs), received, strict=True)), found)
            else:
                name, kind = target.name, type(target).__name__
                found.update((made[id(tensor)], name, kind) for tensor in node.input_tensors)
                makers = [(name, kind, port) for port in range(len(node.outputs))]
            made.update(zip(map(id, node.outputs), makers, strict=True))
    return [made[id(tensor)] for tensor in graph.outputs]


def edges_in(graph: Graph) -> Counter[tuple[Maker, str, str]]:
    """The same of a graph."""
    return Counter(
        (
            (graph.names[edge.source], graph.op(edge.source), edge.port),
            graph.names[edge.target],
            graph.op(edge.target),
        )
        for edge in graph.edges()
    )


def parameters(graph: Graph) -> int:
    """Elements of all weights, shared ones once."""
    return sum(weight.parameters for weight in graph.weights)


def trainable_parameters(graph: Graph) -> int:
    """Elements of the weights that training changes."""
    return sum(weight.parameters for weight in graph.weights if weight.trainable)


def keras_parameters(weights: list[Any]) -> int:
    """Elements of Keras' variables."""
    return sum(int(keras.ops.size(weight)) for weight in weights)


def is_producers_first(graph: Graph) -> bool:
    """Whether every edge runs from an earlier node to a later one."""
    return all(edge.source < edge.target for edge in graph.edges())


def layer_edges(graph: Graph, model: Any) -> Counter[tuple[str, str]]:
    """Edges between calls of layers, with the loose operations between them contracted.

    Each call is named by its layer and by which call of it this is, in the order of the graph.
    """
    layers = {layer.name for layer in model._flatten_layers()}
    calls: Counter[str] = Counter()
    label: dict[int, str] = {}
    above: dict[int, set[str]] = {}
    found: Counter[tuple[str, str]] = Counter()
    for node in graph.nodes:
        sources = set().union(*(above[edge.source] for edge in node.inputs)) if node.inputs else set()
        if node.name in layers or node.op == "InputLayer":
            calls[node.name + node.op] += 1
            label[node.index] = f"{node.name} {node.op} {calls[node.name + node.op]}"
            found.update((source, label[node.index]) for source in sources)
            above[node.index] = {label[node.index]}
        else:
            above[node.index] = sources
    return found
