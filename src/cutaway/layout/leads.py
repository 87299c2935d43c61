"""Leads: how a tensor gets from a group's border to the wires inside it.

Where the group flows as its holder does, in one row, a pin sits right where the wire inside begins and the
lead is straight. Elsewhere the pin sits at the middle of the border and the lead turns corners in the
margin. Lanes are nested so that leads never cross: the oldest tensor is outermost on the way in.
"""

from __future__ import annotations

from dataclasses import dataclass

from cutaway.layout.problem import Flow, Placement, Point, Segment, Side
from cutaway.layout.route import rounded, to_page

PIN_GAP = 8.0
"""Distance of two pins on a border, in px of the holder."""

CORNER = 10.0
"""Px of a border next to a corner that stay free of pins."""

LANE_START = 6.0
LANE_ROOM = 12.0
"""Px from the border of the inside at which lanes begin, and what all lanes together may take."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A group's box in its holder: its size, and where and how small its inside is drawn in it, in px.

    Attributes:
        width, height: Size of the box.
        x, y: Where the inside's origin lies in the box.
        scale: Size of a px of the inside.
        late: Whether it was a closed box when its holder was laid out, so that its pins stay at the middle.
    """

    width: float
    height: float
    x: float
    y: float
    scale: float
    late: bool = False

    def in_line(self, placement: Placement, flow: Flow) -> bool:
        """Whether the wires of a holder that flows that way run straight on inside."""
        return placement.flow == flow and placement.rows == 1 and not self.late


def side(placement: Placement, frame: Frame, flow: Flow) -> Side:
    """Where the pins of a framed group sit when its holder flows that way."""
    across = 1 if flow == "right" else 0
    length = frame.height if flow == "right" else frame.width
    if frame.in_line(placement, flow):
        origin = frame.y if flow == "right" else frame.x
        ins = [origin + point[across] * frame.scale for point in placement.ins]
        outs = [origin + point[across] * frame.scale for point in placement.outs]
        axis = ins[-1] if ins else outs[-1] if outs else length / 2
    else:
        axis = length / 2
        ins = [axis + offset for offset in _spread(len(placement.ins), length, flow)]
        outs = [axis + offset for offset in _spread(len(placement.outs), length, flow)]
    axis = round(axis, 2)
    return Side(axis, tuple(round(pin - axis, 2) for pin in ins), tuple(round(pin - axis, 2) for pin in outs))


def _spread(count: int, length: float, flow: Flow) -> list[float]:
    """Offsets of pins from the middle of a border: the newest at the middle, the older ones beside it."""
    if count < 2:
        return [0.0] * count
    room = length / 2 - CORNER
    if PIN_GAP * (count - 1) <= room:
        offsets = [PIN_GAP * (k - (count - 1)) for k in range(count)]
    else:
        gap = 2 * max(room, 1.0) / (count - 1)
        offsets = [gap * (k - (count - 1) / 2) for k in range(count)]
    return offsets if flow == "right" else [-offset for offset in offsets]


def leads(placement: Placement, frame: Frame, flow: Flow) -> list[tuple[Segment, ...]]:
    """Leads of a framed group, in the coordinates of its inside; entering ones first.

    Args:
        placement: The inside.
        frame: Its box in the holder.
        flow: Which way the holder flows.
    """
    border = side(placement, frame, flow)
    drawn = []
    for entering in (True, False):
        anchors = placement.ins if entering else placement.outs
        offsets = border.ins if entering else border.outs
        for index, (anchor, offset) in enumerate(zip(anchors, offsets, strict=True)):
            start = _on_border(frame, flow, border.axis + offset, entering)
            straight = frame.in_line(placement, flow)
            turned = [] if straight else _corners(placement, flow, start, anchor, index, len(anchors), entering)
            corners = [start, *turned, anchor]
            segments = rounded(corners if entering else corners[::-1])
            drawn.append(to_page(segments, lambda x, y: (x, y)))
    return drawn


def _on_border(frame: Frame, flow: Flow, place: float, entering: bool) -> Point:
    """A point of the box's border, in the coordinates of its inside."""
    if flow == "right":
        x, y = (0.0 if entering else frame.width), place
    else:
        x, y = place, (0.0 if entering else frame.height)
    return (x - frame.x) / frame.scale, (y - frame.y) / frame.scale


def _corners(
    placement: Placement, flow: Flow, start: Point, anchor: Point, index: int, count: int, entering: bool
) -> list[Point]:
    """Corner points between the border and the anchor."""
    step = min(5.0, LANE_ROOM / count)
    older, newer = LANE_START + step * index, LANE_START + step * (count - 1 - index)
    if flow == "right" and placement.flow == "down":
        lane = older if entering else placement.width - newer
        run = older if entering else placement.height - newer
        return [(lane, start[1]), (lane, run), (anchor[0], run)]
    if flow == "right":
        lane = older if entering else placement.width - newer
        return [(lane, start[1]), (lane, anchor[1])]
    if placement.flow == "right":
        lane = newer if entering else placement.width - older
        run = newer if entering else placement.height - older
        return [(start[0], run), (lane, run), (lane, anchor[1])]
    run = newer if entering else placement.height - older
    return [(start[0], run), (anchor[0], run)]
