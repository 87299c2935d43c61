"""A `Program` to the operations that a result needs, with calls replaced by the bodies that they run.

What nothing needs (saving, restoring, initialising, training, gradients) is left out. Every body that is put in
place of a call is a `Region`; a function called twice is two regions.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from operator import lt, sub

from cutaway.graph.model import CONTROL
from cutaway.readers.tensorflow.op_kinds import CONSTANTS, INPUTS, PASSING
from cutaway.readers.tensorflow.program import ARGUMENT, Body, Program

Value = tuple[int, int]
"""Operation and output port, in the columns of `Operations`; the operation is -1 where a value is lost."""

Where = Callable[[int], int]
"""Where an operation of a body went in the columns of `Operations`; -1 for one that is not there."""

LOST: Value = (-1, 0)

LOOP_VARIABLE = "LoopVariable"
"""Operation that stands for what a loop carries from one turn to the next: it reads the first and the next value."""

MOST = 60_000
"""Operations of bodies that are there already, once more in place of another call of the same function. Thirty
functions that each call the next one twice would make a billion; a model of 96 blocks that share a function of 400
has 38,000."""

_DEEPEST = 48
"""Functions in functions that are opened; the deepest of 96 real SavedModels has 4. Deeper calls are shown closed."""

_CALLS = frozenset({
    "PartitionedCall", "StatefulPartitionedCall", "SymbolicGradient", "XlaLaunch", "BatchFunction", "RemoteCall",
    "TPUPartitionedCall", "TPUPartitionedCallV2", "TRTEngineOp",
})  # fmt: skip
_SKIPPED_INPUTS = {"RemoteCall": 1}
_LOOPS = frozenset({"While", "StatelessWhile"})
_BRANCHES = frozenset({"If", "StatelessIf", "Case", "StatelessCase"})
_TRANSPARENT = CONSTANTS | INPUTS | PASSING
"""What may stand beside a call without making it more than a wrapper."""

_NUMBERED = re.compile(r"_\d+$")
_MADE = re.compile(r"^(__inference_|__forward_)")


@dataclass(frozen=True, slots=True)
class Region:
    """A body in place of a call.

    Attributes:
        parent: Region of the call; -1 for the main graph itself.
        name: What it is called, such as ``"body"``; empty where the call was a mere wrapper and shows nothing.
        op: Kind of the operation that it stands for, such as ``"While"``; empty for a plain function.
        caller: Name of the operation that calls it.
    """

    parent: int
    name: str
    op: str = ""
    caller: str = ""


@dataclass(slots=True)
class Operations:
    """Operations of all regions as columns.

    Attributes:
        names, ops: As in the file.
        body, place: Body of each operation, and its position there (-1 for one that was made here).
        region: Index of the region of each operation.
        input_start, input_node, input_port: Data inputs in compressed rows; a lost input is operation -1.
        regions: The nesting of bodies; 0 is the main graph.
        loops: Pairs of a `LOOP_VARIABLE` and the value that the next turn gives it.
        missing: Names of functions that are called and not in the file.
    """

    names: list[str] = field(default_factory=list)
    ops: list[str] = field(default_factory=list)
    body: list[Body] = field(default_factory=list)
    place: array[int] = field(default_factory=lambda: array("i"))
    region: array[int] = field(default_factory=lambda: array("i"))
    input_start: array[int] = field(default_factory=lambda: array("q", [0]))
    input_node: array[int] = field(default_factory=lambda: array("i"))
    input_port: array[int] = field(default_factory=lambda: array("i"))
    regions: list[Region] = field(default_factory=lambda: [Region(-1, "")])
    loops: list[tuple[int, Value]] = field(default_factory=list)
    missing: dict[str, None] = field(default_factory=dict)
    full: bool = False

    def __len__(self) -> int:
        return len(self.names)

    def add(self, name: str, op: str, body: Body, place: int, region: int, inputs: Sequence[Value]) -> int:
        """Append an operation and return its index."""
        self.names.append(name)
        self.ops.append(op)
        self.body.append(body)
        self.place.append(place)
        self.region.append(region)
        for node, port in inputs:
            self.input_node.append(node)
            self.input_port.append(port)
        self.input_start.append(len(self.input_node))
        return len(self.names) - 1


def pretty(function: str) -> str:
    """``__inference_standard_lstm_1234`` → ``standard_lstm``: a function's name without what tracing added."""
    name = _MADE.sub("", function)
    return (_NUMBERED.sub("", name) if name != function else name) or function


