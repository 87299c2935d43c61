"""`Chart`: all that the page draws of a laid-out graph, as static data in slices.

A chart numbers its sheets and looks when they are first asked for and never changes a number, so that a page may merge
slices in any order. Groups that the layout postponed are laid out when they are asked for.
"""

from __future__ import annotations

import heapq
import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cutaway.analysis.ops import FAMILIES
from cutaway.analysis.parameters import Totals, model_totals
from cutaway.drawing.arrange import Arranged, always, arrange, describe, everything_large
from cutaway.drawing.measures import SMALLEST_SCALE, TINT, WIRE
from cutaway.errors import OptionError
from cutaway.explorer import findings
from cutaway.explorer.contract import (
    SCHEMA,
    Compare,
    Live,
    Model,
    Part,
    Sizes,
)
from cutaway.explorer.contract import Theme as ThemeColours
from cutaway.explorer.sheets import look_key, make_look, make_sheet, pins
from cutaway.explorer.text import number, shown, to_json
from cutaway.graph.model import Graph
from cutaway.graph.walk import depths
from cutaway.layout.nesting import TITLE, LayoutOptions, tensor_of
from cutaway.style import labels as style
from cutaway.style.theme import THEMES, Theme

if TYPE_CHECKING:
    from cutaway.checks.finding import Finding
    from cutaway.explorer.columns import Facts
    from cutaway.explorer.figures import Figures
    from cutaway.overlays.overlay import Overlay

MOST_PARTS = 300
MOST_BYTES = 600_000
"""What the head carries: more than a screen shows, and less than a browser needs 20 ms to parse."""


UNCHECKED = "The checks have not looked at this: it is a part of a model, or very large. Try cutaway check MODEL."
"""What the page says where there are no findings because nobody looked."""

MOST_OPENED = 60
"""Groups that are laid out later for a page that cannot ask for them, each with some 1,000 children at most."""

MANY_WEIGHTS = 4_000
"""Weights above which the head does not say how many parameters there are: to look at each may take 0.1 s."""

MOST_COUNTED = 250_000
"""Nodes of a graph whose cost is among the facts: to count a million would keep search and table waiting for 10 s."""

LABELS = style.LabelOptions(names=None)
"""What stands on the boxes where nobody chose: names, where a person gave them."""

PATIENCE = 2.0
"""Seconds that a request may lay out what was postponed; what is not done then comes closed, to be asked for again."""


def arranged(graph: Graph, labels: style.LabelOptions = LABELS) -> Arranged:
    """A grouped graph with words and places, as the explorer draws it."""
    unfolded = always if everything_large(graph) else None
    return arrange(graph, labels, LayoutOptions(unfolded=unfolded), {})


@dataclass(slots=True)
class _Pieces:
    """Parts of an answer, as texts of JSON by number."""

    sheets: dict[int, str] = field(default_factory=dict)
    looks: dict[int, str] = field(default_factory=dict)
    parts: dict[int, str] = field(default_factory=dict)
    size: int = 0

    def text(self) -> str:
        """The three members of an object, without its braces."""
        members = (("sheets", self.sheets), ("looks", self.looks), ("parts", self.parts))
        return ",".join(
            f'"{name}":{{' + ",".join(f'"{at}":{text}' for at, text in found.items()) + "}" for name, found in members
        )


