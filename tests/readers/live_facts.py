"""What a live Keras model says of itself: the oracle for the graphs that are read from files."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from cutaway.graph.model import Graph


class Facts(NamedTuple):
    """Nodes with their outputs, edges with their counts, and parameters."""

    nodes: Counter[Any]
    edges: Counter[Any]
    parameters: tuple[int, int]
    interface: tuple[list[Any], list[Any]]


def _is_nested(operation: Any) -> bool:
    return (hasattr(operation, "inputs") and hasattr(operation, "_run_through_graph")) or hasattr(
        operation, "_functional"
    )


def flatten(structure: Any) -> list[Any]:
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in flatten(structure[key])]
    if isinstance(structure, list | tuple):
        return [leaf for item in structure for leaf in flatten(item)]
    return [structure] if hasattr(structure, "_keras_history") else []


class LiveWalk:
    """Walks the calls of a Functional or Sequential model, nested ones as they are called."""

    def __init__(self, model: Any) -> None:
        self.nodes: Counter[Any] = Counter()
        self.edges: Counter[Any] = Counter()
        self.model = model
        made = self._walk(model, None)
        inputs = [tensor._keras_history[0].name for tensor in model.inputs]
        outputs = [value[0] for value in made]
        self.facts = Facts(
            self.nodes, self.edges, (model.count_params(), _count(model.trainable_weights)), (inputs, outputs)
        )

    def _walk(self, model: Any, given: list[Any] | None) -> list[Any]:
        """Each value is ``(producer's name, port)``; the model's outputs are returned."""
        model = getattr(model, "_functional", None) or model
        values: dict[int, Any] = {}
        if given is not None:
            values.update({id(tensor): value for tensor, value in zip(model.inputs, given, strict=False)})
        for tensor in model.outputs:
            self._ask(tensor, values, given is None)
        if given is None:
            for tensor in model.inputs:
                self._ask(tensor, values, True)
        return [values[id(tensor)] for tensor in model.outputs]

    def _ask(self, tensor: Any, values: dict[int, Any], top: bool) -> None:
        stack = [tensor]
        while stack:
            wanted = stack[-1]
            if id(wanted) in values:
                stack.pop()
                continue
            history = wanted._keras_history
            node = history.operation._inbound_nodes[history.node_index]
            reads = flatten([node.arguments.args, node.arguments.kwargs])
            missing = [read for read in reads if id(read) not in values]
            if missing:
                stack.extend(missing)
                continue
            made = self._call(history.operation, node, [values[id(read)] for read in reads])
            values.update({id(output): value for output, value in zip(node.output_tensors, made, strict=True)})

    def _call(self, operation: Any, node: Any, reads: list[Any]) -> list[Any]:
        if _is_nested(operation):
            return self._walk(operation, reads)
        outputs = node.output_tensors
        shapes = tuple((tuple(output.shape), str(output.dtype)) for output in outputs)
        self.nodes[operation.name, type(operation).__name__, shapes] += 1
        for source, port in reads:
            self.edges[source, port, operation.name] += 1
        return [(operation.name, port) for port in range(len(outputs))]


def _count(weights: Any) -> int:
    return sum(int(weight.shape.num_elements()) for weight in {id(w): w for w in weights}.values())


def facts_of(graph: Graph) -> Facts:
    """The same facts of a graph."""
    nodes: Counter[Any] = Counter()
    edges: Counter[Any] = Counter()
    for node in graph.nodes:
        nodes[node.name, node.op, tuple((tensor.shape, tensor.dtype) for tensor in node.outputs)] += 1
    for edge in graph.edges():
        edges[graph.names[edge.source], edge.port, graph.names[edge.target]] += 1
    total = sum(weight.parameters for weight in graph.weights)
    trainable = sum(weight.parameters for weight in graph.weights if weight.trainable)
    names = [[graph.names[port.node] for port in ports] for ports in (graph.inputs, graph.outputs)]
    return Facts(nodes, edges, (total, trainable), (names[0], names[1]))


def assert_equal_facts(graph: Graph, model: Any) -> None:
    """Every node, edge, shape and parameter of the graph is one of the live model, and none is missing."""
    found, wanted = facts_of(graph), LiveWalk(model).facts
    assert found.nodes - wanted.nodes == Counter(), "the graph has nodes that the model has not"
    assert wanted.nodes - found.nodes == Counter(), "the model has nodes that the graph has not"
    assert found.edges - wanted.edges == Counter()
    assert wanted.edges - found.edges == Counter()
    assert found.parameters == wanted.parameters
    assert found.interface == wanted.interface
