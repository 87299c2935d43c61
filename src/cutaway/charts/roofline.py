"""The roofline: what bounds each layer, the arithmetic of the machine or its memory.

After Williams, Waterman and Patterson, "Roofline: An Insightful Visual Performance Model" (2009): a layer that does I
operations for each byte that it moves can reach at most min(peak, I × bandwidth) operations a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cutaway.charts.canvas import LABEL_SIZE, LEGEND_HEIGHT, MARGIN, Canvas
from cutaway.charts.layers import Layer, Ledger
from cutaway.charts.scales import Logarithmic
from cutaway.charts.words import counted_notes, group_words
from cutaway.drawing.scene import Scene
from cutaway.errors import OptionError
from cutaway.style.measure import clean, fit, width
from cutaway.style.quantities import count_words, time_words
from cutaway.style.theme import Theme, mix

PEAK, BANDWIDTH = 1e12, 5e10
"""FLOPs and bytes a second of the machine that is assumed where none is given: some cores of a desktop computer."""

LEAST, MOST = 1.0, 1e24
"""What a second may hold of either: all computers there are do some 1e22 FLOPs together, and beyond such numbers the
arithmetic of the axes overflows."""

_SMALLEST, _LARGEST = 4.0, 22.0  # px of a dot
_NAMED = 8  # layers that are labelled, where there is room
_MOST_TRIED = 60
_SAME = 8.0  # px between dots that are as good as one
_LEFT, _BELOW = 64.0, 34.0  # px of the words of the axes
_WIDEST_NAME = 150.0


@dataclass(frozen=True, slots=True)
class Machine:
    """What bounds a computation.

    Attributes:
        peak: FLOPs a second at most.
        bandwidth: Bytes of memory a second at most.
        said: Where the numbers are from, in words.
    """

    peak: float = PEAK
    bandwidth: float = BANDWIDTH
    said: str = "assumed"

    def __post_init__(self) -> None:
        for name, value in (("peak", self.peak), ("bandwidth", self.bandwidth)):
            if not LEAST <= value <= MOST:
                raise OptionError(f"{name} must be a number from {LEAST:g} to {MOST:g} a second; received {value!r}")

    @property
    def ridge(self) -> float:
        """FLOPs for each byte from which on the arithmetic bounds."""
        return self.peak / self.bandwidth

    def attainable(self, intensity: float) -> float:
        """FLOPs a second that can be reached at an intensity."""
        return min(self.peak, intensity * self.bandwidth)


@dataclass(frozen=True, slots=True)
class _Dot:
    layer: Layer
    intensity: float
    rate: float
    seconds: float


def roofline(
    held: Ledger, theme: Theme, size: tuple[float, float], *, group: int, machine: Machine,
    times: Mapping[int, float] | None = None,
) -> Scene:  # fmt: skip
    """Draw the roofline.

    Args:
        held: The model.
        theme: Colours.
        size: Width and height in px.
        group: Group whose layers are shown; 0 for the model.
        machine: What bounds them.
        times: Measured seconds by position in `Ledger.layers`; None puts each layer at the rate that it can reach.
    """
    position = {layer.item: at for at, layer in enumerate(held.layers)}
    layers = [layer for layer in held.inside(group) if layer.flops and layer.moved]
    dots = []
    for layer in layers:
        intensity = layer.flops / layer.moved
        bound = machine.attainable(intensity)
        seconds = layer.flops / bound if times is None else times.get(position[layer.item], 0.0)
        if seconds > 0:
            dots.append(_Dot(layer, intensity, layer.flops / seconds, seconds))
    unmeasured = len(layers) - len(dots)
    still = sum(1 for layer in held.inside(group) if layer.counted and not layer.flops and layer.moved)
    chart = _Roofline(Canvas(*size, theme), machine, dots, measured=times is not None)
    return chart.draw(group_words(held.graph, group), list(_notes(held, group, machine, still, unmeasured)))


def _notes(held: Ledger, group: int, machine: Machine, still: int, unmeasured: int) -> Iterator[str]:
    batch = f"batch {held.batch:,}; " if held.batch != 1 else ""
    yield (
        f"{batch}{count_words(machine.peak)}FLOP/s and {count_words(machine.bandwidth)}B/s ({machine.said}): "
        f"memory bounds below {machine.ridge:.3g} FLOPs for each byte"
    )
    words = "the area of a dot is its share of the time"
    if still:
        words += f"; {still:,} {'layer' if still == 1 else 'layers'} without arithmetic left out"
    if unmeasured:
        words += f"; {unmeasured:,} not measured"
    yield words
    yield from counted_notes(held, group)


class _Roofline:
    def __init__(self, canvas: Canvas, machine: Machine, dots: Sequence[_Dot], *, measured: bool) -> None:
        self.canvas, self.machine, self.dots, self.measured = canvas, machine, dots, measured
        self.total = sum(dot.seconds for dot in dots)

    def draw(self, name: str, notes: list[str]) -> Scene:
        canvas, machine = self.canvas, self.machine
        under = sum(dot.seconds for dot in self.dots if dot.intensity < machine.ridge)
        share = f"{100 * under / self.total:.0f} % of the time in layers bound by memory" if self.total else "no layers"
        how = "measured" if self.measured else "estimated"
        title = f"{name}: {share} ({how})"
        top = canvas.heading(title, notes)
        across, up = self._scales(top)
        self._grid(across, up)
        self._roof(across, up)
        if self.dots:
            self._marks(across, up)
        canvas.legend(self._families())
        return canvas.scene(f"Roofline of {title}")

    def _scales(self, top: float) -> tuple[Logarithmic, Logarithmic]:
        machine, canvas = self.machine, self.canvas
        intensities = [dot.intensity for dot in self.dots] or [machine.ridge]
        rates = [dot.rate for dot in self.dots] or [machine.peak]
        low, high = min(*intensities, machine.ridge) / 2, max(*intensities, machine.ridge) * 2
        floor = min(*rates, machine.attainable(low)) / 2
        ceiling = max(*rates, machine.peak) * 2
        across = Logarithmic(low, high, MARGIN + _LEFT, canvas.wide - MARGIN)
        return across, Logarithmic(floor, ceiling, canvas.high - MARGIN - LEGEND_HEIGHT - _BELOW, top)

    def _grid(self, across: Logarithmic, up: Logarithmic) -> None:
        canvas, theme = self.canvas, self.canvas.theme
        faint = mix(theme.group_stroke, theme.background or "#ffffff", 0.75)
        for value in across.decades():
            x = across.at(value)
            canvas.line([(x, up.start), (x, up.end)], stroke=faint)
            canvas.text(x, up.start + 14.0, _plain(value), fill=theme.count, anchor="middle")
        for value in up.decades():
            y = up.at(value)
            canvas.line([(across.start, y), (across.end, y)], stroke=faint)
            canvas.text(across.start - 6.0, y + 3.5, count_words(value), fill=theme.count, anchor="end")
        canvas.line([(across.start, up.end), (across.start, up.start), (across.end, up.start)],
                    stroke=theme.group_stroke)  # fmt: skip
        canvas.text(across.end, up.start + 28.0, "FLOPs for each byte moved", fill=theme.count, anchor="end")
        canvas.text(across.start + 6.0, up.end + 10.0, "FLOP/s", fill=theme.count)

    def _roof(self, across: Logarithmic, up: Logarithmic) -> None:
        canvas, machine, theme = self.canvas, self.machine, self.canvas.theme
        start = max(across.low, up.low / machine.bandwidth)
        corner = (across.at(machine.ridge), up.at(machine.peak))
        points = [(across.at(start), up.at(start * machine.bandwidth)), corner, (across.end, corner[1])]
        canvas.line(points, stroke=theme.wire, line=2.0)
        canvas.line([corner, (corner[0], up.start)], stroke=theme.wire, dash=(3.0, 4.0))

    def _marks(self, across: Logarithmic, up: Logarithmic) -> None:
        """The dots, the largest below, and the names of those that take the most time."""
        canvas, theme = self.canvas, self.canvas.theme
        most = max(dot.seconds for dot in self.dots)
        order = sorted(self.dots, key=lambda dot: (-dot.seconds, abs(dot.layer.item)))
        places: list[_Disc] = []
        rings: list[_Disc] = []  # dots that no other hides wholly
        for dot in order:
            size = max(_SMALLEST, _LARGEST * math.sqrt(dot.seconds / most))
            x, y = across.at(dot.intensity), up.at(dot.rate)
            places.append((x, y, size))
            fill = theme.families[dot.layer.family][1]
            hidden = _inside((x, y, size), rings)
            ring = fill if hidden else theme.background or "#ffffff"
            if not hidden:
                rings.append((x, y, size))
            canvas.dot(x, y, size, fill=fill, stroke=ring, key=dot.layer.id, tip=self._tip(dot))
        self._names(across, up, list(zip(order, places, strict=True)))

    def _names(self, across: Logarithmic, up: Logarithmic, dots: list[tuple[_Dot, tuple[float, float, float]]]) -> None:
        """Names of the layers that take the most time, where there is room beside them."""
        taken = [(x - size / 2, y - size / 2, x + size / 2, y + size / 2) for _, (x, y, size) in dots]
        taken += [(x - 2.0, y - 2.0, x + 2.0, y + 2.0) for x, y in self._along_the_roof(across, up)]
        named: list[tuple[float, float]] = []
        for dot, (x, y, size) in dots[:_MOST_TRIED]:
            if len(named) == _NAMED or any(math.dist((x, y), other) < _SAME for other in named):
                continue
            name = fit(clean(dot.layer.name), LABEL_SIZE, 400, _WIDEST_NAME)
            long = width(name, LABEL_SIZE)
            beside = ((x + size / 2 + 4, y + 3.5), (x - size / 2 - 4 - long, y + 3.5))
            around = ((x - long / 2, y + size / 2 + 12.0), (x - long / 2, y - size / 2 - 5.0))
            askew = ((x + size / 2 + 2, y + size / 2 + 10.0), (x - size / 2 - 2 - long, y - size / 2 - 4.0))
            for left, base in (*beside, *askew, *around):
                frame = (left, base - 9.0, left + long, base + 3.0)
                free = across.start < frame[0] and frame[2] < self.canvas.wide - 4 and frame[3] < up.start
                if free and not any(_meet(frame, other) for other in taken):
                    self.canvas.text(left, base, name)
                    taken.append(frame)
                    named.append((x, y))
                    break

    def _along_the_roof(self, across: Logarithmic, up: Logarithmic) -> Iterator[tuple[float, float]]:
        x = across.start
        while x <= across.end:
            intensity = across.low * (across.high / across.low) ** ((x - across.start) / (across.end - across.start))
            yield x, up.at(self.machine.attainable(intensity))
            x += 3.0

    def _tip(self, dot: _Dot) -> tuple[str, ...]:
        machine = self.machine
        bound = "memory" if dot.intensity < machine.ridge else "arithmetic"
        share = 100 * dot.seconds / self.total
        reached = f", {100 * dot.rate / machine.attainable(dot.intensity):.0f} % of the roof" if self.measured else ""
        return (
            dot.layer.id,
            dot.layer.op,
            f"{dot.intensity:.3g} FLOP/B: bound by {bound}{reached}",
            f"{time_words(dot.seconds)}, {share:.1f} % of the time",
        )

    def _families(self) -> list[tuple[str, str, str]]:
        sums: dict[str, float] = {}
        for dot in self.dots:
            sums[dot.layer.family] = sums.get(dot.layer.family, 0.0) + dot.seconds
        found = sorted(sums.items(), key=lambda entry: (-entry[1], entry[0]))
        families = self.canvas.theme.families
        return [
            (families[name][1], families[name][1], f"{name} {100 * value / self.total:.0f} %")
            for name, value in found
            if 200 * value >= self.total
        ]


_Disc = tuple[float, float, float]  # x, y, diameter


def _inside(disc: _Disc, others: Sequence[_Disc]) -> bool:
    """Whether a disc lies wholly on one of the others."""
    return any(math.dist(disc[:2], other[:2]) + disc[2] / 2 <= other[2] / 2 + 0.5 for other in others)


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _plain(value: float) -> str:
    return f"{value:g}" if value < 1e4 else count_words(value)
