"""The promises of the layout, checked on a finished drawing by looking at nothing but boxes and lines."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from cutaway.drawing.compose import Marks
from cutaway.graph.grouping import group as find_groups
from cutaway.graph.model import CONTROL, Graph
from cutaway.layout.leads import leads
from cutaway.layout.nesting import LayoutOptions, Nested, tensor_of
from cutaway.layout.problem import Placement, Segment
from cutaway.picture import draw
from cutaway.style.labels import LabelOptions
from cutaway.style.theme import THEMES

Rectangle = tuple[float, float, float, float]
TOUCH = 0.6  # px: half a wire's width


def nested_of(graph: Graph, **options: object) -> tuple[Graph, Nested]:
    grouped = find_groups(graph)
    layout = LayoutOptions(**options)  # type: ignore[arg-type]
    drawn = draw(grouped, LabelOptions(), layout, Marks(), THEMES["light"], {}, dpi=96)
    return grouped, drawn.nested


def check_promises(graph: Graph, nested: Nested) -> None:
    """Fail where one of the promises is broken in any group."""
    checked: set[int] = set()
    for group in range(len(graph.groups)):
        number = nested.placement_of[group]
        if number < 0:
            continue
        check_wires_are_all_there(graph, nested, group)
        if number in checked and group:
            continue
        checked.add(number)
        placement = nested.placements[number]
        check_boxes(placement)
        check_wires_touch_no_other_box(placement, nested, group)
        check_ends(placement, nested, group)
    check_every_edge_is_drawn(graph, nested)
    for group in range(1, len(graph.groups)):
        check_frame(graph, nested, group)


def check_boxes(placement: Placement) -> None:
    for x, y, w, h in placement.boxes:
        assert x >= 0
        assert y >= 0
        assert x + w <= placement.width + 0.02
        assert y + h <= placement.height + 0.02
    ordered = sorted(placement.boxes)
    for at, (x, y, w, h) in enumerate(ordered):
        for other in ordered[at + 1 :]:
            if other[0] >= x + w:
                break
            assert other[1] >= y + h or y >= other[1] + other[3], f"{(x, y, w, h)} overlaps {other}"


def check_wires_touch_no_other_box(placement: Placement, nested: Nested, group: int) -> None:
    for drawn in placement.wires:
        source, _, target, _ = nested.wires(group)[drawn.wire]
        own = {source, target}
        strangers = [b for c, b in zip(nested.children[group], placement.boxes, strict=True) if c not in own]
        for point in sample(drawn.segments):
            for box in strangers:
                assert not inside(point, box, -TOUCH), f"wire {drawn.wire} of group {group} runs through {box}"


def check_ends(placement: Placement, nested: Nested, group: int) -> None:
    """Every path begins on the border of its source and ends on that of its target, or at their pins."""
    boxes = dict(zip(nested.children[group], placement.boxes, strict=True))
    for drawn in placement.wires:
        source, tensor, target, _ = nested.wires(group)[drawn.wire]
        if nested.backwards:
            source, target = target, source
        first, last = point_of(drawn.segments[0]), point_of(drawn.segments[-1])
        for end, child, pins, anchors in (
            (first, source, nested.ins[group], placement.ins),
            (last, target, nested.outs[group], placement.outs),
        ):
            if child is None:
                assert math.dist(end, anchors[pins.index(tensor)]) < 0.05
            else:
                assert on_border(end, boxes[child]), f"{end} is not on the border of {boxes[child]}"


def check_wires_are_all_there(graph: Graph, nested: Nested, group: int) -> None:
    """A grid leaves all wires of a group out; anything else draws every one of them."""
    drawn = [wire.wire for wire in nested.placement(group).wires]
    assert drawn in ([], list(range(len(nested.wires(group)))))


def check_every_edge_is_drawn(graph: Graph, nested: Nested) -> None:
    """Follow each tensor through borders: what reaches a node is what the graph says, as often as it says."""
    expected = Counter(
        (edge.source, edge.port, edge.target, edge.slot) for edge in graph.edges() if edge.port != CONTROL
    )
    found: Counter[tuple[int, int, int, int]] = Counter()
    for group in range(len(graph.groups)):
        for source, tensor, target, slot in nested.wires(group):
            node, port = tensor_of(tensor)
            if source is None:
                assert tensor in (nested.outs if nested.backwards else nested.ins)[group]
            elif source >= 0:
                assert source == node
            if target is not None and target >= 0:
                found[node, port, target, slot] += 1
    assert found == expected


def check_frame(graph: Graph, nested: Nested, group: int) -> None:
    frame = nested.frames[group]
    parent = graph.groups.parents[group]
    if frame is None or nested.placement_of[group] < 0 or nested.placement_of[parent] < 0:
        return
    placement = nested.placement(group)
    assert frame.x + placement.width * frame.scale <= frame.width + 0.05
    assert frame.y + placement.height * frame.scale <= frame.height + 0.05
    box = nested.placement(parent).boxes[nested.children[parent].index(~group)]
    assert math.isclose(box[2], frame.width, abs_tol=0.02)
    assert math.isclose(box[3], frame.height, abs_tol=0.02)
    for lead in leads(placement, frame, nested.placement(parent).flow):
        for point in sample(lead):
            assert not any(inside(point, inner, -TOUCH) for inner in placement.boxes), f"a lead of {group} hits a box"


def sample(segments: Sequence[Segment]) -> Iterator[tuple[float, float]]:
    """Points along a path, dense enough that no box fits between two of them."""
    here = point_of(segments[0])
    for segment in segments[1:]:
        end = point_of(segment)
        steps = max(2, int(math.dist(here, end) / 4))
        for step in range(steps + 1):
            t = step / steps
            if segment[0] == "C":
                one, two = (float(segment[1]), float(segment[2])), (float(segment[3]), float(segment[4]))
                yield tuple(  # type: ignore[misc]
                    (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t * t * c + t**3 * d
                    for a, b, c, d in zip(here, one, two, end, strict=True)
                )
            else:
                yield here[0] + (end[0] - here[0]) * t, here[1] + (end[1] - here[1]) * t
        here = end


def point_of(segment: Segment) -> tuple[float, float]:
    return float(segment[-2]), float(segment[-1])


def inside(point: tuple[float, float], box: Rectangle, grow: float = 0.0) -> bool:
    x, y, w, h = box
    return x - grow < point[0] < x + w + grow and y - grow < point[1] < y + h + grow


def on_border(point: tuple[float, float], box: Rectangle) -> bool:
    return inside(point, box, 0.05) and not inside(point, box, -0.05)
