"""Live objects of TensorFlow: ``tf.Graph``, ``tf.function``, ``ConcreteFunction``, ``tf.Module``, loaded SavedModels.

Their graph is encoded by TensorFlow itself and then read as a file of it would be, so that both show the same.
Nothing is computed; a ``tf.function`` that was never called is traced with the inputs that the caller describes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cutaway.errors import OptionError, ReadError, UnbuiltModel
from cutaway.graph.model import Graph
from cutaway.readers.options import ReadOptions
from cutaway.readers.tensorflow.assemble import graph_of, graph_with_origins
from cutaway.readers.tensorflow.entry import Entry, Variable, whole_graph
from cutaway.readers.tensorflow.graph_def import read_program
from cutaway.readers.tensorflow.inline import pretty
from cutaway.readers.tensorflow.origins import Origin
from cutaway.readers.tensorflow.program import Program
from cutaway.readers.tensorflow.raw import raw_graph
from cutaway.readers.wire.blob import Blob
from cutaway.readers.wire.protobuf import text

_FORMAT = "tf_function"


def matches(obj: object) -> bool:
    """Whether an object is one of TensorFlow's; decided by names alone, nothing is imported."""
    return _kind(obj) != ""


def read(obj: Any, options: ReadOptions, *, inputs: Any = None) -> Graph:
    """Read a live object.

    Args:
        obj: A ``tf.Graph``, a ``ConcreteFunction``, a ``tf.function``, a ``tf.Module`` or a loaded SavedModel.
        options: ``signature`` chooses among the functions of a module; ``input_shape`` is that of one float32 tensor.
        inputs: ``tf.TensorSpec`` objects for the arguments of a function that was never called, one, a list, or a
            dict by name.

    Raises:
        UnbuiltModel: A function was never called, and no inputs are given.
        OptionError: There is no such signature.
        ReadError: The object has nothing that could be called.
    """
    kind = _kind(obj)
    if kind == "graph":
        return _read_graph(obj, options)
    return _read_concrete(concrete_function(obj, options, inputs), options)


def concrete_function(obj: Any, options: ReadOptions, inputs: Any = None) -> Any:
    """The function of a live object that is meant: the one that is shown, and that runs where it is run.

    Raises:
        UnbuiltModel, OptionError, ReadError: As of `read`; also for a ``tf.Graph``, which is no function.
    """
    kind = _kind(obj)
    if kind in ("", "graph"):
        raise ReadError(f"expected a function of TensorFlow or a module with one; received {type(obj).__name__}")
    return obj if kind == "concrete" else _concrete(obj, kind, options, inputs)


def _kind(obj: object) -> str:
    names = {base.__name__ for base in type(obj).__mro__ if base.__module__.startswith("tensorflow.")}
    for name, kind in (
        ("Graph", "graph"), ("ConcreteFunction", "concrete"), ("Function", "function"),
        ("PolymorphicFunction", "function"), ("Module", "module"), ("AutoTrackable", "module"),
    ):  # fmt: skip
        if name in names:
            return kind
    return ""


def _read_graph(graph: Any, options: ReadOptions) -> Graph:
    program = _program(graph)
    if options.raw:
        return raw_graph(program, name="graph", format=_FORMAT, producer=program.producer)
    return graph_of(program, whole_graph(program.main), name="graph", format=_FORMAT)


def _read_concrete(function: Any, options: ReadOptions) -> Graph:
    program = _program(function.graph)
    if options.raw:
        return raw_graph(program, name=_title(function), format=_FORMAT, producer=program.producer)
    return graph_of(program, _entry(function, program), name=_title(function), format=_FORMAT)


def read_with_origins(function: Any) -> tuple[Graph, list[Origin]]:
    """The graph of a concrete function, and where in it the operation of each node lies; raises as `read`."""
    program = _program(function.graph)
    return graph_with_origins(program, _entry(function, program), name=_title(function), format=_FORMAT)


def _title(function: Any) -> str:
    return pretty(text(function.name)) or "function"


