"""The flow of tensors between recorded calls, read from the graph of operations that TensorFlow kept."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from cutaway.readers.live.calls import Value, values
from cutaway.readers.live.kinds import graph_of, kind_of_class
from cutaway.readers.live.loose import Cluster, Origin, cluster, origin_of
from cutaway.readers.live.recording import Frame

if TYPE_CHECKING:
    from cutaway.readers.live.tracing import TraceRecorder

Key = Hashable
OpKey = tuple[int, str]

_BODIES = ("_body_graph", "_true_graph", "_false_graph")
_ONLY_SHAPE = {"Shape", "ShapeN", "ZerosLike", "OnesLike", "Size", "Rank"}
_PASSING = {"Identity", "IdentityN", "StopGradient", "PreventGradient"}
_SILENT = {"Const", "Placeholder", "ReadVariableOp", "VarHandleOp", "NoOp"} | _ONLY_SHAPE


class OpGraph:
    """Which call owns each operation, and from which calls the tensors of an operation come.

    Args:
        graph: The outermost graph.
        recorder: The calls, and the marks that they left in the graphs.
        inputs: Keys of the values that enter from outside.
        outputs: Keys of the values that are wanted.
    """

    def __init__(self, graph: Any, recorder: TraceRecorder, inputs: Iterable[Key], outputs: Iterable[Key]) -> None:
        self._marks = recorder.marks
        self._inputs = set(inputs)
        self._graphs: list[Any] = []
        self._ops: dict[OpKey, Any] = {}
        self._owners: dict[OpKey, Frame] = {}
        self._orders: dict[OpKey, tuple[int, ...]] = {}
        self._outer: dict[int, int] = {}
        self._bodies: dict[OpKey, list[Any]] = {}
        self._entries: dict[Key, Any] = {}
        self._origins: dict[OpKey, Origin] = {}
        self._resolved: dict[Key, tuple[Key, ...]] = {}
        self._collect(graph, recorder.root)
        reached = {id(one) for one in self._graphs}
        self.frames: dict[int, list[Frame]] = {}
        self._acting: dict[int, Frame] = {}
        self._closed: set[int] = set()
        self._judge(recorder.root, reached)
        self._holding = self._graphs_with_calls(recorder.root)
        self._made = {
            value.key: frame
            for frame in self._all_frames(recorder.root)
            if id(frame) in self._closed
            for value in frame.outputs
        }
        self.variables = _captured_variables(graph)
        self._live = self._find_live(recorder.root, outputs)
        self.clusters = self._useful(recorder.root, self._find_clusters())

    def is_closed(self, frame: Frame) -> bool:
        """Whether a call is shown as one thing, or is opened by other means than this graph."""
        return id(frame) in self._closed

    def sources(self, key: Key) -> tuple[Key, ...]:
        """Keys of the values that a tensor comes from: outputs of calls, of loose operations, or inputs."""
        found = self._resolved.get(key)
        if found is None:
            self._resolved[key] = ()  # what a loop feeds back to itself ends here
            found = self._resolved[key] = self._sources(key)
        return found

    def _collect(self, graph: Any, root: Frame) -> None:
        waiting: list[tuple[Any, Frame, tuple[int, ...]]] = [(graph, root, (0,))]
        while waiting:
            current, frame, before = waiting.pop()
            self._graphs.append(current)
            marks = iter(self._marks.get(id(current), ()))
            mark = next(marks, None)
            for index, operation in enumerate(current.get_operations()):
                while mark is not None and mark[0] <= index:
                    _, number, frame = mark
                    before = (number,)
                    mark = next(marks, None)
                key = (id(current), operation.name)
                self._ops[key], self._owners[key], self._orders[key] = operation, frame, (*before, index)
                bodies = [body for name in _BODIES if (body := getattr(operation, name, None)) is not None]
                if bodies:
                    self._bodies[key] = bodies
                for body in bodies:
                    given = list(operation.inputs)[0 if hasattr(operation, "_body_graph") else 1 :]
                    pairs = zip(body.inputs, given, strict=False)
                    self._entries.update((tensor_key(inner), outer) for inner, outer in pairs)
                    self._outer[id(body)] = id(current)
                    waiting.append((body, frame, self._orders[key]))

    def _judge(self, root: Frame, reached: set[int]) -> None:
        """Decide for each call whether it is closed, and who answers for its operations."""
        stack = [(root, root)]
        while stack:
            frame, acting = stack.pop()
            self._acting[id(frame)] = acting
            closed = frame is not root and acting is frame and self._closes(frame, reached)
            if closed:
                self._closed.add(id(frame))
            hidden = closed or acting is not frame
            self.frames[id(frame)] = [] if hidden else [one for one in frame.frames if one.graph in reached]
            stack.extend((one, acting if hidden else one) for one in frame.frames)

    def _closes(self, frame: Frame, reached: set[int]) -> bool:
        if frame.parent is not None and frame.parent.target is None:
            return False  # what was asked to be opened
        kind = kind_of_class(type(frame.target))
        if kind == "functional" and graph_of(frame.target) is not None:
            return True
        if kind in ("functional", "composite"):
            return not any(one.graph in reached for one in frame.frames)
        return True

    def _all_frames(self, root: Frame) -> Iterator[Frame]:
        stack = [root]
        while stack:
            frame = stack.pop()
            if frame is not root:
                yield frame
            if id(frame) not in self._closed:
                stack.extend(self.frames.get(id(frame), ()))

    def _graphs_with_calls(self, root: Frame) -> set[int]:
        """Graphs in which layers are called, and those around them."""
        holding: set[int] = set()
        for frame in self._all_frames(root):
            graph: int | None = frame.graph
            while graph is not None and graph not in holding:
                holding.add(graph)
                graph = self._outer.get(graph)
        return holding

    def _sources(self, key: Key) -> tuple[Key, ...]:
        if key in self._inputs or key in self._made:
            return (key,)
        op_key, port = _operation_key(key)
        operation = self._ops.get(op_key)
        if operation is None:
            return ()
        if operation.type == "Placeholder":  # an input of a body, or a variable, which is no flow of data
            return self.sources(tensor_key(self._entries[key])) if key in self._entries else ()
        owner = self._acting[id(self._owners[op_key])]
        if id(owner) in self._closed:  # such as a mask, which is made beside the outputs
            return (owner.outputs[0].key,) if owner.outputs else ()
        if operation.type in _PASSING:
            return self.sources(tensor_key(operation.inputs[port]))
        bodies = self._open_bodies(op_key)
        if bodies:
            merged = [one for body in bodies for one in self.sources(tensor_key(body.outputs[port]))]
            return tuple(dict.fromkeys(merged))
        return (key,)

    def _open_bodies(self, op_key: OpKey) -> list[Any]:
        """The bodies of a loop or condition in which layers are called."""
        bodies = self._bodies.get(op_key, [])
        return bodies if any(id(body) in self._holding for body in bodies) else []

    def _is_loose(self, key: Key) -> bool:
        return key not in self._inputs and key not in self._made and _operation_key(key)[0] in self._ops

    def _find_live(self, root: Frame, outputs: Iterable[Key]) -> set[OpKey]:
        """Loose operations that an output or a call depends on."""
        waiting = [one for key in outputs for one in self.sources(key)]
        for frame in self._all_frames(root):
            if id(frame) in self._closed:
                waiting += [one for value in received(frame) for one in self.sources(value.key)]
        live: set[OpKey] = set()
        while waiting:
            key = waiting.pop()
            op_key = _operation_key(key)[0]
            if not self._is_loose(key) or op_key in live:
                continue
            operation = self._ops[op_key]
            self._origins[op_key] = origin_of(operation)
            if self._origins[op_key].initializer:
                continue
            live.add(op_key)
            waiting += self.inputs_of(operation)
        return live

    def inputs_of(self, operation: Any) -> list[Key]:
        """Sources of all that an operation reads, in order; nothing for what reads only a shape."""
        if operation.type in _ONLY_SHAPE:
            return []
        return [one for tensor in operation.inputs for one in self.sources(tensor_key(tensor))]

    def _find_clusters(self) -> list[Cluster]:
        found = []
        for graph in self._graphs:
            steps = []
            for operation in graph.get_operations():
                key = (id(graph), operation.name)
                origin = self._origins[key] if key in self._live else None
                steps.append((operation, self._acting[id(self._owners[key])], self._orders[key], origin))
            found += cluster(steps)
        return found

    def _useful(self, root: Frame, clusters: list[Cluster]) -> list[Cluster]:
        """Without constants and arithmetic on shapes: no data, weights or chance enter them, and no call reads them."""
        read = {
            one
            for frame in self._all_frames(root)
            if id(frame) in self._closed
            for value in received(frame)
            for one in self.sources(value.key)
        }
        fed = self._find_fed(clusters)
        kept = []
        for one in clusters:
            first = one.operations[0]
            wanted = (id(first.graph), first.name) in fed or bool(self.weights_of(one))
            computes = any(operation.type not in _SILENT for operation in one.operations)
            asked = any(tensor_key(tensor) in read for operation in one.operations for tensor in operation.outputs)
            if (wanted or asked) and computes:
                kept.append(one)
        return kept

    def _find_fed(self, clusters: list[Cluster]) -> set[OpKey]:
        """Operations that depend on an input, a call, chance, or a weight that has no value yet."""
        fed: set[OpKey] = set()
        waiting = sorted(clusters, key=lambda item: item.order)
        while waiting:  # once, but for what is read before it is made, in a loop
            dry = []
            for one in waiting:
                if one.origin.random or any(self._is_fed(operation, fed) for operation in one.operations):
                    fed.update((id(operation.graph), operation.name) for operation in one.operations)
                else:
                    dry.append(one)
            if len(dry) == len(waiting):
                break
            waiting = dry
        return fed

    def _is_fed(self, operation: Any, fed: set[OpKey]) -> bool:
        return any(
            key in self._inputs or key in self._made or _operation_key(key)[0] in fed or self._is_first_value(key)
            for key in self.inputs_of(operation)
        )

    def _is_first_value(self, key: Key) -> bool:
        """Whether a tensor stands for a weight that has no value yet."""
        origin = self._origins.get(_operation_key(key)[0])
        return origin is not None and origin.initializer

    def weights_of(self, one: Cluster) -> list[Any]:
        """The variables that loose operations read."""
        found: dict[int, Any] = {}
        for operation in one.operations:
            for tensor in operation.inputs:
                variable = self._variable(tensor)
                if variable is not None:
                    found[id(variable)] = variable
        return list(found.values())

    def _variable(self, tensor: Any) -> Any | None:
        """The variable whose value or handle a tensor is."""
        for _ in range(64):  # a cast of a read of a handle, handed down through nested bodies
            key = tensor_key(tensor)
            if key in self.variables:
                return self.variables[key]
            if key in self._entries:
                tensor = self._entries[key]
            elif tensor.op.type in _PASSING or tensor.op.type in ("ReadVariableOp", "Cast"):
                tensor = tensor.op.inputs[0]
            else:
                return None
        return None


def received(frame: Frame) -> list[Value]:
    """The values among the arguments of a call."""
    return values((tuple(frame.args), frame.kwargs))


def tensor_key(tensor: Any) -> Key:
    """The key by which a tensor of a graph is known."""
    return (id(tensor.graph), tensor.name)


def _operation_key(key: Any) -> tuple[OpKey, int]:
    graph, name = key
    operation, _, port = name.rpartition(":")
    return (graph, operation), int(port)


def _captured_variables(graph: Any) -> dict[Key, Any]:
    """Variables by the placeholder that stands for their handle in the outermost graph."""
    handles = {id(variable.handle): variable for variable in graph.variables}
    return {
        tensor_key(placeholder): handles[id(outer)] for outer, placeholder in graph.captures if id(outer) in handles
    }
