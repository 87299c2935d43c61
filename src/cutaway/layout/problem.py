"""What a group's layout is given, and what its stages hand on.

All stages work in two directions that do not depend on how the group lies on the page: *along* the flow,
and *across* it. A group that flows right has along = x and across = y; one that flows down has along = y
and across = x.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Flow = Literal["down", "right"]


@dataclass(frozen=True, slots=True)
class Side:
    """Where the tensors of a group's border go in and out, for one flow of the group that holds it.

    Attributes:
        axis: Where the main line runs, in px from the left border (flow down) or the top border (flow right).
        ins, outs: Offset of each pin from the axis, in px.
    """

    axis: float
    ins: tuple[float, ...]
    outs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Child:
    """A box in a group.

    Attributes:
        width, height: Size in px, as drawn in the group that holds it.
        down, right: For a group, its border where the holding group flows down or right; None for a leaf.
    """

    width: float
    height: float
    down: Side | None = None
    right: Side | None = None

    @property
    def is_group(self) -> bool:
        """Whether it holds a drawing of its own."""
        return self.down is not None

    def side(self, flow: Flow) -> Side | None:
        """Its border for one flow of the group that holds it."""
        return self.down if flow == "down" else self.right


@dataclass(frozen=True, slots=True)
class Wire:
    """An edge inside one group: from a child's port or the group's own pin to a child's slot or pin.

    Attributes:
        source: Position of the child that makes the tensor, or ~k for the group's k-th entering tensor.
        port: Output port, or pin of the child where it is a group; equal (source, port) is one tensor.
        target: Position of the child that reads it, or ~k for the group's k-th leaving tensor.
        slot: Input slot, or pin of the child where it is a group.
    """

    source: int
    port: int
    target: int
    slot: int


@dataclass(frozen=True, slots=True)
class Inside:
    """All that the layout of a group may depend on; equal insides share one placement."""

    children: tuple[Child, ...]
    wires: tuple[Wire, ...]
    pins_in: int
    pins_out: int


@dataclass(slots=True)
class Layers:
    """A group's children, pins and the bends of long wires, in ranks.

    Vertices are numbered: children first, then entering pins, then leaving pins, then bends. A long tensor
    has one chain of bends, which all of its readers share.

    Attributes:
        rank: Rank of each vertex.
        rows: Vertices of each rank, in order across the flow.
        down, up: Neighbours in the next and the previous rank.
        first_bend: Number of the first vertex that is a bend.
        pins_in: Number of the first entering pin.
        pins_out: Number of the first leaving pin.
        routes: For each wire, its vertices from rank to rank, ends included.
        turned: Wires that run against the flow, because the group has a cycle.
        ports: For each vertex, how many different tensors leave it downwards.
        lean: By ``(vertex, neighbour)``, how far from the middle of the neighbour their link ends there, as a
            fraction of a place: the pins of a group keep their order. Only where it is not 0.
    """

    rank: list[int]
    rows: list[list[int]]
    down: list[list[int]]
    up: list[list[int]]
    first_bend: int
    pins_in: int
    pins_out: int
    routes: list[list[int]]
    turned: frozenset[int]
    ports: list[int]
    lean: dict[tuple[int, int], float]

    def is_bend(self, vertex: int) -> bool:
        """Whether a vertex is a bend of a long wire."""
        return vertex >= self.first_bend


Point = tuple[float, float]
Segment = tuple[str | float, ...]


@dataclass(frozen=True, slots=True)
class DrawnWire:
    """A wire on the page.

    Attributes:
        wire: Position of the wire in the inside.
        segments: As in `cutaway.drawing.scene.Path`, from source to target.
        from_box, to_box: Whether it begins and ends at a child, and not at a pin of the group.
    """

    wire: int
    segments: tuple[Segment, ...]
    from_box: bool
    to_box: bool


@dataclass(frozen=True, slots=True)
class Placement:
    """A group's inside, laid out in its own coordinates (px, y down), which equal insides share.

    Attributes:
        flow: Which way it flows.
        rows: Number of rows (or columns) into which the flow is wrapped.
        width, height: Size with margins and title strip.
        boxes: ``(x, y, width, height)`` of each child.
        wires: What is drawn; a wire that a grid leaves out has no entry.
        ins, outs: Points at which the wires of the pins begin and end, inside the margin.
        crossings: Number of crossings of wires.
    """

    flow: Flow
    rows: int
    width: float
    height: float
    boxes: tuple[tuple[float, float, float, float], ...]
    wires: tuple[DrawnWire, ...]
    ins: tuple[Point, ...]
    outs: tuple[Point, ...]
    crossings: int