def _entry(function: Any, program: Program) -> Entry:
    """Where a concrete function is entered, and what it captured."""
    graph = function.graph
    places = {operation: at for at, operation in enumerate(program.main.names)}
    captured = [(external, places.get(internal.op.name)) for external, internal in graph.captures]
    variables = {variable_handle(variable): variable for variable in graph.variables}
    resources: dict[int, Variable] = {}
    for external, at in captured:
        if at is not None:
            resources[at] = _resource(external, variables.get(id(external)))
    inputs = {places[tensor.op.name]: tensor.op.name for tensor in graph.inputs if tensor.op.name in places}
    return Entry(
        outputs=[(key, places[tensor.op.name], tensor.value_index) for key, tensor in _outputs(function)],
        inputs={at: shown for at, shown in inputs.items() if at not in resources},
        variables=resources,
    )


def variable_handle(variable: Any) -> int:
    """What tells a variable among the captures of a function, while that function lives."""
    return id(variable.handle) if hasattr(variable, "handle") else id(variable)


def _resource(external: Any, variable: Any) -> Variable:
    """A captured variable, or a tensor that was computed before."""
    if variable is not None:
        name = str(variable.name).partition(":")[0]
        return Variable(name, tuple(variable.shape), variable.dtype.name, bool(variable.trainable))
    dtype = external.dtype.name
    shape = tuple(external.shape) if external.shape.rank is not None else ()
    known = all(size is not None for size in shape)
    return Variable(
        "constant", shape if known else None, dtype, False, None, "table" if dtype == "resource" else "constant"
    )


def _outputs(function: Any) -> list[tuple[str, Any]]:
    """Tensors that a function returns, by the name that its structure gives them."""
    structured = function.structured_outputs
    tensors = list(function.graph.outputs)
    if isinstance(structured, Mapping) and len(structured) == len(tensors):
        return list(zip(map(str, sorted(structured)), tensors, strict=True))
    return [(f"output_{index}", tensor) for index, tensor in enumerate(tensors)]


def _program(graph: Any) -> Program:
    import tensorflow as tf

    data = graph.as_graph_def(add_shapes=True).SerializeToString()
    program = read_program(Blob(data))
    program.producer = f"TensorFlow {tf.__version__}"
    return program


def _concrete(obj: Any, kind: str, options: ReadOptions, inputs: Any) -> Any:
    function = obj if kind == "function" else _function_of(obj, options.signature)
    if kind == "function" and options.signature is not None:
        raise OptionError("signature chooses among the functions of a module; this is one function")
    if _kind(function) == "concrete":
        return function
    given = _arguments(options.input_shape, inputs)
    if given is not None:
        arguments, named = given
        return function.get_concrete_function(*arguments, **named)
    if function.input_signature is not None:
        return function.get_concrete_function()
    traced: list[Any] = getattr(function, "_list_all_concrete_functions", list)()
    if traced:
        return traced[0]
    raise UnbuiltModel(
        "the tf.function was never called, so its graph is not known; call it once, or say what it takes: "
        "inputs=tf.TensorSpec([None, 8]), a list of them, or a dict by the names of its arguments"
    )


def _function_of(module: Any, signature: str | None) -> Any:
    """The function of a module that is shown: a signature, what is called with it, or its only function."""
    signatures = getattr(module, "signatures", None)
    known: dict[str, Any] = dict(signatures) if isinstance(signatures, Mapping) else {}
    for name in sorted(set(dir(type(module))) | set(vars(module))):
        if name.startswith("__") and name != "__call__":
            continue
        found = getattr(module, name, None)
        if _kind(found) in ("function", "concrete"):
            known.setdefault(name, found)
    if signature is not None:
        if signature not in known:
            raise OptionError(f"signature must be one of {', '.join(known) or 'none'}; not {signature!r}")
        return known[signature]
    for name in ("serving_default", "__call__", *known):
        if name in known:
            return known[name]
    if callable(module):
        import tensorflow as tf

        return tf.function(module.__call__)
    raise ReadError(f"the object of class {type(module).__name__} has no function that could be shown")


def _arguments(input_shape: Any, inputs: Any) -> tuple[Sequence[Any], Mapping[str, Any]] | None:
    if inputs is None and input_shape is None:
        return None
    if inputs is None:
        import tensorflow as tf

        return [tf.TensorSpec(input_shape, tf.float32)], {}
    if isinstance(inputs, Mapping):
        return [], inputs
    return (list(inputs), {}) if isinstance(inputs, (list, tuple)) else ([inputs], {})
