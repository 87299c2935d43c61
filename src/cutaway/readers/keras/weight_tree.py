"""Weights without an architecture, as a tree of groups: one node for each layer that holds weights, no edges."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Graph, Weight
from cutaway.readers.hdf5 import Array, Tree
from cutaway.readers.keras.stored import STATE

WEIGHTS = "Weights"
"""Operation of a node of which only the weights are known."""

_CONTAINERS = frozenset({"layers", "_layers", "_layer_checkpoint_dependencies", "model_weights"})

_DEEPEST = 64
"""Scopes in one another; real models stay below twenty."""

_FIXED = frozenset({"moving_mean", "moving_variance"})
"""Names of weights that training keeps and does not learn."""


def add_weight_tree(
    builder: GraphBuilder, arrays: Tree, *, group: int = 0, path: str = "", found_by: str, as_told: bool = False
) -> None:
    """Add all arrays of a tree: groups for what holds more groups, nodes for what holds arrays only.

    Args:
        builder: Receives them.
        arrays: The tree.
        group: Where they go.
        path: Prefix of the weights' ids.
        found_by: Said on every group.
        as_told: Whether every name is one that an author gave; else names that Keras gives to what holds layers or
            variables are looked through, and what it calls state of training is left out.
    """
    split = _plain if as_told else _split
    pending: list[tuple[Tree, int, str]] = [(arrays, group, path)]
    while pending:
        at, inside, prefix = pending.pop(0)
        own, below = split(at)
        if own and inside == group:
            builder.node(builder.name, WEIGHTS, group=inside, outputs=(), weights=_weights(own, prefix))
        for name, tree in below.items():
            deeper = f"{prefix}{name}/"
            held, further = split(tree)
            if not further:
                if held:
                    builder.node(name, WEIGHTS, group=inside, outputs=(), weights=_weights(held, deeper))
                continue
            weights = _weights(held, deeper)
            made = builder.group(name, parent=inside, kind="layer", found_by=found_by, weights=weights)
            pending.append((tree, made, deeper))


def put(tree: Tree, path: Sequence[str], array: Array) -> None:
    """Add an array at a path. Where an array is also the scope of another, both keep their names, one with a mark.

    Scopes deeper than any model's become one name: each would repeat all those before it in its id.
    """
    path = (*path[: _DEEPEST - 1], "/".join(path[_DEEPEST - 1 :])) if len(path) > _DEEPEST else path
    for group in path[:-1]:
        while isinstance(below := tree.setdefault(group, {}), Array):
            group += "/"
        tree = below
    name = path[-1]
    while name in tree:
        name += "'"
    tree[name] = array


def _split(tree: Tree) -> tuple[dict[str, Array], dict[str, Tree]]:
    """Arrays of a layer itself, and what is below it; containers that only hold are looked through."""
    own: dict[str, Array] = {}
    below: dict[str, Tree] = {}
    for name, item in tree.items():
        if name in STATE:
            continue
        if isinstance(item, Array):
            own[name] = item
        elif name == "vars":
            own.update((key, value) for key, value in item.items() if isinstance(value, Array))
        elif name in _CONTAINERS:
            held, inner = _split(item)
            own.update(held)
            below.update((key if key not in below else f"{name}/{key}", value) for key, value in inner.items())
        elif item:
            below[name] = item
    return own, below


def _plain(tree: Tree) -> tuple[dict[str, Array], dict[str, Tree]]:
    """Arrays of a group itself, and the groups in it."""
    own = {name: item for name, item in tree.items() if isinstance(item, Array)}
    return own, {name: item for name, item in tree.items() if not isinstance(item, Array)}


def _weights(arrays: dict[str, Array], prefix: str) -> list[Weight]:
    return [
        Weight(f"{prefix}{name}", name, array.shape, array.dtype, name not in _FIXED, array.location)
        for name, array in arrays.items()
    ]


def graph_of_weights(arrays: Tree, path: Path, *, producer: str = "") -> Graph:
    """A file that holds weights alone, as a graph without edges."""
    builder = GraphBuilder(path.name, "keras_weights", producer)
    add_weight_tree(builder, arrays, found_by="weights only: the file holds no architecture")
    builder.warnings.append("the file holds weights alone: it says nothing of the calls between the layers")
    return builder.build()
