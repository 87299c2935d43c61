"""Inputs of a model that runs: their shapes with every length filled in, and numbers in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from cutaway.errors import OptionError
from cutaway.graph.model import Graph, Shape


class Input(NamedTuple):
    """An input tensor.

    Attributes:
        names: All names that a user may know it by, the best first.
        shape: As the model says it; None where it says nothing.
        dtype: Type of its elements.
    """

    names: tuple[str, ...]
    shape: Shape | None
    dtype: str


def inputs_of(graph: Graph) -> list[Input]:
    """The inputs of a graph, in its order."""
    found = []
    for port in graph.inputs:
        tensor = graph.tensor(port.node, port.port)
        names = tuple(dict.fromkeys(filter(None, (port.name, graph.names[port.node], graph.ids[port.node]))))
        found.append(Input(names, tensor.shape, tensor.dtype or "float32"))
    return found


def filled(inputs: Sequence[Input], batch: int, shapes: Mapping[str, Shape]) -> list[tuple[int, ...]]:
    """The shape of each input, all lengths known.

    Raises:
        OptionError: A length is free and not given, or a shape is given for no input, or does not fit it.
    """
    known: Collection[str] = {name for each in inputs for name in each.names}
    for name in shapes:
        if name not in known:
            listed = ", ".join(repr(each.names[0]) for each in inputs) or "none"
            raise OptionError(f"shape: there is no input {name!r}; the inputs are {listed}")
    return [
        _filled(each, batch, next((shapes[name] for name in each.names if name in shapes), None)) for each in inputs
    ]


def _filled(each: Input, batch: int, given: Shape | None) -> tuple[int, ...]:
    name, said = each.names[0], each.shape
    if said is None and given is None:
        raise OptionError(f"input {name!r} has no known shape; give it: --shape {name}={batch},N,…")
    own = said if said is not None else tuple(given or ())
    if given is not None and len(given) != len(own):
        raise OptionError(f"shape: input {name!r} has {len(own)} axes, {own}; received {tuple(given)}")
    found: list[int] = []
    for axis, length in enumerate(own):
        wanted = given[axis] if given is not None else None
        if wanted is None:
            wanted = batch if length is None and axis == 0 else length
        if wanted is None:
            lengths = ",".join(str(batch if at == 0 and each is None else each or "N") for at, each in enumerate(own))
            raise OptionError(f"input {name!r} has free lengths, {own}; give them: --shape {name}={lengths}")
        if length is not None and wanted != length:
            raise OptionError(f"shape: axis {axis} of input {name!r} is {length}; received {wanted}")
        found.append(wanted)
    return tuple(found)


def smallest_vocabulary(layers: Sequence[Any]) -> int:
    """Numbers from 0 on that every embedding among some layers takes; 2 where there is none."""
    sizes = [int(layer.input_dim) for layer in layers if isinstance(getattr(layer, "input_dim", None), int)]
    return min(sizes, default=2)