def inline(program: Program, results: Sequence[Value] | None) -> tuple[Operations, list[Value], Where]:
    """Replace all calls that the main graph's results need.

    Args:
        program: The graph and its functions.
        results: Operations and ports of the main graph; None for everything that is there.

    Returns:
        The operations, the results among them, and where the operations of the main graph went.
    """
    wanted = list(results) if results is not None else [(at, 0) for at in range(len(program.main))]
    inliner = _Inliner(program)
    values, places = inliner.expand(program.main, (), 0, wanted)
    return inliner.operations, values, places


def inline_function(program: Program, name: str) -> tuple[Operations, list[Value], list[int]]:
    """Replace all calls in one function, which is entered from outside.

    Returns:
        The operations, the function's results among them, and its arguments: the first operations.
    """
    body = program.function(name)
    if body is None:
        raise KeyError(name)
    inliner = _Inliner(program)
    arguments = [inliner.operations.add(body.names[at], ARGUMENT, body, at, 0, ()) for at in range(body.arguments)]
    values, _ = inliner.expand(body, [(node, 0) for node in arguments], 0, [])
    return inliner.operations, values, arguments


class _Inliner:
    def __init__(self, program: Program) -> None:
        self._program = program
        self.operations = Operations()
        self._open: list[str] = []
        self._orders: dict[int, list[int]] = {}
        self._shown: list[int] = []
        self._functional: dict[str, bool] = {}
        self._copies = 0

    def expand(
        self, body: Body, arguments: Sequence[Value], region: int, wanted: Sequence[Value]
    ) -> tuple[list[Value], Where]:
        """Append what ``wanted`` needs of a body; return its values and where operations went."""
        results = list(wanted) or [(node, port) for _, node, port in body.results]
        order = self._orders.get(id(body)) if not wanted else None
        if order is None:
            order = self._order(body, [node for node, _ in results] + ([] if wanted else list(body.control_results)))
            if not wanted:
                self._orders[id(body)] = order
        else:
            self._copies += 2 + len(order)
        if not body.arguments and not any(self._calls(body, at) for at in self._first_of_kinds(body, order)):
            return self._copy(body, order, region, results)
        self._shown.append(sum(body.ops[at] not in _TRANSPARENT for at in order))
        flat: dict[int, int] = {}
        outputs: dict[int, list[Value]] = {at: [value] for at, value in enumerate(arguments)}
        patches: list[tuple[int, int, int]] = []
        ops, names = body.ops, body.names
        starts, nodes, ports = body.input_start, body.input_node, body.input_port
        out = self.operations
        for at in order:
            if at in outputs:
                continue
            values: list[Value] = []
            late: list[tuple[int, int, int]] = []
            for edge in range(starts[at], starts[at + 1]):
                port = ports[edge]
                if port == CONTROL:
                    break
                source = nodes[edge]
                found = flat.get(source)
                if found is not None:
                    values.append((found, port))
                elif source in outputs:
                    values.append(_port(outputs[source], port))
                else:
                    late.append((len(values), source, port))
                    values.append(LOST)
            if self._calls(body, at):
                made = self._call(body, at, region, values)
                if made is not None:
                    outputs[at] = made
                    continue
            patches.extend((len(out.input_node) + slot, source, port) for slot, source, port in late)
            flat[at] = out.add(names[at], ops[at], body, at, region, values)
        self._shown.pop()
        self._patch(patches, flat, outputs)
        return [self._value(node, port, flat, outputs) for node, port in results], lambda at: flat.get(at, -1)

    @staticmethod
    def _first_of_kinds(body: Body, order: Sequence[int]) -> list[int]:
        """One operation of each kind."""
        return list(dict(zip(map(body.ops.__getitem__, order), order, strict=True)).values())

    def _copy(self, body: Body, order: list[int], region: int, results: Sequence[Value]) -> tuple[list[Value], Where]:
        """Append a body without arguments and calls: its columns as they are, which is what large graphs need."""
        out = self.operations
        first = len(out)
        if not first and len(order) == len(body) and CONTROL not in body.input_port:
            self._copy_all(body, region)
            return list(results), lambda at: at
        moved = [-1] * len(body)
        for index, at in enumerate(order, first):
            moved[at] = index
        out.names += [body.names[at] for at in order]
        out.ops += [body.ops[at] for at in order]
        out.body += [body] * len(order)
        out.place.extend(order)
        out.region.extend([region] * len(order))
        starts, nodes, ports = body.input_start.tolist(), body.input_node.tolist(), body.input_port.tolist()
        to_node, to_port, to_start = out.input_node.append, out.input_port.append, out.input_start.append
        edges = len(out.input_node)
        for at in order:
            for edge in range(starts[at], starts[at + 1]):
                port = ports[edge]
                if port == CONTROL:
                    break
                to_node(moved[nodes[edge]])
                to_port(port)
                edges += 1
            to_start(edges)
        return [(moved[node], port) for node, port in results], moved.__getitem__

    def _copy_all(self, body: Body, region: int) -> None:
        """The same for a graph of which all is needed."""
        out, count = self.operations, len(body)
        out.names, out.ops, out.body = body.names.copy(), body.ops.copy(), [body] * count
        out.place = array("i", range(count))
        out.region = array("i", [region]) * count
        out.input_start, out.input_node, out.input_port = body.input_start, body.input_node, body.input_port

    def _value(self, node: int, port: int, flat: dict[int, int], outputs: dict[int, list[Value]]) -> Value:
        if node in flat:
            return flat[node], port
        return _port(outputs.get(node, ()), port)

    def _patch(
        self, patches: Sequence[tuple[int, int, int]], flat: dict[int, int], outputs: dict[int, list[Value]]
    ) -> None:
        """Inputs that were made after their reader: the loops of TensorFlow 1."""
        for edge, source, port in patches:
            node, port = self._value(source, port, flat, outputs)
            self.operations.input_node[edge], self.operations.input_port[edge] = node, port

    def _order(self, body: Body, wanted: Sequence[int]) -> list[int]:
        """What ``wanted`` needs, in the order of the file where that runs from inputs to outputs."""
        if _all_lead_to(body, wanted):
            return list(range(len(body)))
        live = bytearray(len(body))
        starts, nodes, ports = body.input_start, body.input_node, body.input_port
        stack = []
        for node in wanted:
            if not live[node]:
                live[node] = 1
                stack.append(node)
        forward = False
        while stack:
            at = stack.pop()
            for edge in range(starts[at], starts[at + 1]):
                source = nodes[edge]
                if ports[edge] == CONTROL:
                    break
                if source > at:
                    forward = True
                if not live[source]:
                    live[source] = 1
                    stack.append(source)
        order = [at for at in range(len(body)) if live[at]]
        if forward and any(self._calls(body, at) for at in order):
            return _topological(body, order)
        return order

    def _calls(self, body: Body, at: int) -> bool:
        """Whether an operation names functions. The kind of an operation decides its attributes, so one is asked."""
        op = body.ops[at]
        known = self._functional.get(op)
        if known is None:
            known = self._functional[op] = op in self._program.function_names or bool(body.attributes.functions(at))
        return known

    def _call(self, body: Body, at: int, region: int, inputs: list[Value]) -> list[Value] | None:
        """Outputs of a call whose body was put in its place; None where it stays as it is."""
        op = body.ops[at]
        named = ((op, op),) if op in self._program.function_names else body.attributes.functions(at)
        functions = [(key, name) for key, name in named if self._enter(name)]
        if not functions:
            return None
        if op in _LOOPS and {key for key, _ in functions} >= {"body", "cond"}:
            return self._loop(body, at, region, inputs, dict(functions))
        if op in _BRANCHES:
            return self._branches(body, at, region, inputs, functions)
        if len(functions) == 1 and (op in _CALLS or op in self._program.function_names):
            return self._plain(body, at, region, inputs, functions[0][1])
        return self._holder(body, at, region, inputs, functions)

    def _enter(self, name: str) -> bool:
        if name in self._open or self._copies > MOST or len(self._open) >= _DEEPEST:
            self.operations.full |= name not in self._open
            return False
        if self._program.function(name) is None:
            self.operations.missing[name] = None
            return False
        return True

    def _region(self, parent: int, name: str, op: str = "", caller: str = "") -> int:
        self.operations.regions.append(Region(parent, name, op, caller))
        return len(self.operations.regions) - 1

    def _inside(self, name: str, region: int, arguments: list[Value]) -> list[Value]:
        body = self._program.function(name)
        if body is None:
            raise AssertionError("asked for before")
        arguments = (arguments + [LOST] * body.arguments)[: body.arguments]
        self._copies += (body.arguments + len(body.results)) // 32
        self._open.append(name)
        values, _ = self.expand(body, arguments, region, [])
        self._open.pop()
        return values

    def _plain(self, body: Body, at: int, region: int, inputs: list[Value], name: str) -> list[Value]:
        others = self._shown[-1] - (body.ops[at] not in _TRANSPARENT)
        wrapper = not others  # all but plumbing makes it a part of something
        inner = self._region(region, "" if wrapper else pretty(name), "", body.names[at])
        return self._inside(name, inner, inputs[_SKIPPED_INPUTS.get(body.ops[at], 0) :])

    def _loop(self, body: Body, at: int, region: int, inputs: list[Value], functions: dict[str, str]) -> list[Value]:
        out = self.operations
        inner = self._region(region, body.names[at].rpartition("/")[2], body.ops[at], body.names[at])
        turn = self._program.function(functions["body"])
        if turn is None:
            raise AssertionError("entered before")
        arguments: list[Value] = []
        carried: list[int] = []
        for index, value in enumerate(inputs[: turn.arguments]):
            same = index < len(turn.results) and turn.results[index][1] == index
            if not same:
                carried.append(index)
                name = _short(turn.names[index], body.names[at])
                value = out.add(name, LOOP_VARIABLE, turn, index, inner, [value]), 0
            arguments.append(value)
        condition = self._inside(functions["cond"], self._region(inner, "cond", "", body.names[at]), arguments)
        next_values = self._inside(functions["body"], self._region(inner, "body", "", body.names[at]), arguments)
        for index in carried:
            if index < len(next_values):
                out.loops.append((arguments[index][0], next_values[index]))
        results = [next_values[index] for index in carried if index < len(next_values)]
        end = out.add(body.names[at], body.ops[at], body, at, inner, [*condition[:1], *results])
        kept = set(carried)
        return [(end, index) if index in kept else value for index, value in enumerate(arguments)]

    def _branches(
        self, body: Body, at: int, region: int, inputs: list[Value], functions: list[tuple[str, str]]
    ) -> list[Value]:
        inner = self._region(region, body.names[at].rpartition("/")[2], body.ops[at], body.names[at])
        functions = sorted(functions, key=lambda found: found[0] == "else_branch")
        results = inputs[:1]
        most = 0
        for index, (key, name) in enumerate(functions):
            title = {"then_branch": "then", "else_branch": "else"}.get(key, f"branch {index}")
            values = self._inside(name, self._region(inner, title, "", body.names[at]), inputs[1:])
            most = max(most, len(values))
            results = results + values
        end = self.operations.add(body.names[at], body.ops[at], body, at, inner, results)
        return [(end, port) for port in range(most)]

    def _holder(
        self, body: Body, at: int, region: int, inputs: list[Value], functions: list[tuple[str, str]]
    ) -> list[Value]:
        """An operation that runs functions in a way of its own, such as a dataset: they lie beside it and feed it."""
        inner = self._region(region, body.names[at].rpartition("/")[2], body.ops[at], body.names[at])
        results = list(inputs)
        for _, name in functions:
            called = self._program.function(name)
            if called is None:
                continue
            within = self._region(inner, pretty(name), "", body.names[at])
            arguments = [
                (self.operations.add(called.names[index], ARGUMENT, called, index, within, ()), 0)
                for index in range(called.arguments)
            ]
            results += self._inside(name, within, list(arguments))
        end = self.operations.add(body.names[at], body.ops[at], body, at, inner, results)
        return _Ports(end)


