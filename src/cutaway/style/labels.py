"""What stands in each box, and how large the box must be for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutaway.graph.model import Graph, Node, Shape
from cutaway.graph.names import common_words, is_auto, tokens, without_version
from cutaway.style.measure import clean, fit, width

OP_SIZE = 12.0
NAME_SIZE = 10.0
TITLE_SIZE = 12.0
"""Font sizes in px."""

PADDING = 8.0
"""Px between the text and the border of a box, on either side."""

TITLE_PADDING = 10.0
"""Px between a title and the border of its group."""

NARROWEST = 100.0
WIDEST = 260.0
"""Bounds of a box's width in px; longer texts are cut in the middle."""

ONE_LINE = 28.0
LINE = 13.0
"""Height in px of a box of one line, and of each further line."""

_SHORT = {
    "BatchNormalization": "BatchNorm",
    "LayerNormalization": "LayerNorm",
    "GroupNormalization": "GroupNorm",
    "UnitNormalization": "UnitNorm",
    "RMSNormalization": "RMSNorm",
    "SpectralNormalization": "SpectralNorm",
    "InputLayer": "Input",
    "MultiHeadAttention": "Attention",
    "Concatenate": "Concat",
    "StatelessWhile": "While",
    "StatelessIf": "If",
    "StatelessCase": "Case",
    "LoopVariable": "Loop variable",
    **{f"ZeroPadding{n}D": f"ZeroPad{n}D" for n in (1, 2, 3)},
    **{f"MaxPooling{n}D": f"MaxPool{n}D" for n in (1, 2, 3)},
    **{f"AveragePooling{n}D": f"AvgPool{n}D" for n in (1, 2, 3)},
    **{f"GlobalMaxPooling{n}D": f"GlobalMaxPool{n}D" for n in (1, 2, 3)},
    **{f"GlobalAveragePooling{n}D": f"GlobalAvgPool{n}D" for n in (1, 2, 3)},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelOptions:
    """Which facts stand on the boxes.

    Attributes:
        names: Whether the layer's name is shown: all of them, only those its author chose (None), or none.
        shapes, dtypes, activations, trainable: Lines that `keras.utils.plot_model` knows.
        fields: Further facts, by name: ``"parameters"``, ``"bytes"``, ``"shape"``, ``"dtype"``, ``"op"``,
            ``"name"``, ``"macs"``, ``"flops"``, or any attribute of the layer.
        label: Called with a `Node`, returns the whole text of its box, or None for the usual one.
        annotations: Further lines by name or id of a node.
        group_notes: What stands behind the title of a group, by its index.
        group_counts: What stands at the right of the title of a group, by its index, instead of how much it holds.
    """

    names: bool | None = None
    shapes: bool = False
    dtypes: bool = False
    activations: bool = False
    trainable: bool = False
    fields: Sequence[str] = ()
    label: Callable[[Node], str | None] | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    group_notes: Mapping[int, str] = field(default_factory=dict)
    group_counts: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Labels:
    """Texts by node and group, made when they are first asked for: a large picture shows few of its nodes.

    Attributes:
        lines: For each node, its lines; the first is the heading.
        sizes: Natural widths and heights of the boxes of nodes of one group, in px.
        titles: For each group, ``(title, what stands at the right)``.
        title_widths: Least width of each group's box in px.
    """

    lines: Sequence[tuple[str, ...]]
    sizes: Callable[[Sequence[int]], list[tuple[float, float]]]
    titles: Sequence[tuple[str, str]]
    title_widths: Sequence[float]


class _OnDemand(Sequence[Any]):
    """One column of a table whose rows are made on demand and kept."""

    __slots__ = ("_column", "_count", "_make", "_rows")

    def __init__(
        self, rows: dict[int, tuple[Any, ...]], make: Callable[[int], tuple[Any, ...]], column: int, count: int
    ):
        self._rows = rows
        self._make = make
        self._column = column
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        row = self._rows.get(index)
        if row is None:
            if not 0 <= index < self._count:
                raise IndexError(index)
            row = self._rows[index] = self._make(index)
        return row[self._column]


def make_labels(
    graph: Graph,
    options: LabelOptions,
    counts: Sequence[int],
    repeats: Sequence[int],
    folds: Mapping[int, tuple[str, str]],
) -> Labels:
    """Label every node and group.

    Args:
        graph: A grouped graph.
        options: Which facts to show.
        counts: Number of layers in each group, at any depth, or of operations in a group that is a layer.
        repeats: Number of child groups of each group.
        folds: For each group that stands for several copies, the name of the last and what differs.
    """
    prefixes = name_prefixes(graph)
    extras = _extras(options)
    plain = not (extras or options.label or options.annotations)
    known: dict[tuple[str, int, int], tuple[tuple[str, ...], tuple[float, float]]] = {}

    names, codes, owner = graph.names, graph.op_codes, graph.node_groups

    def box(node: int) -> tuple[tuple[str, ...], tuple[float, float]]:
        prefix = prefixes[owner[node]]
        key = (names[node], codes[node], prefix)
        row = known.get(key) if plain else None
        if row is None:
            found = _lines(graph, node, options, prefix, extras)
            row = known[key] = (found, (_width(found), _height(found)))
        return row

    def sizes(nodes: Sequence[int]) -> list[tuple[float, float]]:
        if not plain or not nodes:
            return [all_sizes[node] for node in nodes]
        prefix = prefixes[owner[nodes[0]]]
        found = []
        for node in nodes:
            row = known.get((names[node], codes[node], prefix))
            found.append((row or box(node))[1])
        return found

    titled: dict[tuple[object, ...], tuple[tuple[str, str], float]] = {}

    def heading(group: int) -> tuple[tuple[str, str], float]:
        key = _title_key(graph, group, prefixes, counts, repeats)
        alone = group in folds or group in options.group_notes or group in options.group_counts
        row = None if alone else titled.get(key)
        if row is None:
            row = _heading(graph, group, prefixes, counts, repeats, folds.get(group), options)
            if not alone:
                titled[key] = row
        return row

    boxes: dict[int, tuple[Any, ...]] = {}
    headings: dict[int, tuple[Any, ...]] = {}
    groups = len(graph.groups)
    all_sizes = _OnDemand(boxes, box, 1, len(graph))
    return Labels(
        lines=_OnDemand(boxes, box, 0, len(graph)),
        sizes=sizes,
        titles=_OnDemand(headings, heading, 0, groups),
        title_widths=_OnDemand(headings, heading, 1, groups),
    )


def _title_key(
    graph: Graph, group: int, prefixes: Sequence[int], counts: Sequence[int], repeats: Sequence[int]
) -> tuple[object, ...]:
    """All that the heading of a group depends on."""
    groups = graph.groups
    prefix = prefixes[groups.parents[group]] if group else 0
    return groups.names[group], groups.ops.get(group), groups.kinds[group], prefix, counts[group], repeats[group]


def _heading(
    graph: Graph,
    group: int,
    prefixes: Sequence[int],
    counts: Sequence[int],
    repeats: Sequence[int],
    fold: tuple[str, str] | None,
    options: LabelOptions,
) -> tuple[tuple[str, str], float]:
    """A group's title, what stands at its right, and the least width of its box."""
    title, count = _title(graph, group, prefixes, counts, repeats, bool(options.names))
    least = 2 * TITLE_PADDING
    if group in options.group_counts:
        count = options.group_counts[group]
        least += width(count, NAME_SIZE, 400) + TITLE_PADDING
    if fold is not None:
        last, differences = fold
        end = relative_name(last, prefixes[graph.groups.parents[group]], graph.name, keep_word=True)
        title, count = f"{title} … {clean(end)}", fit(clean(differences), NAME_SIZE, 400, WIDEST)
        least += width(count, NAME_SIZE, 400) + TITLE_PADDING
    note = options.group_notes.get(group)
    if note is not None:
        title = f"{title}: {clean(note)}"
    return (title, count), least + width(title, TITLE_SIZE, 600)


def short_op(op: str) -> str:
    """The operation as a heading: well-known long class names are shortened, versions of operations left out."""
    return _SHORT.get(op) or without_version(op)


def format_shape(shape: Shape | None) -> str:
    """``(None, 224, 224, 3)`` → ``None × 224 × 224 × 3``; an unknown rank is ``?``."""
    if shape is None:
        return "?"
    return " × ".join("None" if size is None else str(size) for size in shape) if shape else "scalar"


def _lines(
    graph: Graph, node: int, options: LabelOptions, prefix: int, extras: Sequence[Callable[[Graph, int], str]]
) -> tuple[str, ...]:
    name = graph.names[node]
    if options.label is not None and (own := options.label(graph.nodes[node])) is not None:
        found = [clean(line) for line in str(own).split("\n")]
    else:
        op = graph.op(node)
        found = [clean(short_op(op)) or "?"]
        if options.names or (options.names is None and not is_auto(name, op)):
            relative = relative_name(name, prefix, graph.name)
            if relative:
                found.append(clean(relative))
    found.extend(filter(None, (extra(graph, node) for extra in extras)))
    if options.annotations:
        note = options.annotations.get(graph.ids[node], options.annotations.get(name))
        if note:
            found.extend(clean(line) for line in note.split("\n"))
    room = WIDEST - 2 * PADDING
    heading = fit(found[0], OP_SIZE, 600, room)
    return (heading, *(fit(line, NAME_SIZE, 400, room) for line in found[1:]))


def _extras(options: LabelOptions) -> list[Callable[[Graph, int], str]]:
    extras: list[Callable[[Graph, int], str]] = []
    if options.activations:
        extras.append(_activation)
    if options.dtypes:
        extras.append(lambda graph, node: "dtype " + ", ".join(dict.fromkeys(_dtypes(graph, node))))
    if options.shapes:
        extras.append(_output_shapes)
    if options.trainable:
        extras.append(_trainable)
    for name in options.fields:
        if name in ("macs", "flops"):
            extras.append(_spent(name))
            continue
        extras.append(lambda graph, node, name=name: _field(graph, node, name))  # type: ignore[misc]
    return extras


def _spent(name: str) -> Callable[[Graph, int], str]:
    """What a node costs; all of the graph is counted when the first box asks."""
    found: list[Sequence[float]] = []

    def line(graph: Graph, node: int) -> str:
        if not found:
            from cutaway.analysis.cost import cost

            spent = cost(graph)
            found.append(spent.known(spent.macs if name == "macs" else spent.flops))
        value = found[0][node]
        title = {"macs": "MACs", "flops": "FLOPs"}[name]
        return f"{title} ?" if math.isnan(value) else f"{title} {value:,.0f}" if value else ""

    return line


def _activation(graph: Graph, node: int) -> str:
    found = graph.attributes[node].get("activation")
    if isinstance(found, Mapping):
        found = found.get("config", found.get("class_name"))
    return clean(str(found)) if found and isinstance(found, str) else ""


def _dtypes(graph: Graph, node: int) -> list[str]:
    return [tensor.dtype or "?" for tensor in graph.outputs_of(node)]


def _output_shapes(graph: Graph, node: int) -> str:
    shapes = [format_shape(tensor.shape) for tensor in graph.outputs_of(node)]
    return ", ".join(shapes)


def _trainable(graph: Graph, node: int) -> str:
    weights = graph.weights_of(node)
    if not weights:
        return ""
    return "trainable" if any(weight.trainable for weight in weights) else "frozen"


def _field(graph: Graph, node: int, name: str) -> str:
    if name == "parameters":
        value: Any = sum(weight.parameters for weight in graph.weights_of(node)) or None
    elif name == "bytes":
        value = sum(weight.bytes for weight in graph.weights_of(node)) or None
    elif name == "shape":
        return _output_shapes(graph, node)
    elif name == "dtype":
        return ", ".join(dict.fromkeys(_dtypes(graph, node)))
    elif name in ("op", "name", "id"):
        value = {"op": graph.op(node), "name": graph.names[node], "id": graph.ids[node]}[name]
    else:
        value = graph.attributes[node].get(name)
    if value is None:
        return ""
    shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return clean(f"{name} {shown}")


def _width(lines: Sequence[str]) -> float:
    widest = width(lines[0], OP_SIZE, 600)
    for line in lines[1:]:
        widest = max(widest, width(line, NAME_SIZE, 400))
    return min(max(widest + 2 * PADDING, NARROWEST), WIDEST)


def _height(lines: Sequence[str]) -> float:
    return ONE_LINE if len(lines) == 1 else ONE_LINE - 5.0 + LINE * (len(lines) - 1)


def _title(
    graph: Graph,
    group: int,
    prefixes: Sequence[int],
    counts: Sequence[int],
    repeats: Sequence[int],
    every_name: bool,
) -> tuple[str, str]:
    name = graph.groups.names[group]
    parent = graph.groups.parents[group]
    if parent >= 0:
        name = relative_name(name, prefixes[parent], graph.name, keep_word=True) or name
    op = graph.groups.ops.get(group, "")
    if op and group and graph.groups.kinds[group] != "model":
        made = is_auto(graph.groups.names[group], op) and not every_name
        name = short_op(op) if made else f"{name} · {short_op(op)}"
    kind = graph.groups.kinds[group]
    inside = "op" if kind in ("layer", "function") else "layer"
    many = repeats[group] > 2 and kind != "layer"
    count = f"×{repeats[group]}" if many else _plural(counts[group], inside)
    return fit(clean(name), TITLE_SIZE, 600, WIDEST), count


def _plural(count: int, word: str) -> str:
    return f"1 {word}" if count == 1 else f"{count:,} {word}s"


def name_prefixes(graph: Graph) -> list[int]:
    """For each group, how many leading words the names in it share, which are left out of them."""
    names: list[list[str]] = [[] for _ in range(len(graph.groups))]
    auto: dict[tuple[str, int], bool] = {}
    for name, code, group in zip(graph.names, graph.op_codes, graph.node_groups, strict=True):
        made = auto.get((name, code))
        if made is None:
            made = auto[name, code] = is_auto(name, graph.ops[code])
        if not made:
            names[group].append(name)
    layers = [len(found) for found in names]
    for child in range(1, len(graph.groups)):
        name, parent = graph.groups.names[child].split(" … ")[0], graph.groups.parents[child]
        found_here = graph.groups.kinds[child] in ("block", "stage")  # its name leaves out the words around it already
        if (layers[parent] < 2 or not found_here) and not is_auto(name, graph.groups.ops.get(child, "")):
            names[parent].append(name)
    known: dict[tuple[str, ...], int] = {}
    prefixes = [0]
    for found in map(tuple, names[1:]):
        shared = known.get(found)
        if shared is None:
            shared = known[found] = _prefix(found)
        prefixes.append(shared)
    return prefixes


def _prefix(names: Sequence[str]) -> int:
    if len(names) < 2:
        return 0
    return common_words(names)


def relative_name(name: str, words: int, model: str, *, keep_word: bool = False) -> str:
    """What a name adds to the names around it.

    Args:
        name: Full name.
        words: Leading words that it shares with its neighbours.
        model: Name of the whole model, which is left out too.
        keep_word: Whether a number keeps the word that it counts: ``block_1`` and not ``1``.
    """
    if not words and not name.startswith(model[:1]):
        return name
    found = tokens(name)
    words = min(words, len(found) - 1)
    head = tokens(model)
    if words < len(head) < len(found) and all(a[0] == b[0] for a, b in zip(found, head, strict=False)):
        words = len(head)
    while words > 0 and (name[found[words - 1][2]].isalnum() or (keep_word and found[words][1])):
        words -= 1  # never between a word and its number: ``block4a`` stays whole
    return name[found[words - 1][2] if words > 0 else 0 :].lstrip("_-./: ")
