"""`to_places`: where every box and wire of a drawing lies on the page, as plain JSON values for other programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cutaway.graph.model import Graph
from cutaway.layout.leads import leads
from cutaway.layout.nesting import Nested, tensor_of
from cutaway.layout.problem import Segment
from cutaway.layout.route import reversed_path

SCHEMA = 1
"""Version of the format, which ``docs/contract.md`` describes."""


def to_places(graph: Graph, nested: Nested) -> dict[str, Any]:
    """All boxes and wires in px of the page, groups before what is in them.

    An edge between two groups is drawn in pieces: from its node to the border of its group, from there to
    the next border, and so on. Each piece says which tensor it carries and which children it joins.
    """
    boxes: list[dict[str, Any]] = []
    wires: list[dict[str, Any]] = []
    for group, x, y, scale in _open_groups(nested):
        boxes.extend(_boxes(graph, nested, group, x, y, scale))
        wires.extend(_wires(graph, nested, group, x, y, scale))
    root = nested.placement(0)
    return {"schema": SCHEMA, "width": root.width, "height": root.height, "boxes": boxes, "edges": wires}


def middles(places: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Middle and size of every box, by id."""
    return {
        box["id"]: {
            "x": round(box["x"] + box["width"] / 2, 3),
            "y": round(box["y"] + box["height"] / 2, 3),
            "width": box["width"],
            "height": box["height"],
        }
        for box in places["boxes"]
    }


def _open_groups(nested: Nested) -> Iterator[tuple[int, float, float, float]]:
    """Groups that are drawn open, with the origin and scale of their insides on the page."""
    waiting = [(0, 0.0, 0.0, 1.0)]
    for group, x, y, scale in waiting:  # grows while it is walked
        yield group, x, y, scale
        for child, box in zip(nested.children[group], nested.placement(group).boxes, strict=True):
            frame = nested.frames[~child] if child < 0 else None
            if frame is not None and nested.placement_of[~child] >= 0:
                inner_x, inner_y = x + (box[0] + frame.x) * scale, y + (box[1] + frame.y) * scale
                waiting.append((~child, inner_x, inner_y, scale * frame.scale))


def _boxes(graph: Graph, nested: Nested, group: int, x: float, y: float, scale: float) -> Iterator[dict[str, Any]]:
    groups = graph.groups
    for child, (left, top, width, height) in zip(nested.children[group], nested.placement(group).boxes, strict=True):
        yield {
            "id": graph.ids[child] if child >= 0 else groups.ids[~child],
            "kind": "node" if child >= 0 else "group",
            "op": graph.op(child) if child >= 0 else groups.ops.get(~child, ""),
            "group": groups.ids[group],
            "x": round(x + left * scale, 3),
            "y": round(y + top * scale, 3),
            "width": round(width * scale, 3),
            "height": round(height * scale, 3),
            "scale": round(scale, 6),
        }


def _wires(graph: Graph, nested: Nested, group: int, x: float, y: float, scale: float) -> Iterator[dict[str, Any]]:
    placement, groups = nested.placement(group), graph.groups

    def identity(child: int | None) -> str | None:
        return None if child is None else graph.ids[child] if child >= 0 else groups.ids[~child]

    def piece(
        tensor: int, source: str | None, target: str | None, slot: int, path: tuple[Segment, ...]
    ) -> dict[str, Any]:
        node, port = tensor_of(tensor)
        return {
            "group": groups.ids[group],
            "tensor": {"node": graph.ids[node], "port": port},
            "from": source,
            "to": target,
            "slot": slot,
            "path": [_on_page(segment, x, y, scale) for segment in (reversed_path(path) if nested.backwards else path)],
        }

    joined = nested.wires(group)
    for drawn in placement.wires:
        source, tensor, target, slot = joined[drawn.wire]
        yield piece(tensor, identity(source), identity(target), slot, drawn.segments)
    frame = nested.frames[group]
    if frame is not None:
        around = nested.placement(groups.parents[group]).flow
        tensors = [*nested.ins[group], *nested.outs[group]]
        for tensor, path in zip(tensors, leads(placement, frame, around), strict=True):
            yield piece(tensor, None, None, 0, path)


def _on_page(segment: Segment, x: float, y: float, scale: float) -> list[str | float]:
    values = [float(value) for value in segment[1:]]
    moved = [round(value * scale + (y if at % 2 else x), 3) for at, value in enumerate(values)]
    return [segment[0], *moved]
