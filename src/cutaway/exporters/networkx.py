"""`to_networkx` and `from_networkx`: a graph as one of NetworkX, and any of NetworkX's as a graph that can be drawn."""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable, Mapping
from itertools import chain
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypeGuard

from cutaway.errors import MissingExtra, OptionError
from cutaway.exporters.rows import SCALAR, Facts, to_rows
from cutaway.graph.build import GraphBuilder
from cutaway.graph.contract import plain
from cutaway.graph.model import CONTROL, Graph, Shape, Tensor

if TYPE_CHECKING:
    import networkx as nx

DEEPEST = 100
"""Groups around a node; more is a mistake in the paths."""

MOST_PORTS = 1 << 10
"""Output ports of a node; nodes of real models have a few dozen."""

_OUR_OWN = {"name", "label", "op", "group", "kind", "shape", "dtype", "outputs", "attributes"}


def export(graph: Graph, *, closed: Collection[int] = (), facts: Facts | None = None) -> nx.MultiDiGraph:
    """A grouped graph as one of NetworkX; see `to_rows` for what is in it.

    Raises:
        MissingExtra: NetworkX is not installed.
    """
    try:
        import networkx as nx
    except ImportError as error:
        raise MissingExtra(
            "a graph of NetworkX needs networkx; install it with: pip install 'cutaway[networkx]'"
        ) from error
    rows = to_rows(graph, closed=closed, facts=facts)
    made = nx.MultiDiGraph(**rows.model)
    made.add_nodes_from(rows.nodes)
    made.add_edges_from(rows.edges)
    return made


def from_networkx(graph: nx.DiGraph) -> Graph:
    """Make any directed graph of NetworkX one that `plot_model`, `show` and `summary` take.

    Cycles, loops and parallel edges are allowed. These attributes mean something, and none has to be there:

    - of a node ``op`` (what it is, which chooses its colour; otherwise its name), ``label`` or ``name`` (what is
      written on it; otherwise the node itself), ``group`` (the groups around it, as ``"encoder/block1"``), ``shape``,
      ``dtype`` and ``outputs`` as `to_networkx` writes them; all others can be shown with ``fields``;
    - of an edge ``slot`` (its place among the inputs of the node that it leads to), ``port`` (output that it comes
      from), ``argument``;
    - of the graph ``name``.

    Args:
        graph: A `networkx.DiGraph` or `networkx.MultiDiGraph`.

    Returns:
        The graph; its nodes stand in the order of the first one's.

    Raises:
        OptionError: It is not a directed graph of NetworkX, or an attribute cannot be what it must.
    """
    directed = getattr(graph, "is_directed", None)
    if not callable(directed) or not hasattr(graph, "in_edges" if directed() else "nodes"):
        raise OptionError(f"expected a directed graph of NetworkX; received {type(graph).__name__}")
    if not directed():
        raise OptionError(
            "expected a directed graph of NetworkX; received an undirected one, and which way it flows only you know: "
            "networkx.DiGraph(graph.edges) keeps the direction in which its edges were written"
        )
    builder = GraphBuilder(str(graph.graph.get("name") or "graph"), "networkx")
    groups: dict[tuple[str, ...], int] = {(): 0}
    index: dict[Hashable, int] = {}
    for node, values in graph.nodes(data=True):
        home = _group(builder, groups, node, values.get("group"))
        outputs = _outputs(node, values)
        name = str(
            next(
                (values[key] for key in ("label", "name") if values.get(key) not in (None, "")),
                plain(node) if isinstance(node, frozenset) else node,
            )
        )
        op, attributes = str(values.get("op") or name), _attributes(values)
        index[node] = builder.node(name, op, group=home, outputs=outputs, attributes=attributes)
    for node in graph.nodes:
        inner = [(source, values) for source, _, values in graph.in_edges(node, data=True)]
        if all(_is_whole(values.get("slot")) for _, values in inner):
            inner.sort(key=lambda edge: int(edge[1]["slot"]))
        for source, values in inner:
            port = _port(source, node, values.get("port", 0))
            builder.connect(index[source], index[node], port=port, label=str(values.get("argument") or ""))
    return builder.build()


def _group(builder: GraphBuilder, groups: dict[tuple[str, ...], int], node: Hashable, path: object) -> int:
    """The group at a path, made where it is not there, with all around it."""
    if path is None:
        return 0
    if not isinstance(path, str) or path.count("/") > DEEPEST:
        raise OptionError(
            f"node {node!r:.80}: group must be a path of at most {DEEPEST} names, such as 'encoder/block1'; "
            f"received {path!r:.80}"
        )
    names = tuple(name for name in path.split("/") if name)
    for end in range(1, len(names) + 1):
        if names[:end] not in groups:
            groups[names[:end]] = builder.group(names[end - 1], parent=groups[names[: end - 1]])
    return groups[names]


def _port(source: Hashable, target: Hashable, port: object) -> int:
    if not _is_whole(port) or not CONTROL <= port < MOST_PORTS:
        raise OptionError(
            f"edge {source!r:.80} to {target!r:.80}: port must be a whole number from 0 to {MOST_PORTS - 1}, or "
            f"{CONTROL} for an edge without a tensor; received {port!r:.80}"
        )
    return int(port)


def _is_whole(value: object) -> TypeGuard[int]:
    """Whether it is a whole number, of Python or of numpy."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def _outputs(node: Hashable, values: Mapping[str, Any]) -> list[Tensor]:
    """Output tensors: all of them from ``outputs``, or the one of ``shape`` and ``dtype``."""
    told = values.get("outputs")
    if told is None:
        return [Tensor(_shape(node, values.get("shape")), _dtype(values.get("dtype")))]
    try:
        listed = json.loads(told) if isinstance(told, str) else told
        pairs = [(each.get("shape"), each.get("dtype")) for each in listed]
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise OptionError(
            f'node {node!r:.80}: outputs must be a list like [{{"shape": [null, 10], "dtype": "float32"}}], or the '
            f"same in JSON; received {told!r:.80}"
        ) from error
    return [Tensor(_shape(node, shape), _dtype(dtype)) for shape, dtype in pairs[:MOST_PORTS]]


def _dtype(dtype: object) -> str | None:
    return None if dtype is None else str(dtype)


def _shape(node: Hashable, shape: object) -> Shape | None:
    """A shape from a sequence, or from words such as ``"(None, 10)"``."""
    if shape is None:
        return None
    sizes: Any = shape
    if isinstance(shape, str):
        if shape == SCALAR:
            return ()
        words = shape.strip().strip("()[]").split(",")
        sizes = [None if word.strip() in ("None", "null", "?") else word for word in words if word.strip()]
    try:
        found = tuple(None if size is None else int(size) for size in sizes)
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"node {node!r:.80}: shape must be a tuple such as (None, 10); received {shape!r:.80}"
        ) from error
    return tuple(None if size is None or size < 0 else size for size in found)


def _attributes(values: Mapping[Any, Any]) -> Mapping[str, Any]:
    """What is said about a node beyond what has a meaning of its own; ``attributes`` in JSON is taken apart."""
    told = values.get("attributes")
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except (ValueError, RecursionError):
            told = {"attributes": told}
    known = plain(told).items() if isinstance(told, Mapping) else ()
    others = ((str(key), plain(value)) for key, value in values.items() if key not in _OUR_OWN)
    return dict(chain(others, known))
