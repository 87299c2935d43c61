"""`Composer`: calls, whoever recorded them, become nodes, edges and groups of a `GraphBuilder`."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutaway.graph import GraphBuilder, Shape, Tensor
from cutaway.readers.live import functional, templates
from cutaway.readers.live.attributes import LazyAttributes, configuration, plain
from cutaway.readers.live.calls import Call, labelled, plain_arguments, values
from cutaway.readers.live.kinds import graph_of, group_kind, kind_of
from cutaway.readers.live.opener import Opener
from cutaway.readers.live.shapes import change_of, with_batch, with_shapes
from cutaway.readers.live.weights import WeightBook, all_variables, group_variables, join

Source = tuple[int, int]
"""A node and one of its output ports."""

Sources = tuple[Source, ...]
"""Where a value comes from; more than one for what branches of a condition may make."""

Known = dict[Hashable, Sources]
"""The sources of the values of one recipe, by their key."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A call and where it was placed.

    Attributes:
        target: The layer or operation.
        key: Key of its first output; None where it has none.
        group: Group in which it lies.
        index: Of the node, or of the group that holds its inside.
        is_group: Whether it is a group.
    """

    target: Any
    key: Hashable
    group: int
    index: int
    is_group: bool


class Composer:
    """Places calls in a graph; opens what can be opened.

    Args:
        builder: Receives nodes, edges and groups.
        weights: Names the weights.
        opener: Opens composite layers.

    Attributes:
        root: The model.
        names: Name of each node placed so far.
        steps: Lengths of the time axes of the `TimeDistributed` around; the values inside are those of one step,
            the nodes show the tensors of all steps.
        placed: Where each call of a layer or operation was placed, in the order of placing.
    """

    def __init__(self, builder: GraphBuilder, weights: WeightBook, opener: Opener) -> None:
        self.builder = builder
        self.weights = weights
        self.root = weights.root
        self._opener = opener
        self.names: dict[int, str] = {}
        self.steps: Shape = ()
        self.placed: list[Placed] = []
        self._calls_of: dict[int, list[Call]] = {}

    def calls_of(self, model: Any) -> list[Call]:
        """The calls of a Functional model; walked once for all calls of the model."""
        calls = self._calls_of.get(id(model))
        if calls is None:
            calls = self._calls_of[id(model)] = functional.calls_of(model)
        return calls

    def place_all(self, calls: Iterable[Call], known: Known, group: int, path: str) -> None:
        """Place calls in order; ``known`` learns the sources of their outputs."""
        for call in calls:
            self.place(call, known, group, path)

    def place(self, call: Call, known: Known, group: int, path: str) -> None:
        """Place one call, as a node or as a group with its inside."""
        if call.target is not None:
            kind = kind_of(call.target)
            if kind == "functional":
                model = graph_of(call.target)
                if model is not None:
                    self._place_model(call, model, known, group, path)
                    return
            elif kind == "composite":
                if self._place_composite(call, known, group, path):
                    return
            elif kind != "leaf" and templates.PLACERS[kind](self, call, known, group, path):
                return
        if call.inside:
            self._place_recorded(call, known, group, path)
        else:
            self.place_node(call, known, group, path)

    def place_node(self, call: Call, known: Known, group: int, path: str) -> int:
        """Place a call as a single node and return its index."""
        target = call.target
        if target is None:
            weights = self.weights.of(call.variables, path)
            attributes: Mapping[str, Any] = call.attributes
        else:
            variables = all_variables(target)
            weights = self.weights.of(variables, join(path, call.name), target) if variables else []
            attributes = LazyAttributes(lambda: _attributes(call), target)
        node = self.builder.node(
            call.name,
            call.op,
            group=group,
            outputs=[self._of_all_steps(value.tensor) for value in call.outputs],
            attributes=attributes,
            weights=weights,
        )
        self.names[node] = call.name
        self._note(call, group, node, is_group=False)
        for label, value in labelled(call):
            self.connect(known.get(value.key, ()), node, label)
        for port, value in enumerate(call.outputs):
            known[value.key] = ((node, port),)
        return node

    def _of_all_steps(self, tensor: Tensor) -> Tensor:
        if not self.steps or tensor.shape is None:
            return tensor
        return Tensor((*tensor.shape[:1], *self.steps, *tensor.shape[1:]), tensor.dtype)

    def connect(self, sources: Sources, node: int, label: str = "") -> None:
        """Add an edge from each source."""
        for source, port in sources:
            self.builder.connect(source, node, port=port, label=label)

    def mark_outputs(self, sources: Iterable[Source], name: str) -> None:
        """Say that values leave the model; without a name they are called after the node that makes them."""
        for node, port in sources:
            self.builder.mark_output(node, name or self.names[node], port)

    def open_group(self, call: Call, group: int, path: str, found_by: str = "", variables: Sequence[Any] = ()) -> int:
        """Add the group that holds the inside of a call."""
        index = self.builder.group(
            call.name,
            parent=group,
            kind=group_kind(call.target),
            op=call.op,
            found_by=found_by,
            attributes=LazyAttributes(lambda: _attributes(call), call.target),
            weights=self.weights.of(variables, join(path, call.name), call.target),
        )
        self._note(call, group, index, is_group=True)
        return index

    def _note(self, call: Call, group: int, index: int, *, is_group: bool) -> None:
        if call.target is not None:
            key = call.outputs[0].key if call.outputs else None
            self.placed.append(Placed(call.target, key, group, index, is_group))

    def close_group(self, index: int, target: Any, path: str) -> None:
        """Say which weights belong to a group alone, now that its inside is there."""
        self.builder.describe_group(index, weights=self.weights.of_group(target, path))

    def _place_model(self, call: Call, model: Any, known: Known, group: int, path: str) -> None:
        received = call.args[0] if call.args else next(iter(call.kwargs.values()), None)
        pairs = functional.match_inputs(model, received)
        inner: Known = {inside.key: known.get(outside.key, ()) for inside, outside in pairs}
        index = self.open_group(call, group, path, variables=group_variables(call.target))
        calls = self.calls_of(model)
        change = change_of(pairs)
        if change == "batch":
            calls = with_batch(calls, pairs)
        elif change == "shape":
            self._opener.begin()
            calls = with_shapes(calls, pairs)
        self.place_all(calls, inner, index, join(path, call.name))
        made = [inner.get(value.key, ()) for _, value in functional.interface(model, "outputs")]
        for value, sources in zip(call.outputs, made, strict=False):
            known[value.key] = sources

    def _place_composite(self, call: Call, known: Known, group: int, path: str) -> bool:
        if call.inside is not None:
            if not call.inside:
                return False
            self._place_recorded(call, known, group, path)
            return True
        inside = self._opener(call)
        if inside is None:
            return False
        inner: Known = dict(zip((value.key for value in inside.inputs), self._received(call, known), strict=False))
        index = self.open_group(call, group, path, inside.found_by, group_variables(call.target))
        self.place_all(inside.calls, inner, index, join(path, call.name))
        self.close_group(index, call.target, join(path, call.name))
        for value, made in zip(call.outputs, inside.outputs, strict=False):
            known[value.key] = tuple(source for one in made for source in inner.get(one.key, ()))
        return True

    def _received(self, call: Call, known: Known) -> list[Sources]:
        return [known.get(value.key, ()) for value in values((tuple(call.args), dict(call.kwargs)))]

    def _place_recorded(self, call: Call, known: Known, group: int, path: str) -> None:
        index = self.open_group(call, group, path, call.found_by, group_variables(call.target))
        self.place_all(call.inside or (), known, index, join(path, call.name))
        self.close_group(index, call.target, join(path, call.name))


def _attributes(call: Call) -> dict[str, Any]:
    found = configuration(call.target)
    found.update((name, plain(value)) for name, value in plain_arguments(call))
    return found