class Chart:
    """The chart of one laid-out graph. Safe to ask from several threads.

    Args:
        arranged: The graph with its words and places.
        live: What the page may ask for beyond the chart.
        theme: Theme that was chosen; None leaves the choice to the page.
        index: Its number among the charts of a server.
        facts: Numbers by name and node, which become columns.
        find: Looks for flaws, when somebody first asks for what was found; None where nobody looks.
        compare: What the chart says of a comparison; None where there is none.
        overlay: Numbers of the caller, which colour the page at first; None where there are none.
        counted: What sums over groups and charts are made of, where not all that is drawn counts: a graph in the same
            groups, whose nodes are those of the same ids.
    """

    def __init__(
        self,
        arranged: Arranged,
        live: Live,
        theme: Theme | None = None,
        index: int = 0,
        facts: Facts | None = None,
        find: Callable[[], list[Finding]] | None = None,
        compare: Compare | None = None,
        overlay: Overlay | None = None,
        counted: Graph | None = None,
    ) -> None:
        self.overlay = overlay
        self.counted = arranged.graph if counted is None else counted
        self.compare = compare
        self._facts = facts
        self._find = find
        self._found: list[Finding] | None = None
        self._found_lock = threading.Lock()
        self._all_facts: Facts | None = None
        self._facts_lock = threading.Lock()
        self.arranged = arranged
        self.live = live
        self.theme = theme
        self.index = index
        graph = arranged.graph
        self.depth = depths(graph.groups.parents)
        self._position: dict[int, dict[int, int]] = {}
        self._sheets: dict[int, str] = {}
        self._looks: dict[int, str] = {}
        self._look_numbers: dict[object, int] = {}
        self._look_of: dict[int, int] = {}
        self._lock = threading.RLock()
        self._containers: dict[str, list[bytes]] = {}
        self._containers_lock = threading.Lock()  # a lock of its own, so that the drawing need not wait

    @cached_property
    def figures(self) -> Figures:
        """The charts of what the model costs."""
        from cutaway.charts.roofline import Machine
        from cutaway.explorer.figures import Figures  # nobody needs them for the first picture

        chosen = {} if self.theme is None else {self.theme.name: self.theme}
        machine = None
        if self.overlay is not None and self.overlay.table.roof is not None:
            with suppress(OptionError):  # what somebody's file says of a machine that cannot be
                machine = Machine(*self.overlay.table.roof)
        themes = {name: THEMES[name] for name in ("light", "dark")} | chosen
        return Figures(self.arranged.graph, themes, machine, self.counted)

    def head(self) -> bytes:
        """The first answer, of the type `contract.Head`."""
        with self._lock:
            pieces = self._first()
            graph = self.arranged.graph
            before = {
                "schema": SCHEMA,
                "chart": self.index,
                "title": describe(graph),
                "model": self.model(),
                "theme": "" if self.theme is None else self.theme.name,
                "themes": self._themes(),
                "families": FAMILIES,
                "sizes": SIZES,
                "live": self.live,
                "postponed": self.arranged.nested.postponed,
                **({} if self.compare is None else {"compare": self.compare}),
                **({} if self.overlay is None else {"overlay": _choice(self.overlay)}),
            }
            return f"{to_json(before)[:-1]},{pieces.text()}}}".encode()

    def parts(self, groups: Iterable[int]) -> bytes:
        """Some groups, with what they need, of the type `contract.Slice`.

        Those that were postponed are laid out now, as many as can be while somebody waits.

        Raises:
            IndexError: There is no such group.
        """
        with self._lock:
            pieces = _Pieces()
            until = time.monotonic() + PATIENCE
            for group in groups:
                if not 0 <= group < len(self.arranged.graph.groups):
                    raise IndexError(group)
                self._open(group, until)
                self._add(pieces, group)
            return f"{{{pieces.text()}}}".encode()

    def columns(self) -> list[bytes]:
        """The container of all columns, made once: it may be large, and many may ask."""
        with self._containers_lock:
            if "columns" not in self._containers:
                from cutaway.explorer.columns import columns

                self._containers["columns"] = columns(self.arranged, self.facts(), self.counted, self.overlay)
            return self._containers["columns"]

    def facts(self) -> Facts:
        """Numbers by name and node: what was given, and the cost of one example, counted when first asked for."""
        with self._facts_lock:
            if self._all_facts is None:
                counted: Facts = {}
                if len(self.arranged.graph) <= MOST_COUNTED:
                    from cutaway.analysis.cost import cost

                    spent = cost(self.counted)
                    counted = {
                        "macs": self._of_drawn(spent.known(spent.macs)),
                        "flops": self._of_drawn(spent.known(spent.flops)),
                    }
                self._all_facts = {**counted, **(self._facts or {})}
            return self._all_facts

    def _of_drawn(self, values: Sequence[float]) -> Sequence[float]:
        """Values of nodes that count as those of the nodes that are drawn; NaN for what does not count."""
        if self.counted is self.arranged.graph:
            return values
        by_id = dict(zip(self.counted.ids, values, strict=True))
        return [by_id.get(identity, math.nan) for identity in self.arranged.graph.ids]

    def found(self) -> list[Finding]:
        """What the checks find, looked for once."""
        with self._found_lock:
            if self._found is None:
                self._found = [] if self._find is None else self._find()
            return self._found

    def findings(self) -> bytes:
        """What the checks find, of the type `contract.Findings`."""
        if self._find is None:
            return to_json(
                findings.unchecked("Only a part of a model is here; the checks look at whole models.")
            ).encode()
        return to_json(findings.listed(self.arranged.graph, self.found())).encode()

    def attributes(self) -> list[bytes]:
        """The container of all attributes, made once."""
        with self._containers_lock:
            if "attributes" not in self._containers:
                from cutaway.explorer.columns import attributes

                self._containers["attributes"] = attributes(self.arranged.graph)
            return self._containers["attributes"]

    def open_all(self) -> None:
        """Lay out what was postponed, the outermost groups first, as far as is worth the wait for a file."""
        nested = self.arranged.nested
        if nested.open_later is None:
            return
        with self._lock:
            closed = [at for at, placed in enumerate(nested.placement_of) if placed < 0]
            opened = 0
            for group in sorted(closed, key=self.depth.__getitem__):
                if nested.placement_of[group] < 0 and opened < MOST_OPENED:
                    nested.open_later(group)
                    opened += nested.placement_of[group] >= 0

    def locked(self, make: Callable[[], bytes]) -> bytes:
        """Make something of the places while none of them changes."""
        with self._lock:
            return make()

    def rest(self) -> bytes:
        """All that the head does not carry."""
        with self._lock:
            first = self._first()
            pieces = _Pieces()
            for group in range(len(self.arranged.graph.groups)):
                if group not in first.parts:
                    self._add(pieces, group)
            for sent in first.sheets:
                pieces.sheets.pop(sent, None)
            for sent in first.looks:
                pieces.looks.pop(sent, None)
            return f"{{{pieces.text()}}}".encode()

    def model(self) -> Model:
        """What was read, in numbers."""
        graph = self.arranged.graph
        totals: Totals | None = None if len(graph.weights) > MANY_WEIGHTS else model_totals(self.counted)
        return {
            "name": shown(graph.name),
            "format": graph.format,
            "producer": shown(graph.producer),
            "nodes": len(graph),
            "edges": graph.edge_count,
            "groups": len(graph.groups) - 1,
            "parameters": None if totals is None else totals.parameters,
            "trainable_parameters": None if totals is None else totals.trainable,
            "weight_bytes": None if totals is None else totals.bytes,
            "warnings": [shown(warning) for warning in graph.warnings],
        }

    def _themes(self) -> dict[str, ThemeColours]:
        found = dict(THEMES)
        if self.theme is not None:
            found[self.theme.name] = self.theme
        return {name: _colours(theme) for name, theme in found.items()}

    def _open(self, group: int, until: float) -> None:
        """Lay out a postponed group, and before it the postponed ones around it."""
        nested, parents = self.arranged.nested, self.arranged.graph.groups.parents
        if nested.open_later is None or not self.live["focus"]:
            return
        closed = []
        while group >= 0 and nested.placement_of[group] < 0:
            closed.append(group)
            group = parents[group]
        for inner in reversed(closed):
            if nested.placement_of[inner] < 0 and time.monotonic() < until:
                nested.open_later(inner)

    def _first(self) -> _Pieces:
        """The root, and then what is largest on the page, until the budget is spent."""
        pieces = _Pieces()
        nested = self.arranged.nested
        waiting = [(-1.0, 0, 1.0)]
        while waiting and len(pieces.parts) < MOST_PARTS and pieces.size < MOST_BYTES:
            _, group, scale = heapq.heappop(waiting)
            self._add(pieces, group)
            if nested.placement_of[group] < 0:
                continue
            for child in nested.children[group]:
                frame = nested.frames[~child] if child < 0 else None
                if frame is not None:
                    heapq.heappush(waiting, (-frame.height * frame.width * scale * scale, ~child, scale * frame.scale))
        return pieces

    def _add(self, pieces: _Pieces, group: int) -> None:
        if group in pieces.parts:
            return
        part = self._part(group)
        text = pieces.parts[group] = to_json(part)
        pieces.size += len(text)
        if part["sheet"] >= 0 and part["sheet"] not in pieces.sheets:
            sheet = pieces.sheets[part["sheet"]] = self._sheet(group, part["sheet"])
            pieces.size += len(sheet)
        if part["look"] >= 0 and part["look"] not in pieces.looks:
            look = pieces.looks[part["look"]] = self._looks[part["look"]]
            pieces.size += len(look)

    def _sheet(self, group: int, sheet: int) -> str:
        found = self._sheets.get(sheet)
        if found is None:
            found = self._sheets[sheet] = to_json(make_sheet(self.arranged.nested, group))
        return found

    def _look(self, group: int) -> int:
        """The number of a group's look; equal looks have one."""
        found = self._look_of.get(group)
        if found is None:
            key = look_key(self.arranged, group)
            found = self._look_numbers.setdefault(key, len(self._looks))
            self._look_of[group] = found
            if found not in self._looks:
                self._looks[found] = to_json(make_look(self.arranged, group))
        return found

    def _part(self, group: int) -> Part:
        graph, nested = self.arranged.graph, self.arranged.nested
        frame, parent = nested.frames[group], graph.groups.parents[group]
        placement = nested.placement_of[group]
        box, x, y, scale = -1, 0.0, 0.0, 1.0
        if frame is not None:
            box = self._box(parent, group)
            if nested.placement_of[parent] >= 0:
                left, top = nested.placement(parent).boxes[box][:2]
                x, y, scale = left + frame.x, top + frame.y, frame.scale
        ins, outs = pins(nested, group)
        is_open = placement >= 0
        return {
            "sheet": placement if is_open else -1,
            "look": self._look(group) if is_open else -1,
            "x": number(x),
            "y": number(y),
            "scale": scale,
            "box": box,
            "parent": parent,
            "depth": self.depth[group],
            "children": nested.children[group] if is_open else [],
            "ids": self._ids(group) if is_open else [],
            "ins": _ports(ins),
            "outs": _ports(outs),
            "name": shown(graph.groups.names[group]),
            "kind": graph.groups.kinds[group],
            "closed": 0 if is_open else 2 if self.live["focus"] and nested.open_later else 1,
        }

    def _ids(self, group: int) -> list[str]:
        graph = self.arranged.graph
        own = graph.groups.ids[group]
        found = []
        for child in self.arranged.nested.children[group]:
            identity = graph.ids[child] if child >= 0 else graph.groups.ids[~child]
            inner = own and identity.startswith(f"{own}/")
            found.append(identity[len(own) :] if inner else identity)
        return found

    def _box(self, parent: int, group: int) -> int:
        positions = self._position.get(parent)
        if positions is None:
            children = self.arranged.nested.children[parent]
            positions = self._position[parent] = {child: at for at, child in enumerate(children) if child < 0}
        return positions[~group]


SIZES: Sizes = {
    "op": style.OP_SIZE,
    "name": style.NAME_SIZE,
    "title": style.TITLE_SIZE,
    "line": style.LINE,
    "one_line": style.ONE_LINE,
    "padding": style.PADDING,
    "title_padding": style.TITLE_PADDING,
    "title_strip": TITLE,
    "wire": WIRE,
    "tint": TINT,
    "smallest_scale": SMALLEST_SCALE,
}
"""Constants of the drawing, for the page."""


def _choice(overlay: Overlay) -> str:
    """Which column colours the page, in the words of a permalink: source, spread and how groups get their value."""
    return f"overlay:{overlay.table.columns.index(overlay.column)}||{overlay.rollup}"


def _ports(tensors: Iterable[int]) -> list[int]:
    return [value for tensor in tensors for value in tensor_of(tensor)]


def _colours(theme: Theme) -> ThemeColours:
    found: Any = {name: getattr(theme, name) for name in ThemeColours.__annotations__}
    found["families"] = dict(theme.families)
    found["scale"] = list(theme.scale)
    colours: ThemeColours = found
    return colours
