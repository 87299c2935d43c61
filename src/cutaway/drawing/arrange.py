"""`arrange`: a grouped graph gets its words and its places, before anything is drawn of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cutaway.analysis.ops import OTHER, family
from cutaway.graph.fold import Fold
from cutaway.graph.memory import collector_paused
from cutaway.graph.model import Graph
from cutaway.graph.walk import unit_counts
from cutaway.layout.nesting import BoxSizes, LayoutOptions, Nested, lay_out
from cutaway.style.labels import LabelOptions, Labels, make_labels
from cutaway.style.measure import clean

SMALL = 30
"""Nodes up to which a model is drawn with everything at full size."""


@dataclass(frozen=True, slots=True)
class Arranged:
    """A graph with all that a drawing of it is made from.

    Attributes:
        graph: The grouped graph.
        labels: What stands in the boxes.
        nested: Where everything lies.
    """

    graph: Graph
    labels: Labels
    nested: Nested


@collector_paused()
def arrange(graph: Graph, labels: LabelOptions, layout: LayoutOptions, folds: Mapping[int, Fold]) -> Arranged:
    """Label a grouped graph and lay it out.

    Args:
        graph: A grouped graph.
        labels: Which facts stand in the boxes.
        layout: Choices for the layout.
        folds: Groups that stand for several copies.
    """
    texts = make_labels(graph, labels, unit_counts(graph), _repeats(graph, folds), _fold_texts(folds))
    return Arranged(graph, texts, lay_out(graph, BoxSizes(texts.sizes, texts.title_widths), layout))


def everything_large(graph: Graph) -> bool:
    """Whether a graph is small enough for everything in it to be drawn at full size."""
    return len(graph) <= SMALL


def always(group: int) -> bool:
    """Whether a group is drawn at full size where all are."""
    return group >= 0


def describe(graph: Graph) -> str:
    """The drawing of a graph in words, for screen readers."""
    return f"{clean(graph.name)}: {len(graph):,} layers, {graph.edge_count:,} connections"


def _repeats(graph: Graph, folds: Mapping[int, Fold]) -> list[int]:
    """Number of child groups of each group, those that were folded away counted."""
    repeats = [0] * len(graph.groups)
    for at, parent in enumerate(graph.groups.parents):
        opened_layer = graph.groups.kinds[at] == "layer" and family(graph.groups.ops.get(at, "")) != OTHER
        if at and not opened_layer:  # a convolution that shows its operations is no block
            repeats[parent] += 1
    for at, found in folds.items():
        repeats[graph.groups.parents[at]] += found.copies - 1
    return repeats


def _fold_texts(folds: Mapping[int, Fold]) -> dict[int, tuple[str, str]]:
    """``(last copy, ×N and what differs)`` for the title of each folded group."""
    return {at: (fold.last, " · ".join((f"×{fold.copies}", *fold.differences[:2]))) for at, fold in folds.items()}
