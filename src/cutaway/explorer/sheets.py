"""Sheets and looks: what the groups of a chart share, made of placements and labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cutaway.analysis.ops import FAMILIES, OTHER, family
from cutaway.drawing.arrange import Arranged
from cutaway.drawing.titles import flow_around, opened_layer, title_place
from cutaway.explorer.contract import Look, Path, Sheet, SheetWire
from cutaway.explorer.text import number
from cutaway.graph.model import Graph
from cutaway.layout.leads import leads
from cutaway.layout.nesting import Nested, tensor_of
from cutaway.layout.problem import Point, Segment
from cutaway.layout.route import reversed_path
from cutaway.style.labels import TITLE_SIZE
from cutaway.style.measure import width

_CODES = {"M": 0, "L": 1, "C": 2}
_FAMILY = {name: at for at, name in enumerate(FAMILIES)}


def pins(nested: Nested, group: int) -> tuple[list[int], list[int]]:
    """Tensors that enter a group and that leave it, in the order of their pins."""
    ins, outs = nested.ins[group], nested.outs[group]
    return (outs, ins) if nested.backwards else (ins, outs)


def make_sheet(nested: Nested, group: int) -> Sheet:
    """The geometry of a group's inside, and of all that have an equal one."""
    placement = nested.placement(group)
    ends = list(_ends(nested, group))
    wires: list[SheetWire] = []
    for drawn in placement.wires:
        path = reversed_path(drawn.segments) if nested.backwards else drawn.segments
        arrow = drawn.from_box if nested.backwards else drawn.to_box
        wires.append((*ends[drawn.wire], int(arrow), flat(path)))
    entering, leaving = placement.ins, placement.outs
    if nested.backwards:
        entering, leaving = leaving, entering
    return {
        "w": number(placement.width),
        "h": number(placement.height),
        "flow": placement.flow,
        "boxes": [number(value) for box in placement.boxes for value in box],
        "wires": wires,
        "ins": _points(entering),
        "outs": _points(leaving),
    }


def make_look(arranged: Arranged, group: int) -> Look:
    """What a group shows on its sheet, and how its own leads run."""
    graph, nested, labels = arranged.graph, arranged.nested, arranged.labels
    lines: list[list[str]] = []
    families: list[int] = []
    shifts: list[float] = []
    crossed: list[int] = []
    for position, child in enumerate(nested.children[group]):
        if child >= 0:
            lines.append(list(labels.lines[child]))
            families.append(_FAMILY[family(graph.op(child))])
            shifts.append(0)
            continue
        title = labels.titles[~child]
        lines.append(list(title))
        families.append(_group_family(graph, ~child))
        frame = nested.frames[~child]
        shift, behind = (0.0, False)
        if frame is not None:
            shift, behind = title_place(graph, nested, ~child, frame, width(title[0], TITLE_SIZE, 600))
        shifts.append(number(shift))
        if behind:
            crossed.append(position)
    return {
        "lines": lines,
        "families": families,
        "titles": shifts,
        "crossed": crossed,
        "leads": _leads(graph, nested, group),
    }


def look_key(arranged: Arranged, group: int) -> object:
    """All that the look of a group depends on; equal keys have equal looks."""
    graph, nested, labels = arranged.graph, arranged.nested, arranged.labels
    faces = tuple(
        (labels.lines[child], graph.op_codes[child])
        if child >= 0
        else (labels.titles[~child], _group_family(graph, ~child), nested.placement_of[~child], nested.frames[~child])
        for child in nested.children[group]
    )
    around = (nested.frames[group], flow_around(graph, nested, group)) if group else None
    return nested.placement_of[group], faces, around


def flat(segments: Iterable[Segment]) -> Path:
    """The pieces of a line as one list of numbers."""
    found: Path = []
    for name, *values in segments:
        found.append(_CODES[str(name)])
        found.extend(number(float(value)) for value in values)
    return found


def _points(points: Sequence[Point]) -> list[float]:
    return [number(value) for point in points for value in point]


def _group_family(graph: Graph, group: int) -> int:
    kind = opened_layer(graph, group)
    return -1 if kind == OTHER else _FAMILY[kind]


def _leads(graph: Graph, nested: Nested, group: int) -> list[Path]:
    """The leads of a group, entering ones first, each from source to target."""
    frame = nested.frames[group]
    if frame is None:
        return []
    placement = nested.placement(group)
    found = leads(placement, frame, flow_around(graph, nested, group))
    if nested.backwards:
        turned = [reversed_path(path) for path in found]
        found = turned[len(placement.ins) :] + turned[: len(placement.ins)]
    return [flat(path) for path in found]


def _ends(nested: Nested, group: int) -> Iterator[tuple[int, int, int, int]]:
    """``(source, port, target, slot)`` of every wire of a group, in positions of children and numbers of pins."""
    ins, outs = ({tensor: at for at, tensor in enumerate(found)} for found in pins(nested, group))
    position = {child: at for at, child in enumerate(nested.children[group])}
    border: dict[tuple[int, bool], dict[int, int]] = {}

    def pin(child: int, tensor: int, entering: bool) -> int:
        known = border.get((child, entering))
        if known is None:
            found = pins(nested, ~child)[0 if entering else 1]
            known = border[child, entering] = {number: at for at, number in enumerate(found)}
        return known[tensor]

    for source, tensor, target, slot in nested.wires(group):
        if source is None:
            start, port = ~ins[tensor], 0
        else:
            start = position[source]
            port = tensor_of(tensor)[1] if source >= 0 else pin(source, tensor, False)
        if target is None:
            end, at = ~outs[tensor], 0
        else:
            end = position[target]
            at = slot if target >= 0 else pin(target, tensor, True)
        yield start, port, end, at
