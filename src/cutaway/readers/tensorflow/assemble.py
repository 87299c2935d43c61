"""A `Program` with its `Entry` to a `Graph`: reach, replace calls, fold, find layers, build."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import compress
from typing import Any, NotRequired, TypedDict, Unpack

from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Graph
from cutaway.readers.tensorflow.entry import Entry, Variable
from cutaway.readers.tensorflow.flow import Folding, carries_data
from cutaway.readers.tensorflow.inline import MOST, inline, inline_function
from cutaway.readers.tensorflow.layers import is_layer_name
from cutaway.readers.tensorflow.op_kinds import INPUTS, PASSING, RESOURCE
from cutaway.readers.tensorflow.origins import Origin, origins_of
from cutaway.readers.tensorflow.paths import Path, Step, model_scope, paths_of, tree_of
from cutaway.readers.tensorflow.program import Program
from cutaway.readers.tensorflow.scopes import Scopes, is_numbered, known_layers
from cutaway.readers.tensorflow.weights import Weights
from cutaway.readers.tensorflow.write import Findings, Writer


class Told(TypedDict):
    """What is said of a graph.

    `name`: of the model, unless the scope around all operations tells a better one. `format`: of the reader.
    `producer`: the program that wrote it. `attributes`: of the model as a whole.
    """

    name: str
    format: str
    producer: NotRequired[str]
    attributes: NotRequired[Mapping[str, Any]]


def graph_of(program: Program, entry: Entry, **told: Unpack[Told]) -> Graph:
    """Make the graph of a model out of its operations.

    Args:
        program: The operations.
        entry: Where it is entered.
        **told: What is said of it; the producer is what ``program`` says where none is told.

    Returns:
        The layers as nodes and groups; what the operations of a layer are lies in its group.
    """
    return _Assembly(program, entry).run(told)[0]


def graph_with_origins(program: Program, entry: Entry, **told: Unpack[Told]) -> tuple[Graph, list[Origin]]:
    """The same, and where in the file the operation of each node lies."""
    assembly = _Assembly(program, entry)
    graph, shown = assembly.run(told)
    return graph, assembly.origins(shown)


def _place_in(arguments: Sequence[int]) -> Callable[[int], int]:
    """Where each argument of a function stands; -1 for those that only a damaged file names."""
    places = dict(enumerate(arguments))
    return lambda at: places.get(at, -1)


class _Assembly:
    def __init__(self, program: Program, entry: Entry) -> None:
        self._program = program
        self._entry = entry
        if entry.function:
            self._operations, self._results, arguments = inline_function(program, entry.function)
            where = _place_in(arguments)
            body = program.function(entry.function)
            self._output_names = [name for name, _, _ in body.results] if body is not None else []
        else:
            results = [(node, port) for _, node, port in entry.outputs]
            self._operations, self._results, where = inline(program, results)
            self._output_names = [name for name, _, _ in entry.outputs]
        self._inputs = {where(at): name for at, name in entry.inputs.items() if where(at) >= 0}
        variables = {where(at): found for at, found in entry.variables.items() if where(at) >= 0}
        self._variables: dict[int, Variable] = variables
        for node in variables:  # an argument or placeholder that stands for a resource is one
            self._operations.ops[node] = RESOURCE
        self._weights = Weights(self._operations, variables)
        self._data = self._carried_data()
        self._reads = self._variable_reads()
        self._scopes = self._make_scopes()
        # where scopes carry no number per call, all calls of a layer share one; graphs of TensorFlow 1 number them all
        shared = not self._scopes.numbered and bool(program.function_names)
        self._is_keras = self._scopes.numbered or entry.legacy or bool(entry.classes)
        self._paths = paths_of(self._operations, self._scopes, self._reads, shared=shared)
        self._folding = Folding(
            self._operations, self._data, self._paths, self._weights, self._results, self._lone_passing()
        )

    def _carried_data(self) -> bytearray:
        operations = self._operations
        sources = [node for node in self._inputs if node not in self._variables]
        data = carries_data(operations, sources)
        if not any(data[node] for node, _ in self._results if node >= 0):
            return bytearray(op not in PASSING and not self._is_still(at) for at, op in enumerate(operations.ops))
        return data

    def _is_still(self, node: int) -> bool:
        """Whether an operation is a constant or a resource; all others are shown where no data flows at all."""
        return node in self._variables or self._weights.constant(node) is not None or node in self._weights

    def _variable_reads(self) -> dict[int, str]:
        """Operations that read a variable directly, with its name."""
        operations, found = self._operations, {}
        starts, nodes = operations.input_start, operations.input_node
        named: dict[int, str | None] = {}
        for at in range(len(operations)):
            if starts[at] == starts[at + 1]:
                continue
            source = nodes[starts[at]]
            if source < 0 or self._data[source]:
                continue
            if source not in named:
                variable = self._weights.variable(source)
                named[source] = variable.name if variable is not None else None
            if named[source] is not None:
                found[at] = str(named[source])
        return found

    def _make_scopes(self) -> Scopes:
        names = dict.fromkeys(self._operations.names)
        names.update(dict.fromkeys(region.caller for region in self._operations.regions))
        known = known_layers(dict.fromkeys(self._reads.values())) | set(self._entry.classes)
        tf1 = not self._entry.legacy and not self._program.function_names
        plain = Scopes(names, known=known, tf1=tf1)
        if self._entry.legacy:
            return plain
        votes = [(variable, plain.path(self._operations.names[at])) for at, variable in self._reads.items()]
        reads = [(variable, path[-1]) for variable, path in votes if path]
        numbered = is_numbered(reads, self._data_paths(plain)) if not tf1 or reads else False
        return Scopes(names, known=known, numbered=True, tf1=tf1) if numbered else plain

    def _data_paths(self, scopes: Scopes) -> Iterator[tuple[str, ...]]:
        """Layer paths of the operations that data flows through."""
        for name, op, data in zip(self._operations.names, self._operations.ops, self._data, strict=True):
            if data and op not in PASSING:
                yield scopes.path(name)

    def _lone_passing(self) -> set[int]:
        """Operations that hand on their input and are all that is left of a layer, such as a dropout."""
        ops, paths = self._operations.ops, self._paths
        held: dict[Path, int] = {}
        for at, op in enumerate(ops):
            if op in PASSING and self._data[at]:
                path = paths[at]
                name = self._shown(path[-1]) if path and isinstance(path[-1], str) else ""
                if name and (name in self._entry.classes or is_layer_name(name)):
                    held.setdefault(path, at)
        if held:
            for at, op in enumerate(ops):
                if self._data[at] and op not in PASSING:
                    held.pop(paths[at], None)
        return set(held.values())

    def _shown(self, step: Step) -> str:
        if isinstance(step, int):
            return self._operations.regions[step].name
        return self._scopes.shown(step.partition("#")[0])

    def run(self, told: Told) -> tuple[Graph, Sequence[int]]:
        """Build the graph; return with it the operation of each node."""
        shown = list(compress(range(len(self._operations)), self._folding.shown))
        paths = list(map(self._paths.__getitem__, shown))
        ops = self._operations.ops
        depth = model_scope(path for at, path in zip(shown, paths, strict=True) if ops[at] not in INPUTS)
        outer = next((path for path in paths if len(path) > depth), ()) if depth else ()
        name = (self._shown(outer[depth - 1]) if outer else "") or told["name"]
        builder = GraphBuilder(name, told["format"], told.get("producer") or self._program.producer)
        root, owners = tree_of(shown, paths, depth, self._shown, builder.warnings)
        writer = Writer(self._findings(), root, shown, owners)
        writer.write(builder)
        builder.describe_group(0, attributes=told.get("attributes", {}))
        self._mark(builder, writer)
        self._warn(builder)
        return builder.build(), shown

    def origins(self, shown: Sequence[int]) -> list[Origin]:
        """Where in the file some operations lie."""
        return origins_of(self._operations, shown)

    def _findings(self) -> Findings:
        return Findings(
            operations=self._operations,
            folding=self._folding,
            weights=self._weights,
            classes=self._entry.classes,
            inputs=self._inputs,
            input_kind="InputLayer" if self._is_keras else "Input",
            numbered=self._scopes.numbered,
            variables=self._variables,
        )

    def _mark(self, builder: GraphBuilder, writer: Writer) -> None:
        for at, name in self._inputs.items():
            node = writer.node(at)
            if node is not None and at not in self._variables:
                builder.mark_input(node, name)
        for name, value in zip(self._output_names, self._results, strict=True):
            source, port = self._folding.source(*value)
            node = writer.node(source)
            if node is not None:
                builder.mark_output(node, name, port)

    def _warn(self, builder: GraphBuilder) -> None:
        builder.warnings.extend(self._program.warnings)
        missing = list(self._operations.missing)
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            builder.warnings.append(
                f"the file calls functions that it does not hold: {', '.join(missing[:3])}{more}; their calls are "
                "shown as single operations"
            )
        if self._operations.full:
            builder.warnings.append(
                "functions are called again and again, or deep inside each other: after "
                f"{MOST:,} repeated operations the calls are shown closed"
            )
        if self._program.main.lost:
            builder.warnings.append(f"{self._program.main.lost:,} inputs name operations that are not in the graph")
