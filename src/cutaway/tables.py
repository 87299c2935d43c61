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
from functools import cache
from typing import TYPE_CHECKING, Any

from cutaway.analysis.cost import Cost, cost, roll_up
from cutaway.analysis.memory import TrainingMemory, activations
from cutaway.analysis.memory import training as training_memory
from cutaway.analysis.node_facts import NODE_FACTS, Asked, Fact, fact_words
from cutaway.analysis.parameters import Totals, group_totals, model_totals, node_totals
from cutaway.analysis.sizes import Setting
from cutaway.errors import check_choice
from cutaway.graph.grouping import group as with_groups
from cutaway.graph.model import Graph, Shape, Tensor
from cutaway.graph.on_demand import AllOnDemand
from cutaway.overlays.overlay import Overlay, Rollup, overlay_on
from cutaway.readers import read
from cutaway.style.measure import clean, no_formula
from cutaway.style.quantities import count_words, size_words

if TYPE_CHECKING:
    from rich.table import Table

SCHEMA = 1
"""Version of the JSON form; it grows when a program that reads the old one could misread the new one."""

HEADINGS = ("name", "op", "output", "parameters", "bytes", "MACs")
_NUMBERS = {"parameters", "bytes", "MACs"}
_MOST_NOTES = 8


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
        macs: Multiply-accumulates, of a group those of all in it that are counted; None for a node that is not.
        flops: Operations, likewise.
        value: What the caller's table says of it; None where it says nothing.
        facts: The facts that were asked for, of a node.
    """

    id: str
    name: str
    op: str
    kind: str
    group: str
    depth: int
    outputs: tuple[Tensor, ...]
    totals: Totals
    macs: int | None
    flops: int | None
    value: float | None = None
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """A model as a table; printing it shows the table.

    Attributes:
        name, format, producer: What was read, as on the graph.
        nodes, edges: How many there are.
        totals: Parameters and bytes of the whole model.
        macs, flops: Multiply-accumulates and operations of one forward pass.
        peak_activation_bytes: The most bytes of activations that are alive at once.
        not_counted: What is not in them or had to be assumed, in words.
        rows: Nodes and groups in the order of the tree; a group stands before what it holds. Made when first looked at.
        warnings: What could not be read, in words.
        column: Name of the column of the caller's table; empty without one.
        fields: Names of the facts that were asked for.
        training: What one step of training holds, where that was asked for.
        optimizer: The optimizer that it is the memory of; empty where nobody asked.
    """

    name: str
    format: str
    producer: str
    nodes: int
    edges: int
    totals: Totals
    macs: int
    flops: int
    peak_activation_bytes: int
    not_counted: tuple[str, ...]
    rows: Sequence[Row]
    warnings: tuple[str, ...]
    column: str = ""
    fields: tuple[str, ...] = ()
    training: TrainingMemory | None = None
    optimizer: str = ""

    def __str__(self) -> str:
        return to_text(self)

    @property
    def groups(self) -> int:
        """How many groups there are; the root is not counted."""
        return len(self.rows) - self.nodes


def summary(
    source: object,
    *,
    input_shape: Any = None,
    inputs: Any = None,
    signature: str | None = None,
    raw: bool = False,
    batch: int = 1,
    shapes: Mapping[str, Shape] | None = None,
    overlay: Any = None,
    overlay_column: str | None = None,
    rollup: Rollup = "sum",
    fields: Sequence[str] = (),
    training: str | None = None,
    precision: str | None = None,
) -> Summary:
    """Summarise a model: its tree with shapes, parameters, bytes and multiply-accumulates.

    Args:
        source: Path of a file or folder, a live model, or a `Graph`.
        input_shape: Shape of the model's input, the batch included, for a model that was never built.
        inputs: Input specification of a live model that takes more than one tensor.
        signature: Entry point that is shown, for files that hold several; None for the serving one.
        raw: Whether everything in the file is listed as it stands, plumbing included.
        batch: Length of every free batch axis, for the cost.
        shapes: Shapes of some inputs by name, the batch included, for the cost: free lengths, or other ones.
        overlay: A table by layer name, as for `plot_model`: it becomes one more column.
        overlay_column: The column of the table; None for the first that holds numbers.
        rollup: What groups get that the table does not name: ``"sum"``, ``"mean"`` or ``"max"`` of their layers.
        fields: More columns, by name: ``"flops"``, ``"traffic"``, ``"intensity"``, ``"activation_bytes"``,
            ``"alive_bytes"``, ``"receptive_field"``, ``"stride"`` and ``"aligned"``.
        training: Optimizer, such as ``"adam"``, that the memory of one step of training is estimated with.
        precision: Type that all floats are held in, for the bytes of activations; None for those of the model.

    Returns:
        The table. A flat model is grouped as its picture is.

    Raises:
        ReadError: The input is damaged, unsafe, or not a model.
        UnbuiltModel: A live model has no shapes yet, and none are given.
        OptionError: An option is given that means nothing for this source, or a signature that is not there, or a
            shape for an input that is not there, or an unknown fact, optimizer or precision.
    """
    for name in fields:
        check_choice("fields", name, NODE_FACTS)
    if isinstance(source, Graph):
        graph = source
    else:
        graph = read(source, input_shape=input_shape, inputs=inputs, signature=signature, raw=raw)
    outline = cache(lambda: with_groups(graph))
    laid = None if overlay is None else overlay_on(outline(), overlay, column=overlay_column, rollup=rollup)
    spent = _cost(graph, batch, shapes, precision)
    facts = [NODE_FACTS[name](Asked(graph, spent, precision)) for name in fields]
    learning = training_memory(graph, spent.sizes, optimizer=training, precision=precision) if training else None
    return Summary(
        name=graph.name,
        format=graph.format,
        producer=graph.producer,
        nodes=len(graph),
        edges=graph.edge_count,
        totals=model_totals(graph),
        macs=spent.total_macs,
        flops=spent.total_flops,
        peak_activation_bytes=activations(graph, spent.sizes, precision=precision).peak,
        not_counted=(*spent.notes(), *_hint(graph, spent)),
        rows=AllOnDemand(lambda: tuple(_rows(outline(), spent, laid, facts))),
        warnings=(*graph.warnings, *filter(None, [laid.missed()])) if laid is not None else graph.warnings,
        column="" if laid is None else laid.column,
        fields=tuple(fields),
        training=learning,
        optimizer=training or "",
    )


def _cost(graph: Graph, batch: int, shapes: Mapping[str, Shape] | None, precision: str | None) -> Cost:
    if not shapes:
        return cost(graph, Setting(batch=batch), precision=precision)
    from cutaway.readers.keras.shapes import node_outputs

    return cost(graph, Setting(batch=batch, shapes=shapes, rule=node_outputs), precision=precision)


def _hint(graph: Graph, spent: Cost) -> Iterator[str]:
    """What to do where shapes are unknown because lengths of inputs are free."""
    if not any("shape" in each.reason for each in spent.uncounted):
        return
    for port in graph.inputs:
        shape = graph.tensor(port.node, port.port).shape
        if shape is not None and None in shape[1:]:
            lengths = ",".join("1" if at == 0 else str(each or "N") for at, each in enumerate(shape))
            name = graph.names[port.node]
            yield f"input {name!r} has free lengths; give them: --shape {name}={lengths}"


def _rows(graph: Graph, spent: Cost, laid: Overlay | None, facts: Sequence[Sequence[Fact]]) -> Iterator[Row]:
    """Rows of the tree below the root, depth first."""
    of_nodes, of_groups = node_totals(graph), group_totals(graph)
    macs, flops = roll_up(graph, spent.macs), roll_up(graph, spent.flops)
    unknown = {node for each in spent.uncounted for node in each.nodes}
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
            own = (of_groups[index], macs[index], flops[index], None if laid is None else laid.groups.get(index))
            yield Row(group.id, group.name, group.op, group.kind, parent, depth, (), *own)
            stack.append(iter(tree[index]))
        else:
            yield Row(
                graph.ids[index], graph.names[index], graph.op(index), "node",
                graph.groups.ids[graph.node_groups[index]], depth, graph.outputs_of(index), of_nodes[index],
                None if index in unknown else spent.macs[index], None if index in unknown else spent.flops[index],
                None if laid is None else laid.nodes.get(index), tuple(column[index] for column in facts),
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


def total_words(table: Summary) -> str:
    """One line under the table."""
    totals = table.totals
    return (
        f"{totals.parameters:,} parameters ({totals.trainable:,} trainable), {size_words(totals.bytes)}; "
        f"{count_words(table.macs)} MACs, {count_words(table.flops)} FLOPs, "
        f"{size_words(table.peak_activation_bytes)} of activations at most; "
        f"{table.nodes:,} nodes, {table.edges:,} edges, {table.groups:,} groups"
    )


def training_words(table: Summary) -> str:
    """One line about a step of training; empty where nobody asked."""
    held = table.training
    if held is None:
        return ""
    return (
        f"a step of training with {table.optimizer} holds {size_words(held.total)}: {size_words(held.weights)} of "
        f"weights, {size_words(held.gradients)} of gradients, {size_words(held.optimizer)} of the optimizer, "
        f"{size_words(held.activations)} of activations"
    )


def headings(table: Summary) -> tuple[str, ...]:
    """Columns of the table: those of every model, those that were asked for, and that of the caller's own table."""
    return (*HEADINGS, *table.fields, *((_safe(table.column),) if table.column else ()))


