"""Checkpoints of TensorFlow, by their ``.index``, of old the one file, or the folder that says which is the latest.

What they hold of the model becomes a tree of weights. What else they hold is no weight and counts no parameter:
slots and counters of the optimizer, averages, metrics and tables stand in groups of their own, each variable as an
attribute of its node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Graph
from cutaway.readers.checkpoint_files import checkpoint_of, other_checkpoints
from cutaway.readers.checkpoint_roles import Variable, variables_of
from cutaway.readers.hdf5 import Array, Tree
from cutaway.readers.keras.weight_tree import add_weight_tree, put
from cutaway.readers.options import ReadOptions
from cutaway.readers.source import Source
from cutaway.readers.wire.saved_slices import entries_of, is_saved_slices
from cutaway.readers.wire.tensor_bundle import Bundle

STATE = "State"
"""Operation of a node that stands for variables which are no weights."""

_PARTS = {
    "optimizer": "state of training: it is saved beside the weights and is none of them",
    "copies": "second copies of weights, which the export of Keras 3 writes",
    "tables": "texts of lookup tables, which are no weights",
}
_WEIGHTS_ONLY = "weights only: a checkpoint holds no operations"


def read(source: Source, options: ReadOptions) -> Graph:  # noqa: ARG001  (a checkpoint has neither input nor signature)
    """Read the names, shapes and types of a checkpoint's variables.

    Raises:
        ReadError: It is damaged, or a folder holds none or several.
    """
    file, name = checkpoint_of(source)
    builder = GraphBuilder(name, "checkpoint")
    if is_saved_slices(file):
        variables = variables_of(entries_of(file, "" if file is source else name))
    else:
        bundle = Bundle.open(source, name)
        variables = variables_of(bundle.entries, bundle.object_graph())
        builder.warnings += bundle.warnings
    if source.kind != "file" and (others := other_checkpoints(source, name)):
        shown = ", ".join(f"{other}.index" for other in others[:5])
        builder.warnings.append(f"the folder holds {len(others)} other checkpoints, which are not shown: {shown}")
    add_weight_tree(builder, _tree(variables), found_by=_WEIGHTS_ONLY, as_told=True)
    for part, found_by in _PARTS.items():
        _add_state(builder, part, found_by, [variable for variable in variables if variable.part == part])
    builder.warnings.append("a checkpoint holds weights alone: it says nothing of the calls between the layers")
    return builder.build()


def _tree(variables: Iterable[Variable]) -> Tree:
    """The weights, nested by their paths."""
    tree: Tree = {}
    for variable in variables:
        if not variable.part:
            entry = variable.entry
            put(tree, variable.path, Array(entry.shape, entry.dtype, entry.location))
    return tree


def _add_state(builder: GraphBuilder, part: str, found_by: str, variables: Iterable[Variable]) -> None:
    """One node for each path that holds variables; their shapes, types and places are its attributes."""
    owners: dict[str, dict[str, Mapping[str, Any]]] = {}
    for variable in variables:
        entry = variable.entry
        told = {"shape": list(entry.shape), "dtype": entry.dtype, "location": entry.location}
        held = owners.setdefault("/".join(variable.path[:-1]), {})
        name = variable.path[-1]
        while name in held:
            name += "'"
        held[name] = told
    if not owners:
        return
    group = builder.group(part, kind="scope", found_by=found_by)
    for owner, told_of in owners.items():
        builder.node(owner or "counters", STATE, group=group, outputs=(), attributes=told_of)
