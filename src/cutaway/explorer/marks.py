"""What the page has marked, for the drawing code: colours, hits of a search, badges, and the legend of the colours."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cutaway.drawing.changes import change_marks
from cutaway.drawing.compose import Marks
from cutaway.errors import OptionError
from cutaway.explorer.text import shown
from cutaway.graph.model import Graph
from cutaway.style.theme import Theme, mix

MOST_ENTRIES = 64
MOST_LETTERS = 120
"""Entries of a legend, and characters of each: what fits on a picture."""

_BORDER = 0.6
"""Share of a group's border in that of a box of a colour of its own."""

_COLOUR = re.compile("#[0-9a-f]{6}")


def marks_of(said: Any, graph: Graph, theme: Theme) -> Marks:
    """The marks of a page, of the form of `contract.Drawn`.

    Args:
        said: What the page sent, of which nothing is believed.
        graph: What is drawn.
        theme: Colours of the drawing.

    Raises:
        OptionError: It has another form.
    """
    if not isinstance(said, dict):
        raise OptionError(f"expected what is marked as an object; received {type(said).__name__}")
    counts = (len(graph), len(graph.groups))
    palette = _texts(said.get("palette", []), 256)
    if not all(text == "" or _COLOUR.fullmatch(text) for text in palette):
        raise OptionError("palette must hold colours such as #1f77b4, and empty texts")
    colours = [_column(said, name, count) for name, count in zip(("nodes", "groups"), counts, strict=True)]
    hits = [_column(said, name, count) for name, count in zip(("node_hits", "group_hits"), counts, strict=True)]
    legend = _legend(said.get("legend", []), theme)
    return Marks(
        fills=_fills(palette, colours[0], colours[1]),
        strokes={text: mix(text, theme.group_stroke, _BORDER) for text in palette if text},
        highlighted_nodes=frozenset(at for at, hit in enumerate(hits[0]) if hit),
        highlighted_groups=frozenset(at for at, hit in enumerate(hits[1]) if hit == 1),
        badges=_badges(said.get("badges", []), *counts),
        legend=legend or None,
        show_legend=bool(legend),
    )


def with_changes(marks: Marks | None, graph: Graph, states: Sequence[int], theme: Theme) -> Marks:
    """The marks of a page, with those of what became of each node of two models; colours of the page go first.

    Args:
        marks: What the page has marked, if anything.
        graph: What is drawn.
        states: What became of its nodes.
        theme: Colours of the drawing.
    """
    found = change_marks(graph, states, theme)
    if marks is None:
        return found
    if marks.fills:
        return replace(marks, letters=found.letters, ghosts=found.ghosts)
    return replace(
        found, highlighted_nodes=marks.highlighted_nodes, highlighted_groups=marks.highlighted_groups,
        badges=marks.badges,
    )  # fmt: skip


def _fills(palette: list[str], nodes: bytes, groups: bytes) -> Mapping[int, str]:
    if max(nodes, default=0) >= len(palette) > 0 or max(groups, default=0) >= len(palette) > 0:
        raise OptionError(f"there are {len(palette)} colours; received a number beyond them")
    fills = {at: palette[code] for at, code in enumerate(nodes) if code and palette}
    fills.update((~at, palette[code]) for at, code in enumerate(groups) if code > 1 and palette)
    return {item: fill for item, fill in fills.items() if fill}


def _column(said: Mapping[str, Any], name: str, count: int) -> bytes:
    """A number from 0 to 255 of each node or group; nothing where the page says nothing."""
    text = said.get(name, "")
    try:
        found = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        found = b"?"
    if (found and len(found) != count) or not isinstance(text, str):
        raise OptionError(f"{name} must be {count} bytes in base64")
    return found


def _texts(said: Any, most: int) -> list[str]:
    if not isinstance(said, list) or len(said) > most or not all(isinstance(text, str) for text in said):
        raise OptionError(f"palette must be a list of at most {most} texts")
    return said


def _badges(said: Any, nodes: int, groups: int) -> Mapping[int, int]:
    """Pairs of a node, or ~index of a group, and how grave it is, flat."""
    whole = isinstance(said, list) and len(said) % 2 == 0 and all(type(value) is int for value in said)
    if not whole or not all(-groups <= item < nodes for item in said[::2]) or not all(0 <= at < 3 for at in said[1::2]):
        raise OptionError("badges must be pairs of a node or ~group, and 0, 1 or 2")
    return dict(zip(said[::2], said[1::2], strict=True))


def _legend(said: Any, theme: Theme) -> list[tuple[str, str, str]]:
    if not isinstance(said, list) or len(said) > MOST_ENTRIES:
        raise OptionError(f"legend must be a list of at most {MOST_ENTRIES} entries")
    found = []
    for entry in said:
        pair = isinstance(entry, list) and len(entry) == 2 and all(isinstance(text, str) for text in entry)
        if not pair or not _COLOUR.fullmatch(entry[0]):
            raise OptionError("an entry of the legend must be a colour and its words")
        found.append((entry[0], mix(entry[0], theme.group_stroke, _BORDER), shown(entry[1][:MOST_LETTERS])))
    return found
