"""`Overlay`: a table laid over a graph, each row on the nodes and groups that it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cutaway.errors import OptionError, check_choice
from cutaway.graph.model import Graph
from cutaway.graph.select import find, members, similar
from cutaway.graph.walk import depths
from cutaway.overlays.table import Table, read_table

Rollup = Literal["sum", "mean", "max"]
ROLLUPS: tuple[Rollup, ...] = ("sum", "mean", "max")

_UNITS = ("ns", "us", "µs", "ms", "s", "b", "kb", "mb", "gb", "bytes")
_FIRST = ("time_ms",)
"""Columns that are chosen before others, where nobody chooses: that of our own profiles."""


@dataclass(frozen=True, eq=False, slots=True)
class Overlay:
    """Numbers on a graph.

    Attributes:
        table: The whole table.
        column: The column whose numbers these are.
        nodes: The number of each node that has one.
        groups: The number of each group: its own, or else what its nodes sum up to, or their mean or maximum.
        places: Nodes, and groups as ~index, that each row of the table means.
        unmatched: Names in the table that mean nothing in this graph.
        rollup: How groups got theirs.
    """

    table: Table
    column: str
    nodes: Mapping[int, float]
    groups: Mapping[int, float]
    places: Sequence[Sequence[int]]
    unmatched: tuple[str, ...]
    rollup: Rollup = "sum"

    def words(self, value: float) -> str:
        """A value with its unit, which the name of the column may end with, such as ``time_ms``."""
        unit = self.column.rpartition("_")[2].lower()
        return f"{value:.4g} {unit}" if unit in _UNITS and "_" in self.column else f"{value:.4g}"

    def given_groups(self) -> frozenset[int]:
        """Groups that have a number of their own in the table."""
        at = self.table.columns.index(self.column)
        return frozenset(
            ~place
            for (_, cells), places in zip(self.table.rows, self.places, strict=True)
            if isinstance(cells[at], float)
            for place in places
            if place < 0
        )

    def missed(self) -> str:
        """How many names mean nothing in this graph, with the first of them; empty where all do."""
        if not self.unmatched:
            return ""
        many = len(self.unmatched)
        words = f"{many:,} names of the overlay mean" if many > 1 else "1 name of the overlay means"
        return f"{words} no layer here: {', '.join(self.unmatched[:5])}"

    def records(self, graph: Graph) -> dict[str, dict[str, str | float]]:
        """All columns of the table, by the id of the node or group."""
        found: dict[str, dict[str, str | float]] = {}
        for (_, values), places in zip(self.table.rows, self.places, strict=True):
            said = {name: value for name, value in zip(self.table.columns, values, strict=True) if value is not None}
            for place in places:
                identity = graph.ids[place] if place >= 0 else graph.groups.ids[~place]
                found.setdefault(identity, {}).update(said)
        for group, value in self.groups.items():
            if group:
                found.setdefault(graph.groups.ids[group], {}).setdefault(self.column, value)
        return found


def overlay_on(
    graph: Graph, source: Any, *, column: str | None = None, rollup: Rollup = "sum", what: str = "overlay"
) -> Overlay:
    """Lay a table over a graph.

    A row means the nodes and groups whose id it names, or else whose name; an output tensor, such as ``add:0``, means
    the node that makes it.

    Args:
        graph: A grouped graph.
        source: As for `read_table`.
        column: The column that counts; None for the first that holds numbers.
        rollup: What a group without a number of its own gets from its nodes: ``"sum"``, ``"mean"`` or ``"max"``.
        what: Name of the option, for messages.

    Raises:
        ReadError: The file is damaged, too large, or no table.
        OptionError: There is no such column, it holds no numbers, or no name in the table means anything here.
    """
    check_choice("rollup", rollup, ROLLUPS)
    table = read_table(source, what=what)
    chosen = _column(table, column, what)
    places = _places(graph, table)
    unmatched = tuple(key for (key, _), found in zip(table.rows, places, strict=True) if not found)
    if table.rows and len(unmatched) == len(table.rows):
        raise OptionError(
            f"{what}: {table.name} names no layer of {graph.name!r}; received {unmatched[0]!r:.80}; "
            f"{similar(graph, unmatched[0])}"
        )
    return _laid(graph, table, table.columns[chosen], places, unmatched, rollup)


def carried(overlay: Overlay, graph: Graph, place_of: Callable[[int], int | None]) -> Overlay:
    """The same table on another graph.

    Args:
        overlay: The table on a graph.
        graph: The other graph, grouped.
        place_of: For a node, or group as ~index, the one of the other graph that stands for it; None for none.
    """
    moved = [
        tuple(dict.fromkeys(there for place in places if (there := place_of(place)) is not None))
        for places in overlay.places
    ]
    return _laid(graph, overlay.table, overlay.column, moved, overlay.unmatched, overlay.rollup)


def _laid(
    graph: Graph,
    table: Table,
    column: str,
    places: Sequence[Sequence[int]],
    unmatched: tuple[str, ...],
    rollup: Rollup,
) -> Overlay:
    """A table whose rows mean certain places."""
    chosen = table.columns.index(column)
    nodes: dict[int, float] = {}
    given: dict[int, float] = {}
    for (_, values), found in zip(table.rows, places, strict=True):
        value = values[chosen]
        if isinstance(value, float):
            nodes.update((place, value) for place in found if place >= 0)
            given.update((~place, value) for place in found if place < 0)
    return Overlay(table, column, nodes, _rolled_up(graph, nodes, given, rollup), places, unmatched, rollup)


def values_on(graph: Graph, source: Any) -> Overlay:
    """Numbers by names and patterns, every one of which must mean something; those of a group are its nodes' too.

    Raises:
        OptionError: A name means nothing in the graph, or a value is no finite number.
    """
    table = read_table(source, what="values")
    wrong = next((name for name, cells in table.rows if isinstance(cells[0], str)), None)
    if wrong is not None or len(table.columns) != 1:
        raise OptionError(f"values must be numbers by name, as a mapping or as pairs; see {wrong or table.columns!r}")
    nodes: dict[int, float] = {}
    groups: dict[int, float] = {}
    places: list[tuple[int, ...]] = []
    for name, cells in table.rows:
        value = cells[0]
        if not isinstance(value, float):
            places.append(())
            continue
        found_nodes, found_groups = find(graph, name, "values")
        nodes.update(dict.fromkeys(found_nodes, value))
        groups.update(dict.fromkeys(found_groups, value))
        places.append((*sorted(found_nodes), *(~group for group in sorted(found_groups))))
    level = depths(graph.groups.parents)
    spread: dict[int, float] = {}
    for group in sorted(groups, key=level.__getitem__):  # the innermost last, since it knows best
        spread.update(dict.fromkeys(members(graph, [group]), groups[group]))
    return Overlay(table, "value", spread | nodes, groups, places, (), "sum")


def _column(table: Table, column: str | None, what: str) -> int:
    numeric = [at for at in range(len(table.columns)) if table.numeric(at)]
    listed = ", ".join(table.columns[at] for at in numeric) or "none"
    if column is None:
        named = [at for at in numeric if table.columns[at] in _FIRST]
        if not numeric:
            raise OptionError(
                f"{what}: {table.name} has no column of numbers; its columns are {', '.join(table.columns)}"
            )
        return (named or numeric)[0]
    if column not in table.columns:
        raise OptionError(f"{what}: {table.name} has no column {column!r}; its columns of numbers are {listed}")
    found = table.columns.index(column)
    if found not in numeric:
        raise OptionError(f"{what}: column {column!r} does not hold numbers alone; those that do are {listed}")
    return found


def _places(graph: Graph, table: Table) -> list[tuple[int, ...]]:
    """Nodes, and groups as ~index, that each row means."""
    by_id: dict[str, list[int]] = {}
    by_name: dict[str, list[int]] = {}
    for node, (identity, name) in enumerate(zip(graph.ids, graph.names, strict=True)):
        by_id.setdefault(identity, []).append(node)
        by_name.setdefault(name, []).append(node)
    for group in range(1, len(graph.groups)):
        by_id.setdefault(graph.groups.ids[group], []).append(~group)
        by_name.setdefault(graph.groups.names[group], []).append(~group)

    def look(key: str) -> tuple[int, ...]:
        found = by_id.get(key) or by_name.get(key)
        if found is None:
            maker, colon, port = key.rpartition(":")
            found = (by_id.get(maker) or by_name.get(maker)) if colon and port.isdecimal() else None
        return tuple(found or ())

    return [look(key) for key, _ in table.rows]


def _rolled_up(
    graph: Graph, nodes: Mapping[int, float], given: Mapping[int, float], rollup: Rollup
) -> dict[int, float]:
    """The number of each group: its own, or what comes of the nodes in it; none where nothing in it has one."""
    parents = graph.groups.parents
    total, largest, count = [0.0] * len(parents), [float("-inf")] * len(parents), [0] * len(parents)
    for node, value in nodes.items():
        group = graph.node_groups[node]
        total[group] += value
        largest[group] = max(largest[group], value)
        count[group] += 1
    found: dict[int, float] = {}
    for group in range(len(parents) - 1, -1, -1):  # a parent stands before its children
        if group in given:
            total[group] = largest[group] = given[group]
            count[group] = max(1, count[group])
        if count[group]:
            mean = given[group] if group in given else total[group] / count[group]
            found[group] = {"sum": total[group], "max": largest[group], "mean": mean}[rollup]
        if group:
            parent = parents[group]
            total[parent] += total[group] if rollup != "mean" else found.get(group, 0.0) * count[group]
            largest[parent] = max(largest[parent], largest[group])
            count[parent] += count[group]
    return found
