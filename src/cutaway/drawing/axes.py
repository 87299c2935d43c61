"""`draw_on`: a picture on axes of matplotlib, to be drawn over and put beside other plots.

The axes get the px of the picture as coordinates, y down. What stands side by side is put into one collection, so
that a model of a thousand layers is a few hundred artists; text becomes outlines of the shipped font, which scale with
the axes and need no font of the system.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cutaway.drawing.ink import arrow_head
from cutaway.drawing.scene import Box, Item, Paint, Path, Place, Scene, Text
from cutaway.errors import MissingExtra, OptionError
from cutaway.graph.model import Graph, Node
from cutaway.layout.nesting import Nested
from cutaway.style.measure import FONTS, boxed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path as Outline
    from matplotlib.transforms import Bbox

Style = Callable[[Node], Mapping[str, Any] | None]
"""From a node to properties of its patch, as matplotlib names them: ``{"facecolor": "gold", "linewidth": 2}``."""

SMALLEST = 1.0
"""Points: insides that would be less high on the page are left out."""

_KINDS = (Path, Box, Text)
_ROUND = 0.5523  # how far the controls of a quarter circle lie from its ends, in radii
_ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}


@dataclass(frozen=True, slots=True)
class _Shown:
    """An item at its place on the page.

    Attributes:
        run: Number of the run that it belongs to; a later run is drawn over an earlier one.
        item: What is drawn.
        x, y, scale: Origin and scale of its sheet.
        child: Index of the node whose box it is, or ~index of the group; None for everything else.
    """

    run: int
    item: Box | Text | Path
    x: float
    y: float
    scale: float
    child: int | None


def draw_on(
    ax: Axes, scene: Scene, graph: Graph, nested: Nested, *, style: Style | None = None, smallest: float = SMALLEST
) -> dict[str, Bbox]:
    """Draw a picture on axes.

    Args:
        ax: Where; give them their final size first, since the width of lines goes by it.
        scene: The picture.
        graph: What it shows.
        nested: Where that lies.
        style: Called with each node that is drawn; returns properties of its patch, or None for the usual ones.
        smallest: Insides that would be less high, in points, are left out.

    Returns:
        The box of every layer and group that is drawn, by id, in the coordinates of the axes.

    Raises:
        MissingExtra: matplotlib is not installed.
        OptionError: ``style`` returned a property that patches do not have.
    """
    try:
        from matplotlib.patches import Rectangle
        from matplotlib.transforms import Bbox
    except ImportError as error:
        raise MissingExtra(
            "drawing on axes needs matplotlib; install it with: pip install 'cutaway[matplotlib]'"
        ) from error
    ax.set(xlim=(0, scene.width), ylim=(scene.height, 0), aspect="equal")
    ax.set_axis_off()
    room, figure = ax.get_window_extent(), ax.get_figure(root=True)
    dpi = figure.dpi if figure is not None else 72.0
    points = min(room.width / scene.width, room.height / scene.height) * 72 / dpi
    if scene.background is not None:
        ax.add_patch(Rectangle((0, 0), scene.width, scene.height, facecolor=scene.background, linewidth=0, zorder=1))
    shown = list(_walk(scene, nested, smallest / points))
    painter = _Painter(scene, points, shown)
    painter.paint(ax)
    boxes = {}
    for each in shown:
        if each.child is not None and isinstance(each.item, Box):
            left, top = each.x + each.item.x * each.scale, each.y + each.item.y * each.scale
            wide, high = each.item.width * each.scale, each.item.height * each.scale
            name = graph.ids[each.child] if each.child >= 0 else graph.groups.ids[~each.child]
            boxes[name] = Bbox.from_bounds(left, top, wide, high)
            properties = style(graph.nodes[each.child]) if style is not None and each.child >= 0 else None
            if properties is not None:
                painter.paint_own(ax, each, each.item, properties)
    return boxes


def _walk(scene: Scene, nested: Nested, smallest: float) -> Iterator[_Shown]:
    """All items in drawing order. What each box shows follows from the order in which the sheets were made.

    The page places the root; on the sheet of a group its children stand in the order of `Nested.children`, each as a
    box, a group's followed by the place of its inside. Boxes behind titles belong to none.
    """
    run = 0
    last = 0
    stack: list[tuple[Iterator[Item], float, float, float, Iterator[int] | None]] = [
        (iter(scene.sheets[-1].items), 0.0, 0.0, 1.0, None)
    ]
    while stack:
        items, x, y, scale, children = stack[-1]
        item = next(items, None)
        if item is None:
            stack.pop()
            run += 1
        elif isinstance(item, Place):
            group = 0 if children is None else ~last
            inner = scale * item.scale
            if scene.sheets[item.sheet].height * inner >= smallest:
                held = iter(nested.children[group])
                stack.append(
                    (iter(scene.sheets[item.sheet].items), x + item.x * scale, y + item.y * scale, inner, held)
                )
                run += 1
        elif isinstance(item, Box) and children is not None and not item.paint.startswith("behind "):
            last = next(children)
            yield _Shown(run, item, x, y, scale, last)
        else:
            yield _Shown(run, item, x, y, scale, None)


class _Painter:
    """Puts items into collections: those of one run, kind and paint together."""

    def __init__(self, scene: Scene, points: float, shown: Sequence[_Shown]) -> None:
        self._scene = scene
        self._points = points
        self._buckets: dict[tuple[int, int, str], list[_Shown]] = {}
        for each in shown:
            paint = each.item.font if isinstance(each.item, Text) else each.item.paint
            self._buckets.setdefault((each.run, _KINDS.index(type(each.item)), paint), []).append(each)
        self._order = {key: at for at, key in enumerate(sorted(self._buckets, key=lambda key: key[:2]))}
        self._glyphs: dict[tuple[str, int], tuple[list[tuple[float, float]], list[Any]]] = {}

    def paint(self, ax: Axes) -> None:
        from matplotlib.collections import PathCollection
        from matplotlib.path import Path as Outline

        for key in self._order:
            _, kind, name = key
            held, order = self._buckets[key], self._height(key)
            if kind == 2:
                outlines = [self._text(each, each.item) for each in held if isinstance(each.item, Text)]
                whole = Outline.make_compound_path(*outlines)
                ink = self._scene.fonts[name].fill
                ax.add_collection(PathCollection([whole], facecolor=ink, linewidth=0, zorder=order), autolim=False)
                continue
            paint = self._scene.paints[name]
            outlines = [
                _box(each, each.item) if isinstance(each.item, Box) else _path(each, each.item)
                for each in held
                if not isinstance(each.item, Text)
            ]
            collection = PathCollection(outlines, zorder=order, **self._look(paint, [each.scale for each in held]))
            ax.add_collection(collection, autolim=False)
            if paint.arrow:
                heads = [_arrow(each, each.item, paint) for each in held if isinstance(each.item, Path)]
                ax.add_collection(
                    PathCollection(heads, facecolor=paint.stroke, linewidth=0, zorder=order), autolim=False
                )

    def paint_own(self, ax: Axes, shown: _Shown, box: Box, properties: Mapping[str, Any]) -> None:
        """Draw one box once more, with properties of its own, over the usual one and under its text."""
        from matplotlib.patches import PathPatch

        look = self._look(self._scene.paints[box.paint], [shown.scale])
        patch = PathPatch(_box(shown, box), zorder=self._height((shown.run, 1, box.paint)) + 0.5 / len(self._order))
        patch.set(facecolor=look["facecolor"], edgecolor=look["edgecolor"], linewidth=look["linewidth"][0])
        try:
            patch.set(**properties)
        except (AttributeError, TypeError, ValueError) as error:
            raise OptionError(f"style: {error}") from error
        ax.add_patch(patch)

    def _height(self, key: tuple[int, int, str]) -> float:
        """Where a bucket lies in matplotlib's order: everything between 1 and 2, above the background."""
        return 1 + (1 + self._order[key]) / (2 + len(self._order))

    def _look(self, paint: Paint, scales: Sequence[float]) -> dict[str, Any]:
        lines = [paint.width * scale * self._points if paint.stroke else 0.0 for scale in scales]
        look: dict[str, Any] = {
            "facecolor": paint.fill or "none",
            "edgecolor": paint.stroke or "none",
            "linewidth": lines,
        }
        if paint.dash:
            look["linestyle"] = [(0.0, [length / paint.width for length in paint.dash])]
        return look

    def _text(self, shown: _Shown, text: Text) -> Outline:
        """The outlines of a text; matplotlib must not look for formulas in it."""
        from matplotlib.font_manager import FontProperties
        from matplotlib.path import Path as Outline
        from matplotlib.textpath import text_to_path

        font = self._scene.fonts[text.font]
        key = (text.content, font.weight)
        if key not in self._glyphs:
            properties = FontProperties(fname=str(FONTS / f"inter-{font.weight}.ttf"))
            found, kinds = text_to_path.get_text_path(properties, boxed(text.content), ismath=False)
            self._glyphs[key] = [(float(x), float(y)) for x, y in found], list(kinds)
        points, codes = self._glyphs[key]
        size = font.size / text_to_path.FONT_SCALE * shown.scale
        left = shown.x + (text.x - text.width * _ANCHORS[font.anchor]) * shown.scale
        base = shown.y + text.y * shown.scale
        return Outline([(left + x * size, base - y * size) for x, y in points] or [(left, base)], codes or None)


