"""The columns of a graph, for what looks at all of it at once: search, outline, trace, colours.

Every section and its meaning stands in ``docs/contract.md``.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from cutaway.analysis.ops import FAMILIES, family
from cutaway.analysis.parameters import Totals, group_totals, node_totals
from cutaway.drawing.arrange import Arranged
from cutaway.explorer.about import ABOUT
from cutaway.explorer.container import Container
from cutaway.explorer.text import shown, to_json
from cutaway.graph.contract import plain
from cutaway.graph.model import Graph, Tensor

if TYPE_CHECKING:
    from cutaway.overlays.overlay import Overlay

Facts = Mapping[str, Sequence[float]]
"""Numbers by name of the fact and node; NaN is unknown."""


def columns(
    arranged: Arranged, facts: Facts | None = None, counted: Graph | None = None, overlay: Overlay | None = None
) -> list[bytes]:
    """The container of all columns but the attributes, in pieces that follow one another.

    Args:
        arranged: What is drawn.
        facts: Numbers of its nodes.
        counted: What sums over groups are made of, as of `Chart`; None for all that is drawn.
        overlay: Numbers of the caller.
    """
    graph = arranged.graph
    made = Container()
    _names(made, graph)
    _groups(made, graph)
    _edges(made, graph)
    _tensors(made, graph)
    _weights(made, graph)
    _totals(made, "", node_totals(graph))
    _totals(made, "group_", group_totals(counted or graph))
    made.numbers("placement_of", "i32", arranged.nested.placement_of)
    for name, values in (facts or {}).items():
        made.numbers(f"fact:{name}", "f64", values)
    if overlay is not None:
        made.json("overlay", overlay_json(overlay))
    return made.pieces()


def overlay_json(overlay: Overlay) -> dict[str, object]:
    """The table of an overlay: a row for each node, or group as ~index, that a row of it means."""
    table = overlay.table
    return {
        "name": shown(table.name),
        "columns": [shown(name) for name in table.columns],
        "rows": [
            [place, *(shown(value) if isinstance(value, str) else value for value in values)]
            for (_, values), places in zip(table.rows, overlay.places, strict=True)
            for place in places
        ],
    }


def attributes(graph: Graph) -> list[bytes]:
    """The container of all attributes: distinct mappings as texts of JSON, and which of them each node has."""
    texts: dict[str, int] = {}
    codes = array("i")
    for node in range(len(graph)):
        text = to_json(plain(graph.attributes[node]))
        codes.append(texts.setdefault(text, len(texts)))
    made = Container()
    made.texts("attributes", list(texts))
    made.json("about", ABOUT)
    made.numbers("attribute_code", "i32", codes)
    return made.pieces()


def _names(made: Container, graph: Graph) -> None:
    names = [shown(name) for name in graph.names]
    made.texts("node_name", names)
    group_ids = graph.groups.ids
    own, at = [], array("i")
    for node, (identity, name, group) in enumerate(zip(graph.ids, names, graph.node_groups, strict=True)):
        around = group_ids[group]
        if identity != (f"{around}/{name}" if around else name):
            own.append(identity)
            at.append(node)
    made.texts("node_id", own)
    made.numbers("node_id_at", "i32", at)
    made.json("ops", [shown(op) for op in graph.ops])
    made.numbers("op_family", "u8", (FAMILIES.index(family(op)) for op in graph.ops))
    made.numbers("op_code", "i32", graph.op_codes)
    made.numbers("node_group", "i32", graph.node_groups)


def _groups(made: Container, graph: Graph) -> None:
    groups = graph.groups
    count = len(groups)
    made.texts("group_name", [shown(name) for name in groups.names])
    made.texts("group_id", groups.ids)
    made.numbers("group_parent", "i32", groups.parents)
    _coded(made, "group_kind", groups.kinds)
    _coded(made, "group_op", [groups.ops.get(at, "") for at in range(count)])
    _coded(made, "group_found_by", [groups.found_by.get(at, "") for at in range(count)])


def _coded(made: Container, name: str, values: Iterable[str]) -> None:
    """A column of few distinct texts: ``names`` lists them, ``name`` says which."""
    table: dict[str, int] = {}
    codes = array("i", (table.setdefault(value, len(table)) for value in values))
    made.json(f"{name}s", [shown(value) for value in table])
    made.numbers(name, "i32", codes)


def _edges(made: Container, graph: Graph) -> None:
    made.numbers("input_start", "u32", graph.input_start)
    made.numbers("input_node", "i32", graph.input_node)
    made.numbers("input_port", "i32", graph.input_port)
    places = sorted(graph.input_labels)
    made.numbers("input_label_at", "u32", places)
    made.texts("input_label", [shown(graph.input_labels[at]) for at in places])
    for name, ports in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        made.json(name, [{"node": port.node, "port": port.port, "name": shown(port.name)} for port in ports])


def _tensors(made: Container, graph: Graph) -> None:
    made.json("tensors", [tensor_json(tensor) for tensor in graph.tensors])
    made.numbers("output_start", "u32", graph.output_start)
    made.numbers("output_code", "i32", graph.output_codes)


def tensor_json(tensor: Tensor) -> dict[str, object]:
    """A tensor, of the type `contract.Tensor`."""
    return {"shape": None if tensor.shape is None else list(tensor.shape), "dtype": tensor.dtype}


def _weights(made: Container, graph: Graph) -> None:
    """Ids are texts; the rest is the same for many weights, and stands once in a table."""
    kinds: dict[tuple[str, tuple[int, ...], str, bool], int] = {}
    codes = array("i")
    for weight in graph.weights:
        kind = (weight.name, weight.shape, weight.dtype, weight.trainable)
        codes.append(kinds.setdefault(kind, len(kinds)))
    made.texts("weight_id", [shown(weight.id) for weight in graph.weights])
    made.numbers("weight_kind", "i32", codes)
    made.json(
        "weight_kinds",
        [
            {"name": shown(name), "shape": list(shape), "dtype": dtype, "trainable": trainable}
            for name, shape, dtype, trainable in kinds
        ],
    )
    made.numbers("weight_start", "u32", graph.weight_start)
    made.numbers("weight_code", "i32", graph.weight_codes)
    own = sorted(graph.groups.weights.items())
    made.numbers("group_weight_group", "i32", (group for group, codes in own for _ in codes))
    made.numbers("group_weight_code", "i32", (code for _, codes in own for code in codes))


def _totals(made: Container, prefix: str, totals: Sequence[Totals]) -> None:
    made.numbers(f"{prefix}parameters", "f64", (found.parameters for found in totals))
    made.numbers(f"{prefix}trainable_parameters", "f64", (found.trainable for found in totals))
    made.numbers(f"{prefix}weight_bytes", "f64", (found.bytes for found in totals))
