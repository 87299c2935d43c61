"""Parts of a graph: what a name or a predicate means, what lies between two nodes, and a graph of only that."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import accumulate
from typing import Any, TypeVar

from cutaway.errors import OptionError
from cutaway.graph.model import Graph, GroupColumns, Node, Port

T = TypeVar("T")

Wanted = str | Iterable[str] | Callable[[Node], bool]


def find(graph: Graph, wanted: Wanted, what: str) -> tuple[frozenset[int], frozenset[int]]:
    """Nodes and groups that the caller means.

    Args:
        graph: Where to look.
        wanted: A name or id (of nodes, groups or output tensors as ``name:port``) or a pattern with ``*``;
            several of them; or a predicate over `Node`.
        what: Name of the option, for the message.

    Raises:
        OptionError: A name means nothing in this graph; the message offers similar ones.
    """
    if wanted is None or isinstance(wanted, (int, float)):
        raise OptionError(f"{what} must be names, patterns or a predicate; received {wanted!r}")
    if callable(wanted):
        return frozenset(node.index for node in graph.nodes if wanted(node)), frozenset()
    nodes: set[int] = set()
    groups: set[int] = set()
    for name in [wanted] if isinstance(wanted, str) else wanted:
        if not isinstance(name, str):
            raise OptionError(f"{what} must be names, patterns or a predicate; received {name!r} among them")
        found_nodes = _matching(name, graph.names, graph.ids)
        found_groups = [at for at in _matching(name, graph.groups.names, graph.groups.ids) if at]
        if not found_nodes and not found_groups:
            raise OptionError(f"{what}: {graph.name!r} has no layer or group {name!r}; {similar(graph, name)}")
        nodes.update(found_nodes)
        groups.update(found_groups)
    return frozenset(nodes), frozenset(groups)


def _matching(wanted: str, names: Sequence[str], ids: Sequence[str]) -> list[int]:
    if "*" in wanted or "?" in wanted:
        return [at for at, pair in enumerate(zip(names, ids, strict=True)) if any(fnmatchcase(x, wanted) for x in pair)]
    exact = [at for at, pair in enumerate(zip(names, ids, strict=True)) if wanted in pair]
    if exact:
        return exact
    layer, colon, port = wanted.rpartition(":")
    return _matching(layer, names, ids) if colon and port.isdigit() else []


def similar(graph: Graph, name: str) -> str:
    """Names in a graph that are like one that it does not have, in words."""
    from difflib import get_close_matches

    close = get_close_matches(name, [*dict.fromkeys(graph.names), *dict.fromkeys(graph.groups.names)], 5, 0.5)
    if close:
        return f"similar names are {', '.join(map(repr, close))}"
    return f"its first layers are {', '.join(map(repr, graph.names[:5]))}"


def members(graph: Graph, groups: Iterable[int]) -> frozenset[int]:
    """Nodes that lie in one of the groups, at any depth."""
    inside = bytearray(len(graph.groups))
    for group in groups:
        inside[group] = 1
    for group in range(1, len(graph.groups)):
        inside[group] |= inside[graph.groups.parents[group]]
    return frozenset(node for node, group in enumerate(graph.node_groups) if inside[group])


def between(graph: Graph, start: Wanted, end: Wanted) -> Graph:
    """The part of a graph on paths from one place to another, both included.

    Raises:
        OptionError: A name means nothing, or no path leads from the first place to the second.
    """
    sources, targets = (_all(graph, *find(graph, wanted, "between")) for wanted in (start, end))
    ahead: list[list[int]] = [[] for _ in range(len(graph))]
    for edge in graph.edges():
        ahead[edge.source].append(edge.target)
    forward = _reach(sources, lambda node: ahead[node])
    first, sources_of = graph.input_start, graph.input_node
    backward = _reach(targets, lambda node: sources_of[first[node] : first[node + 1]])
    kept = forward & backward
    if not kept:
        raise OptionError(f"between: no path leads from {start!r} to {end!r} in {graph.name!r}")
    return keep(graph, kept)


def _all(graph: Graph, nodes: frozenset[int], groups: frozenset[int]) -> frozenset[int]:
    return nodes | members(graph, groups) if groups else nodes


def _reach(starts: Iterable[int], near: Callable[[int], Iterable[int]]) -> set[int]:
    seen = set(starts)
    stack = list(seen)
    while stack:
        for other in near(stack.pop()):
            if other not in seen:
                seen.add(other)
                stack.append(other)
    return seen


def keep(graph: Graph, nodes: Iterable[int], replaced: dict[int, int] | None = None) -> Graph:
    """The graph of some of the nodes, with the edges between them; groups that lose all nodes are gone.

    Args:
        graph: The whole.
        nodes: Which nodes stay.
        replaced: Nodes that others stand for: an edge from one of them comes from its stand-in instead.
    """
    kept = sorted(set(nodes))
    place = {node: at for at, node in enumerate(kept)}
    stands = replaced or {}
    input_node, input_port, labels = array("i"), array("i"), {}
    counts = [0]
    for node in kept:
        for at in range(graph.input_start[node], graph.input_start[node + 1]):
            source = graph.input_node[at]
            source = stands.get(source, source)
            if source in place and (source != node or source == graph.input_node[at]):
                if at in graph.input_labels:
                    labels[len(input_node)] = graph.input_labels[at]
                input_node.append(place[source])
                input_port.append(graph.input_port[at])
        counts.append(len(input_node))
    output_start, output_codes = _rows_of(graph.output_start, graph.output_codes, kept)
    weight_start, weight_codes = _rows_of(graph.weight_start, graph.weight_codes, kept)

    def ports(found: Iterable[Port]) -> tuple[Port, ...]:
        moved = ((stands.get(port.node, port.node), port) for port in found)
        return tuple(Port(place[node], port.port, port.name) for node, port in moved if node in place)

    groups, moved = _groups_of(graph, kept)
    return replace(
        graph,
        groups=groups,
        ids=tuple(graph.ids[node] for node in kept),
        names=tuple(graph.names[node] for node in kept),
        op_codes=array("i", (graph.op_codes[node] for node in kept)),
        node_groups=array("i", (moved[graph.node_groups[node]] for node in kept)),
        input_start=array("q", counts),
        input_node=input_node,
        input_port=input_port,
        input_labels=labels,
        output_start=output_start,
        output_codes=output_codes,
        weight_start=weight_start,
        weight_codes=weight_codes,
        attributes=_Picked(graph.attributes, kept),
        inputs=ports(graph.inputs),
        outputs=ports(graph.outputs),
    )


def _groups_of(graph: Graph, kept: Sequence[int]) -> tuple[GroupColumns, dict[int, int]]:
    """The groups that hold some of the nodes, and where the old ones went."""
    groups = graph.groups
    needed = {0}
    for node in kept:
        group = graph.node_groups[node]
        while group not in needed:
            needed.add(group)
            group = groups.parents[group]
    order = sorted(needed)
    moved = {group: at for at, group in enumerate(order)}

    def pick(table: Mapping[int, T]) -> dict[int, T]:
        return {moved[group]: value for group, value in table.items() if group in moved}

    columns = GroupColumns(
        ids=tuple(groups.ids[group] for group in order),
        names=tuple(groups.names[group] for group in order),
        kinds=tuple(groups.kinds[group] for group in order),
        parents=array("i", (moved.get(groups.parents[group], -1) for group in order)),
        ops=pick(groups.ops),
        found_by=pick(groups.found_by),
        attributes=pick(groups.attributes),
        weights=pick(groups.weights),
    )
    return columns, moved


def _rows_of(start: array[int], codes: array[int], kept: Sequence[int]) -> tuple[array[int], array[int]]:
    """The rows of some nodes out of compressed rows."""
    lengths = (start[node + 1] - start[node] for node in kept)
    found = array("i")
    for node in kept:
        found.extend(codes[start[node] : start[node + 1]])
    return array("q", accumulate(lengths, initial=0)), found


class _Picked(Sequence[Any]):
    """Some items of a sequence that may make them on demand, still made on demand."""

    def __init__(self, items: Sequence[Any], kept: Sequence[int]) -> None:
        self._items = items
        self._kept = kept

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        return self._items[self._kept[index]]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Sequence)
            and len(self) == len(other)
            and all(a == b for a, b in zip(self, other, strict=True))
        )

    __hash__ = None  # type: ignore[assignment]
