"""`to_networkx`, `from_networkx` and `lay_out`: models for programs that know graphs, and our layout for theirs."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from cutaway.drawing.arrange import always, arrange, everything_large
from cutaway.drawing.places import middles, to_places
from cutaway.errors import OptionError, check_choice
from cutaway.exporters.networkx import export, from_networkx
from cutaway.exporters.rows import deeper_than
from cutaway.graph.grouping import group as with_groups
from cutaway.graph.memory import collector_paused
from cutaway.graph.model import Graph
from cutaway.layout.nesting import BoxSizes, LayoutOptions
from cutaway.layout.nesting import lay_out as lay_out_boxes
from cutaway.overlays.overlay import Rollup, overlay_on
from cutaway.readers import read
from cutaway.style.labels import LabelOptions

if TYPE_CHECKING:
    import networkx as nx

    from cutaway.checks.finding import Finding

__all__ = ["from_networkx", "lay_out", "to_networkx"]

LEVELS = ("layer", "group")
RANKDIRS = ("TB", "LR", "BT", "RL")

_LARGEST = 100_000  # px of a side of a box

Size = tuple[float, float]
"""Width and height in px."""


def to_networkx(
    source: Any,
    level: Literal["layer", "group"] = "layer",
    positions: bool = False,
    *,
    depth: int = 0,
    findings: Iterable[Finding] = (),
    overlay: Any = None,
    overlay_column: str | None = None,
    rollup: Rollup = "sum",
    input_shape: Any = None,
    inputs: Any = None,
    signature: str | None = None,
    raw: bool = False,
) -> nx.MultiDiGraph:
    """A model as a graph of NetworkX, with everything that is known as attributes.

    All attributes are numbers and texts that GraphML, GEXF, GML and JSON keep; what there is nothing to say about is
    left out. Edges join the same two nodes as often as tensors do; their key counts them.

    Args:
        source: Path of a file or folder, a live model, or a `Graph`.
        level: ``"layer"`` makes a node of every call of a layer, ``"group"`` one of every group.
        positions: Whether nodes get ``x`` and ``y`` (their middle), ``width`` and ``height``, in px of the page that
            `plot_model` draws; ``y`` runs down.
        depth: Of level ``"group"``: how many groups are around those that are nodes, as ``depth`` of `plot_model`.
        findings: What `cutaway.check` found; layers and groups get theirs as ``findings``, in JSON.
        overlay: A table by layer name, as for `plot_model`: all of its columns become attributes.
        overlay_column: The column that groups get a number of too, where the table does not name them; None for the
            first that holds numbers.
        rollup: What they get: ``"sum"``, ``"mean"`` or ``"max"`` of their layers.
        input_shape: Shape of the model's input, the batch included, for a model that was never built.
        inputs: Input specification of a live model that takes more than one tensor.
        signature: Entry point that is shown, for files that hold several; None for the serving one.
        raw: Whether everything in the file is listed as it stands, plumbing included.

    Returns:
        A `networkx.MultiDiGraph`; its nodes are ids, in the order of the model.

    Raises:
        MissingExtra: NetworkX is not installed.
        ReadError: The input is damaged, unsafe, or not a model.
        UnbuiltModel: A live model has no shapes yet, and none are given.
        OptionError: A choice is not possible; the message lists the choices.
    """
    check_choice("level", level, LEVELS)
    if isinstance(depth, bool) or not isinstance(depth, int) or depth < 0:
        raise OptionError(f"depth must be a whole number, 0 or more; received {depth!r}")
    with collector_paused():
        if isinstance(source, Graph):
            graph = source
        else:
            graph = read(source, input_shape=input_shape, inputs=inputs, signature=signature, raw=raw)
        graph = with_groups(graph)
        closed = deeper_than(graph, depth) if level == "group" else set()
        facts = dict[str, dict[str, str | int | float]]()
        if positions:
            facts.update({name: {**place} for name, place in _places(graph, closed).items()})
        if overlay is not None:
            laid = overlay_on(graph, overlay, column=overlay_column, rollup=rollup)
            for name, record in laid.records(graph).items():
                facts.setdefault(name, {}).update(record)
        for name, text in _findings(findings).items():
            facts.setdefault(name, {})["findings"] = text
        return export(graph, closed=closed, facts=facts)


def _findings(findings: Iterable[Finding]) -> dict[str, str]:
    """What was found at each layer or group, by id, as a list in JSON."""
    from cutaway.checks.finding import Finding  # which loads all checks

    listed = list(findings) if isinstance(findings, Iterable) else [findings]
    found: dict[str, list[dict[str, str]]] = {}
    for finding in listed:
        if not isinstance(finding, Finding):
            raise OptionError(f"findings must be what cutaway.check(…).findings holds; received {finding!r}")
        said = {"check": finding.check, "severity": finding.severity, "what": finding.what}
        for name in finding.where:
            found.setdefault(name, []).append(said)
    return {name: json.dumps(told, separators=(",", ":")) for name, told in found.items()}


class Positions(dict[Hashable, tuple[float, float]]):
    """Where each node lies: its middle in px, ``y`` up, as `networkx.draw` takes it.

    Attributes:
        sizes: Width and height of each node's box.
        width, height: Those of the whole.
    """

    def __init__(self, sizes: Mapping[Hashable, Size], width: float, height: float) -> None:
        super().__init__()
        self.sizes = dict(sizes)
        self.width = width
        self.height = height


def lay_out(
    graph: nx.DiGraph,
    *,
    rankdir: Literal["TB", "LR", "BT", "RL"] = "TB",
    aspect: float = 1.6,
    size: Size | None = None,
) -> Positions:
    """Lay out a directed graph of NetworkX as `plot_model` does: ``networkx.draw(graph, cutaway.lay_out(graph))``.

    Nodes that have an attribute ``group``, such as ``"encoder/block1"``, stand together.

    Args:
        graph: A `networkx.DiGraph` or `networkx.MultiDiGraph`; cycles are allowed.
        rankdir: ``"TB"`` lays out downwards, ``"LR"`` to the right, ``"BT"`` and ``"RL"`` against that.
        aspect: Wished width / height of the whole.
        size: Width and height of every node in px, the width rounded up to a multiple of 20; None for the boxes that
            `plot_model` draws.

    Returns:
        The middle of each node, with the sizes of boxes in ``sizes``.

    Raises:
        OptionError: It is not a directed graph of NetworkX, or a choice is not possible.
    """
    check_choice("rankdir", rankdir, RANKDIRS)
    if not isinstance(aspect, (int, float)) or not 0.001 <= aspect <= 1000:
        raise OptionError(f"aspect must be a number from 0.001 to 1000, width / height; received {aspect!r}")
    ours, nodes = from_networkx(graph), list(graph.nodes)
    options = LayoutOptions(
        aspect=aspect,
        flow="right" if rankdir in ("LR", "RL") else None,
        backwards=rankdir in ("BT", "RL"),
        unfolded=always,
    )
    if size is None:
        nested = arrange(ours, LabelOptions(), options, {}).nested
    else:
        each = _checked_size(size)
        boxes = BoxSizes(lambda wanted: [each] * len(wanted), [0.0] * len(ours.groups))
        nested = lay_out_boxes(ours, boxes, options)
    places = to_places(ours, nested)
    found = middles(places)
    boxes_of = {node: found[name] for node, name in zip(nodes, ours.ids, strict=True)}
    positions = Positions(
        {node: (box["width"], box["height"]) for node, box in boxes_of.items()}, places["width"], places["height"]
    )
    positions.update({node: (box["x"], round(positions.height - box["y"], 3)) for node, box in boxes_of.items()})
    return positions


def _checked_size(size: object) -> Size:
    """A width and a height as floats."""
    if isinstance(size, Sequence) and len(size) == 2 and all(isinstance(side, (int, float)) for side in size):
        width, height = size
        if 0 < width <= _LARGEST and 0 < height <= _LARGEST:
            return float(width), float(height)
    raise OptionError(
        f"size must be a width and a height in px, each more than 0 and at most {_LARGEST:,}; received {size!r:.80}"
    )


def _places(graph: Graph, closed: set[int]) -> dict[str, dict[str, float]]:
    """Where each box lies on the page that `plot_model` draws by default, by id."""
    unfolded = always if everything_large(graph) else None
    nested = arrange(graph, LabelOptions(), LayoutOptions(unfolded=unfolded, closed=closed.__contains__), {}).nested
    return middles(to_places(graph, nested))