def _is_number(at: int) -> bool:
    """Whether a column, by its position, holds numbers; those that were asked for come last and do."""
    return at >= len(HEADINGS) or HEADINGS[at] in _NUMBERS


def _cells(row: Row, table: Summary) -> tuple[str, ...]:
    """What stands in the table, safe to show; the columns are those of `headings`."""
    own = ("" if row.value is None else f"{row.value:.4g}",) if table.column else ()
    parameters = f"{row.totals.parameters:,}" if row.totals.parameters else ""
    size = size_words(row.totals.bytes) if row.totals.bytes else ""
    macs = "?" if row.macs is None else count_words(row.macs) if row.macs else ""
    facts = tuple(map(fact_words, row.facts)) or ("",) * len(table.fields)
    shapes = ", ".join(map(shape_words, row.outputs))
    return (_safe(row.name), _safe(row.op), shapes, parameters, size, macs, *facts, *own)


def _safe(text: str) -> str:
    return clean(text).replace("\ue000", "\ufffd")


def to_text(table: Summary) -> str:
    """The table in columns, for a pipe or a log: as wide as its longest row, without colours."""
    rows = [("  " * row.depth + cells[0], *cells[1:]) for row in table.rows for cells in (_cells(row, table),)]
    heads = headings(table)
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [_line(heads, widths), "  ".join("-" * width for width in widths)]
    lines += [_line(row, widths) for row in rows]
    return "\n".join([_safe(table.name), *lines, total_words(table), *_warning_lines(table), ""])


