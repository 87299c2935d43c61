"""A `Program` as it stands: every operation a node, every function of the library a group. Nothing is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Graph, Tensor
from cutaway.readers.tensorflow.op_kinds import PLACEHOLDERS
from cutaway.readers.tensorflow.op_outputs import OutputBudget, output_tensors
from cutaway.readers.tensorflow.program import Body, Program
from cutaway.readers.tensorflow.shown_attributes import with_device


def raw_graph(program: Program, *, name: str, format: str, producer: str) -> Graph:
    """Show everything.

    Args:
        program: The operations.
        name: Name of the model.
        format: Name of the reader.
        producer: Program that wrote the model.

    Returns:
        The operations of the main graph in the root, and a group for each function with its arguments, operations and
        the names of its results.
    """
    builder = GraphBuilder(name, format, producer)
    bodies, budget = [program.main], OutputBudget()
    giving = _add(builder, program.main, 0, budget)
    for body in program.functions():
        results = {"results": [f"{result}: {body.names[node]}:{port}" for result, node, port in body.results]}
        group = builder.group(body.name, kind="function", op=body.name, attributes=results if body.results else {})
        _add(builder, body, group, budget)
        bodies.append(body)
    _mark_interface(builder, program.main, giving)
    lost = sum(body.lost for body in bodies)
    builder.warnings += program.warnings
    if lost:
        builder.warnings.append(f"{lost:,} inputs name an operation that is not in the file; they are not drawn")
    return replace(builder.build(), attributes=AttributeSequence(bodies))


def _add(builder: GraphBuilder, body: Body, group: int, budget: OutputBudget) -> bytes:
    """Add the operations of one body, which is all in one group; return which of them give something."""
    base = len(builder)
    outputs = [list(budget.cut(output_tensors(body, index, budget.most()))) for index in range(len(body))]
    giving = bytes(map(bool, outputs))
    for node, port in zip(body.input_node, body.input_port, strict=True):
        known = outputs[node]
        if len(known) <= port:
            known += budget.cut([Tensor()] * (budget.most(port + 1) - len(known)))
    for index, op in enumerate(body.ops):
        builder.node(body.names[index], op, group=group, outputs=outputs[index])
    start = body.input_start
    for index in range(len(body)):
        for at in range(start[index], start[index + 1]):
            builder.connect(base + body.input_node[at], base + index, port=body.input_port[at])
    return giving


def _mark_interface(builder: GraphBuilder, main: Body, giving: bytes) -> None:
    """Placeholders are the inputs of a graph; operations that nothing reads, and that give something, its outputs."""
    read = bytearray(len(main))
    for node in main.input_node:
        read[node] = 1
    for index, op in enumerate(main.ops):
        if op in PLACEHOLDERS:
            builder.mark_input(index, main.names[index])
        elif not read[index] and main.input_start[index] < main.input_start[index + 1] and giving[index]:
            builder.mark_output(index, main.names[index])


class AttributeSequence(Sequence[Mapping[str, Any]]):
    """The attributes of the operations of several bodies, one behind the other, decoded when asked for.

    Args:
        bodies: In the order of the nodes.
    """

    def __init__(self, bodies: Sequence[Body]) -> None:
        self._bodies = [body for body in bodies if len(body)]
        self._length = sum(map(len, bodies))

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self))))
        if not -len(self) <= index < len(self):
            raise IndexError(f"node index {index} is outside a graph of {len(self)} nodes")
        index %= len(self)
        for body in self._bodies:
            if index < len(body):
                return with_device(body.attributes, index)
            index -= len(body)
        raise AssertionError("lengths of the bodies add up")
