"""Cost by stage: what each part of a model takes of its parameters, its computation and its memory, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from cutaway.charts.canvas import LABEL_SIZE, MARGIN, NOTE_SIZE, Canvas
from cutaway.charts.layers import Ledger, inside_of
from cutaway.charts.words import counted_notes, group_words
from cutaway.drawing.scene import Scene
from cutaway.style.labels import short_op
from cutaway.style.measure import width
from cutaway.style.quantities import count_words, size_words
from cutaway.style.theme import Theme

_MOST_ROWS = 28
_TALLEST, _GAP = 26.0, 18.0  # px of a row at most, and between columns
_SHORTEST = 12.0  # px of the longest bar at least
_SHARE_OF_NAMES = 0.24  # of the width


@dataclass(slots=True)
class _Part:
    """A layer or group right inside the group that is shown, or several that are small."""

    id: str
    name: str
    op: str
    family: str | None
    parameters: int = 0
    macs: int = 0
    memory: int = 0

    def values(self) -> tuple[int, int, int]:
        return self.parameters, self.macs, self.memory


_COLUMNS = ("Parameters", "MACs", "Memory")


def stages(held: Ledger, theme: Theme, size: tuple[float, float], *, group: int) -> Scene:
    """Draw the bars.

    Args:
        held: The model.
        theme: Colours.
        size: Width and height in px.
        group: Group whose parts are compared; 0 for the model.
    """
    parts = _parts(held, group)
    canvas = Canvas(*size, theme)
    totals = tuple(sum(part.values()[at] for part in parts) for at in (0, 1))
    title = (
        f"{group_words(held.graph, group)}: {count_words(totals[0])} parameters, {count_words(totals[1])} MACs "
        f"in {len(parts):,} parts"
    )
    batch = f"batch {held.batch:,}; " if held.batch != 1 else ""
    notes = [f"{batch}Memory: bytes of the tensors that the layers of a part make", *counted_notes(held, group)]
    top = canvas.heading(title, notes)
    room = canvas.high - top - MARGIN - 18.0
    most = max(1, min(_MOST_ROWS, int(room // 14.0)))
    shown = _largest(parts, most)
    _draw(canvas, shown, top, room)
    canvas.high = min(canvas.high, top + 18.0 + len(shown) * _TALLEST + MARGIN)
    return canvas.scene(f"Cost by stage of {title}")


def _parts(held: Ledger, group: int) -> list[_Part]:
    """What a group holds, in the order of the model."""
    graph = held.graph
    inside, parents = inside_of(graph, group), graph.groups.parents
    child = [-1] * len(parents)
    for at in range(group + 1, len(parents)):
        if inside[at]:
            child[at] = at if parents[at] == group else child[parents[at]]
    found: dict[int, _Part] = {}
    for layer in held.layers:
        if not inside[layer.group]:
            continue
        item = layer.item if layer.group == group else ~child[layer.group]
        if item not in found:
            groups = graph.groups
            found[item] = (
                _Part(layer.id, layer.name, layer.op, layer.family)
                if layer.group == group
                else _Part(groups.ids[~item], groups.names[~item], groups.ops.get(~item, ""), None)
            )
        part = found[item]
        part.parameters += layer.parameters
        part.macs += layer.macs
        part.memory += layer.activation_bytes
    return list(found.values())


def _largest(parts: list[_Part], most: int) -> list[_Part]:
    """The parts that take the largest share of anything, in the order of the model, and one for all others."""
    if len(parts) <= most:
        return parts
    totals = [sum(part.values()[at] for part in parts) or 1 for at in range(3)]
    weight = [max(value / total for value, total in zip(part.values(), totals, strict=True)) for part in parts]
    kept = set(sorted(range(len(parts)), key=lambda at: (-weight[at], at))[: most - 1])
    rest = [part for at, part in enumerate(parts) if at not in kept]
    other = _Part("", f"{len(rest):,} smaller parts", "", None)
    for part in rest:
        other.parameters += part.parameters
        other.macs += part.macs
        other.memory += part.memory
    return [*(part for at, part in enumerate(parts) if at in kept), other]


def _draw(canvas: Canvas, parts: list[_Part], top: float, room: float) -> None:
    theme = canvas.theme
    names = min(
        max((width(part.name, LABEL_SIZE) for part in parts), default=0.0) + 10.0, canvas.wide * _SHARE_OF_NAMES
    )
    left = MARGIN + names
    wide = (canvas.wide - MARGIN - left - _GAP * (len(_COLUMNS) - 1)) / len(_COLUMNS)
    high = min(_TALLEST, room / max(1, len(parts)))
    for column, heading in enumerate(_COLUMNS):
        x = left + column * (wide + _GAP)
        canvas.text(x, top + 11.0, heading, size=NOTE_SIZE, weight=600, fill=theme.title)
        canvas.line([(x, top + 18.0), (x, top + 18.0 + high * len(parts))], stroke=theme.group_stroke)
    for row, part in enumerate(parts):
        y = top + 18.0 + row * high
        canvas.text(MARGIN, y + high / 2 + 3.5, part.name, fill=theme.text, room=names - 8.0)
        for column, value in enumerate(part.values()):
            _bar(canvas, part, parts, column, value, (left + column * (wide + _GAP), y, wide, high))


def _bar(
    canvas: Canvas, part: _Part, parts: list[_Part], column: int, value: int, place: tuple[float, float, float, float]
) -> None:
    x, y, wide, high = place
    theme = canvas.theme
    values = [each.values()[column] for each in parts]
    most, total = max(values) or 1, sum(values) or 1
    words = size_words(value) if column == 2 else count_words(value)
    label = f"{words} · {_share(value, total)}" if value else "0"
    widest = max(
        width(f"{size_words(each) if column == 2 else count_words(each)} · 100 %", LABEL_SIZE) for each in values
    )
    long = max(1.0 if value else 0.0, max(_SHORTEST, wide - widest - 8.0) * value / most)
    fill = theme.families[part.family][1] if part.family is not None else theme.wire
    tip = (part.id or part.name, short_op(part.op), f"{words} ({_COLUMNS[column].lower()})")
    if value:
        canvas.box(x, y + 2.0, long, max(1.0, high - 4.0), fill=fill, radius=1.0, key=part.id,
                   tip=tuple(filter(None, tip)))  # fmt: skip
    canvas.text(x + long + 4.0, y + high / 2 + 3.5, label, fill=theme.count, room=wide - long - 4.0)


def _share(value: int, total: int) -> str:
    share = round(100 * value / total)
    return f"{share} %" if share else "<1 %"
