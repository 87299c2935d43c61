"""What the charts are made from: the layers of a model with what each of them costs.

A layer that a file shows as a group of its operations is one layer here, with the sums of all in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cutaway.analysis.cost import Cost, cost
from cutaway.analysis.ops import family
from cutaway.analysis.sizes import Setting
from cutaway.analysis.units import outermost_layers
from cutaway.graph.model import Graph
from cutaway.graph.walk import weights_once
from cutaway.style.labels import name_prefixes
from cutaway.style.quantities import LARGEST

Quantity = str
"""One of `QUANTITIES`."""

QUANTITIES: Mapping[Quantity, tuple[str, str]] = {
    "parameters": ("Parameters", ""),
    "macs": ("MACs", ""),
    "flops": ("FLOPs", ""),
    "weight_bytes": ("Bytes of weights", "B"),
    "activation_bytes": ("Bytes of activations", "B"),
}
"""What a treemap can show: title and unit."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer with all of its operations.

    Attributes:
        item: Index of the node, or ~index of the group that it is the inside of.
        id, name, op: As in the graph.
        family: Family of its operation.
        group: Index of the group that holds it.
        parameters, weight_bytes: Of its weights; a weight that several layers share counts for the first.
        macs, flops: Of all its runs.
        moved: Bytes that all its runs read and write.
        activation_bytes: Bytes of the tensors that it makes.
        counted: Whether all of its operations are counted.
    """

    item: int
    id: str
    name: str
    op: str
    family: str
    group: int
    parameters: int
    weight_bytes: int
    macs: int
    flops: int
    moved: int
    activation_bytes: int
    counted: bool

    def value(self, quantity: Quantity) -> int:
        """One of `QUANTITIES`."""
        found: int = getattr(self, quantity)
        return found


@dataclass(frozen=True, slots=True)
class Ledger:
    """A model with its cost, layer by layer.

    Attributes:
        graph: The model, with groups.
        cost: What one forward pass costs.
        layers: In the order of the graph.
        layer_of: For each node, the position of its layer.
        prefixes: For each group, how many leading words the names in it share.
        batch: Length of every free batch axis.
        precision: Type that all floats are held in; None for those of the model.
    """

    graph: Graph
    cost: Cost
    layers: tuple[Layer, ...]
    layer_of: Sequence[int]
    prefixes: Sequence[int]
    batch: int = 1
    precision: str | None = None

    def inside(self, group: int) -> list[Layer]:
        """Layers that lie in a group, at any depth; all of them for the root."""
        held = inside_of(self.graph, group)
        return [layer for layer in self.layers if held[layer.group]]


def inside_of(graph: Graph, group: int) -> list[bool]:
    """For each group, whether it lies in a group, itself included."""
    parents = graph.groups.parents
    found = [False] * len(parents)
    found[group] = True
    for at in range(group + 1, len(parents)):
        found[at] = found[parents[at]]
    return found


def ledger(graph: Graph, setting: Setting | None = None, *, precision: str | None = None) -> Ledger:
    """Add up what each layer of a grouped graph costs.

    Args:
        graph: The model, with groups.
        setting: Batch and input shapes; one example of the model's own shapes by default.
        precision: Type that all floats are held in, for the bytes; None for those of the model.

    Raises:
        OptionError: A shape is given for an input that is not there or does not fit it, or an unknown precision.
    """
    chosen = setting or Setting()
    spent = cost(graph, chosen, precision=precision)
    holders = outermost_layers(graph)
    place: dict[int, int] = {}
    layer_of = []
    for node, group in enumerate(graph.node_groups):
        item = ~holders[group] if holders[group] else node
        layer_of.append(place.setdefault(item, len(place)))
    sums = _Sums(len(place))
    unknown = {node for each in spent.uncounted for node in each.nodes}
    for node, at in enumerate(layer_of):
        times = spent.turns.of_groups[graph.node_groups[node]]
        sums.macs[at] += spent.macs[node]
        sums.flops[at] += spent.flops[node]
        sums.moved[at] += spent.traffic(node) * times
        sums.made[at] += spent.output_bytes[node]
        sums.counted[at] &= node not in unknown
    for node, weight in weights_once(graph):
        sums.parameters[layer_of[node]] += weight.parameters
        sums.weights[layer_of[node]] += weight.bytes
    layers = [_layer(graph, item, at, sums) for item, at in place.items()]
    layers += _of_groups(graph, holders)
    return Ledger(graph, spent, tuple(layers), layer_of, name_prefixes(graph), chosen.batch, precision)


class _Sums:
    """One number for each layer, of each kind."""

    def __init__(self, count: int) -> None:
        self.parameters, self.weights, self.macs, self.flops, self.moved, self.made = ([0] * count for _ in range(6))
        self.counted = [True] * count


def _layer(graph: Graph, item: int, at: int, sums: _Sums) -> Layer:
    groups = graph.groups
    if item >= 0:
        id, name, op, group = graph.ids[item], graph.names[item], graph.op(item), graph.node_groups[item]
    else:
        id, name, op, group = groups.ids[~item], groups.names[~item], groups.ops[~item], groups.parents[~item]
    columns = (sums.parameters, sums.weights, sums.macs, sums.flops, sums.moved, sums.made)
    parameters, weights, macs, flops, moved, made = (min(column[at], LARGEST) for column in columns)
    return Layer(item, id, name, op, family(op), group, parameters, weights, macs, flops, moved, made, sums.counted[at])


def _of_groups(graph: Graph, holders: Sequence[int]) -> Iterator[Layer]:
    """Weights that belong to a group and to no node in it: a layer of their own, where the group is."""
    seen = set(graph.weight_codes)
    groups = graph.groups
    for group in sorted(groups.weights):
        own = [graph.weights[code] for code in groups.weights[group] if code not in seen]
        seen.update(groups.weights[group])
        if own:
            item = holders[group] or group
            op = groups.ops.get(item, "")
            yield Layer(
                ~item, groups.ids[item], groups.names[item] or graph.name, op, family(op), groups.parents[item]
                if holders[group] else group, min(LARGEST, sum(weight.parameters for weight in own)),
                min(LARGEST, sum(weight.bytes for weight in own)), 0, 0, 0, 0, True,
            )  # fmt: skip
