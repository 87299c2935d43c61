"""SavedModels, graphs and functions of TensorFlow, run once: the tensor of every operation that the drawing shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cutaway.errors import CutawayError, OptionError
from cutaway.graph.model import Graph, Tensor
from cutaway.loading.frameworks import tensorflow
from cutaway.loading.saved_graphs import (
    arguments_of,
    import_graph,
    is_of_main_graph,
    load_graph_def,
    load_signature,
    shown_signature,
)
from cutaway.readers import graph_def, locate, saved_model, tf_function
from cutaway.readers.tensorflow.origins import Origin
from cutaway.running.flattening import Flat, flattened
from cutaway.running.inputs import Wanted, arrays_for, wanted_inputs
from cutaway.running.outputs import Activations
from cutaway.running.reach import conditional, unfed
from cutaway.running.store import MEMORY, Array, Kept, Store
from cutaway.running.tensors import values_of

_CALLER = "cutaway.activations"
_NO_NUMBERS = "it makes no numbers"
_NOT_ONCE = "it lies in a loop or a branch: only what comes out of that is kept"
_WITHIN = {
    "While": "it runs in a loop, once in each turn: only what comes out of the loop is kept",
    "If": "it lies in a branch, which may not run: only what comes out of the branches is kept",
    "Case": "it lies in a branch, which may not run: only what comes out of the branches is kept",
}
"""Why an operation in a body has no one value, by the kind of what calls the body."""

_NOT_GIVEN = "it reads an input that this way into the model does not have"
_CLOSED = "TensorFlow runs it inside of another operation, which does not tell of it"

_WHERE = ("Graph execution error", "Detected at node", "File ", "<stack traces", "Stack trace")

_Ports = Mapping[tuple[int, int], Any]


@dataclass(frozen=True, slots=True)
class _Runnable:
    """A graph that runs, and what of it is drawn.

    Attributes:
        graph: The drawing.
        origins: Where the operation of each node lies.
        flat: What runs.
        inputs: What is asked of the user, and the names of the tensors that it is for.
        held: Variables and tables by the name of the tensor that stands for them.
        variables: Variables, which get their values back: a loop or a random state may write to them too.
    """

    graph: Graph
    origins: Sequence[Origin]
    flat: Flat
    inputs: Sequence[tuple[Wanted, str]]
    held: Mapping[str, Any]
    variables: Sequence[Any] = ()


def run_saved_model(path: str, x: Any, *, signature: str | None, seed: int, memory: int) -> Activations:
    """The results of all operations of a signature.

    Raises:
        ReadError: It reaches for files or Python, or TensorFlow cannot load it.
        OptionError: The input does not fit, or the model fails on it; there is no such signature.
        MissingExtra: TensorFlow is not installed.
    """
    source = locate(path)
    graph, origins = saved_model.read_with_origins(source, signature)
    tf = tensorflow(f"{path}: to look inside, the model is run")
    function = load_signature(tf, path, shown_signature(graph), _CALLER)
    if not is_of_main_graph(function):
        origins = [Origin(each.path[1:], each.within) for each in origins]
    return _run(tf, _of_function(function, graph, origins), path, x, seed, memory)


def run_function(function: Any, x: Any, *, seed: int, memory: int) -> Activations:
    """The results of all operations of a concrete function; raises as `run_saved_model`."""
    graph, origins = tf_function.read_with_origins(function)
    tf = tensorflow("to look inside, the function is run")
    return _run(tf, _of_function(function, graph, origins), graph.name, x, seed, memory)


def run_graph_def(path: str, x: Any, *, seed: int, memory: int) -> Activations:
    """The results of all operations of a frozen ``GraphDef``; raises as `run_saved_model`."""
    source = locate(path)
    graph, origins = graph_def.read_with_origins(source)
    tf = tensorflow(f"{path}: to look inside, the graph is run")
    file = str(source.path)
    definition = load_graph_def(tf, file, [each.path[0] for each in origins if each.path], _CALLER)
    flat = flattened(definition, file)
    ops = {node.name: node.op for node in flat.definition.node}
    inputs = []
    for port, wanted in zip(graph.inputs, wanted_inputs(graph), strict=True):
        name = flat.names.get(origins[port.node].path, "")
        is_variable = wanted.tensor.dtype in ("resource", "variant")  # whose value is not in the file
        if ops.get(name) == "Placeholder" and not is_variable:  # one with a default, such as a phase, has its value
            inputs.append((wanted, f"{name}:0"))
    return _run(tf, _Runnable(graph, origins, flat, inputs, {}), file, x, seed, memory)


def _of_function(function: Any, graph: Graph, origins: Sequence[Origin]) -> _Runnable:
    drawn = {wanted.name: wanted for wanted in wanted_inputs(graph)}
    inputs = []
    for argument in arguments_of(function):
        unread = Wanted(argument.names[0], Tensor(None, argument.tensor.dtype.name))
        inputs.append((next((drawn[name] for name in argument.names if name in drawn), unread), argument.tensor.name))
    held = {inner.name: outer for outer, inner in function.graph.captures}
    flat = flattened(function.graph.as_graph_def(), graph.name)
    return _Runnable(graph, origins, flat, inputs, held, function.graph.variables)


def _run(tf: Any, model: _Runnable, name: str, x: Any, seed: int, memory: int) -> Activations:
    whole = import_graph(tf, model.flat.definition, name, _CALLER)
    wanted = [_as_imported(each, whole.graph.as_graph_element(tensor)) for each, tensor in model.inputs]
    arrays, words = arrays_for(wanted, x, seed)
    store = Store(memory)
    made = _given(model, arrays)
    tensors, missing = _tensors(whole.graph, model, made)
    if not tensors and len(made) < len(model.graph):
        raise OptionError(
            f"{name}: nothing in it can be run, since its variables or inputs are not in the file; freeze the "
            "graph, or save it as a SavedModel"
        )
    try:
        feeds = {tensor: tf.constant(array) for (_, tensor), array in zip(model.inputs, arrays, strict=True)}
        run = _Cut(whole, {**feeds, **model.held}, _values_kept(model.variables))
        found = _fetched(tf, run, tensors, store)
    except CutawayError:
        raise
    except Exception as error:  # TensorFlow raises whatever its many parts raise
        raise OptionError(f"{name}: the model fails on {words}: {_said(error)}") from error
    outputs = {place: store.keep(array) for place, array in made.items() if array.dtype.kind in "biufc"}
    return Activations(model.graph, {**outputs, **found}, {}, missing, words, store)


def _as_imported(wanted: Wanted, tensor: Any) -> Wanted:
    """An input with the shape that TensorFlow sees; old files write the shape of one number where none is known."""
    shape = wanted.tensor.shape or None
    if tensor.shape.rank is not None:
        shape = tuple(tensor.shape)
    return replace(wanted, tensor=Tensor(shape, wanted.tensor.dtype))


def _said(error: Exception) -> str:
    """The line of an error of TensorFlow that says what is wrong, of many that say where."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = next((line for line in lines if line and not line.startswith(_WHERE)), "")
    return f"{type(error).__name__}: {told:.300}"


