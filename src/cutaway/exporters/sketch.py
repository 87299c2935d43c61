"""`Sketch`: what a program that draws nested graphs by itself must be told; the writers of such formats walk it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from cutaway.exporters.rows import units
from cutaway.exporters.text import visible
from cutaway.graph.model import CONTROL, Graph

Direction = Literal["TB", "LR", "BT", "RL"]

DEEPEST = 50
"""Open groups around a node: other programs read nested groups by recursion. What lies deeper is in the innermost."""


LONGEST = 300
"""Characters of a line."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the drawing shall look.

    Attributes:
        lines: Texts of each node, by its index.
        titles: Text of each group, by its index.
        fills: ``(fill, stroke)`` of each node, as ``"#rrggbb"``.
        ink: Colour of texts.
        group_fill, group_stroke: Colours of groups.
        wire: Colour of edges.
        direction: Where edges lead.
    """

    lines: Sequence[Sequence[str]]
    titles: Sequence[str]
    fills: Sequence[tuple[str, str]]
    ink: str = "#1e293b"
    group_fill: str = "#f8fafc"
    group_stroke: str = "#94a3b8"
    wire: str = "#64748b"
    direction: Direction = "TB"


class Step(NamedTuple):
    """One step of the walk: a group begins (``open``) or ends (``close``), or a box stands there.

    A box is a node's index or, for a closed group, ~index; a group is its index. ``depth`` counts the groups around.
    """

    kind: Literal["open", "close", "box"]
    item: int
    depth: int


class Line(NamedTuple):
    """An edge between two boxes."""

    source: int
    target: int
    control: bool


@dataclass(frozen=True, slots=True)
class Sketch:
    """A graph to be drawn by another program.

    Attributes:
        graph: The grouped graph.
        closed: Groups that are one box.
        look: How it shall look.
    """

    graph: Graph
    closed: Collection[int]
    look: Look

    def walk(self) -> Iterator[Step]:
        """Groups and boxes, depth first; groups with nothing in them are left out."""
        children = self._children()
        stack = [iter(children[0])]
        opened = [0]
        while stack:
            child = next(stack[-1], None)
            if child is None:
                stack.pop()
                group = opened.pop()
                if stack:
                    yield Step("close", group, len(stack) - 1)
            elif child >= 0 or ~child in self.closed:
                yield Step("box", child, len(stack) - 1)
            else:
                yield Step("open", ~child, len(stack) - 1)
                stack.append(iter(children[~child]))
                opened.append(~child)

    def _children(self) -> list[list[int]]:
        """What each open group holds: nodes, and ~index of groups, in order of first appearance."""
        parents = self.graph.groups.parents
        level = [0] * len(parents)
        home = list(range(len(parents)))  # the open group in which a group's children are drawn
        for group in range(1, len(parents)):
            around = home[parents[group]]
            level[group] = level[around] + 1
            if level[group] > DEEPEST:
                home[group], level[group] = around, level[around]
        children: list[dict[int, None]] = [{} for _ in parents]
        for node, unit in enumerate(units(self.graph, self.closed)):
            group = self.graph.node_groups[node] if unit >= 0 else parents[~unit]
            child = unit
            group = home[group]
            while child not in children[group]:
                children[group][child] = None
                if not group:
                    break
                child, group = ~group, home[parents[group]]
        return [list(held) for held in children]

    def lines(self) -> Iterator[Line]:
        """Edges between different boxes, parallel ones kept; one tensor enters a closed group once."""
        stands = units(self.graph, self.closed)
        seen: set[tuple[int, int, int]] = set()
        for edge in self.graph.edges():
            source, target = stands[edge.source], stands[edge.target]
            if target < 0:
                tensor = (edge.source, edge.port, target)
                if source == target or tensor in seen:
                    continue
                seen.add(tensor)
            yield Line(source, target, edge.port == CONTROL)

    def texts(self, box: int) -> list[str]:
        """What stands in a box, line by line, safe to write once it is escaped for the format."""
        lines = self.look.lines[box] if box >= 0 else [self.look.titles[~box]]
        return [shown(line) for line in lines]

    def title(self, group: int) -> str:
        """What stands over an open group."""
        return shown(self.look.titles[group])

    def id(self, box: int) -> str:
        """Id of a node or group, for a tip."""
        return shown(self.graph.ids[box] if box >= 0 else self.graph.groups.ids[~box])

    def colours(self, box: int) -> tuple[str, str]:
        """Fill and stroke of a box."""
        return self.look.fills[box] if box >= 0 else (self.look.group_fill, self.look.group_stroke)


def shown(text: str) -> str:
    """A text on one line, no longer than anybody reads; the empty box of the shipped font is the usual one."""
    safe = visible(text[: LONGEST + 1], one_line=True).replace("\ue000", "\ufffd")
    return safe if len(text) <= LONGEST else f"{safe[:LONGEST]}…"


def plain_look(graph: Graph) -> Look:
    """Operation and name of each node, in black and white."""
    lines = [(graph.op(node), graph.names[node]) for node in range(len(graph))]
    return Look(lines, graph.groups.names, [("#ffffff", "#000000")] * len(graph))
