"""Functional and Sequential models: the calls that Keras recorded when the model was made.

Keras keeps a node for every call of a layer on symbolic tensors; each tensor knows its node. Walking back
from a model's outputs to its inputs finds the calls that belong to it, among all that its layers have seen.
Nothing is computed, so it does not matter which backend is active.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cutaway.readers.live.calls import Call, Value, as_value, leaves, named_leaves, values


def calls_of(model: Any) -> list[Call]:
    """All calls that belong to a Functional model, producers first, without its input layers.

    Args:
        model: A model of Keras 3 or tf_keras that has ``inputs`` and ``outputs``.
    """
    stop = {id(tensor) for tensor in model.inputs}
    done: set[int] = set()
    found: list[Call] = []
    for output in model.outputs:
        if id(output) not in stop:
            _visit(_node_of(output), stop, done, found)
    return found


def _visit(last: Any, stop: set[int], done: set[int], found: list[Call]) -> None:
    if id(last) in done:
        return
    stack: list[tuple[Any, Iterator[Any]]] = [(last, iter(_tensors_read(last)))]
    done.add(id(last))
    while stack:
        node, tensors = stack[-1]
        for tensor in tensors:
            if id(tensor) in stop:
                continue
            before = _node_of(tensor)
            if before is not None and id(before) not in done:
                done.add(id(before))
                stack.append((before, iter(_tensors_read(before))))
                break
        else:
            stack.pop()
            found.append(_call(node))


def _node_of(tensor: Any) -> Any:
    operation, index, _ = tensor._keras_history
    return None if operation is None else operation._inbound_nodes[index]


def _tensors_read(node: Any) -> Any:
    arguments = getattr(node, "arguments", None)
    return node.keras_inputs if arguments is None else arguments.keras_tensors


def _call(node: Any) -> Call:
    arguments = getattr(node, "arguments", None)
    if arguments is None:  # Keras 2
        target, args, kwargs = node.layer, node.call_args or (), node.call_kwargs or {}
    else:
        target, args, kwargs = node.operation, arguments.args, arguments.kwargs
    outputs = values(node.outputs)
    return Call(target, target.name, type(target).__name__, args, kwargs, outputs)


def interface(model: Any, names: str = "inputs") -> list[tuple[str, Value]]:
    """The inputs or outputs of a Functional model, named by their key where the user gave a dict.

    Args:
        model: A Functional model.
        names: ``"inputs"`` or ``"outputs"``.

    Returns:
        Name and value of each tensor in the model's own order; the name of the layer that makes it where it has no key.
    """
    tensors = list(getattr(model, names))
    structure = _structure(model, names)
    keys = [] if structure is None else [key for key, leaf in named_leaves(structure) if as_value(leaf) is not None]
    if len(keys) != len(tensors):
        keys = [""] * len(tensors)
    found = []
    for key, tensor in zip(keys, tensors, strict=True):
        value, maker = as_value(tensor), tensor._keras_history[0]
        if value is not None:
            found.append((key or ("" if maker is None else maker.name), value))
    return found


def match_inputs(model: Any, received: Any) -> list[tuple[Value, Value]]:
    """Pairs of (input of the model, value it receives in a call), by dict key, by input name or by position.

    Args:
        model: A Functional model.
        received: What the call passed as the first argument.
    """
    named = dict(interface(model))
    if isinstance(received, Mapping):
        pairs = [(named[key], as_value(item)) for key, item in received.items() if key in named]
        if len(pairs) == len(received):
            return [(inner, outer) for inner, outer in pairs if outer is not None]
    order = [value for _, value in interface(model)]
    items = map(as_value, leaves(received))
    paired = zip(order, items, strict=False)
    return [(inner, outer) for inner, outer in paired if outer is not None]


def _structure(model: Any, names: str) -> Any:
    kept = getattr(model, f"_{names}_struct", None)  # Keras 3
    return getattr(model, f"_nested_{names}", None) if kept is None else kept