def _box(shown: _Shown, box: Box) -> Outline:
    """A rectangle with round corners on the page."""
    from matplotlib.path import Path as Outline

    scale = shown.scale
    left, top = shown.x + box.x * scale, shown.y + box.y * scale
    right, bottom = left + box.width * scale, top + box.height * scale
    radius = max(0.0, min(box.radius * scale, (right - left) / 2, (bottom - top) / 2))
    near = radius * (1 - _ROUND)
    points = [
        (left + radius, top), (right - radius, top),
        (right - near, top), (right, top + near), (right, top + radius), (right, bottom - radius),
        (right, bottom - near), (right - near, bottom), (right - radius, bottom), (left + radius, bottom),
        (left + near, bottom), (left, bottom - near), (left, bottom - radius), (left, top + radius),
        (left, top + near), (left + near, top), (left + radius, top), (left + radius, top),
    ]  # fmt: skip
    side = [Outline.LINETO, Outline.CURVE4, Outline.CURVE4, Outline.CURVE4]
    return Outline(points, [Outline.MOVETO, *side * 4, Outline.CLOSEPOLY])


def _path(shown: _Shown, path: Path) -> Outline:
    """A wire on the page."""
    from matplotlib.path import Path as Outline

    kinds = {"M": Outline.MOVETO, "L": Outline.LINETO, "C": Outline.CURVE4}
    points: list[tuple[float, float]] = []
    codes: list[Any] = []
    for kind, *numbers in path.segments:
        if kind == "Z":
            points.append(points[-1])
            codes.append(Outline.CLOSEPOLY)
            continue
        found = _points(shown, numbers)
        points += found
        codes += [kinds[str(kind)]] * len(found)
    return Outline(points, codes)


def _arrow(shown: _Shown, path: Path, paint: Paint) -> Outline:
    """The head at the end of a wire, as a triangle whose tip is that end."""
    from matplotlib.path import Path as Outline

    corners = _points(shown, [value for corner in arrow_head(path, paint) for value in corner])
    return Outline([*corners, corners[0]], closed=True)


def _points(shown: _Shown, numbers: Sequence[float | str]) -> list[tuple[float, float]]:
    values = [float(number) for number in numbers]
    return [
        (shown.x + values[at] * shown.scale, shown.y + values[at + 1] * shown.scale) for at in range(0, len(values), 2)
    ]
