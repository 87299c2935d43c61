"""`Canvas`: marks of a chart, one after the other, become a `Scene`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cutaway.drawing.scene import Anchor, Box, Font, Item, Paint, Path, Scene, Sheet, Text
from cutaway.style.measure import Weight, clean, fit, width
from cutaway.style.theme import Theme

MARGIN = 16.0
"""Px around a chart."""

TITLE_SIZE, NOTE_SIZE, LABEL_SIZE = 14.0, 11.0, 10.0
"""Font sizes in px."""

NOTE_LINE = 15.0
_MOST_NOTES = 3


class Canvas:
    """A sheet that grows mark by mark. Equal marks in equal order give equal scenes.

    Args:
        wide, high: Size in px.
        theme: Colours.
    """

    def __init__(self, wide: float, high: float, theme: Theme) -> None:
        self.wide, self.high, self.theme = wide, high, theme
        self._items: list[Item] = []
        self._paints: dict[Paint, str] = {}
        self._fonts: dict[Font, str] = {}

    def box(
        self, x: float, y: float, wide: float, high: float, *, fill: str | None, stroke: str | None = None,
        line: float = 1.0, radius: float = 0.0, key: str = "", tip: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Draw a rectangle; ``key`` is the id of the layer or group that it stands for, ``tip`` says more about it."""
        paint = self._paint(Paint(fill, stroke, line))
        self._items.append(Box(x, y, wide, high, radius, paint, key, "\n".join(map(clean, tip))))

    def dot(self, x: float, y: float, size: float, *, fill: str, stroke: str, key: str, tip: Sequence[str]) -> None:
        """Draw a disc around a place; ``size`` is its diameter."""
        self.box(x - size / 2, y - size / 2, size, size, fill=fill, stroke=stroke, radius=size / 2, key=key, tip=tip)

    def line(self, points: Iterable[tuple[float, float]], *, stroke: str, line: float = 1.0, dash: Sequence[float] = ()
    ) -> None:  # fmt: skip
        """Draw straight pieces from point to point."""
        segments = tuple(("L" if at else "M", x, y) for at, (x, y) in enumerate(points))
        self._items.append(Path(segments, self._paint(Paint(None, stroke, line, tuple(dash)))))

    def text(
        self, x: float, y: float, content: str, *, size: float = LABEL_SIZE, weight: Weight = 400,
        fill: str | None = None, anchor: Anchor = "start", room: float | None = None,
    ) -> float:  # fmt: skip
        """Write a line on its baseline, shortened to ``room`` px where it is longer; return its width."""
        told = clean(content)
        if room is not None:
            told = fit(told, size, weight, room)
        if not told:
            return 0.0
        font = self._font(Font(size, weight, fill or self.theme.text, anchor))
        long = width(told, size, weight)
        self._items.append(Text(x, y, told, font, long))
        return long

    def heading(self, title: str, notes: Iterable[str]) -> float:
        """Write the title, and the first notes below it; return where the chart may begin."""
        room = self.wide - 2 * MARGIN
        y = MARGIN + TITLE_SIZE
        self.text(MARGIN, y, title, size=TITLE_SIZE, weight=600, fill=self.theme.title, room=room)
        lines = [note for note in notes if note]
        if len(lines) > _MOST_NOTES:
            more = len(lines) - _MOST_NOTES + 1
            lines = [*lines[: _MOST_NOTES - 1], f"… and {more:,} more notes: cutaway summary tells them"]
        for note in lines:
            y += NOTE_LINE
            self.text(MARGIN, y, note, size=NOTE_SIZE, fill=self.theme.count, room=room)
        return y + 10.0

    def legend(self, entries: Sequence[tuple[str, str, str]]) -> None:
        """Write fills, strokes and words in a row along the bottom, as many as have room."""
        x, y = MARGIN, self.high - MARGIN
        for fill, stroke, words in entries:
            long = width(clean(words), LABEL_SIZE)
            if x + 16.0 + long > self.wide - MARGIN:
                return
            self.box(x, y - 9.0, 10.0, 10.0, fill=fill, stroke=stroke, radius=2.0)
            self.text(x + 16.0, y, words, fill=self.theme.name_text)
            x += 32.0 + long

    def scene(self, title: str, note: str = "") -> Scene:
        """All marks as a picture; ``title`` is what a screen reader says."""
        paints = {key: paint for paint, key in self._paints.items()}
        fonts = {key: font for font, key in self._fonts.items()}
        sheet = Sheet(self.wide, self.high, tuple(self._items))
        return Scene((sheet,), paints, fonts, self.theme.background, clean(title), note)

    def _paint(self, paint: Paint) -> str:
        return self._paints.setdefault(paint, f"c{len(self._paints)}")

    def _font(self, font: Font) -> str:
        return self._fonts.setdefault(font, f"t{len(self._fonts)}")


LEGEND_HEIGHT = 28.0
"""Px that a legend takes at the bottom, without the margin."""
