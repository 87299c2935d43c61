"""From placements to a `Scene`: boxes get their words and colours, equal drawings become one sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from cutaway.analysis.ops import FAMILIES, OTHER, family
from cutaway.drawing.badges import draw_badge
from cutaway.drawing.hatching import hatching
from cutaway.drawing.legend import LETTER_SIZE, legend_items
from cutaway.drawing.measures import SMALLEST_SCALE, TINT, WIRE
from cutaway.drawing.scene import Box, Font, Item, Paint, Path, Place, Scene, Sheet, Text
from cutaway.drawing.titles import flow_around, opened_layer, title_place
from cutaway.graph.model import Graph
from cutaway.layout.leads import Frame, leads
from cutaway.layout.nesting import Nested
from cutaway.layout.problem import Placement, Segment
from cutaway.layout.route import reversed_path
from cutaway.style.labels import LINE, NAME_SIZE, OP_SIZE, TITLE_PADDING, TITLE_SIZE, Labels
from cutaway.style.measure import width
from cutaway.style.theme import Theme, mix, readable_on

Wires = Literal["curved", "straight", "none"]

DASHES = (4.0, 2.5)
HATCH = 0.25
"""Dashes of the border of what is not there, and the share of the wires' colour in the lines over it."""

LETTER_DISC = 6.5
"""Radius of the disc behind a letter in a corner, in px."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Marks:
    """What the caller wants marked.

    Attributes:
        fills: Colour of a node's box, where it is not that of its family.
        highlighted_nodes, highlighted_groups: Boxes with a strong frame.
        strokes: Border of a box, by its colour, where it is not that of the family.
        letters: Letter in the corner of a box, by node or ~index of a group.
        badges: Finding at a box, likewise: 0 error, 1 warning, 2 info.
        ghosts: Boxes, likewise, of what is not there: they are dashed and hatched.
        legend: Entries ``(colour, stroke, text)`` instead of the families in the picture; None for those.
        legend_letters: Letter in the box of an entry, by its text.
        show_legend: Whether there is a legend at all.
    """

    fills: Mapping[int, str] = field(default_factory=dict)
    highlighted_nodes: frozenset[int] = frozenset()
    highlighted_groups: frozenset[int] = frozenset()
    strokes: Mapping[str, str] = field(default_factory=dict)
    letters: Mapping[int, str] = field(default_factory=dict)
    badges: Mapping[int, int] = field(default_factory=dict)
    ghosts: frozenset[int] = frozenset()
    legend: Sequence[tuple[str, str, str]] | None = None
    legend_letters: Mapping[str, str] = field(default_factory=dict)
    show_legend: bool = True


def compose(
    graph: Graph,
    nested: Nested,
    labels: Labels,
    theme: Theme,
    marks: Marks,
    title: str,
    *,
    wires: Wires = "curved",
    root: int = 0,
) -> Scene:
    """Make the scene of a laid-out graph.

    Args:
        graph: The grouped graph.
        nested: Its placements.
        labels: What stands in the boxes.
        theme: Colours.
        marks: What the caller wants marked.
        title: Plain words for screen readers.
        wires: How wires turn: curved, straight from bend to bend, or not drawn at all.
        root: Group whose inside is the picture; it must be open.
    """
    return _Composer(graph, nested, labels, theme, marks, wires).run(title, root)


class _Composer:
    def __init__(self, graph: Graph, nested: Nested, labels: Labels, theme: Theme, marks: Marks, wires: Wires) -> None:
        self._graph = graph
        self._wires = wires
        self._nested = nested
        self._labels = labels
        self._theme = theme
        self._marks = marks
        self._sheets: list[Sheet] = []
        self._known: dict[object, int] = {}
        self._sheet_of: dict[int, int] = {}
        self._paints: dict[str, Paint] = {
            "wire": Paint(stroke=theme.wire, width=WIRE, arrow=True),
            "lead": Paint(stroke=theme.wire, width=WIRE),
            "group": Paint(fill=theme.group_fill, stroke=theme.group_stroke, width=1.2),
            "group!": Paint(fill=theme.group_fill, stroke=theme.highlight, width=2.6),
        }
        self._fonts = {
            "op": Font(OP_SIZE, 600, theme.text, "middle"),
            "name": Font(NAME_SIZE, 400, theme.name_text, "middle"),
            "title": Font(TITLE_SIZE, 600, theme.title),
            "count": Font(NAME_SIZE, 400, theme.count, "end"),
            "legend": Font(NAME_SIZE, 400, theme.name_text),
        }
        self._families = [family(op) for op in graph.ops]
        self._used: set[str] = set()
        self._hidden = 0

    def run(self, title: str, outer: int) -> Scene:
        order = self._visible(outer)
        for group in reversed(order):
            self._sheet_of[group] = self._sheet(group)
        root = self._sheets[self._sheet_of[outer]]
        self._sheets.append(self._page(root, self._sheet_of[outer]))
        notes = []
        if self._hidden:
            notes.append(f"groups too small to be seen are drawn as solid boxes: {self._hidden:,}")
        if self._nested.postponed:
            notes.append(
                f"inner groups drawn closed, since too much in this model differs: {self._nested.postponed:,}; "
                "draw a part of it to see inside"
            )
        return Scene(tuple(self._sheets), self._paints, self._fonts, self._theme.background, title, "; ".join(notes))

    def _visible(self, outer: int) -> list[int]:
        """Groups that are drawn open, parents first."""
        order, scales = [outer], [1.0]
        for group, scale in zip(order, scales, strict=False):  # both grow while they are walked
            for child in self._nested.children[group]:
                if child >= 0:
                    continue
                inner = self._frame(~child)
                if self._nested.placement_of[~child] < 0:
                    continue
                if scale * inner.scale < SMALLEST_SCALE:
                    self._hidden += 1
                    continue
                order.append(~child)
                scales.append(scale * inner.scale)
        return order

    def _frame(self, group: int) -> Frame:
        frame = self._nested.frames[group]
        if frame is None:
            raise AssertionError("only the root has no frame")
        return frame

    def _sheet(self, group: int) -> int:
        """The sheet of a group's inside; equal ones are made once."""
        placement = self._nested.placement(group)
        faces = tuple(self._face(child) for child in self._nested.children[group])
        around = (self._nested.frames[group], flow_around(self._graph, self._nested, group)) if group else None
        key = (self._nested.placement_of[group], faces, around)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = len(self._sheets)
            self._sheets.append(self._draw(group, placement))
        return found

    def _face(self, child: int) -> object:
        """All that the drawing of a child depends on, besides its place."""
        corners = (self._marks.letters.get(child), self._marks.badges.get(child))
        if child >= 0:
            return (self._labels.lines[child], self._paint(child), corners)
        group = ~child
        paint = self._group_paint(group)
        return (self._labels.titles[group], self._frame(group), self._sheet_of.get(group), paint, corners)

    def _group_paint(self, group: int) -> str:
        if group in self._marks.highlighted_groups:
            return "group!"
        own = self._marks.fills.get(~group)
        if own is not None:
            return self._ghostly(~group, self._own_paint(own, solid=self._is_solid(group)))
        kind = opened_layer(self._graph, group)
        if kind == OTHER:
            return "group"
        self._used.add(kind)
        key = f"group {kind}"
        if key not in self._paints:
            fill, stroke = self._theme.families[kind]
            tint = mix(self._theme.group_fill, fill, TINT)
            self._paints[key] = Paint(fill=tint, stroke=stroke, width=1.2)
        return key

    def _paint(self, node: int) -> str:
        """Key of the paint of a node's box, made when it is first needed."""
        kind = self._families[self._graph.op_codes[node]]
        fill, stroke = self._theme.families[kind]
        own = self._marks.fills.get(node)
        highlighted = node in self._marks.highlighted_nodes
        key = (own or kind) + ("!" if highlighted else "")
        if own is None:
            self._used.add(kind)
        if key not in self._paints:
            stroke = stroke if own is None else self._marks.strokes.get(own, stroke)
            frame = self._theme.highlight if highlighted else stroke
            self._paints[key] = Paint(fill=own or fill, stroke=frame, width=2.6 if highlighted else 1.0)
        return self._ghostly(node, key)

    def _is_solid(self, group: int) -> bool:
        """Whether a group that the caller coloured shows that colour itself: one box without an inside, and there."""
        return self._nested.placement_of[group] < 0 and ~group not in self._marks.ghosts

    def _own_paint(self, fill: str, *, solid: bool) -> str:
        """Key of the paint of a group that the caller coloured: a tint, so that its inside stands out if it has one."""
        key = f"group {'solid ' if solid else ''}{fill}"
        if key not in self._paints:
            tint = fill if solid else mix(self._theme.group_fill, fill, TINT)
            stroke = self._marks.strokes.get(fill, self._theme.group_stroke)
            self._paints[key] = Paint(fill=tint, stroke=stroke, width=1.2)
        return key

    def _ghostly(self, item: int, key: str) -> str:
        """Key of the paint of something that is not there, where it is none; else the key itself."""
        if item not in self._marks.ghosts:
            return key
        self._paints.setdefault(f"ghost {key}", replace(self._paints[key], dash=DASHES, width=1.4))
        return f"ghost {key}"

    def _draw(self, group: int, placement: Placement) -> Sheet:
        items: list[Item] = []
        backwards, ghosts = self._nested.backwards, self._marks.ghosts
        joined = self._nested.wires(group) if ghosts else ()
        for wire in placement.wires:
            arrow = wire.from_box if backwards else wire.to_box
            source, _, target, _ = joined[wire.wire] if ghosts else (None, 0, None, 0)
            ghost = source in ghosts or target in ghosts
            self._draw_path(items, reversed_path(wire.segments) if backwards else wire.segments, arrow, ghost)
        if group:
            for lead in leads(placement, self._frame(group), flow_around(self._graph, self._nested, group)):
                self._draw_path(items, lead, False, ~group in ghosts)
        for child, box in zip(self._nested.children[group], placement.boxes, strict=True):
            if child >= 0:
                self._draw_node(items, child, box)
            else:
                self._draw_group(items, ~child, box)
        return Sheet(placement.width, placement.height, tuple(items))

    def _draw_path(self, items: list[Item], segments: Sequence[Segment], arrow: bool, ghost: bool = False) -> None:
        if self._wires == "none":
            return
        if self._wires == "straight":
            segments = [("L", *segment[5:]) if segment[0] == "C" else segment for segment in segments]
        paint = "wire" if arrow else "lead"
        if ghost:
            self._paints.setdefault(f"ghost {paint}", replace(self._paints[paint], dash=DASHES))
            paint = f"ghost {paint}"
        items.append(Path(tuple(segments), paint))

    def _draw_node(self, items: list[Item], node: int, box: tuple[float, float, float, float]) -> None:
        x, y, w, h = box
        paint = self._paint(node)
        items.append(Box(x, y, w, h, 5.0, paint))
        if node in self._marks.ghosts:
            fill = self._paints[paint].fill or self._theme.group_fill
            self._paints.setdefault(f"hatch {fill}", Paint(stroke=mix(fill, self._theme.wire, HATCH), width=0.8))
            items.append(Path(hatching(x, y, w, h), f"hatch {fill}"))
        lines = self._labels.lines[node]
        centre = x + w / 2
        baseline = y + (h - LINE * (len(lines) - 1)) / 2 + 4.3
        op, name = self._fonts_on(node)
        items.append(Text(centre, round(baseline, 2), lines[0], op, width(lines[0], OP_SIZE, 600)))
        for index, line in enumerate(lines[1:], 1):
            at = round(baseline + LINE * index - 0.8, 2)
            items.append(Text(centre, at, line, name, width(line, NAME_SIZE, 400)))
        self._draw_corners(items, node, x, y, w)

    def _draw_corners(self, items: list[Item], item: int, x: float, y: float, w: float) -> None:
        """The letter of a box, on a small disc over its left corner, and its badge over the right one."""
        severity = self._marks.badges.get(item)
        if severity is not None:
            draw_badge(items, self._paints, severity, x + w, y, self._theme.background or self._theme.group_fill)
        letter = self._marks.letters.get(item)
        if letter is None:
            return
        self._paints.setdefault("letter", Paint(fill=self._theme.text, stroke=self._theme.group_fill, width=1.0))
        self._fonts.setdefault("letter", Font(LETTER_SIZE, 600, readable_on(self._theme.text), "middle"))
        size = 2 * LETTER_DISC
        items.append(Box(x + 2.0 - LETTER_DISC, y + 2.0 - LETTER_DISC, size, size, LETTER_DISC, "letter"))
        items.append(Text(x + 2.0, y + 2.0 + 3.6, letter, "letter", width(letter, LETTER_SIZE, 600)))

    def _fonts_on(self, node: int) -> tuple[str, str]:
        """Fonts that can be read on the box of a node, whatever colour the caller gave it."""
        own = self._marks.fills.get(node)
        if own is None:
            return "op", "name"
        ink = readable_on(own)
        for key, size, weight in (("op", OP_SIZE, 600), ("name", NAME_SIZE, 400)):
            self._fonts.setdefault(key + ink, Font(size, 600 if weight == 600 else 400, ink, "middle"))
        return "op" + ink, "name" + ink

    def _title_fonts_on(self, group: int) -> tuple[str, str]:
        """Fonts of the title of a group that can be read on it, as `_fonts_on` for nodes."""
        own = self._marks.fills.get(~group)
        if own is None or not self._is_solid(group):
            return "title", "count"
        ink = readable_on(own)
        for key in ("title", "count"):
            self._fonts.setdefault(key + ink, replace(self._fonts[key], fill=ink))
        return "title" + ink, "count" + ink

    def _draw_group(self, items: list[Item], group: int, box: tuple[float, float, float, float]) -> None:
        x, y, w, h = box
        frame = self._frame(group)
        items.append(Box(x, y, w, h, 6.0, self._group_paint(group)))
        title, count = self._labels.titles[group]
        baseline = y + 17.0 if self._nested.placement_of[group] >= 0 else y + h / 2 + 4.3
        title_width, count_width = width(title, TITLE_SIZE, 600), width(count, NAME_SIZE, 400)
        shift, crossed = title_place(self._graph, self._nested, group, frame, title_width)
        left = TITLE_PADDING + shift
        sheet = self._sheet_of.get(group)
        inside = [] if sheet is None else [Place(sheet, round(x + frame.x, 2), round(y + frame.y, 2), frame.scale)]
        if crossed:  # the lead passes behind the title
            items += inside
            behind = self._behind(self._group_paint(group))
            items.append(Box(x + left - 3.0, y + 4.0, round(title_width + 6.0, 2), 17.0, 0.0, behind))
            inside = []
        title_font, count_font = self._title_fonts_on(group)
        items.append(Text(x + left, baseline, title, title_font, title_width))
        if left + title_width + count_width + TITLE_PADDING + 8.0 <= w:
            items.append(Text(x + w - TITLE_PADDING, baseline, count, count_font, count_width))
        items += inside
        self._draw_corners(items, ~group, x, y, w)

    def _behind(self, paint: str) -> str:
        """Key of a paint with the fill of another and without its border."""
        self._paints.setdefault(f"behind {paint}", Paint(fill=self._paints[paint].fill))
        return f"behind {paint}"

    def _page(self, root: Sheet, index: int) -> Sheet:
        """The picture with its legend below."""
        items: list[Item] = [Place(index, 0.0, 0.0, 1.0)]
        entries = self._marks.legend
        if entries is None:
            entries = [(*self._theme.families[kind], kind) for kind in FAMILIES if kind in self._used]
        if not self._marks.show_legend or not entries:
            return Sheet(root.width, root.height, tuple(items))
        page_width = max(root.width, 240.0)
        rows, height = legend_items(
            entries, self._marks.legend_letters, top=root.height - 4.0, room=page_width,
            paints=self._paints, fonts=self._fonts,
        )  # fmt: skip
        return Sheet(page_width, height, (*items, *rows))
