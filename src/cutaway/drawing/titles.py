"""The strip of a group: where its title stands, past the leads that come in from above, and what colours it."""

from __future__ import annotations

from cutaway.analysis.ops import OTHER, family
from cutaway.graph.model import Graph
from cutaway.layout.leads import Frame, side
from cutaway.layout.nesting import Nested
from cutaway.layout.problem import Flow
from cutaway.style.labels import TITLE_PADDING


def flow_around(graph: Graph, nested: Nested, group: int) -> Flow:
    """Which way the group that holds a group flows."""
    return nested.placement(graph.groups.parents[group]).flow


def title_place(graph: Graph, nested: Nested, group: int, frame: Frame, title_width: float) -> tuple[float, bool]:
    """How far a title moves right past the leads from above, and whether one runs through it all the same."""
    if nested.placement_of[group] < 0 or flow_around(graph, nested, group) != "down":
        return 0.0, False
    border = side(nested.placement(group), frame, "down")
    pins = [border.axis + pin for pin in border.ins]
    hit = [pin for pin in pins if TITLE_PADDING - 4.0 < pin < TITLE_PADDING + title_width + 4.0]
    shift = max(hit) - 2.0 if hit else 0.0
    fits = shift + title_width + 2 * TITLE_PADDING <= frame.width
    return (shift, False) if fits else (0.0, bool(hit))


def opened_layer(graph: Graph, group: int) -> str:
    """Family of the layer that a group is the inside of; `OTHER` where it is none, or has no colour of its own."""
    groups = graph.groups
    return family(groups.ops.get(group, "")) if groups.kinds[group] == "layer" else OTHER
