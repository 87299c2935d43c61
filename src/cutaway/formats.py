"""The table of output formats. A new one is a function and a line here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from cutaway.drawing.scene import Scene
from cutaway.errors import OptionError
from cutaway.graph.model import Graph
from cutaway.layout.nesting import Nested
from cutaway.style.labels import Labels
from cutaway.style.theme import Theme

if TYPE_CHECKING:
    from cutaway.exporters.sketch import Direction, Sketch
    from cutaway.overlays.overlay import Overlay


class Drawn(Protocol):
    """What a writer is given."""

    @property
    def graph(self) -> Graph:
        """The grouped graph."""

    @property
    def nested(self) -> Nested:
        """Where everything lies."""

    @property
    def labels(self) -> Labels:
        """What stands in the boxes."""

    @property
    def theme(self) -> Theme:
        """Colours that were chosen."""

    @property
    def overlay(self) -> Overlay | None:
        """Numbers of the caller that colour it."""

    @property
    def settings(self) -> Callable[[], Mapping[str, Any]] | None:
        """Gives how the model was compiled; None where only a part of it is drawn."""

    @property
    def scene(self) -> Scene:
        """The resolved drawing."""

    @property
    def dpi(self) -> float:
        """Resolution of bitmaps, in dots per inch."""


@dataclass(frozen=True, slots=True)
class Format:
    """An output format.

    Attributes:
        extension: What the name of the file ends with, without the dot.
        write: Makes the bytes of the file.
    """

    extension: str
    write: Callable[[Drawn], bytes]


def _svg(drawn: Drawn) -> bytes:
    from cutaway.drawing.svg import to_svg

    return to_svg(drawn.scene).encode()


def _png(drawn: Drawn) -> bytes:
    from cutaway.drawing.png import DEFAULT_DPI, to_png

    return to_png(drawn.scene, dpi=drawn.dpi, may_lower=drawn.dpi == DEFAULT_DPI)


def _pdf(drawn: Drawn) -> bytes:
    from cutaway.drawing.pdf import to_pdf

    return to_pdf(drawn.scene)


def _html(drawn: Drawn) -> bytes:
    from cutaway.drawing.arrange import Arranged
    from cutaway.explorer.page import to_html

    arranged = Arranged(drawn.graph, drawn.labels, drawn.nested)
    return to_html(arranged, drawn.theme, settings=drawn.settings, overlay=drawn.overlay)


def _scene_json(drawn: Drawn) -> bytes:
    from cutaway.drawing.places import to_places

    # in ASCII, because a name may hold half of a surrogate pair
    return json.dumps(to_places(drawn.graph, drawn.nested), separators=(",", ":"), allow_nan=False).encode() + b"\n"


def _graph_json(drawn: Drawn) -> bytes:
    from cutaway.exporters.contract_json import to_json

    return to_json(drawn.graph).encode()


def _tikz(drawn: Drawn) -> bytes:
    from cutaway.drawing.tikz import to_tikz

    return to_tikz(drawn.scene).encode("utf-8", "replace")


def _closed(drawn: Drawn) -> set[int]:
    """Groups that the caller wants closed; those that only wait for somebody to look into them are open."""
    if drawn.nested.postponed:
        return set()
    return {group for group, placement in enumerate(drawn.nested.placement_of) if placement < 0}


def _sketch(drawn: Drawn) -> Sketch:
    from cutaway.analysis.ops import family
    from cutaway.drawing.shades import shades
    from cutaway.exporters.sketch import Look, Sketch

    graph, theme = drawn.graph, drawn.theme
    fills = [theme.families[family(op)] for op in graph.ops]
    by_node = [fills[code] for code in graph.op_codes]
    if drawn.overlay is not None:
        fills_of = shades(graph, theme, drawn.overlay).fills
        by_node = [(fills_of.get(node, theme.group_fill), stroke) for node, (_, stroke) in enumerate(by_node)]
    look = Look(
        lines=drawn.labels.lines,
        titles=[" ".join(filter(None, title)) for title in drawn.labels.titles],
        fills=by_node,
        ink=theme.text,
        group_fill=theme.group_fill,
        group_stroke=theme.group_stroke,
        wire=theme.wire,
        direction=_direction(drawn.nested),
    )
    return Sketch(graph, _closed(drawn), look)


def _direction(nested: Nested) -> Direction:
    """Where the drawing leads: to the right only where every group in it does."""
    if all(placement.flow == "right" for placement in nested.placements):
        return "RL" if nested.backwards else "LR"
    return "BT" if nested.backwards else "TB"


def _dot(drawn: Drawn) -> bytes:
    from cutaway.exporters.dot import to_dot

    return to_dot(_sketch(drawn)).encode()


def _mermaid(drawn: Drawn) -> bytes:
    from cutaway.exporters.mermaid import to_mermaid

    return to_mermaid(_sketch(drawn)).encode()


def _graphml(drawn: Drawn) -> bytes:
    from cutaway.drawing.places import middles, to_places
    from cutaway.exporters.graphml import to_graphml
    from cutaway.exporters.rows import to_rows

    places = middles(to_places(drawn.graph, drawn.nested))
    return to_graphml(to_rows(drawn.graph, closed=_closed(drawn), facts=places)).encode()


FORMATS: tuple[Format, ...] = (
    Format("svg", _svg),
    Format("png", _png),
    Format("pdf", _pdf),
    Format("html", _html),
    Format("scene.json", _scene_json),
    Format("json", _graph_json),
    Format("tex", _tikz),
    Format("dot", _dot),
    Format("mmd", _mermaid),
    Format("graphml", _graphml),
)
"""Of two extensions that fit, the first wins."""


def writer_for(name: str) -> str:
    """The extension of the format that a file's name asks for.

    Raises:
        OptionError: No format has such an extension; the message lists those that there are.
    """
    if "\0" in name:
        raise OptionError(f"to_file must be the path of a file; received {name!r}")
    for found in FORMATS:
        if name.lower().endswith(f".{found.extension}"):
            return found.extension
    known = ", ".join(f".{found.extension}" for found in FORMATS)
    raise OptionError(f"{name}: the extension must be one of {known}, since it chooses the format")


def render(drawn: Drawn, extension: str) -> bytes:
    """The bytes of a file in one of the formats.

    Raises:
        OptionError: There is no such format, or the picture is too large for it.
        MissingExtra: The format needs a package that is not installed.
    """
    for found in FORMATS:
        if found.extension == extension:
            return found.write(drawn)
    raise OptionError(
        f"format must be one of {', '.join(found.extension for found in FORMATS)}; received {extension!r}"
    )
