"""Colours of numbers: the fill of each box that has one, and the scale that explains them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from cutaway.graph.model import Graph
from cutaway.overlays.overlay import Overlay
from cutaway.style.theme import Theme, scale_colour

STEPS = 5
"""Entries of the legend."""


class Shades(NamedTuple):
    """Fills by node, or ~index of a closed group, and the entries ``(colour, stroke, text)`` of the legend."""

    fills: dict[int, str]
    legend: list[tuple[str, str, str]]


def shades(graph: Graph, theme: Theme, overlay: Overlay, closed: Callable[[int], bool] | None = None) -> Shades:
    """Colours of an overlay.

    Args:
        graph: What is drawn.
        theme: Has the colours of the scale.
        overlay: The numbers.
        closed: Whether a group is drawn as one box, which then has the number of the group.
    """
    shut = _outermost(graph, closed)
    hidden = {node for node, group in enumerate(graph.node_groups) if shut[group] >= 0}
    seen = {node: value for node, value in overlay.nodes.items() if node not in hidden}
    seen |= {~group: overlay.groups[group] for group in sorted(set(shut) - {-1}) if group in overlay.groups}
    low, high = min(seen.values(), default=0.0), max(seen.values(), default=0.0)
    span = (high - low) or 1.0
    fills = {place: scale_colour(theme, (value - low) / span) for place, value in seen.items()}
    steps = [low + span * step / (STEPS - 1) for step in range(STEPS)] if high > low else [low] * bool(seen)
    entries = [(scale_colour(theme, (step - low) / span), theme.group_stroke, overlay.words(step)) for step in steps]
    if overlay.column != "value" and entries:
        entries[0] = (*entries[0][:2], f"{overlay.column}: {entries[0][2]}")
    rest = _without(graph, hidden, seen)
    if rest:
        entries.append((theme.group_fill, theme.group_stroke, "no value"))
    for node in rest:
        fills.setdefault(node, theme.group_fill)
    return Shades(fills, entries)


def _without(graph: Graph, hidden: Collection[int], seen: Collection[int]) -> list[int]:
    return [node for node in range(len(graph)) if node not in seen and node not in hidden]


def _outermost(graph: Graph, closed: Callable[[int], bool] | None) -> list[int]:
    """For each group the outermost closed one around it, itself included; -1 where there is none."""
    found = [-1] * len(graph.groups)
    if closed is not None:
        for group in range(1, len(found)):  # a parent stands before its children
            around = found[graph.groups.parents[group]]
            found[group] = around if around >= 0 else group if closed(group) else -1
    return found
