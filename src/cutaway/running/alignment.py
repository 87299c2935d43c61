"""Which logged call belongs to which node: the calls that ran, and those that a graph shows, from the outside in.

Both know the layer that was called. Within one group the calls of one layer are told apart by their order: that in
which Keras runs the nodes of a Functional model, that of the trace elsewhere.
"""

from __future__ import annotations

from typing import Any

from cutaway.graph.model import Graph
from cutaway.readers.live.kinds import class_names, graph_of, kind_of
from cutaway.readers.live.locate import Located
from cutaway.running.call_log import LoggedCall
from cutaway.running.store import Kept

LOOSE = "a calculation outside layers: only what layers return is kept"
STEPWISE = "it runs once for each step: its values are not kept"
SILENT = "the layer was not called, or not in the way that the drawing shows"

_OPEN = ("functional", "composite")


def wanted(located: Located) -> tuple[set[int], set[int]]:
    """Identities of the layers whose outputs are needed, and of those whose first argument is."""
    outputs = {id(target) for target in located.kept if kind_of(target) not in _OPEN}
    denses = (getattr(target, "_output_dense", None) for target in located.kept if kind_of(target) == "attention")
    return outputs, {id(dense) for dense in denses if dense is not None}


class Alignment:
    """Finds the outputs of all nodes.

    Args:
        model: The model that ran.
        graph: Its graph.
        located: Which calls are which nodes of it.
        log: The root of the calls that ran.

    Attributes:
        outputs: Outputs by node and port.
        scores: Attention weights by node.
        missing: Why a node has none, by node.
    """

    def __init__(self, model: Any, graph: Graph, located: Located, log: LoggedCall) -> None:
        self.outputs: dict[tuple[int, int], Kept] = {}
        self.scores: dict[int, Kept] = {}
        self.missing: dict[int, str] = {}
        self._located = located
        self._graph = graph
        self._node = {id: node for node, id in enumerate(graph.ids)}
        self._group = {id: group for group, id in enumerate(graph.groups.ids)}
        self._nodes_in: dict[int, list[int]] = {}
        for node, group in enumerate(graph.node_groups):
            self._nodes_in.setdefault(group, []).append(node)
        for call in log.calls[:1]:
            self._inside(0, model, call)
        self._explain()

    def _inside(self, group: int, target: Any, logged: LoggedCall) -> None:
        """Align the inside of a group with the calls made during one call."""
        kind = kind_of(target)
        if kind == "recurrent" or (kind == "wrapper" and "TimeDistributed" in class_names(type(target))):
            self._stepwise(group, logged)
            return
        if len(logged.calls) == 1 and logged.calls[0].target is graph_of(target) is not target:
            logged = logged.calls[0]  # a Sequential that calls the Functional in it
        around = self._graph.groups.ids[group]
        seen: dict[int, int] = {}
        for call in logged.calls:
            turn = seen[id(call.target)] = seen.get(id(call.target), -1) + 1
            ids = self._located.calls.get((around, id(call.target)), [])
            if turn >= len(ids):
                continue
            if ids[turn] in self._located.groups:
                self._inside(self._group[ids[turn]], call.target, call)
            else:
                self._take(self._node[ids[turn]], call)
        self._made_between(group, kind, target, logged)

    def _take(self, node: int, logged: LoggedCall) -> None:
        for port, kept in enumerate(logged.outputs):
            self.outputs[node, port] = kept
        if not logged.outputs:
            self.missing[node] = "it returns no tensor"
        if logged.scores is not None:
            self.scores[node] = logged.scores

    def _made_between(self, group: int, kind: str, target: Any, logged: LoggedCall) -> None:
        """What the drawing shows between the layers of a built-in layer, or in the place of the layer in it."""
        nodes = self._nodes_in.get(group, [])
        for node in nodes:
            op = self._graph.op(node)
            if kind == "bidirectional" and self._graph.names[node] == "merge" and logged.outputs:
                self.outputs[node, 0] = logged.outputs[0]
            elif kind == "attention" and op == "DotProductAttention":
                last = next((call for call in logged.calls if call.target is target._output_dense), None)
                gated = getattr(target, "_gate_dense", None) is not None
                if last is not None and last.first_input is not None and not gated:
                    self.outputs[node, 0] = last.first_input
                if logged.scores is not None:
                    self.scores[node] = logged.scores
            elif kind == "wrapper" and len(nodes) == 1 and (node, 0) not in self.outputs:
                self._take(node, logged)

    def _stepwise(self, group: int, logged: LoggedCall) -> None:
        """What runs many times for one call: the last layer makes what the whole returns."""
        nodes = self._nodes_in.get(group, [])
        for inner in range(group, len(self._graph.groups)):
            if self._lies_in(inner, group):
                self.missing.update(dict.fromkeys(self._nodes_in.get(inner, ()), STEPWISE))
        alone = all(parent != group for parent in self._graph.groups.parents)
        if nodes and alone and logged.outputs:
            self.outputs[nodes[-1], 0] = logged.outputs[0]

    def _lies_in(self, group: int, around: int) -> bool:
        while group > around:
            group = self._graph.groups.parents[group]
        return group == around

    def _explain(self) -> None:
        """Say of every node without an output why it has none."""
        layers = {id for ids in self._located.calls.values() for id in ids}
        inputs = {port.node for port in self._graph.inputs}
        made = {node for node, _ in self.outputs} | set(self.scores) | inputs
        for node, id in enumerate(self._graph.ids):
            if node in made:
                self.missing.pop(node, None)
            else:
                self.missing.setdefault(node, SILENT if id in layers else LOOSE)
