"""The treemap: what of a model is large, as areas nested like its groups."""

from __future__ import annotations

from dataclasses import dataclass, field

from cutaway.charts.canvas import LABEL_SIZE, LEGEND_HEIGHT, MARGIN, Canvas
from cutaway.charts.layers import QUANTITIES, Layer, Ledger, Quantity
from cutaway.charts.squares import Rectangle, squarify
from cutaway.charts.words import counted_notes, group_words
from cutaway.drawing.scene import Scene
from cutaway.style.labels import relative_name, short_op
from cutaway.style.measure import clean, fit, width
from cutaway.style.quantities import count_words, size_words
from cutaway.style.theme import Theme

STRIP = 15.0
"""Height in px of the title of a group."""

_PAD = 2.0  # px between a group's border and what is in it
_SMALLEST = 1.5  # px that a side of a rectangle must have to be drawn
_OPENED = 14.0  # px that a group's inside must have in both directions to be drawn
_LINE = 12.0  # px from one line of a label to the next
_WORD = 22.0  # px of width from which on a rectangle is labelled
_SHORTEST = 6  # characters that must be left of a name that is cut


@dataclass(slots=True)
class _Branch:
    """A layer, or a group with what it holds."""

    value: int
    group: int = -1
    layer: Layer | None = None
    children: list[_Branch] = field(default_factory=list)


def treemap(held: Ledger, theme: Theme, size: tuple[float, float], *, group: int, quantity: Quantity) -> Scene:
    """Draw a treemap.

    Args:
        held: The model.
        theme: Colours.
        size: Width and height in px.
        group: Group that is drawn; 0 for the model.
        quantity: One of `QUANTITIES`: what areas are proportional to.
    """
    return _Treemap(held, theme, size, quantity).draw(group)


