"""`summary`: a model as a table, and the forms in which the table can be written.

A `Summary` is plain data: a row for every node and every group, in the order of the tree. What writes it are
functions in `FORMATS`, each from a summary to text; the table with colours for a terminal is `rich_table`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cutaway.analysis.parameters import Totals, group_totals, node_totals
from cutaway.graph.grouping import group as with_groups
from cutaway.graph.model import Graph, Tensor
from cutaway.readers import read
from cutaway.style.measure import clean

if TYPE_CHECKING:
    from rich.table import Table

SCHEMA = 1
"""Version of the JSON form; it grows when a program that reads the old one could misread the new one."""

HEADINGS = ("name", "op", "output", "parameters", "bytes")
_NUMBERS = {"parameters", "bytes"}


@dataclass(frozen=True, slots=True)
class Row:
    """A node, or a group with all that it holds.

    Attributes:
        id: Unique in the graph.
        name: What its author called it.
        op: Class of the layer or model, or kind of the operation; may be empty for a group.
        kind: ``"node"``, or the kind of the group.
        group: Id of the group that holds it; empty for the root.
        depth: Number of groups around it, the root not counted.
        outputs: Tensors that a node makes; nothing for a group.
        totals: Parameters and bytes; each weight counts once.
    """

    id: str
    name: str
    op: str
    kind: str
    group: str
    depth: int
    outputs: tuple[Tensor, ...]
    totals: Totals


@dataclass(frozen=True, slots=True)
class Summary:
    """A model as a table; printing it shows the table.

    Attributes:
        name, format, producer: What was read, as on the graph.
        nodes, edges, groups: How many there are; the root is not counted.
        totals: Parameters and bytes of the whole model.
        rows: Nodes and groups in the order of the tree; a group stands before what it holds.
        warnings: What could not be read, in words.
    """

    name: str
    format: str
    producer: str
    nodes: int
    edges: int
    groups: int
    totals: Totals
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        return to_text(self)


def summary(
    source: object, *, input_shape: Any = None, inputs: Any = None, signature: str | None = None, raw: bool = False
) -> Summary:
    """Summarise a model: its tree with shapes, parameters and bytes.

    Args:
        source: Path of a file or folder, a live model, or a `Graph`.
        input_shape: Shape of the model's input, the batch included, for a model that was never built.
        inputs: Input specification of a live model that takes more than one tensor.
        signature: Entry point that is shown, for files that hold several; None for the serving one.
        raw: Whether everything in the file is listed as it stands, plumbing included.

    Returns:
        The table. A flat model is grouped as its picture is.

    Raises:
        ReadError: The input is damaged, unsafe, or not a model.
        UnbuiltModel: A live model has no shapes yet, and none are given.
        OptionError: An option is given that means nothing for this source, or a signature that is not there.
    """
    if isinstance(source, Graph):
        graph = source
    else:
        graph = read(source, input_shape=input_shape, inputs=inputs, signature=signature, raw=raw)
    graph = with_groups(graph)
    of_groups = group_totals(graph)
    return Summary(
        name=graph.name,
        format=graph.format,
        producer=graph.producer,
        nodes=len(graph),
        edges=graph.edge_count,
        groups=len(graph.groups) - 1,
        totals=of_groups[0],
        rows=tuple(_rows(graph, of_groups)),
        warnings=graph.warnings,
    )


def _rows(graph: Graph, of_groups: Sequence[Totals]) -> Iterator[Row]:
    """Rows of the tree below the root, depth first."""
    of_nodes = node_totals(graph)
    tree = _children(graph)
    stack = [iter(tree[0])]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
            continue
        is_group, index = entry
        depth = len(stack) - 1
        if is_group:
            group = graph.group(index)
            parent = graph.groups.ids[group.parent]
            yield Row(group.id, group.name, group.op, group.kind, parent, depth, (), of_groups[index])
            stack.append(iter(tree[index]))
        else:
            yield Row(
                graph.ids[index], graph.names[index], graph.op(index), "node",
                graph.groups.ids[graph.node_groups[index]], depth, graph.outputs_of(index), of_nodes[index],
            )  # fmt: skip


def _children(graph: Graph) -> list[list[tuple[bool, int]]]:
    """What each group holds, as ``(is a group, index)``; a group stands where the first of its nodes does."""
    parents = graph.groups.parents
    children: list[list[tuple[bool, int]]] = [[] for _ in parents]
    placed = {0}

    def place(group: int) -> None:
        chain = []
        while group not in placed:
            placed.add(group)
            chain.append(group)
            group = parents[group]
        for child in reversed(chain):
            children[parents[child]].append((True, child))

    for node, group in enumerate(graph.node_groups):
        place(group)
        children[group].append((False, node))
    for group in range(len(parents)):  # groups without nodes stand last
        place(group)
    return children


def shape_words(tensor: Tensor) -> str:
    """A shape as Keras writes it; ``?`` where even the rank is unknown."""
    return "?" if tensor.shape is None else str(tensor.shape)


def size_words(size: int) -> str:
    """A number of bytes in the largest unit of which there is at least one."""
    value, units = float(size), ["B", "kB", "MB", "GB", "TB"]
    while value >= 999.95 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{size} B" if units[0] == "B" else f"{value:.1f} {units[0]}"


def total_words(table: Summary) -> str:
    """One line under the table."""
    totals = table.totals
    return (
        f"{totals.parameters:,} parameters ({totals.trainable:,} trainable), {size_words(totals.bytes)}; "
        f"{table.nodes:,} nodes, {table.edges:,} edges, {table.groups:,} groups"
    )


def _cells(row: Row) -> tuple[str, ...]:
    """What stands in the table, safe to show; the columns are those of `HEADINGS`."""
    parameters = f"{row.totals.parameters:,}" if row.totals.parameters else ""
    size = size_words(row.totals.bytes) if row.totals.bytes else ""
    return (_safe(row.name), _safe(row.op), ", ".join(map(shape_words, row.outputs)), parameters, size)


def _safe(text: str) -> str:
    return clean(text).replace("\ue000", "\ufffd")


def to_text(table: Summary) -> str:
    """The table in columns, for a pipe or a log: as wide as its longest row, without colours."""
    rows = [("  " * row.depth + cells[0], *cells[1:]) for row in table.rows for cells in (_cells(row),)]
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    lines = [_line(HEADINGS, widths), "  ".join("-" * width for width in widths)]
    lines += [_line(row, widths) for row in rows]
    return "\n".join([_safe(table.name), *lines, total_words(table), *_warning_lines(table), ""])


def _line(cells: Iterable[str], widths: Sequence[int]) -> str:
    aligned = (
        cell.rjust(width) if heading in _NUMBERS else cell.ljust(width)
        for heading, cell, width in zip(HEADINGS, cells, widths, strict=True)
    )
    return "  ".join(aligned).rstrip()


def _warning_lines(table: Summary) -> list[str]:
    return [f"warning: {_safe(warning)}" for warning in table.warnings]


def rich_table(table: Summary) -> Table:
    """The table for a terminal, with the terminal's width and colours."""
    from rich.table import Table
    from rich.text import Text

    made = Table(title=Text(_safe(table.name)), caption=Text("\n".join([total_words(table), *_warning_lines(table)])))
    for heading in HEADINGS:
        made.add_column(heading, justify="right" if heading in _NUMBERS else "left", no_wrap=heading in _NUMBERS)
    for row in table.rows:
        name, *rest = _cells(row)
        style = "" if row.kind == "node" else "bold"
        made.add_row(Text("  " * row.depth + name, style=style), *(Text(cell, style=style) for cell in rest))
    return made


