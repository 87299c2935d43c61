"""Weights that Keras 1 and 2 keep by name: ``layer_names``, and in each layer's group ``weight_names``."""

from __future__ import annotations

from typing import Any

from cutaway.readers.hdf5 import Tree, array, child, texts


def by_layer(group: Any) -> Tree:
    """Layers in their order, each with its weights, nested by the slashes in their names.

    The layer's own name in front of a weight (``conv1/kernel:0`` in ``conv1``) and the ``:0`` are left out.
    """
    layers: Tree = {}
    for layer in texts(group, "layer_names"):
        held = child(group, layer)
        into: Tree = {}
        for name in texts(held, "weight_names") if hasattr(held, "keys") else []:
            dataset = child(held, name)
            if dataset is None or hasattr(dataset, "keys"):
                continue
            parts = [part for part in name.removesuffix(":0").split("/") if part]
            parts = parts[1:] if len(parts) > 1 and parts[0] == layer else parts
            _put(into, parts or [name], array(dataset, ""))
        layers[layer] = into
    return layers


def _put(tree: Tree, parts: list[str], item: Any) -> None:
    for part in parts[:-1]:
        below = tree.setdefault(part, {})
        if not isinstance(below, dict):
            tree[f"{part}/"] = below = {}
        tree = below
    name = parts[-1]
    while name in tree:
        name += "'"
    tree[name] = item