def _given(model: _Runnable, arrays: Sequence[Array]) -> dict[tuple[int, int], Array]:
    """The nodes of the drawing that are what the user gave."""
    by_name = {wanted.name: array for (wanted, _), array in zip(model.inputs, arrays, strict=True)}
    names = {port: wanted.name for port, wanted in zip(model.graph.inputs, wanted_inputs(model.graph), strict=True)}
    return {(port.node, port.port): by_name[name] for port, name in names.items() if name in by_name}


def _tensors(graph: Any, model: _Runnable, made: _Ports) -> tuple[dict[tuple[int, int], Any], dict[int, str]]:
    """The tensors that nodes stand for, and why others stand for none."""
    read: dict[int, set[int]] = {port.node: {port.port} for port in model.graph.outputs}
    for node in range(len(model.graph)):
        for edge in model.graph.inputs_of(node):
            read.setdefault(edge.source, set()).add(edge.port)
    given = {node for node, _ in made}
    operations = model.flat.definition.node
    not_once = conditional(operations)
    waiting = unfed(operations, {name.partition(":")[0] for name in (*(name for _, name in model.inputs), *model.held)})
    tensors: dict[tuple[int, int], Any] = {}
    missing: dict[int, str] = {}
    for node, origin in enumerate(model.origins):
        name = model.flat.names.get(origin.path)
        if node in given:
            continue
        if origin.within or name in not_once:
            missing[node] = _WITHIN.get(origin.within.removeprefix("Stateless"), _NOT_ONCE)
        elif name is None:
            missing[node] = _CLOSED
        elif name in waiting:
            missing[node] = _NOT_GIVEN
        else:
            outputs = graph.get_operation_by_name(name).outputs
            ports = [port for port in sorted(read.get(node, {0})) if 0 <= port < len(outputs)]
            numbers = {port: outputs[port] for port in ports if _is_number(outputs[port].dtype)}
            tensors.update({(node, port): tensor for port, tensor in numbers.items()})
            if not numbers:
                missing[node] = _NO_NUMBERS
    return tensors, missing


