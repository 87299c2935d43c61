"""From a graph to placements: every group laid out once, equal insides together.

In: a graph, the natural size of every box, and what to unfold. Out: a `Nested` drawing, in which each group
has a placement (shared by all groups whose insides are equal) and a frame in its holder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cutaway.graph.memory import collector_paused
from cutaway.graph.model import Graph
from cutaway.graph.walk import depths, leaf_counts
from cutaway.layout.inside import Shape, lay_out_inside
from cutaway.layout.leads import Frame, side
from cutaway.layout.problem import Child, Flow, Inside, Placement, Wire

TITLE = 26.0
"""Height in px of the strip for the title of a group, in its holder."""

CLOSED = (100.0, 36.0)
"""Least width, and height, of a group that is drawn as one box, in px."""

CLOSED_MARGIN = 2.0
"""Px around an inside that is laid out later, in the box that was drawn closed."""

GRID = 20.0
"""Px to which widths are rounded up, so that copies whose names differ in a number share a placement."""

LARGE = 20_000
BUDGET = 1_200
"""In a graph of more nodes than the first, the children in different groups that are laid out before the picture
shows: less than half a second's work. Where more is different, the innermost groups are drawn closed."""

LARGEST_SCALE = 0.4
SMALLEST_SCALE = 1 / 7
"""Bounds of the scale at which an inside is drawn in its holder."""

TITLE_GRID = 40.0
"""The same for titles, so that ``block9`` and ``block10`` are equally wide."""

_FEW_PINS = 16
"""Pins of a border that are searched one after the other."""

_PORTS = 16  # bits of a tensor's number that hold the port
_PORT_MASK = (1 << _PORTS) - 1


LiftedWire = tuple[int | None, int, int | None, int]
"""``(source child, tensor, target child, slot)``; a child is a node index or ~index of a group, None is the border."""


@dataclass(frozen=True, slots=True)
class BoxSizes:
    """What the style says about sizes, in px.

    Attributes:
        boxes: Natural widths and heights of the boxes of nodes that lie in one group.
        titles: Least width of each group's box, for its title.
    """

    boxes: Callable[[Sequence[int]], list[tuple[float, float]]]
    titles: Sequence[float]


@dataclass(frozen=True, slots=True)
class Nested:
    """A laid-out graph.

    Attributes:
        children: For each group, its children in the order of the boxes of its placement: node indices, or
            ~index of a group.
        placement_of: For each group, a position in ``placements``; -1 for a group that is drawn closed.
        placements: The distinct placements.
        frames: For each group, its box in its holder; None for the root.
        lifted: What the wires of every group join.
        ins, outs: For each group, the numbers of the tensors at the pins of its placement, in their order;
            `tensor_of` gives node and port.
        backwards: Whether the drawing runs against the flow, so that every path begins at the reader.
        postponed: Number of groups that are drawn closed only because there is too much that is different.
        open_later: Lays out one of those where its box is, with the groups in it as far as the budget goes; it needs
            an open holder. None where nothing was postponed.
    """

    children: list[list[int]]
    placement_of: list[int]
    placements: list[Placement]
    frames: list[Frame | None]
    lifted: Lifted
    ins: list[list[int]]
    outs: list[list[int]]
    backwards: bool
    postponed: int = 0
    open_later: Callable[[int], None] | None = None

    def placement(self, group: int) -> Placement:
        """Placement of a group that is drawn open."""
        return self.placements[self.placement_of[group]]

    def wires(self, group: int) -> list[LiftedWire]:
        """What the wires of a group's placement join, in the order of their positions."""
        children = self.children[group]
        inner = (
            (children[start], children[start] << _PORTS | port, children[end], slot)
            for start, port, end, slot in self.lifted.inner[group]
        )
        return [*inner, *self.lifted.crossing[group]]


@dataclass(frozen=True, kw_only=True, slots=True)
class LayoutOptions:
    """Choices of the caller.

    Attributes:
        aspect: Wished width / height of the whole picture.
        flow: Direction of every group, or None to choose for each.
        backwards: Whether everything runs the other way: up instead of down, or left instead of right.
        unfolded: Which groups are drawn at scale 1 in their holder; None for none.
        closed: Which groups are drawn as one box without an inside; None for none.
    """

    aspect: float = 1.6
    flow: Flow | None = None
    backwards: bool = False
    unfolded: Callable[[int], bool] | None = None
    closed: Callable[[int], bool] | None = None


