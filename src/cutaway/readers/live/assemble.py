"""From recorded calls and the flow between them to the inside of a call, in an order that can be read."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cutaway.graph import Tensor
from cutaway.readers.live.calls import Call, Value, dtype_name, map_leaves, plain_shape
from cutaway.readers.live.kinds import kind_of_class
from cutaway.readers.live.loose import Cluster
from cutaway.readers.live.opgraph import OpGraph, received, tensor_key
from cutaway.readers.live.recording import Frame
from cutaway.readers.live.weights import group_variables

Item = Frame | Cluster


class Assembler:
    """Makes `Call`s of the frames and loose operations of one trace.

    Args:
        flow: The graph of operations, with owners.
        variables: Keras' variables by the identity of the TensorFlow variable in them.
        found_by: How it was found, in words.
    """

    def __init__(self, flow: OpGraph, variables: Mapping[int, Any], found_by: str) -> None:
        self._flow = flow
        self._variables = variables
        self._found_by = found_by
        self._clusters: dict[int, list[Cluster]] = {}
        for one in flow.clusters:
            self._clusters.setdefault(id(one.frame), []).append(one)

    def inside_of(self, frame: Frame) -> list[Call]:
        """The calls and loose operations of one call, producers first."""
        items: list[Item] = [*self._flow.frames.get(id(frame), ()), *self._clusters.get(id(frame), ())]
        items.sort(key=lambda item: item.order if isinstance(item, Cluster) else _order_of_frame(item))
        return [self._call(item) for item in self._producers_first(items)]

    def outputs(self, wanted: Sequence[Value]) -> list[tuple[Value, ...]]:
        """For each output of the opened call, the values inside that it is."""
        return [tuple(Value(key, value.tensor) for key in self._flow.sources(value.key)) for value in wanted]

    def _call(self, item: Item) -> Call:
        if isinstance(item, Cluster):
            return self._loose(item)
        target = item.target
        call = Call(target, target.name, type(target).__name__, outputs=item.outputs, found_by=self._found_by)
        call.args = map_leaves(self._resolved, tuple(item.args))
        call.kwargs = map_leaves(self._resolved, item.kwargs)
        if not self._flow.is_closed(item):
            call.inside = self.inside_of(item)
        elif kind_of_class(type(target)) == "composite":
            call.inside = []
        return call

    def _resolved(self, leaf: Any) -> Any:
        if type(leaf) is not Value:
            return leaf
        found = [replace(leaf, key=key) for key in self._flow.sources(leaf.key)]
        return leaf if not found else found[0] if len(found) == 1 else found

    def _loose(self, one: Cluster) -> Call:
        own = {tensor_key(tensor) for operation in one.operations for tensor in operation.outputs}
        read = [key for operation in one.operations for key in self._flow.inputs_of(operation) if key not in own]
        if len(one.operations) > 1:
            read = list(dict.fromkeys(read))
        outputs = [
            Value(tensor_key(tensor), Tensor(plain_shape(tensor.shape), dtype_name(tensor.dtype)))
            for tensor in self._leaving(one)
        ]
        attributes = {"source": one.origin.source} if one.origin.source else {}
        args = tuple(Value(key, Tensor()) for key in read)
        call = Call(None, one.name, one.op, args, outputs=outputs, attributes=attributes)
        call.variables = self._foreign(one)
        return call

    def _leaving(self, one: Cluster) -> list[Any]:
        """What other operations or nobody reads; of several operations, not what they make for each other."""
        made = [tensor for operation in one.operations for tensor in operation.outputs]
        if len(one.operations) == 1:
            return made
        inside = {operation.name for operation in one.operations}
        return [
            tensor
            for tensor in made
            if any(reader.name not in inside for reader in tensor.consumers()) or not tensor.consumers()
        ]

    def _foreign(self, one: Cluster) -> list[Any]:
        """Variables of other layers; a layer's own are told with its group."""
        own: set[int] = set()
        frame: Frame | None = one.frame
        while frame is not None:
            if frame.target is not None:
                own.update(id(variable) for variable in group_variables(frame.target))
            frame = frame.parent
        found = [self._variables.get(id(variable), variable) for variable in self._flow.weights_of(one)]
        return [variable for variable in found if id(variable) not in own]

    def _producers_first(self, items: list[Item]) -> list[Item]:
        """The same order, except where a call in the body of a loop comes after what reads the loop's result."""
        maker = {key: place for place, item in enumerate(items) for key in self._makes(item)}
        done: set[int] = set()
        ordered: list[Item] = []
        for start in range(len(items)):
            if start in done:
                continue
            done.add(start)
            stack: list[tuple[int, Iterator[Hashable]]] = [(start, self._reads(items[start]))]
            while stack:
                place, keys = stack[-1]
                before = next((at for key in keys if (at := maker.get(key)) is not None and at not in done), None)
                if before is None:
                    stack.pop()
                    ordered.append(items[place])
                else:
                    done.add(before)
                    stack.append((before, self._reads(items[before])))
        return ordered

    def _makes(self, item: Item) -> Iterator[Hashable]:
        for part in self._parts(item):
            if isinstance(part, Cluster):
                yield from (tensor_key(tensor) for operation in part.operations for tensor in operation.outputs)
            elif self._flow.is_closed(part):
                yield from (value.key for value in part.outputs)

    def _reads(self, item: Item) -> Iterator[Hashable]:
        for part in self._parts(item):
            if isinstance(part, Cluster):
                for operation in part.operations:
                    yield from self._flow.inputs_of(operation)
            elif self._flow.is_closed(part):
                for value in received(part):
                    yield from self._flow.sources(value.key)

    def _parts(self, item: Item) -> Iterator[Item]:
        stack = [item]
        while stack:
            part = stack.pop()
            yield part
            if isinstance(part, Frame) and not self._flow.is_closed(part):
                stack += [*self._flow.frames.get(id(part), ()), *self._clusters.get(id(part), ())]


def _order_of_frame(frame: Frame) -> tuple[int, ...]:
    return (frame.mark, -1)
