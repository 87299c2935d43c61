"""Fold repeats: equal groups in a row are drawn once, with ×N and what differs between the copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cutaway.graph.model import Graph
from cutaway.graph.select import keep

_THE_USER = -1  # reads the outputs of the model

_TELLING = ("filters", "units", "num_heads", "kernel_size", "strides", "shape")  # what a person would say first


@dataclass(frozen=True, slots=True)
class Fold:
    """Copies that one group stands for.

    Attributes:
        group: The first copy, which is drawn, in the folded graph.
        copies: Number of copies, the first counted.
        last: Name of the last copy.
        differences: What differs, such as ``"filters 64 … 512"``.
    """

    group: int
    copies: int
    last: str
    differences: tuple[str, ...]


def fold(graph: Graph, *, fewest: int = 2) -> tuple[Graph, dict[int, Fold]]:
    """Fold runs of equal neighbour groups.

    Two groups are equal where the operations inside and the edges between them are. A run is folded only
    where each copy reads the one before it and otherwise what the first one reads, and where nobody else
    reads any copy but the last: so no connection is lost.

    Args:
        graph: A grouped graph.
        fewest: Copies from which on a run is folded.

    Returns:
        The graph without the further copies, and the folds by group.
    """
    nodes_in = _nodes_by_group(graph)
    children: list[list[int]] = [[] for _ in range(len(graph.groups))]
    for child in range(1, len(graph.groups)):
        children[graph.groups.parents[child]].append(child)
    folds: dict[int, Fold] = {}
    replaced: dict[int, int] = {}
    for run in _foldable(graph, children, nodes_in, fewest):
        copies = [nodes_in[copy] for copy in run]
        if copies[0][0] in replaced:
            continue  # inside a copy that is folded away itself
        for copy in copies[1:]:
            replaced.update(zip(copy, copies[0], strict=True))
        folds[run[0]] = Fold(run[0], len(run), graph.groups.names[run[-1]], _differences(graph, copies))
    if not folds:
        return graph, {}
    kept = [node for node in range(len(graph)) if node not in replaced]
    final = {node: _last(replaced, node) for node in replaced}
    folded = keep(graph, kept, final)
    place = {identity: at for at, identity in enumerate(folded.groups.ids)}
    found = [replace(fold, group=place[graph.groups.ids[at]]) for at, fold in folds.items()]
    return folded, {fold.group: fold for fold in found}


def _foldable(
    graph: Graph, children: Sequence[Sequence[int]], nodes_in: Sequence[Sequence[int]], fewest: int
) -> list[list[int]]:
    """Runs of which nobody else reads any copy but the last, outermost first."""
    runs: list[list[int]] = []
    for siblings in children:
        ordered = sorted((child for child in siblings if nodes_in[child]), key=lambda child: nodes_in[child][0])
        runs.extend(run for run in _runs(graph, ordered, nodes_in) if len(run) >= fewest)
    readers: list[list[int]] = [[] for _ in range(len(graph))]
    for edge in graph.edges():
        readers[edge.source].append(edge.target)
    for port in graph.outputs:
        readers[port.node].append(_THE_USER)
    return [run for run in runs if not _read_from_outside(readers, [nodes_in[copy] for copy in run])]


def _read_from_outside(readers: Sequence[Sequence[int]], copies: Sequence[Sequence[int]]) -> bool:
    """Whether a copy but the last is read by anything but itself and the copy after it."""
    copy_of = {node: at for at, nodes in enumerate(copies) for node in nodes}
    return any(
        copy_of.get(reader, _THE_USER) not in (at, at + 1)
        for at, nodes in enumerate(copies[:-1])
        for node in nodes
        for reader in readers[node]
    )


def _last(replaced: Mapping[int, int], node: int) -> int:
    while node in replaced:
        node = replaced[node]
    return node


def _nodes_by_group(graph: Graph) -> list[list[int]]:
    """Nodes of every group at any depth, in order."""
    found: list[list[int]] = [[] for _ in range(len(graph.groups))]
    for node, group in enumerate(graph.node_groups):
        found[group].append(node)
    for group in range(len(found) - 1, 0, -1):
        found[graph.groups.parents[group]].extend(found[group])
    return [sorted(nodes) for nodes in found]


def _runs(graph: Graph, siblings: Sequence[int], nodes_in: Sequence[Sequence[int]]) -> list[list[int]]:
    """Maximal runs of siblings of which one drawing can stand for all."""
    runs: list[list[int]] = []
    pattern: Pattern = ()
    for group in siblings:
        before = nodes_in[runs[-1][-1]] if runs else ()
        here = _pattern(graph, nodes_in[group], before)
        if runs and (here == pattern if len(runs[-1]) > 1 else _follows(here, _pattern(graph, before, ()))):
            runs[-1].append(group)
        else:
            runs.append([group])
        pattern = here
    return runs


Pattern = tuple[tuple[int, tuple[tuple[str, int, int], ...]], ...]
"""For each node of a copy its operation and, for each input, where it comes from: ``("here", position, port)``,
``("before", position, port)`` in the copy before, or ``("outside", node, port)``."""


def _pattern(graph: Graph, nodes: Sequence[int], before: Sequence[int]) -> Pattern:
    here = {node: at for at, node in enumerate(nodes)}
    there = {node: at for at, node in enumerate(before)}
    rows = []
    for node in nodes:
        sources = []
        for at in range(graph.input_start[node], graph.input_start[node + 1]):
            source, port = graph.input_node[at], graph.input_port[at]
            if source in here:
                sources.append(("here", here[source], port))
            elif source in there:
                sources.append(("before", there[source], port))
            else:
                sources.append(("outside", source, port))
        rows.append((graph.op_codes[node], tuple(sources)))
    return tuple(rows)


def _follows(second: Pattern, first: Pattern) -> bool:
    """Whether a copy reads the one before it where that reads something outside, and is equal to it elsewhere."""
    chained = False
    if len(second) != len(first):
        return False
    for (op, sources), (first_op, first_sources) in zip(second, first, strict=True):
        if op != first_op or len(sources) != len(first_sources):
            return False
        for source, first_source in zip(sources, first_sources, strict=True):
            if source[0] == "before" and first_source[0] == "outside":
                chained = True
            elif source != first_source:
                return False
    return chained


def _differences(graph: Graph, copies: Sequence[Sequence[int]]) -> tuple[str, ...]:
    """Attributes and output sizes that are not the same in all copies, by the first position where they differ."""
    found: dict[str, str] = {}
    for nodes in zip(*copies, strict=True):
        attributes = [graph.attributes[node] for node in nodes]
        for key in attributes[0]:
            values = [attribute.get(key) for attribute in attributes]
            plain = isinstance(values[0], (int, float, str, list, tuple))
            if key not in found and plain and any(value != values[0] for value in values):
                found[key] = f"{key} {_value(values[0])} … {_value(values[-1])}"
    shapes = [graph.tensor(nodes[-1], 0).shape for nodes in copies]
    if any(shape != shapes[0] for shape in shapes):
        found["shape"] = f"shape {_shape(shapes[0])} … {_shape(shapes[-1])}"
    shown = sorted((key for key in found if key not in ("name", "seed")), key=lambda key: key not in _TELLING)
    return tuple(found[key] for key in shown)


def _value(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "×".join(map(_value, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _shape(shape: Sequence[int | None] | None) -> str:
    return "?" if shape is None else "×".join("?" if size is None else str(size) for size in shape[1:])