def _line(cells: Iterable[str], widths: Sequence[int]) -> str:
    aligned = (
        cell.rjust(width) if _is_number(at) else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(aligned).rstrip()


def _note_lines(table: Summary) -> list[str]:
    notes = [_safe(note) for note in table.not_counted]
    if len(notes) > _MOST_NOTES:
        notes = [*notes[:_MOST_NOTES], f"… and {len(notes) - _MOST_NOTES:,} more notes on the MACs"]
    return notes


def _warning_lines(table: Summary) -> list[str]:
    told = [training_words(table)] if table.training is not None else []
    return [*told, *_note_lines(table), *(f"warning: {_safe(warning)}" for warning in table.warnings)]


def rich_table(table: Summary) -> Table:
    """The table for a terminal, with the terminal's width and colours."""
    from rich.table import Table
    from rich.text import Text

    made = Table(title=Text(_safe(table.name)), caption=Text("\n".join([total_words(table), *_warning_lines(table)])))
    for at, heading in enumerate(headings(table)):
        # In a narrow terminal a name runs over several lines: cut, those of neighbours would be the same.
        made.add_column(heading, justify="right" if _is_number(at) else "left", no_wrap=_is_number(at), overflow="fold")
    for row in table.rows:
        name, *rest = _cells(row, table)
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
            "macs": table.macs,
            "flops": table.flops,
            "peak_activation_bytes": table.peak_activation_bytes,
            **_training(table),
            "not_counted": list(table.not_counted),
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
                "macs": row.macs,
                "flops": row.flops,
                **({"facts": dict(zip(table.fields, row.facts, strict=True))} if table.fields else {}),
                **_own(row, table),
            }
            for row in table.rows
            if row.kind == "node"
        ],
        "groups": [
            {
                "id": row.id, "name": row.name, "op": row.op, "kind": row.kind, "parent": row.group,
                **_numbers(row.totals), "macs": row.macs, "flops": row.flops, **_own(row, table),
            }
            for row in table.rows
            if row.kind != "node"
        ],
    }  # fmt: skip
    return json.dumps(document, indent=1) + "\n"


