"""The charts of the page: drawn by the code that draws those of `plot_chart`, and sent as marks.

A page has two themes and more: marks stand in the places of one drawing, and each names its paint, of which the answer
has one for each theme.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from cutaway.charts.kinds import Kind, draw_chart
from cutaway.charts.layers import Ledger, Quantity, ledger
from cutaway.charts.roofline import Machine
from cutaway.drawing.scene import Box, Path, Place, Scene, Text
from cutaway.explorer.contract import Figure, FigureFont, FigureMark, FigurePaint
from cutaway.explorer.contract import Figures as Embedded
from cutaway.explorer.text import number, to_json
from cutaway.graph.model import Graph
from cutaway.graph.walk import depths
from cutaway.style.theme import Theme

FIGURES: Mapping[str, tuple[Kind, Quantity]] = {
    "parameters": ("treemap", "parameters"),
    "macs": ("treemap", "macs"),
    "memory": ("memory", "parameters"),
    "roofline": ("roofline", "parameters"),
    "stages": ("stages", "parameters"),
}
"""Charts of the page by name: their kind, and what the areas of a treemap stand for."""

MOST_COUNTED = 250_000
"""Nodes of a graph that charts are drawn of: to count a million would keep whoever asks waiting for 10 s."""

NARROWEST, WIDEST, USUAL = 300, 1_600, 760
"""Px of width of a chart: what may be asked for, and what a page has that cannot ask."""

_PROPORTION, _LEAST_HIGH = 0.5, 380.0
MOST_GROUPS = 16
"""Groups whose charts a page has that cannot ask: the outermost. Deeper ones show the chart of what is around them."""

_CODES = {"M": 0.0, "L": 1.0, "C": 2.0}


class Figures:
    """The charts of one graph. Safe to ask from several threads.

    Args:
        graph: The grouped graph that is drawn.
        themes: Themes that the page may show, by name.
        machine: What bounds the layers of a roofline; None for a machine that is assumed.
        counted: What is counted, as of `Chart`; None for all that is drawn.
    """

    def __init__(
        self,
        graph: Graph,
        themes: Mapping[str, Theme],
        machine: Machine | None = None,
        counted: Graph | None = None,
    ) -> None:
        self._graph = graph
        self._counted = graph if counted is None else counted
        self._machine = machine
        self._themes = dict(themes)
        self._held: Ledger | None = None
        self._items: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def drawable(self) -> bool:
        """Whether the graph is small enough for charts."""
        return len(self._graph) <= MOST_COUNTED

    def figure(self, name: str, group: int, wide: float = USUAL) -> Figure:
        """One chart of a group; of what is around it, where it is the inside of a layer.

        Args:
            name: One of `FIGURES`.
            group: Index of the group; 0 for the model.
            wide: Width in px.
        """
        held = self._ledger()
        kind, quantity = FIGURES[name]
        group = self._outside(group)
        size = (float(wide), max(_LEAST_HIGH, round(wide * _PROPORTION)))
        scenes = {
            theme: draw_chart(held, kind, look, size, group=group, quantity=quantity, machine=self._machine)
            for theme, look in self._themes.items()
        }
        return _figure(name, group, scenes, self._items)

    def embedded(self) -> bytes:
        """All charts of the model and of its outermost groups, of the type `contract.Figures`."""
        parents = self._graph.groups.parents
        shown: list[int] = []
        found: Embedded = {"group_of": shown, "figures": {name: {} for name in FIGURES}}
        if not self.drawable:
            return to_json(found).encode()
        depth = depths(parents)
        own = [at for at in range(len(parents)) if self._outside(at) == at]
        groups = sorted(own, key=lambda at: (depth[at], at))[:MOST_GROUPS]
        chosen = set(groups)
        for at, parent in enumerate(parents):
            shown.append(at if at in chosen else shown[parent])
        for name in FIGURES:
            found["figures"][name] = {str(at): self.figure(name, at) for at in groups}
        return to_json(found).encode()

    def _ledger(self) -> Ledger:
        with self._lock:
            if self._held is None:
                graph = self._graph
                self._items = {id: ~at for at, id in enumerate(graph.groups.ids)}
                self._items.update((id, at) for at, id in enumerate(graph.ids))
                self._held = ledger(self._counted)
            return self._held

    def _outside(self, group: int) -> int:
        """The group itself, or the one around the outermost layer that it lies in."""
        groups, found, at = self._graph.groups, group, group
        while at > 0:
            if groups.kinds[at] == "layer" and groups.ops.get(at):
                found = groups.parents[at]
            at = groups.parents[at]
        return found


def _figure(name: str, group: int, scenes: Mapping[str, Scene], items: Mapping[str, int]) -> Figure:
    """One drawing of several that differ in their colours alone."""
    paints: dict[tuple[str, ...], int] = {}
    fonts: dict[tuple[str, ...], int] = {}
    themes = list(scenes)
    marks: list[FigureMark] = []
    for drawn in zip(*(scene.sheets[-1].items for scene in scenes.values()), strict=True):
        item = drawn[0]
        if isinstance(item, Text):
            keys = tuple(each.font for each in drawn if isinstance(each, Text))
            marks.append(("text", fonts.setdefault(keys, len(fonts)), number(item.x), number(item.y), item.content))
        elif isinstance(item, Box):
            paint = paints.setdefault(_paints(drawn), len(paints))
            place = (number(item.x), number(item.y), number(item.width), number(item.height))
            marks.append(
                ("box", paint, *place, number(item.radius), items.get(item.key) if item.key else None, item.tip)
            )
        elif isinstance(item, Path):
            marks.append(("line", paints.setdefault(_paints(drawn), len(paints)), _path(item)))
    first = next(iter(scenes.values()))
    return {
        "name": name,
        "group": group,
        "title": first.title,
        "note": first.note,
        "width": number(first.width),
        "height": number(first.height),
        "marks": marks,
        "paints": {theme: [_paint(scenes[theme], keys[at]) for keys in paints] for at, theme in enumerate(themes)},
        "fonts": {theme: [_font(scenes[theme], keys[at]) for keys in fonts] for at, theme in enumerate(themes)},
    }


def _paints(drawn: Iterable[Box | Text | Path | Place]) -> tuple[str, ...]:
    return tuple(each.paint for each in drawn if isinstance(each, Box | Path))


def _paint(scene: Scene, key: str) -> FigurePaint:
    paint = scene.paints[key]
    return paint.fill or "none", paint.stroke or "none", paint.width, " ".join(f"{each:g}" for each in paint.dash)


def _font(scene: Scene, key: str) -> FigureFont:
    font = scene.fonts[key]
    return font.size, font.weight, font.fill, font.anchor


def _path(path: Path) -> list[float]:
    found: list[float] = []
    for code, *values in path.segments:
        found += [_CODES[str(code)], *(number(float(value)) for value in values)]
    return found