def to_json(table: Summary) -> str:
    """The table as JSON: rows for the nodes, and the groups beside them."""
    document = {
        "schema": SCHEMA,
        "model": {
            "name": table.name,
            "format": table.format,
            "producer": table.producer,
            "nodes": table.nodes,
            "edges": table.edges,
            "groups": table.groups,
            **_numbers(table.totals),
            "warnings": list(table.warnings),
        },
        "rows": [
            {
                "id": row.id,
                "name": row.name,
                "op": row.op,
                "group": row.group,
                "outputs": [
                    {"shape": None if tensor.shape is None else list(tensor.shape), "dtype": tensor.dtype}
                    for tensor in row.outputs
                ],
                **_numbers(row.totals),
            }
            for row in table.rows
            if row.kind == "node"
        ],
        "groups": [
            {
                "id": row.id, "name": row.name, "op": row.op, "kind": row.kind, "parent": row.group,
                **_numbers(row.totals),
            }
            for row in table.rows
            if row.kind != "node"
        ],
    }  # fmt: skip
    return json.dumps(document, indent=1) + "\n"


def _numbers(totals: Totals) -> dict[str, int]:
    return {
        "parameters": totals.parameters,
        "trainable_parameters": totals.trainable,
        "weight_bytes": totals.bytes,
    }


def to_csv(table: Summary) -> str:
    """The table as CSV: a line for every row, groups included; ``kind`` tells them apart."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("kind", "id", "name", "op", "group", "outputs", "parameters", "trainable_parameters", "bytes"))
    for row in table.rows:
        words = map(_safe, (row.kind, row.id, row.name, row.op, row.group))
        shapes = " ".join(map(shape_words, row.outputs))
        writer.writerow((*words, shapes, row.totals.parameters, row.totals.trainable, row.totals.bytes))
    return stream.getvalue()


def to_markdown(table: Summary) -> str:
    """The table as Markdown, groups in bold."""
    lines = [
        f"| {' | '.join(HEADINGS)} |",
        f"|{'|'.join('--:' if heading in _NUMBERS else '---' for heading in HEADINGS)}|",
    ]
    for row in table.rows:
        name, *rest = (re.sub(r"([\\`*_{}\[\]<>|#&~])", r"\\\1", cell) for cell in _cells(row))
        shown = name if row.kind == "node" or not name else f"**{name}**"
        lines.append(f"| {'&emsp;' * row.depth}{shown} | {' | '.join(rest)} |")
    return "\n".join([*lines, "", total_words(table), ""])


FORMATS: Mapping[str, Callable[[Summary], str]] = {
    "table": to_text,
    "json": to_json,
    "csv": to_csv,
    "md": to_markdown,
}
"""Every form in which a summary can be written."""
