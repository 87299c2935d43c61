"""What is taken of a step: which calls and weights, by the ids of the graph that is recorded beside them."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutaway.errors import CutawayError, OptionError
from cutaway.graph import Graph
from cutaway.readers.live.locate import Located

Layers = str | Sequence[str] | Callable[[Any], bool] | None
"""Names or patterns of layers, or a function that says of a layer whether it is wanted; None for all."""

KINDS = ("weights", "activations", "gradients", "updates")

MOST = 1000
"""Tensors that are taken of a step unless layers were named. Preparing takes some 10 to 20 ms for each, and a recorded
step 0.1 ms and more; MobileNetV2 has 470, ResNet152 1,400."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is taken of a step.

    Attributes:
        kinds: Which of `KINDS`.
        located: Where the layers and variables of the model are in its graph.
        known: Whether the model has a graph; without one ids are made of the names of layers.
        calls: Ids whose activations are taken; None for all.
        weights: Ids of the weights that are taken; None for all.
        left_out: What was thinned out, in words; empty where nothing was.
        inputs: Ids of the inputs of the model, in the order of its arguments.
    """

    kinds: frozenset[str]
    located: Located = field(default_factory=Located)
    known: bool = False
    calls: frozenset[str] | None = None
    weights: frozenset[str] | None = None
    left_out: str = ""
    inputs: tuple[str, ...] = ()

    @property
    def in_step(self) -> bool:
        """Whether anything is taken that only the step itself has."""
        return bool(self.kinds - {"weights"})

    @property
    def size(self) -> int:
        """Number of calls of layers in the model."""
        return sum(map(len, self.located.calls.values()))

    def wants_call(self, id: str) -> bool:
        """Whether the activations of a call are taken."""
        return "activations" in self.kinds and (self.calls is None or id in self.calls)

    def weight_id(self, variable: Any) -> str | None:
        """The id of a variable that is taken; None of one that is not."""
        id = self.located.weights.get(identity(variable)) or str(getattr(variable, "path", variable.name))
        return id if self.weights is None or id in self.weights else None


def identity(variable: Any) -> int:
    """By what a variable is known."""
    return id(variable)


def plan_of(kinds: frozenset[str], layers: Layers, graph: Graph | None, located: Located) -> Plan:
    """What to take of a model.

    Args:
        kinds: Which of `KINDS`.
        layers: As the user chose them.
        graph: The graph of the model; None where it has none.
        located: Where the model is in it.

    Raises:
        OptionError: A name or pattern fits no layer.
    """
    if graph is None:
        return Plan(kinds)
    owned = _owned(graph)
    names = {id: name for _, id, name in _calls(located)}
    inputs = tuple(graph.ids[port.node] for port in graph.inputs)
    if layers is not None:
        chosen = _chosen(layers, located, {**{id: id.rpartition("/")[2] for id in owned}, **names})
        weights = frozenset(weight for id in chosen for weight in owned.get(id, ()))
        return Plan(kinds, located, True, frozenset(chosen), weights, inputs=inputs)
    per_weight = len(kinds & {"gradients", "updates"})
    total = len(names) * ("activations" in kinds) + len(graph.weights) * per_weight
    if total <= MOST:
        return Plan(kinds, located, True, inputs=inputs)
    every = -(-total // MOST)
    ids = list(dict.fromkeys([*names, *owned]))
    kept = frozenset([*ids[::every], *inputs])
    told = (
        f"of {len(ids):,} layers one in {every} is recorded, so that not more than {MOST:,} tensors are looked at; "
        "name the layers to record with layers="
    )
    weights = frozenset(weight for id in kept for weight in owned.get(id, ()))
    return Plan(kinds, located, True, kept, weights, told, inputs)


def _calls(located: Located) -> Iterator[tuple[Any, str, str]]:
    """Each call: the layer, the id, and its name."""
    targets = {id(target): target for target in located.kept}
    for (_, target), ids in located.calls.items():
        for one in ids:
            yield targets[target], one, targets[target].name


def _owned(graph: Graph) -> Mapping[str, Sequence[str]]:
    """The ids of the weights of each node and group."""
    ids = [weight.id for weight in graph.weights]
    owned = {
        graph.ids[node]: [
            ids[code] for code in graph.weight_codes[graph.weight_start[node] : graph.weight_start[node + 1]]
        ]
        for node in range(len(graph.ids))
    }
    owned |= {graph.groups.ids[group]: [ids[code] for code in codes] for group, codes in graph.groups.weights.items()}
    return {holder: weights for holder, weights in owned.items() if weights}


def _chosen(layers: Layers, located: Located, names: Mapping[str, str]) -> set[str]:
    if callable(layers):
        return {id for target, id, _ in _calls(located) if layers(target)}
    patterns = [layers] if isinstance(layers, str) else layers
    if not isinstance(patterns, Collection) or not all(isinstance(pattern, str) for pattern in patterns):
        raise OptionError(f"layers must be names, patterns, or a function that takes a layer; received {layers!r:.80}")
    chosen = set()
    for pattern in patterns:
        fits = {
            id for id, name in names.items() if fnmatch.fnmatchcase(id, pattern) or fnmatch.fnmatchcase(name, pattern)
        }
        if not fits:
            some = ", ".join(repr(id) for id in list(names)[:5])
            raise OptionError(f"layers names {pattern!r}, which no layer fits; there are {some}, …")
        chosen |= fits
    return chosen


def located_graph(model: Any) -> tuple[Graph | None, Located, CutawayError | None]:
    """The graph of a model and where its parts are in it; or why there is none."""
    from cutaway.readers.live.model import read_located

    try:
        graph, located = read_located(model)
    except CutawayError as error:
        return None, Located(), error
    return graph, located, None