def _short(argument: str, caller: str) -> str:
    """The name of a loop's argument without that of the loop, which it may repeat: ``rnn_while_h`` → ``h``."""
    prefix = re.sub(r"\W", "_", caller).lower() + "_"
    leaf = prefix.rstrip("_").rpartition("_")[2] + "_"
    while argument.startswith((prefix, leaf)):
        argument = argument.removeprefix(prefix).removeprefix(leaf)
    return argument


class _Ports(list[Value]):
    """Outputs of an operation that has as many as anybody asks for."""

    def __init__(self, node: int) -> None:
        super().__init__([(node, 0)])
        self.node = node


def _port(outputs: Sequence[Value], port: int) -> Value:
    if isinstance(outputs, _Ports):
        return outputs.node, port
    return outputs[port] if port < len(outputs) else LOST


def _all_lead_to(body: Body, wanted: Sequence[int]) -> bool:
    """Whether all operations are needed for ``wanted``, and stand behind what they read: the usual graph."""
    count = len(body)
    if len({*body.input_node, *wanted}) < count or CONTROL in body.input_port:
        return False
    # each has a reader, which stands behind it, and so on to one that is wanted
    readers = chain.from_iterable(map(repeat, range(count), map(sub, body.input_start[1:], body.input_start)))
    return all(map(lt, body.input_node, readers))


def _topological(body: Body, live: Sequence[int]) -> list[int]:
    """Every operation after what it reads, as far as there are no cycles."""
    starts, nodes, ports = body.input_start, body.input_node, body.input_port
    state = bytearray(len(body))
    order: list[int] = []
    for first in live:
        stack = [first]
        while stack:
            at = stack[-1]
            if state[at] == 0:
                state[at] = 1
                stack.extend(
                    nodes[edge]
                    for edge in range(starts[at], starts[at + 1])
                    if ports[edge] != CONTROL and state[nodes[edge]] == 0
                )
            else:
                stack.pop()
                if state[at] == 1:
                    state[at] = 2
                    order.append(at)
    return order