def lay_out(graph: Graph, sizes: BoxSizes, options: LayoutOptions) -> Nested:
    """Lay out every group of a graph, the innermost first.

    Args:
        graph: A grouped graph.
        sizes: Natural sizes of boxes and titles.
        options: Choices of the caller.
    """
    with collector_paused():
        lifted = lift_edges(graph)
        try:
            return _Nesting(graph, sizes, options, lifted, BUDGET if len(graph) > LARGE else None).run()
        except _OverBudget:
            nesting = _Nesting(graph, sizes, options, lifted, None, _outermost(lifted.children, 0, BUDGET))
            nested = nesting.run()
            postponed = nested.placement_of.count(-1)
            return replace(nested, postponed=postponed, open_later=nesting.open_later)


class _OverBudget(Exception):
    """More different children than may be laid out before the first picture."""


def _outermost(children: Sequence[Sequence[int]], outer: int, most: int) -> set[int]:
    """Groups level by level from an outer one, until they have that many children together."""
    opened, waiting = {outer}, [outer]
    most -= len(children[outer])
    for group in waiting:  # grows while it is walked
        for child in children[group]:
            if child < 0 and len(children[~child]) <= most:
                opened.add(~child)
                waiting.append(~child)
                most -= len(children[~child])
    return opened


@dataclass(frozen=True, slots=True)
class Lifted:
    """Edges of each group between its children, with the tensors that cross its border.

    Attributes:
        children: For each group, its children in order of first appearance.
        inner: For each group, edges between two nodes right in it, by position among its children:
            ``(source, port, target, slot)``.
        crossing: For each group, its edges that touch its border or a group in it; tensors are numbered by node
            and port.
        ins, outs: For each group, the tensors that cross its border, as an ordered set.
    """

    children: list[list[int]]
    inner: list[list[tuple[int, int, int, int]]]
    crossing: list[list[LiftedWire]]
    ins: list[dict[int, None]]
    outs: list[dict[int, None]]


def lift_edges(graph: Graph) -> Lifted:
    """Sort every edge into the groups it passes: out of some, through the one where both ends meet, into others."""
    parents, owner = graph.groups.parents.tolist(), graph.node_groups.tolist()
    depth = depths(parents)
    count = len(graph.groups)
    children = _children(owner, parents, count)
    place = _places(children, len(owner))
    inner: list[list[tuple[int, int, int, int]]] = [[] for _ in range(count)]
    crossing: list[list[LiftedWire]] = [[] for _ in range(count)]
    ins: list[dict[int, None]] = [{} for _ in range(count)]
    outs: list[dict[int, None]] = [{} for _ in range(count)]
    seen: set[tuple[int, int]] = set()  # a group that a tensor has entered, which needs one wire to it
    starts, sources, ports = graph.input_start.tolist(), graph.input_node.tolist(), graph.input_port.tolist()
    for target, home in enumerate(owner):
        first, last = starts[target], starts[target + 1]
        for at in range(first, last):
            source, port = sources[at], ports[at]
            if port < 0:
                continue  # control edges take no part in the layout
            a, b = owner[source], home
            if a == b:
                inner[a].append((place[source], port, place[target], at - first))
                continue
            tensor = source << _PORTS | port
            start, end = source, target
            while a != b:
                if depth[b] >= depth[a]:
                    if end >= 0 or (end, tensor) not in seen:
                        if end < 0:
                            seen.add((end, tensor))
                        ins[b][tensor] = None
                        crossing[b].append((None, tensor, end, at - first if end >= 0 else 0))
                    end, b = ~b, parents[b]
                else:
                    if tensor not in outs[a]:
                        outs[a][tensor] = None
                        crossing[a].append((start, tensor, None, 0))
                    start, a = ~a, parents[a]
            if end >= 0:
                crossing[a].append((start, tensor, end, at - first))
            elif (end, tensor) not in seen:
                seen.add((end, tensor))
                crossing[a].append((start, tensor, end, 0))
    return Lifted(children, inner, crossing, ins, outs)


def _places(children: Sequence[Sequence[int]], nodes: int) -> list[int]:
    """Position of every node among the children of its group."""
    place = [0] * nodes
    for found in children:
        for position, child in enumerate(found):
            if child >= 0:
                place[child] = position
    return place


def _children(owner: Sequence[int], parents: Sequence[int], count: int) -> list[list[int]]:
    """Children of every group in the order in which their first nodes stand in the graph."""
    children: list[list[int]] = [[] for _ in range(count)]
    seen = bytearray(count)
    seen[0] = 1
    for node, group in enumerate(owner):
        children[group].append(node)
        while not seen[group]:
            seen[group] = 1
            children[parents[group]].append(~group)
            group = parents[group]
    for group in range(1, count):  # groups without a node inside
        if not seen[group]:
            children[parents[group]].append(~group)
    return children


