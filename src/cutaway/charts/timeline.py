"""The memory timeline: bytes of activations that are alive while each layer runs, and what holds them at the peak."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from cutaway.analysis.memory import Memory, activations
from cutaway.charts.canvas import LABEL_SIZE, LEGEND_HEIGHT, MARGIN, NOTE_SIZE, Canvas
from cutaway.charts.layers import Ledger, inside_of
from cutaway.charts.scales import Linear, spread, ticks
from cutaway.charts.words import group_words
from cutaway.drawing.scene import Scene
from cutaway.style.labels import short_op
from cutaway.style.measure import width
from cutaway.style.quantities import LARGEST, size_words
from cutaway.style.theme import Theme, mix

_SIDE = 232.0  # px of the list of what is alive at the peak
_NARROW = 560.0  # px of width below which the list stands below the plot
_ROW = 26.0
_MOST_ROWS = 8
_THINNEST = 2.0  # px of a bar; steps that would be thinner share one, which shows the highest of them


def timeline(held: Ledger, theme: Theme, size: tuple[float, float], *, group: int) -> Scene:
    """Draw the timeline.

    Args:
        held: The model.
        theme: Colours.
        size: Width and height in px.
        group: Group whose nodes are the steps; what is alive counts the whole model's tensors.
    """
    graph = held.graph
    inside = inside_of(graph, group)
    among = {node for node, at in enumerate(graph.node_groups) if inside[at]}
    memory = activations(graph, held.cost.sizes, precision=held.precision, among=among)
    if max(memory.alive, default=0) > LARGEST:
        tensors = tuple((node, port, min(size, LARGEST)) for node, port, size in memory.tensors)
        alive = [min(size, LARGEST) for size in memory.alive]
        memory = replace(memory, alive=alive, peak=min(memory.peak, LARGEST), tensors=tensors)
    steps = [at for at, node in enumerate(memory.order) if node in among]
    return _Timeline(held, memory, steps, Canvas(*size, theme)).draw(group)


class _Timeline:
    def __init__(self, held: Ledger, memory: Memory, steps: Sequence[int], canvas: Canvas) -> None:
        self.held, self.memory, self.steps, self.canvas = held, memory, steps, canvas
        self.beside = canvas.wide >= _NARROW

    def draw(self, group: int) -> Scene:
        canvas, memory, graph = self.canvas, self.memory, self.held.graph
        high = memory.peak
        where = f" while {graph.names[memory.at]} runs" if high else ""
        title = f"{group_words(graph, group)}: {size_words(high)} of activations at most{where}"
        start = canvas.heading(title, self._notes())
        if high:
            self._plot(start, high)
        canvas.legend(self._families())
        return canvas.scene(f"Memory over the execution of {title}")

    def _notes(self) -> list[str]:
        unknown = self.memory.unknown
        left_out = f"; {unknown:,} tensors of unknown size are not in it" if unknown else ""
        weights = sum(layer.weight_bytes for layer in self.held.layers)
        batch = f"batch {self.held.batch:,}; " if self.held.batch != 1 else ""
        return [f"{batch}each tensor is freed after its last reader; weights, {size_words(weights)}, besides{left_out}"]

    def _families(self) -> list[tuple[str, str, str]]:
        """What the colours of the bars mean, those of the most steps first."""
        layers, of_node = self.held.layers, self.held.layer_of
        counts = Counter(layers[of_node[self.memory.order[step]]].family for step in self.steps)
        fills = {family: self.canvas.theme.families[family][1] for family in counts}
        return [(fills[family], fills[family], family) for family, _ in counts.most_common()]

    def _plot(self, start: float, high: int) -> None:
        canvas = self.canvas
        top = next(at for at in self.steps if self.memory.order[at] == self.memory.at)
        rows = [(node, size) for node, _, size in self.memory.tensors]
        labels = [size_words(round(value)) for value in ticks(high, 5)]
        left = MARGIN + max(width(words, LABEL_SIZE) for words in labels) + 8.0
        right = canvas.wide - MARGIN - (_SIDE + 16.0 if self.beside else 0.0)
        listed = min(len(rows), _MOST_ROWS)
        bottom = canvas.high - MARGIN - LEGEND_HEIGHT - 30.0 - (0.0 if self.beside else 22.0 + listed * _ROW)
        across = Linear(0, len(self.steps), left, right)
        up = Linear(0, high, bottom, start + 20.0)
        self._grid(up, across, high, labels)
        self._bars(up, across, top)
        self._mark(up, across, top)
        if self.beside:
            self._rows(rows, right + 20.0, start + 12.0, _SIDE)
        else:
            self._rows(rows, MARGIN, bottom + 52.0, canvas.wide - 2 * MARGIN)

    def _grid(self, up: Linear, across: Linear, high: int, labels: Sequence[str]) -> None:
        canvas, theme = self.canvas, self.canvas.theme
        for value, words in zip(ticks(high, 5), labels, strict=True):
            y = up.at(value)
            canvas.line([(across.start, y), (across.end, y)], stroke=theme.group_stroke if not value else _faint(theme))
            canvas.text(across.start - 6.0, y + 3.5, words, fill=theme.count, anchor="end")
        steps = [value for value in ticks(len(self.steps), 6) if value == int(value)]
        said = [f"{int(value):,}" for value in steps]
        for at in spread(across, steps, said):
            canvas.text(across.at(steps[at]), up.start + 14.0, said[at], fill=theme.count, anchor="middle")
        canvas.text(across.end, up.start + 28.0, "steps, in the order they run", fill=theme.count, anchor="end")

    def _bars(self, up: Linear, across: Linear, top: int) -> None:
        """A bar a step; where they would be too thin, one for several, as high as the highest."""
        canvas, graph, memory = self.canvas, self.held.graph, self.memory
        many = max(1, -(-len(self.steps) * _THINNEST // (across.end - across.start)))
        for first in range(0, len(self.steps), int(many)):
            shared = self.steps[first : first + int(many)]
            step = top if top in shared else max(shared, key=lambda at: (memory.alive[at], -at))
            node = memory.order[step]
            layer = self.held.layers[self.held.layer_of[node]]
            fill = canvas.theme.highlight if step == top else canvas.theme.families[layer.family][1]
            left, right, y = across.at(first), across.at(first + len(shared)), up.at(memory.alive[step])
            gap = 1.0 if right - left > 5.0 else 0.0
            tip = (layer.id, short_op(layer.op), f"step {step + 1:,}: {size_words(memory.alive[step])} alive")
            if layer.item < 0:
                tip = (graph.ids[node], *tip[1:])
            canvas.box(left, y, right - left - gap, up.start - y, fill=fill, key=layer.id, tip=tip)

    def _mark(self, up: Linear, across: Linear, top: int) -> None:
        """The peak, with the name of what runs there."""
        canvas, memory = self.canvas, self.memory
        x = across.at(self.steps.index(top) + 0.5)
        y = up.end
        words = f"peak {size_words(memory.alive[top])}"
        long = width(words, LABEL_SIZE, 600)
        canvas.line([(across.start, y), (across.end, y)], stroke=canvas.theme.highlight, dash=(3.0, 3.0))
        at = min(max(x, across.start + long / 2), across.end - long / 2)
        canvas.text(at, y - 5.0, words, weight=600, fill=canvas.theme.highlight, anchor="middle")

    def _rows(self, rows: Sequence[tuple[int, int]], x: float, y: float, wide: float) -> None:
        """What holds the memory at the peak, a bar each."""
        if not rows:
            return
        canvas, theme, graph = self.canvas, self.canvas.theme, self.held.graph
        canvas.text(x, y, "Alive at the peak", size=NOTE_SIZE, weight=600, fill=theme.title)
        most = rows[0][1]
        for at, (node, size) in enumerate(rows[:_MOST_ROWS]):
            layer = self.held.layers[self.held.layer_of[node]]
            base = y + 18.0 + at * _ROW
            words = size_words(size)
            canvas.text(x + wide, base, words, fill=theme.count, anchor="end")
            room = wide - width(words, LABEL_SIZE) - 10.0
            canvas.text(x, base, f"{graph.names[node]} · {short_op(layer.op)}", room=room)
            tip = (graph.ids[node], short_op(layer.op), f"{words} alive at the peak")
            fill = theme.families[layer.family][1]
            canvas.box(x, base + 4.0, max(1.0, wide * size / most), 5.0, fill=fill, radius=1.0, key=layer.id, tip=tip)
        if len(rows) > _MOST_ROWS:
            left = len(rows) - _MOST_ROWS
            canvas.text(x, y + 18.0 + _MOST_ROWS * _ROW, f"and {left:,} more", fill=theme.count)


def _faint(theme: Theme) -> str:
    return mix(theme.group_stroke, theme.background or "#ffffff", 0.7)