def _is_number(dtype: Any) -> bool:
    return bool(dtype.is_floating or dtype.is_integer or dtype.is_bool or dtype.is_complex) and not dtype._is_ref_dtype


def _values_kept(variables: Sequence[Any]) -> Callable[[], None]:
    """A function that gives variables the values back that they have now."""
    values = [variable.read_value() for variable in variables]

    def put_back() -> None:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    return put_back


class _Cut:
    """Runs as much of a graph as some tensors need; every run finds the variables as the first did.

    Args:
        whole: The graph as a function that can be cut.
        feeds: What it is given, by the names of tensors.
        put_back: Gives the variables their values back.
    """

    def __init__(self, whole: Any, feeds: Mapping[str, Any], put_back: Callable[[], None]) -> None:
        self.whole = whole
        self._given = [whole.graph.as_graph_element(name) for name in feeds]
        self._values = list(feeds.values())
        self._put_back = put_back

    def __call__(self, tensors: Sequence[Any]) -> Sequence[Any]:
        """The values of some tensors of the graph."""
        try:
            found: Sequence[Any] = self.whole.prune(self._given, list(tensors))(*self._values)
            return found
        finally:
            self._put_back()


def _fetched(tf: Any, run: _Cut, tensors: _Ports, store: Store) -> dict[tuple[int, int], Kept]:
    """The values of tensors: how large each is first, and then as many of them at once as the memory is for."""
    with run.whole.graph.as_default():
        sizes = [tf.size(tensor, out_type=tf.int64) for tensor in tensors.values()]
    found: dict[tuple[int, int], Kept] = {}
    for portion in _portions(tensors, [int(size) for size in (run(sizes) if sizes else [])]):
        for place, value in zip(portion, run(list(portion.values())), strict=True):
            array = values_of(value)
            if array is not None:
                found[place] = store.keep(array)
    return found


def _portions(tensors: _Ports, sizes: Sequence[int]) -> Iterator[_Ports]:
    """Tensors that together have no more bytes than the memory is for; larger ones alone."""
    portion: dict[tuple[int, int], Any] = {}
    room = 0
    for (place, tensor), size in zip(tensors.items(), sizes, strict=True):
        needed = size * tensor.dtype.size
        if portion and room + needed > MEMORY:
            yield portion
            portion, room = {}, 0
        portion[place] = tensor
        room += needed
    if portion:
        yield portion