class _Treemap:
    def __init__(self, held: Ledger, theme: Theme, size: tuple[float, float], quantity: Quantity) -> None:
        self.held, self.quantity = held, quantity
        self.canvas = Canvas(*size, theme)
        self.hidden = 0
        self.total = 0

    def draw(self, group: int) -> Scene:
        canvas, graph = self.canvas, self.held.graph
        tree = _tree(self.held, group, self.quantity)
        self.total = tree.value
        title = f"{group_words(graph, group)}: {self._words(tree.value)}"
        top = canvas.heading(title, counted_notes(self.held, group) if self.quantity in ("macs", "flops") else ())
        room = (MARGIN, top, canvas.wide - 2 * MARGIN, canvas.high - top - MARGIN - LEGEND_HEIGHT)
        if tree.value:
            self._fill(tree, room)
        else:
            what = QUANTITIES[self.quantity][0]
            canvas.text(MARGIN, top + 24.0, f"{what}: there are none here.", fill=canvas.theme.count)
        canvas.legend(self._families(tree))
        note = f"{self.hidden:,} layers are too small to be drawn" if self.hidden else ""
        return canvas.scene(f"Treemap of {title}", note)

    def _words(self, value: int) -> str:
        title, unit = QUANTITIES[self.quantity]
        return size_words(value) + title.removeprefix("Bytes") if unit else f"{count_words(value)} {_lower(title)}"

    def _number(self, value: int) -> str:
        return size_words(value) if QUANTITIES[self.quantity][1] else count_words(value)

    def _families(self, tree: _Branch) -> list[tuple[str, str, str]]:
        sums: dict[str, int] = {}
        stack = [tree]
        while stack:
            branch = stack.pop()
            stack += branch.children
            if branch.layer is not None:
                sums[branch.layer.family] = sums.get(branch.layer.family, 0) + branch.value
        found = sorted(sums.items(), key=lambda entry: (-entry[1], entry[0]))
        return [
            (*self.canvas.theme.families[family], f"{family} {_share(value, tree.value)}")
            for family, value in found
            if value
        ]

    def _fill(self, branch: _Branch, room: Rectangle) -> None:
        """Draw what a group holds into a rectangle."""
        children = [child for child in branch.children if child.value]
        for child, piece in zip(children, squarify([child.value for child in children], room), strict=True):
            if min(piece[2:]) < _SMALLEST:
                self.hidden += _count(child)
            elif child.layer is not None:
                self._leaf(child.layer, child.value, piece)
            else:
                self._group(child, piece)

    def _group(self, branch: _Branch, piece: Rectangle) -> None:
        canvas, theme, groups = self.canvas, self.canvas.theme, self.held.graph.groups
        x, y, wide, high = piece
        names, at = [self._group_name(branch.group)], branch
        while (inner := _only_group(at)) is not None:  # a group that holds nothing but another is one with it
            names.append(self._group_name(inner.group))
            at = inner
        name, own = " / ".join(names), groups.ids[branch.group]
        tip = (own, f"{self._words(branch.value)}, {_share(branch.value, self.total)}")
        strip = STRIP if high >= STRIP + _OPENED and wide >= 2 * _WORD else 0.0
        inside = (x + _PAD, y + max(_PAD, strip), wide - 2 * _PAD, high - max(_PAD, strip) - _PAD)
        is_open = min(inside[2:]) >= _OPENED
        fill = theme.group_fill if is_open else theme.families[_largest(at).family][0]
        canvas.box(
            x + 0.5, y + 0.5, wide - 1, high - 1, fill=fill, stroke=theme.group_stroke, radius=2.0, key=own, tip=tip
        )
        if strip:
            self._strip(name, branch.value, x, y, wide)
        if is_open:
            self._fill(at, inside)
        else:
            self.hidden += _count(at)

    def _strip(self, name: str, value: int, x: float, y: float, wide: float) -> None:
        canvas, theme = self.canvas, self.canvas.theme
        words = self._number(value)
        room = wide - 10.0
        beside = room - width(words, LABEL_SIZE) - 8.0
        if beside >= min(width(name, LABEL_SIZE, 600), 40.0):
            canvas.text(x + wide - 5.0, y + 11.5, words, fill=theme.count, anchor="end")
            room = beside
        canvas.text(x + 5.0, y + 11.5, name, weight=600, fill=theme.title, room=room)

    def _leaf(self, layer: Layer, value: int, piece: Rectangle) -> None:
        canvas, theme = self.canvas, self.canvas.theme
        x, y, wide, high = piece
        fill, stroke = theme.families[layer.family]
        tip = (layer.id, layer.op, f"{self._words(value)}, {_share(value, self.total)}")
        inset = 0.5 if min(wide, high) > 4 else 0.0
        canvas.box(
            x + inset, y + inset, wide - 2 * inset, high - 2 * inset, fill=fill, stroke=stroke, line=0.5,
            key=layer.id, tip=tip,
        )  # fmt: skip
        if wide < _WORD or high < _LINE + 4:
            return
        name = fit(clean(self._layer_name(layer)), LABEL_SIZE, 600, wide - 8.0)
        if "…" in name and len(name) < _SHORTEST:
            return
        canvas.text(x + 4.0, y + 12.0, name, weight=600)
        words = self._number(value)
        if high >= 2 * _LINE + 5 and width(words, LABEL_SIZE) <= wide - 8.0:
            canvas.text(x + 4.0, y + 12.0 + _LINE, words, fill=theme.name_text)

    def _layer_name(self, layer: Layer) -> str:
        name = relative_name(layer.name, self.held.prefixes[layer.group], self.held.graph.name) or layer.name
        return name or short_op(layer.op)

    def _group_name(self, group: int) -> str:
        graph = self.held.graph
        name, parent = graph.groups.names[group], graph.groups.parents[group]
        return relative_name(name, self.held.prefixes[parent], graph.name, keep_word=True) or name


def _tree(held: Ledger, group: int, quantity: Quantity) -> _Branch:
    """What lies in a group, the largest first."""
    groups = held.graph.groups
    branches = [_Branch(0, at) for at in range(len(groups))]
    for layer in held.layers:
        value = layer.value(quantity)
        if value > 0:
            branches[layer.group].children.append(_Branch(value, layer=layer))
            branches[layer.group].value += value
    for at in range(len(groups) - 1, 0, -1):
        if branches[at].value:
            parent = branches[groups.parents[at]]
            parent.children.append(branches[at])
            parent.value += branches[at].value
    for branch in branches:
        branch.children.sort(key=_rank)
    return branches[group]


def _rank(branch: _Branch) -> tuple[int, int, int]:
    """The largest first; of equal ones, layers as in the model, then groups."""
    return (-branch.value, int(branch.layer is None), branch.group if branch.layer is None else abs(branch.layer.item))


def _only_group(branch: _Branch) -> _Branch | None:
    only = branch.children[0] if len(branch.children) == 1 else None
    return only if only is not None and only.layer is None else None


def _largest(branch: _Branch) -> Layer:
    """The layer that the largest part of a branch leads to."""
    while branch.layer is None:
        branch = branch.children[0]
    return branch.layer


def _count(branch: _Branch) -> int:
    return 1 if branch.layer is not None else sum(map(_count, branch.children))


def _share(value: float, total: float) -> str:
    share = 100 * value / total if total else 0.0
    return "100 %" if value == total else "under 0.1 %" if share < 0.1 else f"{share:.1f} %"


def _lower(title: str) -> str:
    return title if title.isupper() or title[1:2].isupper() else title.lower()
