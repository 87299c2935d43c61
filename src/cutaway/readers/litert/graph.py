"""Subgraphs to a `Graph`: operations in their layers, and the bodies of control flow where they are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Tensor, Weight
from cutaway.readers.litert import constants, details
from cutaway.readers.litert.constants import Constant
from cutaway.readers.litert.layers import Layers
from cutaway.readers.litert.metadata import Metadata
from cutaway.readers.litert.model import Model, Operator, Signature, Subgraph
from cutaway.readers.litert.names import LayerNames
from cutaway.readers.litert.plumbing import shape_operators

MOST = 200_000
"""Operations after calls are replaced; thirty subgraphs that each call the next one twice would make a billion."""

LOOP_VARIABLE = "LoopVariable"
"""Operation that stands for what a loop carries from one turn to the next: it reads the first and the next value."""

Value = tuple[int, int] | Constant | None
"""A node and its port, values that stand in the file, or nothing: a value that nothing makes."""

_LOOPS = {"WHILE", "STABLEHLO_WHILE"}
_BRANCHES = {"IF", "STABLEHLO_CASE"}
_UNPACKING = {"DEQUANTIZE", "DENSIFY"}
_TITLES = {
    "cond_subgraph_index": "cond", "body_subgraph_index": "body", "then_subgraph_index": "then",
    "else_subgraph_index": "else", "init_subgraph_index": "init",
}  # fmt: skip


def called(options: Mapping[str, Any]) -> dict[str, int]:
    """Subgraphs that an operation calls, by what they are to it."""
    found: dict[str, int] = {}
    for name, value in options.items():
        if name == "subgraph" or (name.endswith(("subgraph_index",)) and isinstance(value, int)):
            found[_TITLES.get(name, name.removesuffix("_subgraph_index"))] = value
        elif name == "branch_subgraph_indices" and isinstance(value, list):
            found |= {f"branch {at}": index for at, index in enumerate(value)}
    return found


class Assembler:
    """Puts subgraphs into a builder.

    Args:
        model: The file.
        builder: Where nodes go.
        raw: Whether calls stay calls, and every constant a weight.

    Attributes:
        shown: Subgraphs that are shown.
        tensors: Subgraph and tensors that each node stands for.
        nodes: The node of each operation that has one, by its subgraph and its position there.
        groups: The group of each operation that calls others, likewise.
        calls: The subgraphs that it calls, likewise.
        main: The subgraph that is called from outside first.
    """

    def __init__(self, model: Model, builder: GraphBuilder, *, raw: bool) -> None:
        self._model = model
        self._builder = builder
        self._raw = raw
        self._keys = constants.keys(model)
        self._weights: dict[tuple[int, int], Weight] = {}
        self._taken: dict[str, int] = {}
        self._open: list[int] = []
        self._unpacked: dict[tuple[int, int], int] = {}
        self.shown: set[int] = set()
        self.tensors: dict[int, tuple[int, tuple[int, ...]]] = {}
        self.nodes: dict[tuple[int, int], int] = {}
        self.groups: dict[tuple[int, int], int] = {}
        self.calls: dict[tuple[int, int], tuple[int, ...]] = {}
        self.main = 0

    def entry(
        self, index: int, group: int, signature: Signature | None, metadata: Metadata, names: LayerNames | None
    ) -> None:
        """Show a subgraph that is called from outside; without ``names`` its operations stand without groups."""
        subgraph = self._model.subgraphs[index]
        self.main = index if group == 0 else self.main
        layers = self._layers(subgraph, group, names)
        named = signature.inputs if signature is not None else {}
        told = metadata.inputs if index == 0 and len(metadata.inputs) == len(subgraph.inputs) else []
        arguments: list[Value] = []
        for at, tensor in enumerate(subgraph.inputs):
            name, description = told[at] if told else ("", "")
            arguments.append(self._input(subgraph, tensor, group, named.get(tensor) or name, description))
        values = self._body(subgraph, layers, arguments)
        results = signature.outputs if signature is not None else {}
        told = metadata.outputs if index == 0 and len(metadata.outputs) == len(subgraph.outputs) else []
        for at, value in enumerate(values):
            name = results.get(subgraph.outputs[at], "") or (told[at][0] if told else "")
            if isinstance(value, Constant):
                value = self._constant_node(value, name or "constant", group)
            if value is not None and group == 0:
                self._builder.mark_output(
                    value[0], name or _plain(self._name(subgraph, subgraph.outputs[at])), value[1]
                )

    def _layers(self, subgraph: Subgraph, group: int, names: LayerNames | None = None) -> Layers:
        if self._raw:
            return Layers(self._builder, subgraph, group)
        left_out = shape_operators(subgraph, lambda at: (subgraph.index, at) in self._keys)
        for at, operator in enumerate(subgraph.operators):
            if operator.code.op in _UNPACKING and len(operator.inputs) == len(operator.outputs) == 1:
                tensor = operator.inputs[0]
                if (subgraph.index, tensor) in self._keys:  # a weight that is stored smaller than it is used
                    self._unpacked[subgraph.index, operator.outputs[0]] = tensor
                    left_out.add(at)
        return Layers(self._builder, subgraph, group, names, left_out)

    def _input(
        self, subgraph: Subgraph, tensor: int, group: int, name: str = "", description: str = ""
    ) -> tuple[int, int]:
        attributes: dict[str, Any] = {"description": description} if description else {}
        if 0 <= tensor < len(subgraph.tensors):
            scale = details.quantization(subgraph.tensors[tensor], subgraph)
            attributes |= {"quantization": scale} if scale else {}
        name = name or _plain(self._name(subgraph, tensor)) or "input"
        node = self._builder.node(
            name, "Input", group=group, outputs=(self._tensor(subgraph, tensor),), attributes=attributes
        )
        self.tensors[node] = (subgraph.index, (tensor,))
        if group == 0:
            self._builder.mark_input(node, name)
        return node, 0

    def _body(self, subgraph: Subgraph, layers: Layers, arguments: Sequence[Value]) -> list[Value]:
        """Append the operations of a subgraph; return the values of its outputs."""
        self.shown.add(subgraph.index)
        self._open.append(subgraph.index)
        values: dict[int, Value] = dict(zip(subgraph.inputs, arguments, strict=False))
        made: list[tuple[int, Operator]] = []
        for at, operator in enumerate(subgraph.operators):
            if at in layers.left_out:
                continue
            values |= self._operator(subgraph, operator, at, layers, values, made)
        layers.tell_classes()
        hidden = {tensor for at in layers.left_out for tensor in subgraph.operators[at].outputs}
        lost = 0
        for node, operator in made:
            for slot, tensor in enumerate(operator.inputs):
                value = self._value(subgraph, tensor, values)
                if isinstance(value, tuple):
                    self._builder.connect(value[0], node, port=value[1], label=_label(operator.code.op, slot))
                elif value is None and tensor >= 0 and tensor not in hidden:
                    entry = subgraph.tensors[tensor] if tensor < len(subgraph.tensors) else None
                    lost += entry is None or not entry.variable
        if lost:
            self._model.warnings.append(f"subgraph {subgraph.name!r}: {lost:,} inputs are read that nothing makes")
        self._open.pop()
        return [self._value(subgraph, tensor, values) for tensor in subgraph.outputs]

    def _operator(
        self,
        subgraph: Subgraph,
        operator: Operator,
        at: int,
        layers: Layers,
        values: Mapping[int, Value],
        made: list[tuple[int, Operator]],
    ) -> dict[int, Value]:
        """Append one operation or what it calls; return the values that it makes."""
        options = dict(operator.options)
        inner = {} if self._raw else {title: index for title, index in called(options).items() if self._enter(index)}
        if inner:
            inputs = [self._value(subgraph, tensor, values) for tensor in operator.inputs]
            name = layers.name(at) or operator.code.op.lower()
            op = str(options.get("name") or operator.code.op)
            attributes = {key: value for key, value in options.items() if "subgraph" not in key} | self._rest(operator)
            group = self._builder.group(name, parent=layers.group(at), kind="function", op=op, attributes=attributes)
            self.groups[subgraph.index, at], self.calls[subgraph.index, at] = group, tuple(inner.values())
            results = self._call(operator, inner, inputs, group, name)
            return dict(zip(operator.outputs, results, strict=False))
        node = self._node(subgraph, operator, options, layers, at, values)
        made.append((node, operator))
        self.nodes[subgraph.index, at] = node
        return {tensor: (node, port) for port, tensor in enumerate(operator.outputs)}

    def _enter(self, index: int) -> bool:
        fits = 0 <= index < len(self._model.subgraphs) and index not in self._open
        if fits and len(self._builder) + len(self._model.subgraphs[index].operators) > MOST:
            if not any("bodies" in warning for warning in self._model.warnings):
                self._model.warnings.append(f"calls nest too deep: no more bodies are shown after {MOST:,} operations")
            return False
        return fits

    def _node(
        self,
        subgraph: Subgraph,
        operator: Operator,
        options: dict[str, Any],
        layers: Layers,
        at: int,
        values: Mapping[int, Value],
    ) -> int:
        op = operator.code.op
        group, name = layers.group(at), layers.name(at) or op.lower()
        attributes = dict(options)
        scales: dict[str, Any] = {}
        weights = []
        for slot, tensor in enumerate(operator.inputs):
            value = self._value(subgraph, tensor, values)
            argument = constants.role(op, slot) or f"input {slot}"
            if isinstance(value, Constant):
                small = None if self._raw else constants.attribute(self._model, value, argument)
                if small is not None:
                    attributes[argument] = small
                    continue
                weights.append(self._weight(value, f"{layers.path(at) or name}/{argument}", argument))
                if scale := details.quantization(value.tensor, subgraph):
                    scales[argument] = scale
                if sparse := details.sparsity(value.tensor, self._model):
                    attributes[f"{argument}_sparsity"] = sparse
            elif value is None and 0 <= tensor < len(subgraph.tensors) and subgraph.tensors[tensor].variable:
                attributes.setdefault("state", []).append(argument)
        for port, tensor in enumerate(operator.outputs):
            if 0 <= tensor < len(subgraph.tensors) and (
                scale := details.quantization(subgraph.tensors[tensor], subgraph)
            ):
                scales["output" if port == 0 else f"output {port}"] = scale
        attributes |= {"quantization": scales} if scales else {}
        attributes |= self._rest(operator)
        layers.note_weights(at, weights)
        outputs = [self._tensor(subgraph, tensor) for tensor in operator.outputs]
        node = self._builder.node(name, op, group=group, outputs=outputs, attributes=attributes, weights=weights)
        self.tensors[node] = (subgraph.index, tuple(operator.outputs))
        return node

    def _rest(self, operator: Operator) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if operator.code.version > 1:
            found["version"] = operator.code.version
        size = operator.table.span(5)[1] or operator.table.number(10, "Q")
        if size:
            found["custom_options"] = f"{size:,} bytes"
        return found

    def _call(
        self,
        operator: Operator,
        inner: dict[str, int],
        inputs: list[Value],
        group: int,
        name: str,
    ) -> list[Value]:
        if operator.code.op in _LOOPS and {"cond", "body"} <= set(inner):
            return self._loop(operator, inner, inputs, group, name)
        if operator.code.op in _BRANCHES:
            results = [inputs[:1]] + [self._inside(index, group, title, inputs[1:]) for title, index in inner.items()]
            end = self._end(operator, group, name, [value for values in results for value in values])
            return [(end, port) for port in range(len(operator.outputs))]
        if len(inner) == 1 and operator.code.op in ("STABLEHLO_COMPOSITE", "CALL", "CALL_ONCE"):
            subgraph = self._model.subgraphs[next(iter(inner.values()))]
            return self._body(subgraph, self._layers(subgraph, group), inputs)
        results = [inputs]
        for title, index in inner.items():  # it runs them in a way of its own: they lie beside it and feed it
            subgraph = self._model.subgraphs[index]
            within = self._builder.group(title, parent=group, kind="function")
            arguments: list[Value] = [
                self._input(subgraph, tensor, within) for tensor in subgraph.inputs
            ]  # fmt: skip
            results.append(self._body(subgraph, self._layers(subgraph, within), arguments))
        end = self._end(operator, group, name, [value for values in results for value in values])
        return [(end, port) for port in range(len(operator.outputs))]

    def _inside(self, index: int, parent: int, title: str, arguments: Sequence[Value]) -> list[Value]:
        subgraph = self._model.subgraphs[index]
        group = self._builder.group(title, parent=parent, kind="function")
        return self._body(subgraph, self._layers(subgraph, group), arguments)

    def _end(self, operator: Operator, group: int, name: str, inputs: Sequence[Value]) -> int:
        """The operation itself, behind the bodies that it runs."""
        subgraph = self._model.subgraphs[self._open[-1]]
        outputs = [self._tensor(subgraph, tensor) for tensor in operator.outputs]
        end = self._builder.node(name, operator.code.op, group=group, outputs=outputs)
        self.tensors[end] = (subgraph.index, tuple(operator.outputs))
        for value in inputs:
            if isinstance(value, tuple):
                self._builder.connect(value[0], end, port=value[1])
        return end

    def _loop(
        self, operator: Operator, inner: Mapping[str, int], inputs: Sequence[Value], group: int, name: str
    ) -> list[Value]:
        turn = self._model.subgraphs[inner["body"]]
        carried: list[Value] = []
        changed: list[int] = []
        for at, value in enumerate(inputs):
            same = turn.inputs[at : at + 1] == turn.outputs[at : at + 1]
            if not same and at < len(turn.inputs):
                variable = _plain(self._name(turn, turn.inputs[at])) or f"variable {at}"
                node = self._loop_variable(variable, self._tensor(turn, turn.inputs[at]), value, group)
                if isinstance(value, tuple):
                    self._builder.connect(value[0], node, port=value[1])
                value = (node, 0)
                changed.append(at)
            carried.append(value)
        condition = self._inside(inner["cond"], group, "cond", carried)
        following = self._inside(inner["body"], group, "body", carried)
        results: list[Value] = []
        for at in changed:
            value, variable_node = following[at] if at < len(following) else None, carried[at]
            if isinstance(value, Constant):
                value = self._constant_node(value, "constant", group)
            if isinstance(value, tuple) and isinstance(variable_node, tuple):
                self._builder.connect(value[0], variable_node[0], port=value[1], label="next")
            results.append(value)
        end = self._end(operator, group, name, [*condition[:1], *results])
        return [(end, at) if at in changed else value for at, value in enumerate(carried)]

    def _loop_variable(self, name: str, tensor: Tensor, first: Value, group: int) -> int:
        attributes, weights = {}, []
        if isinstance(first, Constant):
            small = constants.attribute(self._model, first, "first")
            if small is None:
                weights.append(self._weight(first, f"{name}/first", "first"))
            else:
                attributes["first"] = small
        return self._builder.node(
            name, LOOP_VARIABLE, group=group, outputs=(tensor,), attributes=attributes, weights=weights
        )

    def _constant_node(self, constant: Constant, name: str, group: int) -> tuple[int, int]:
        """A constant that no operation reads: a result of the model or of a body."""
        tensor = Tensor(constant.tensor.shape, constant.tensor.dtype)
        weight = self._weight(constant, name, "value")
        return self._builder.node(name, "Const", group=group, outputs=(tensor,), weights=(weight,)), 0

    def _value(self, subgraph: Subgraph, tensor: int, values: Mapping[int, Value]) -> Value:
        if tensor in values:
            return values[tensor]
        tensor = self._unpacked.get((subgraph.index, tensor), tensor)
        key = self._keys.get((subgraph.index, tensor))
        return None if key is None else Constant(subgraph.tensors[tensor], key)

    def _weight(self, constant: Constant, wanted: str, name: str) -> Weight:
        found = self._weights.get(constant.key)
        if found is None:
            count = self._taken[wanted] = self._taken.get(wanted, 0) + 1
            unique = wanted if count == 1 else f"{wanted}@{count}"
            found = self._weights[constant.key] = constants.weight(self._model, constant, unique, name)
        return found

    def _name(self, subgraph: Subgraph, tensor: int) -> str:
        return subgraph.tensors[tensor].name if 0 <= tensor < len(subgraph.tensors) else ""

    def _tensor(self, subgraph: Subgraph, tensor: int) -> Tensor:
        if not 0 <= tensor < len(subgraph.tensors):
            return Tensor()
        entry = subgraph.tensors[tensor]
        return Tensor(entry.shape, entry.dtype)


def _label(op: str, slot: int) -> str:
    """Name of the argument behind an edge; the first one needs none."""
    return constants.role(op, slot) if slot else ""


def _plain(name: str) -> str:
    """``serving_default_image:0`` → ``image``: a tensor's name without what exporting added."""
    return name.partition(":")[0].removeprefix("serving_default_")