def _training(table: Summary) -> dict[str, object]:
    held = table.training
    if held is None:
        return {}
    told = {
        "optimizer": table.optimizer, "bytes": held.total, "weight_bytes": held.weights,
        "gradient_bytes": held.gradients, "optimizer_bytes": held.optimizer, "activation_bytes": held.activations,
    }  # fmt: skip
    return {"training": told}


def _own(row: Row, table: Summary) -> dict[str, object]:
    """What the caller's table says, under a name that none of ours can be."""
    return {"overlay": {table.column: row.value}} if table.column else {}


def _numbers(totals: Totals) -> dict[str, int]:
    return {
        "parameters": totals.parameters,
        "trainable_parameters": totals.trainable,
        "weight_bytes": totals.bytes,
    }


def to_csv(table: Summary) -> str:
    """The table as CSV: a line for every row, groups included; ``kind`` tells them apart.

    No text is a formula to a spreadsheet but ids, which stay as they are, since overlays find layers by them.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    numbers = ("parameters", "trainable_parameters", "bytes", "macs", "flops")
    own = (no_formula(_safe(table.column)),) if table.column else ()
    writer.writerow(("kind", "id", "name", "op", "group", "outputs", *numbers, *table.fields, *own))
    for row in table.rows:
        words = (row.kind, _safe(row.id), *(no_formula(_safe(text)) for text in (row.name, row.op, row.group)))
        shapes = " ".join(map(shape_words, row.outputs))
        facts = row.facts or (None,) * len(table.fields)
        told = (row.macs, row.flops, *facts, *((row.value,) if own else ()))
        counts = (fact_words(each) if isinstance(each, tuple | bool) else "" if each is None else each for each in told)
        writer.writerow((*words, shapes, row.totals.parameters, row.totals.trainable, row.totals.bytes, *counts))
    return stream.getvalue()


def to_markdown(table: Summary) -> str:
    """The table as Markdown, groups in bold."""
    heads = headings(table)
    lines = [
        f"| {' | '.join(map(_marked, heads))} |",
        f"|{'|'.join('--:' if _is_number(at) else '---' for at in range(len(heads)))}|",
    ]
    for row in table.rows:
        name, *rest = map(_marked, _cells(row, table))
        shown = name if row.kind == "node" or not name else f"**{name}**"
        lines.append(f"| {'&emsp;' * row.depth}{shown} | {' | '.join(rest)} |")
    notes = [*filter(None, [training_words(table)]), *_note_lines(table)]
    return "\n".join([*lines, "", total_words(table), *(f"\n{_marked(note)}" for note in notes), ""])


def _marked(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>|#&~])", r"\\\1", text)


FORMATS: Mapping[str, Callable[[Summary], str]] = {
    "table": to_text,
    "json": to_json,
    "csv": to_csv,
    "md": to_markdown,
}
"""Every form in which a summary can be written."""