class _Nesting:
    """The walk from the innermost groups to the root."""

    def __init__(
        self,
        graph: Graph,
        sizes: BoxSizes,
        options: LayoutOptions,
        lifted: Lifted,
        budget: int | None,
        opened: set[int] | None = None,
    ) -> None:
        count = len(graph.groups)
        self._graph = graph
        self._sizes = sizes
        self._options = options
        self._lifted = lifted
        self._budget = budget
        self._opened = opened  # groups that are not postponed; None for all
        self._leaves = leaf_counts(graph)
        ins, outs = (lifted.outs, lifted.ins) if options.backwards else (lifted.ins, lifted.outs)
        self._ins = [sorted(found) if len(found) > 1 else list(found) for found in ins]
        self._outs = [sorted(found) if len(found) > 1 else list(found) for found in outs]
        self._placements: list[Placement] = []
        self._placement_of = [-1] * count
        self._frames: list[Frame | None] = [None] * count
        self._boxes: list[Child | None] = [None] * count
        self._known: dict[object, int] = {}
        self._framed: dict[object, tuple[Frame, Child, int]] = {}
        self._leaf_codes: dict[tuple[float, float], int] = {}
        self._place = _places(lifted.children, len(graph))
        self._group_place = [0] * count
        for children in lifted.children:
            for position, child in enumerate(children):
                if child < 0:
                    self._group_place[~child] = position
        self._codes = [0] * count
        self._pins: dict[int, dict[int, int]] = {}

    def run(self) -> Nested:
        for group in range(len(self._graph.groups) - 1, -1, -1):
            self._lay_out(group)
        return Nested(
            children=self._lifted.children,
            placement_of=self._placement_of,
            placements=self._placements,
            frames=self._frames,
            lifted=self._lifted,
            ins=self._ins,
            outs=self._outs,
            backwards=self._options.backwards,
        )

    def _lay_out(self, group: int) -> None:
        if group and self._is_closed(group):
            self._close(group)
            return
        children = self._lifted.children[group]
        width, codes = self._codes_of(children)
        wires = self._local_wires(group)
        key = (codes, wires, len(self._ins[group]), len(self._outs[group]), group == 0)
        found = self._known.get(key)
        if found is None:
            if group:  # the outermost level is drawn whatever it costs
                self._spend(len(children))
            inside = Inside(
                tuple(self._child(child, width) for child in children),
                tuple(Wire(*wire) for wire in wires),
                len(self._ins[group]),
                len(self._outs[group]),
            )
            found = len(self._placements)
            self._placements.append(lay_out_inside(inside, self._shape(group)))
            self._known[key] = found
        self._placement_of[group] = found
        if group:
            self._frame(group, found)

    def _is_closed(self, group: int) -> bool:
        wished = self._options.closed is not None and self._options.closed(group)
        return wished or (self._opened is not None and group not in self._opened)

    def open_later(self, group: int) -> None:
        """Lay out a postponed group in the box that it has; see `Nested.open_later`."""
        frame = self._frames[group]
        parent = self._graph.groups.parents[group]
        wished = self._options.closed is not None and self._options.closed(group)
        if frame is None or wished or self._opened is None or group in self._opened or self._placement_of[parent] < 0:
            return
        with collector_paused():
            opened = _outermost(self._lifted.children, group, BUDGET)
            self._opened |= opened
            for inner in sorted(opened, reverse=True):
                self._lay_out(inner)
            placement = self._placements[self._placement_of[group]]
            scale = min(
                (frame.width - 2 * CLOSED_MARGIN) / placement.width,
                (frame.height - 2 * CLOSED_MARGIN) / placement.height,
            )
            x, y = (
                (outer - inner * scale) / 2
                for outer, inner in ((frame.width, placement.width), (frame.height, placement.height))
            )
            self._frames[group] = Frame(frame.width, frame.height, x, y, scale, late=True)

    def _spend(self, children: int) -> None:
        if self._budget is not None:
            self._budget -= children
            if self._budget < 0:
                raise _OverBudget

    def _codes_of(self, children: Sequence[int]) -> tuple[float, tuple[int, ...]]:
        """The width of all leaves, and a number for each child that tells all that the layout may know of it.

        All leaves of a group are equally wide. Frames have numbers below 0, leaves from 0 on.
        """
        table, framed = self._leaf_codes, self._codes
        sizes = self._sizes.boxes([child for child in children if child >= 0])
        widest = max(sizes)[0] if sizes else 0.0
        width = -(-widest // GRID) * GRID
        heights = iter(sizes)
        codes = []
        for child in children:
            if child >= 0:
                key = (width, next(heights)[1])
                code = table.get(key)
                if code is None:
                    code = table[key] = len(table)
                codes.append(code)
            else:
                codes.append(-1 - framed[~child])
        return width, tuple(codes)

    def _shape(self, group: int) -> Shape:
        if group:
            return Shape(flow=self._options.flow)
        return Shape(aspect=self._options.aspect, flow=self._options.flow, root=True)

    def _child(self, child: int, width: float) -> Child:
        if child >= 0:
            return Child(width, self._sizes.boxes([child])[0][1])
        box = self._boxes[~child]
        if box is None:
            raise AssertionError("a group is laid out after the groups in it")
        return box

    def _local_wires(self, group: int) -> tuple[tuple[int, int, int, int], ...]:
        """Wires between positions: pins are counted by age, ports and slots of groups are pins of theirs."""
        place, group_place, pin = self._place, self._group_place, self._pin
        ins, outs, backwards = self._ins, self._outs, self._options.backwards
        inner = self._lifted.inner[group]
        found = [(end, slot, start, port) for start, port, end, slot in inner] if backwards else list(inner)
        for source, tensor, target, slot in self._lifted.crossing[group]:
            number = tensor & _PORT_MASK
            if backwards:
                source, target, number, slot = target, source, slot, number
            if source is None:
                start, number = ~pin(ins[group], tensor), 0
            elif source >= 0:
                start = place[source]
            else:
                start, number = group_place[~source], pin(outs[~source], tensor)
            if target is None:
                end, slot = ~pin(outs[group], tensor), 0
            elif target >= 0:
                end = place[target]
            else:
                end, slot = group_place[~target], pin(ins[~target], tensor)
            found.append((start, number, end, slot))
        return tuple(found)

    def _pin(self, tensors: Sequence[int], tensor: int) -> int:
        """Position of a tensor among those of a border."""
        if len(tensors) == 1:
            return 0
        if len(tensors) <= _FEW_PINS:
            return tensors.index(tensor)
        places = self._pins.get(id(tensors))
        if places is None:
            places = self._pins[id(tensors)] = {each: place for place, each in enumerate(tensors)}
        return places[tensor]

    def _close(self, group: int) -> None:
        """A closed group is a box of a leaf's height, with its pins at the middle of its border."""
        width = max(self._sizes.titles[group], CLOSED[0])
        ins, outs = len(self._ins[group]), len(self._outs[group])
        corner = (0.0, 0.0)
        empty = Placement("down", 0, width, CLOSED[1], (), (), (corner,) * ins, (corner,) * outs, 0)
        self._set_frame(group, ("closed", width, ins, outs), empty, Frame(width, CLOSED[1], 0.0, 0.0, 1.0))

    def _frame(self, group: int, placement: int) -> None:
        unfolded = self._options.unfolded is not None and self._options.unfolded(group)
        title = -(-self._sizes.titles[group] // TITLE_GRID) * TITLE_GRID
        key = (placement, title, unfolded, self._leaves[group])
        known = self._framed.get(key)
        if known is not None:
            self._frames[group], self._boxes[group], self._codes[group] = known
            return
        found = self._placements[placement]
        scale = 1.0 if unfolded else _scale(found, self._leaves[group])
        inner = found.width * scale
        width = max(inner, title)
        x, height = round((width - inner) / 2, 2), round(TITLE + found.height * scale, 2)
        self._set_frame(group, key, found, Frame(round(width, 2), height, x, TITLE, scale))

    def _set_frame(self, group: int, key: object, placement: Placement, frame: Frame) -> None:
        known = self._framed.get(key)
        if known is None:
            box = Child(frame.width, frame.height, side(placement, frame, "down"), side(placement, frame, "right"))
            known = self._framed[key] = (frame, box, len(self._framed))
        self._frames[group], self._boxes[group], self._codes[group] = known


def tensor_of(number: int) -> tuple[int, int]:
    """Node and port of a tensor's number."""
    return number >> _PORTS, number & _PORT_MASK


def _scale(placement: Placement, leaves: int) -> float:
    """The more a group holds, the larger it is drawn, but slowly: a rule of the inside alone.

    The exponent and the factor were tried out on models from 20 to 2,000 layers: a box's size then tells
    how much is in it, and a cell of 57 layers does not dwarf a stage.
    """
    wanted = 110.0 * math.pow(leaves, 0.28) / max(placement.width, 1.2 * placement.height)
    return round(min(LARGEST_SCALE, max(SMALLEST_SCALE, wanted)), 4)
