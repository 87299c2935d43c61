"""What TensorFlow measured of a run: time and memory of each operation (``RunMetadata``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cutaway.graph.model import Graph
from cutaway.readers.wire.protobuf import DecodeError, message, text

MEASURED = "measured"
"""Attribute of a node that holds what was measured of it."""


def measurements(encoded: bytes) -> dict[str, dict[str, int]]:
    """Microseconds (``compute_us``) and bytes (``memory_bytes``) by the name of the operation, over all devices."""
    try:
        run = message("RunMetadata").FromString(encoded)
    except DecodeError:
        return {}
    found: dict[str, dict[str, int]] = {}
    for device in run.step_stats.dev_stats:
        for stats in device.node_stats:
            told = found.setdefault(text(stats.node_name), {"compute_us": 0, "memory_bytes": 0})
            told["compute_us"] += max(0, stats.op_end_rel_micros - stats.op_start_rel_micros)
            told["memory_bytes"] += sum(max(0, used.total_bytes) for used in stats.memory)
    return found


def graph_in(encoded: bytes) -> bytes | None:
    """The encoded ``GraphDef`` of a run: before it was optimised, if that is kept."""
    try:
        run = message("RunMetadata").FromString(encoded)
    except DecodeError:
        return None
    whole = [graphs.pre_optimization_graph for graphs in run.function_graphs if graphs.pre_optimization_graph]
    parts = [part for graphs in run.function_graphs for part in graphs.partition_graphs]
    found: Sequence[bytes] = whole or parts or list(run.partition_graphs)
    return max(found, key=len) if found else None


def with_measurements(graph: Graph, measured: Mapping[str, Mapping[str, int]]) -> Graph:
    """The graph, with an attribute `MEASURED` on each node that something was measured of.

    An operation is found by its name; the layer of a Keras model by all operations in a scope of its name.
    """
    by_scope: dict[str, dict[str, int]] = {}
    for name, told in measured.items():
        for scope in dict.fromkeys(name.split("/")[:-1]):
            whole = by_scope.setdefault(scope, dict.fromkeys(told, 0))
            for key, value in told.items():
                whole[key] += value
    found: dict[int, Mapping[str, int]] = {}
    for index, name in enumerate(graph.names):
        told_of = measured.get(graph.ids[index]) or measured.get(name) or by_scope.get(name)
        if told_of is not None:
            found[index] = told_of
    return replace(graph, attributes=_Measured(graph.attributes, found)) if found else graph


class _Measured(Sequence[Mapping[str, Any]]):
    """Attributes of nodes, and what was measured of them."""

    def __init__(self, attributes: Sequence[Mapping[str, Any]], found: Mapping[int, Mapping[str, int]]) -> None:
        self._attributes = attributes
        self._found = found

    def __len__(self) -> int:
        return len(self._attributes)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self))))
        index = range(len(self))[index]
        told = self._attributes[index]
        return {**told, MEASURED: dict(self._found[index])} if index in self._found else told
