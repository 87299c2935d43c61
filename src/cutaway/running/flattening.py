"""A graph of TensorFlow with the plain calls in it replaced by what they run, so that every tensor can be asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cutaway.errors import ReadError
from cutaway.readers.tensorflow.inline import MOST
from cutaway.readers.tensorflow.op_outputs import Output, OutputPorts

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_DEEPEST = 48
"""Calls in calls that are opened, as when the graph is read; deeper ones run closed."""

Path = tuple[str, ...]


@dataclass(slots=True)
class Flat:
    """A graph without plain calls.

    Attributes:
        definition: The ``GraphDef``; loops and branches still call functions of its library.
        names: Names of its operations by their paths: the names of the calls around it, and then its own.
    """

    definition: Any
    names: dict[Path, str] = field(default_factory=dict)


def flattened(definition: Any, path: str) -> Flat:
    """Replace all plain calls in a ``GraphDef``.

    Side effects keep their order: what in a body waits for nothing waits for what its call waits for, and in place of
    the call stands a ``NoOp`` that waits for all that the body returns or must run.

    Args:
        definition: The graph, with the functions that it calls.
        path: Where it is from, for the message.

    Raises:
        ReadError: A call reads what it makes itself.
    """
    functions = {function.signature.name for function in definition.library.function}
    if not any(node.op in _CALLS or node.op in functions for node in definition.node):
        return Flat(definition, {(node.name,): node.name for node in definition.node})
    return _Flattening(definition, path).flat


@dataclass(frozen=True, slots=True)
class _Call:
    """Where a body is put.

    Attributes:
        path: Names of the calls around it.
        given: What its arguments are.
        waits: What the call waits for.
        functions: Functions that are open around it.
    """

    path: Path = ()
    given: Mapping[str, str] = field(default_factory=dict)
    waits: Sequence[str] = ()
    functions: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Body:
    """A function of the library, its inputs named as those of a graph are: ``node:port``."""

    arguments: Sequence[str]
    nodes: Sequence[Any]
    inputs: Sequence[Sequence[str]]
    results: Sequence[str]
    ends: Sequence[str]


class _Flattening:
    def __init__(self, definition: Any, path: str) -> None:
        self._path = path
        self.flat = Flat(type(definition)())
        self.flat.definition.library.CopyFrom(definition.library)
        self.flat.definition.versions.CopyFrom(definition.versions)
        self._library = {function.signature.name: function for function in definition.library.function}
        self._bodies: dict[str, _Body] = {}
        self._taken = {node.name for node in definition.node}
        self._copied = 0
        self._values: dict[str, str] = {}  # what makes a result of a call
        self._expand(definition.node, [node.input for node in definition.node], _Call())
        for node in self.flat.definition.node:
            inputs = [self._resolved(name) for name in node.input]
            data = [name for name in inputs if name[:1] != "^"]
            del node.input[:]
            node.input.extend([*data, *dict.fromkeys(name for name in inputs if name[:1] == "^")])

    def _expand(self, nodes: Sequence[Any], inputs: Sequence[Sequence[str]], call: _Call) -> dict[str, str]:
        """Append a body; return the names that its operations got."""
        names = {node.name: self._name((*call.path, node.name)) for node in nodes}
        for node, own in zip(nodes, inputs, strict=True):
            got = [found for each in own if (found := _renamed(each, names, call.given))]
            if not any(_operation(each) in names for each in own):
                got += call.waits
            called = self._called(node, call.functions)
            if called:
                self._open(node, names[node.name], got, replace(call, functions=(*call.functions, called)))
                continue
            copy = self.flat.definition.node.add()
            copy.CopyFrom(node)
            copy.name = self.flat.names[(*call.path, node.name)] = names[node.name]
            copy.attr.pop("_class", None)  # whom it would share a device with has another name now
            del copy.input[:]
            copy.input.extend(got)
        return names

    def _open(self, node: Any, name: str, inputs: Sequence[str], around: _Call) -> None:
        """Append what a call runs, and note what its results are."""
        body = self._body(around.functions[-1])
        self._copied += len(body.nodes)
        given = dict(zip(body.arguments, (each for each in inputs if each[:1] != "^"), strict=False))
        waits = self._gathered((*around.path, node.name, "begin"), [each for each in inputs if each[:1] == "^"])
        call = _Call((*around.path, node.name), given, waits, around.functions)
        inner = self._expand(body.nodes, body.inputs, call)
        for port, result in enumerate(body.results):
            self._values[f"{name}:{port}"] = _renamed(result, inner, given)
        self._wait(name, [*(f"^{inner[end]}" for end in body.ends), *waits])

    def _gathered(self, path: Path, waits: Sequence[str]) -> Sequence[str]:
        """One operation to wait for in place of several, which every operation of a body would repeat."""
        if len(waits) < 2:
            return waits
        name = self._name(path)
        self._wait(name, waits)
        return [f"^{name}"]

    def _wait(self, name: str, waits: Sequence[str]) -> None:
        self.flat.definition.node.add(name=name, op="NoOp", input=waits)

    def _name(self, path: Path) -> str:
        name = "/".join(path)
        while len(path) > 1 and name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def _called(self, node: Any, functions: Sequence[str]) -> str:
        """The function that a plain call runs; empty for what stays as it is."""
        name = node.attr["f"].func.name if node.op in _CALLS else node.op
        closed = name in functions or len(functions) >= _DEEPEST or self._copied > MOST
        return "" if name not in self._library or closed else str(name)

    def _resolved(self, name: str) -> str:
        """What an input means once all calls are replaced."""
        if name[:1] == "^":
            return name
        full = name if ":" in name else f"{name}:0"
        passed = set[str]()
        while full in self._values:
            if full in passed:
                raise ReadError(
                    f"its call {_operation(full)!r:.120} reads what it makes itself, so that it can never run; "
                    "expected a graph without such circles. Save the model anew",
                    path=self._path,
                )
            passed.add(full)
            full = self._values[full]
        self._values.update(dict.fromkeys(passed, full))  # the next in a row of many calls has not as far to go
        return full

    def _body(self, name: str) -> _Body:
        if name not in self._bodies:
            function = self._library[name]
            nodes = list(function.node_def)
            ports = OutputPorts(lambda at, key: _length(nodes[at].attr[key]), self._outputs)
            places = {node.name: at for at, node in enumerate(nodes)}

            def plain(value: str) -> str:
                return _flat_name(value, nodes, places, ports)

            results = [plain(function.ret[argument.name]) for argument in function.signature.output_arg]
            ends = [*function.control_ret.values(), *(result.partition(":")[0] for result in results)]
            self._bodies[name] = _Body(
                [argument.name for argument in function.signature.input_arg],
                nodes,
                [[plain(value) for value in node.input] for node in nodes],
                results,
                [end for end in dict.fromkeys(ends) if end in places],
            )
        return self._bodies[name]

    def _outputs(self, op: str) -> Sequence[Output] | None:
        function = self._library.get(op)
        return None if function is None else [Output(each.name) for each in function.signature.output_arg]


def _flat_name(value: str, nodes: Sequence[Any], places: Mapping[str, int], ports: OutputPorts) -> str:
    """``node:argument:index`` of a function as ``node:port``; the names of its own arguments as they are."""
    node, *rest = value.split(":")
    if not rest or node not in places:
        return value
    at = places[node]
    return f"{node}:{ports.port(at, nodes[at].op, rest[0], int(rest[1]) if len(rest) > 1 else 0)}"


def _length(value: Any) -> int | list[int]:
    """An attribute that is a number, or a list of types."""
    return list(value.list.type) if value.HasField("list") else int(value.i)


def _renamed(value: str, names: Mapping[str, str], given: Mapping[str, str]) -> str:
    """An input of a body in the names of the whole; empty where it waits for an argument, which is there already."""
    control = value[:1] == "^"
    name, _, port = value.removeprefix("^").partition(":")
    if name in given:
        return "" if control else given[name]
    if control:
        return f"^{names[name]}" if name in names else ""
    return f"{names.get(name, name)}:{port or 0}"


def _operation(name: str) -> str:
    return name.removeprefix("^").partition(":")[0]
