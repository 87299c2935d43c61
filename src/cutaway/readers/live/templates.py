"""Built-in layers that hold layers: what is inside is known without looking, and equal in every version of Keras."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from cutaway.graph import Shape, Tensor
from cutaway.readers.live.attributes import LazyAttributes, configuration
from cutaway.readers.live.calls import Call, Value, argument, labelled, plain_shape, values
from cutaway.readers.live.kinds import class_names, kind_of
from cutaway.readers.live.weights import group_variables, join

if TYPE_CHECKING:
    from cutaway.readers.live.compose import Composer, Known

Placer = Callable[["Composer", Call, "Known", int, str], bool]
"""Places a call as a group; False where the layer is not as expected, so that it becomes a node."""

_MERGE_OPS = {"concat": "Concatenate", "sum": "Add", "mul": "Multiply", "ave": "Average"}


def place_wrapper(composer: Composer, call: Call, known: Known, group: int, path: str) -> bool:
    """`TimeDistributed` and other wrappers of one layer: the wrapped layer, once."""
    layer = getattr(call.target, "layer", None)
    if layer is None or not call.args or not call.outputs:
        return False
    timed = "TimeDistributed" in class_names(type(call.target))
    change = _without_time if timed else _same
    args = [change(value) for value in values(call.args[0])]
    kwargs = _tensor_arguments(call)
    outputs = [Value(object(), change(value).tensor) for value in call.outputs]
    index = composer.open_group(call, group, path, variables=group_variables(call.target))
    received = args[0] if len(args) == 1 else args
    steps = composer.steps
    if timed:
        composer.steps = (*steps, _length(values(call.args[0])))
    composer.place(_call(layer, (received,), outputs, kwargs), known, index, _inside(path, call))
    composer.steps = steps
    _pass_on(call.outputs, outputs, known)
    return True


def place_bidirectional(composer: Composer, call: Call, known: Known, group: int, path: str) -> bool:
    """`Bidirectional`: the layer in both directions and, unless it returns both, what merges them."""
    wrapper, received = call.target, values(call.args[0]) if call.args else []
    if not received or not call.outputs:
        return False
    index = composer.open_group(call, group, path)
    inner = _inside(path, call)
    states = received[1:] or values(argument(call, "initial_state"))
    half = len(states) // 2
    more = {name: item for name, item in _tensor_arguments(call).items() if name != "initial_state"}
    made: list[list[Value]] = []
    for layer, own in ((wrapper.forward_layer, states[:half]), (wrapper.backward_layer, states[half:])):
        outputs = [Value(object(), tensor) for tensor in _outputs_of(layer, received[0].tensor)]
        kwargs = {**more, "initial_state": own} if own else more
        composer.place(_call(layer, (received[0],), outputs, kwargs), known, index, inner)
        made.append(outputs)
    forward, backward = made
    mode = wrapper.merge_mode
    if mode is None:
        returned = [forward[0], backward[0]]
    else:
        merged = Value(object(), call.outputs[0].tensor)
        merge = Call(None, "merge", _MERGE_OPS[mode], ([forward[0], backward[0]],), outputs=[merged])
        merge.attributes = {"merge_mode": mode}
        composer.place_node(merge, known, index, inner)
        returned = [merged]
    _pass_on(call.outputs, [*returned, *forward[1:], *backward[1:]], known)
    return True


def place_recurrent(composer: Composer, call: Call, known: Known, group: int, path: str) -> bool:
    """`RNN` around cells: each cell once, reading what the one before it makes at the same step.

    The outputs drawn are those of all steps, except that of the last cell where the layer returns the last step.
    """
    layer, received = call.target, values(call.args[0]) if call.args else []
    outermost = getattr(layer, "cell", None)
    if outermost is None or not received or not call.outputs:
        return False
    cells = outermost.cells if "StackedRNNCells" in class_names(type(outermost)) else [outermost]
    index = composer.open_group(call, group, path)
    given = iter([*received[1:], *values(argument(call, "initial_state"))])
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    time, current, returned = received[0].tensor.shape, received[0], []
    for position, cell in enumerate(cells):
        states = [Value(object(), tensor) for tensor in _state_tensors(cell, current.tensor)]
        step = _without_time(current)
        if kind_of(cell) == "composite":
            args, kwargs = (step, [next(given, state) for state in states]), {}
        else:  # all that the layer receives goes to its first cell
            args, kwargs = ((step, *received[1:]), _tensor_arguments(call)) if position == 0 else ((step,), {})
        last = position + 1 == len(cells)
        output = call.outputs[0].tensor
        if not last and time is not None:
            output = Tensor((*time[:2], *(states[0].tensor.shape or ())[1:]), output.dtype)
        kept = [Value(object(), state.tensor) for state in states] if layer.return_state else []
        outputs = [Value(object(), output), *kept]
        composer.place(_call(cell, args, outputs, kwargs), known, index, _inside(path, call))
        current = outputs[0]
        returned += kept
    _pass_on(call.outputs, [current, *returned], known)
    return True


def place_attention(composer: Composer, call: Call, known: Known, group: int, path: str) -> bool:
    """`MultiHeadAttention` and `GroupQueryAttention`: projections, attention, and the projection of its result."""
    layer = call.target
    parts = [getattr(layer, f"_{part}_dense", None) for part in ("query", "key", "value", "output")]
    query, value = values(argument(call, "query")), values(argument(call, "value"))
    if any(part is None for part in parts) or not query or not value or not call.outputs:
        return False
    key = values(argument(call, "key")) or value
    index, inner = composer.open_group(call, group, path), _inside(path, call)
    gate = getattr(layer, "_gate_dense", None)
    projected: list[Value] = []
    for part, source in [*zip(parts[:3], (query[0], key[0], value[0]), strict=True), (gate, query[0])]:
        if part is not None:
            projected.append(_project(composer, part, source, known, index, inner))
    attended = Value(object(), Tensor(_head_shape(projected), call.outputs[0].tensor.dtype))
    scores = [Value(object(), output.tensor) for output in call.outputs[1:]]
    masks = {name: value for name, value in labelled(call) if name not in ("", "query", "key", "value")}
    heads = {"key": projected[1], "value": projected[2], **masks}
    attention = Call(None, "attention", "DotProductAttention", (projected[0],), heads, [attended, *scores])
    attention.attributes = LazyAttributes(partial(_attention_settings, layer))
    composer.place_node(attention, known, index, inner)
    if gate is not None:
        gated = Value(object(), attended.tensor)
        product = Call(None, "gated", "Multiply", ([attended, projected[3]],), outputs=[gated])
        composer.place_node(product, known, index, inner)
        attended = gated
    outputs = [Value(object(), call.outputs[0].tensor)]
    composer.place(_call(parts[3], (attended,), outputs), known, index, inner)
    _pass_on(call.outputs, [*outputs, *scores], known)
    return True


PLACERS: dict[str, Placer] = {
    "wrapper": place_wrapper,
    "bidirectional": place_bidirectional,
    "recurrent": place_recurrent,
    "attention": place_attention,
}


def _project(composer: Composer, dense: Any, source: Value, known: Known, group: int, path: str) -> Value:
    made, received = _outputs_of(dense, source.tensor)[0], source.tensor.shape
    if made.shape is not None and received is not None:  # positions stay; heads and their width replace the last axis
        made = Tensor((*received[:-1], *made.shape[-2:]), made.dtype)
    projected = Value(object(), made)
    composer.place(_call(dense, (source,), [projected]), known, group, path)
    return projected


def _head_shape(projected: Sequence[Value]) -> Shape | None:
    """Shape of the attended values: the queries' positions and heads, the values' width."""
    query, value = projected[0].tensor.shape, projected[2].tensor.shape
    return None if query is None or value is None else (*query[:-1], value[-1])


def _call(target: Any, args: Sequence[Any], outputs: Sequence[Value], kwargs: Any = None) -> Call:
    return Call(target, target.name, type(target).__name__, args, kwargs or {}, outputs)


def _inside(path: str, call: Call) -> str:
    return join(path, call.name)


def _pass_on(outer: Sequence[Value], inner: Sequence[Value], known: Known) -> None:
    for outside, inside in zip(outer, inner, strict=False):
        known[outside.key] = known.get(inside.key, ())


def _tensor_arguments(call: Call) -> dict[str, Any]:
    """What a call passes by keyword and is no constant, such as a mask."""
    return {name: item for name, item in call.kwargs.items() if values(item)}


def _same(value: Value) -> Value:
    return value


def _without_time(value: Value) -> Value:
    return Value(value.key, Tensor(_drop_time(value.tensor.shape), value.tensor.dtype))


def _drop_time(shape: Shape | None) -> Shape | None:
    return None if shape is None else shape[:1] + shape[2:]


def _outputs_of(layer: Any, received: Tensor) -> list[Tensor]:
    """What a built-in layer answers for one input; one unknown tensor where it has no answer."""
    try:
        shapes = layer.compute_output_shape(received.shape)
    except Exception:  # shape rules raise whatever they like; an unknown shape is an honest answer
        return [Tensor()]
    dtype = getattr(layer, "compute_dtype", received.dtype)
    first = next(iter(shapes), None)
    nested = isinstance(first, (tuple, list)) or hasattr(first, "rank")
    return [Tensor(plain_shape(tuple(shape)), dtype) for shape in (shapes if nested else [shapes])]


def _length(received: Sequence[Value]) -> int | None:
    """Number of steps in what a call receives."""
    shape = received[0].tensor.shape if received else None
    return shape[1] if shape is not None and len(shape) > 1 else None


def _state_tensors(cell: Any, received: Tensor) -> list[Tensor]:
    """The states of a cell, by the sizes that it says."""
    batch = None if received.shape is None else received.shape[0]
    sizes: list[Any] = [cell.state_size] if isinstance(cell.state_size, int) else list(cell.state_size)
    dtype = getattr(cell, "compute_dtype", "float32")
    return [Tensor((batch, *([size] if isinstance(size, int) else size)), dtype) for size in sizes]


def _attention_settings(layer: Any) -> dict[str, Any]:
    config = configuration(layer)
    return {name: config[name] for name in ("dropout", "attention_axes") if name in config}
