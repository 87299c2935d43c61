"""Crossings of wires: cutaway's layout beside Graphviz dot, group by group over the golden pictures' models.

Each distinct group is handed to dot as it was handed to cutaway's layout: children as boxes of the same size, the
tensors that enter and leave as points held on the first and the last rank, the same wires, the same least distances,
the same direction. cutaway keeps the tensors of a border in one order, so that both sides of the border agree, and
wraps long groups; dot does neither.

Both drawings are counted in the same way, from their finished lines: the curves become polylines, and a crossing is
a place on the page where two wires cross. Wires that share an end are not counted, touching is not crossing, and
where several wires of one tensor run as one line and cross another, that is one place. The sum over pairs of wires,
which counts such a place as often as wires run there, is given too.

dot is run twice: freely, which is what the target is held against, and with the tensors of each border at fixed
places in the order in which cutaway has them, which shows what that order costs.

Usage: python benchmarks/crossings.py [--live]
"""

from __future__ import annotations

import argparse
import itertools
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import numpy.typing as npt
import pygraphviz

from benchmarks.results import table, write_section
from cutaway.layout import nesting
from cutaway.layout.inside import BOX_GAP, PIN, Shape, lay_out_inside
from cutaway.layout.problem import Inside, Placement
from cutaway.layout.wrap import GAP
from tests.gallery import GALLERY, Entry

Line = npt.NDArray[np.float64]

STEPS = 8
"""Straight pieces for each Bézier curve."""

NUDGE = 0.02
"""Px by which one line is moved, so that lines that touch or run together count as crossing only where they do."""

SAME_PLACE = 2.0
"""Px within which two crossings of the same two tensors are one place."""


@dataclass(frozen=True)
class Group:
    """One distinct group as the layout saw it.

    Attributes:
        picture: The gallery's picture in which it was met first.
        inside, shape: What the layout was given.
        placement: What it made of it.
        seconds: How long that took.
    """

    picture: str
    inside: Inside
    shape: Shape
    placement: Placement
    seconds: float


def groups_of(entries: Sequence[Entry]) -> Iterator[Group]:
    """Every distinct group with a wire in the pictures, recorded while they are drawn."""
    seen: set[tuple[Inside, bool]] = set()
    found: list[Group] = []
    name = ""

    def record(inside: Inside, shape: Shape) -> Placement:
        start = time.perf_counter()
        placement = lay_out_inside(inside, shape)
        seconds = time.perf_counter() - start
        key = (inside, shape.root)
        if key not in seen and placement.wires:
            seen.add(key)
            found.append(Group(name, inside, shape, placement, seconds))
        return placement

    with patch.object(nesting, "lay_out_inside", record):
        for entry in entries:
            name = entry.name
            entry.draw()
            yield from found
            found.clear()


def ends_of(inside: Inside) -> list[tuple[str, str]]:
    """The two ends of each wire, by name: ``c3`` a child, ``i0`` an entering and ``o0`` a leaving tensor."""
    return [
        (
            f"c{wire.source}" if wire.source >= 0 else f"i{~wire.source}",
            f"c{wire.target}" if wire.target >= 0 else f"o{~wire.target}",
        )
        for wire in inside.wires
    ]


def our_lines(group: Group) -> list[Line]:
    """The wires as cutaway draws them."""
    lines: list[Line] = [np.empty((0, 2))] * len(group.inside.wires)
    for drawn in group.placement.wires:
        points = [(float(drawn.segments[0][1]), float(drawn.segments[0][2]))]
        for segment in drawn.segments[1:]:
            numbers = [float(number) for number in segment[1:]]
            if segment[0] == "C":
                points += curve([points[-1], *zip(numbers[::2], numbers[1::2], strict=True)])
            else:
                points.append((numbers[-2], numbers[-1]))
        lines[drawn.wire] = np.array(points)
    return lines


def curve(control: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points on a cubic Bézier curve, without its start."""
    found = []
    for step in range(1, STEPS + 1):
        t = step / STEPS
        weights = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3)
        x, y = (sum(w * point[axis] for w, point in zip(weights, control, strict=True)) for axis in (0, 1))
        found.append((x, y))
    return found


def as_dot(group: Group, *, ordered: bool) -> pygraphviz.AGraph:
    """The same group for dot.

    Args:
        group: Children and wires.
        ordered: Whether the tensors of every border keep cutaway's order.
    """
    inside = group.inside
    right = group.placement.flow == "right"
    graph = pygraphviz.AGraph(
        directed=True, strict=False, rankdir="LR" if right else "TB", nodesep=BOX_GAP / 72, ranksep=GAP / 72
    )
    graph.node_attr.update(shape="box", fixedsize="true", label="")
    for position, child in enumerate(inside.children):
        look: dict[str, float | str] = {"width": child.width / 72, "height": child.height / 72}
        if ordered and child.right is not None:
            look |= {"shape": "record", "label": record(len(child.right.ins), len(child.right.outs))}
        graph.add_node(f"c{position}", **look)
    for letter, count, rank in (("i", inside.pins_in, "source"), ("o", inside.pins_out, "sink")):
        pins = [f"{letter}{number}" for number in range(count)]
        for pin in pins:
            graph.add_node(pin, width=2 * PIN / 72, height=2 * PIN / 72)
        if pins:
            graph.add_subgraph(pins, rank=rank)
        if ordered:
            kept = pins if right else pins[::-1]  # as cutaway has them: from old to new downwards, or leftwards
            for one, two in itertools.pairwise(kept[::-1] if right else kept):
                graph.add_edge(one, two, key=f"order {one}", style="invis")
    for position, ((source, target), wire) in enumerate(zip(ends_of(inside), inside.wires, strict=True)):
        ports = {}
        if ordered and wire.source >= 0 and inside.children[wire.source].is_group:
            ports["tailport"] = f"o{wire.port}:{'e' if right else 's'}"
        if ordered and wire.target >= 0 and inside.children[wire.target].is_group:
            ports["headport"] = f"i{wire.slot}:{'w' if right else 'n'}"
        graph.add_edge(source, target, key=f"w{position}", **ports)
    return graph


def record(ins: int, outs: int) -> str:
    """A box whose sides are divided into places for tensors."""
    sides = ("|".join(f"<{letter}{number}>" for number in range(count)) for letter, count in (("i", ins), ("o", outs)))
    return "{" + "|".join(f"{{{side}}}" for side in sides if side) + "}"


def dot_lines(group: Group, *, ordered: bool = False) -> list[Line]:
    """The wires as dot draws them."""
    graph = as_dot(group, ordered=ordered)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # dot warns of sizes that it rounds
        graph.layout(prog="dot")
    return [
        spline(graph.get_edge(source, target, key=f"w{position}").attr["pos"])
        for position, (source, target) in enumerate(ends_of(group.inside))
    ]


def spline(text: str) -> Line:
    """A polyline out of dot's position of an edge: ``e,x,y x,y x,y …``."""
    words = re.sub(r"\\\s*\n", "", text).replace(";", " ").split()
    tips = {word[0]: tuple(map(float, word[2:].split(","))) for word in words if word[0] in "se"}
    control = [(float(x), float(y)) for x, y in (word.split(",") for word in words if word[0] not in "se")]
    points = [control[0]]
    for at in range(0, len(control) - 1, 3):
        points += curve(control[at : at + 4])
    first = [tips["s"]] if "s" in tips else []
    last = [tips["e"]] if "e" in tips else []
    return np.array([*first, *points, *last])


@dataclass(frozen=True)
class Count:
    """Crossings of a drawing: places on the page, and pairs of wires."""

    places: int
    pairs: int


def count_crossings(group: Group, lines: Sequence[Line]) -> Count:
    """Crossings of all wires that share no end."""
    ends = ends_of(group.inside)
    tensors = [(wire.source, wire.port) for wire in group.inside.wires]
    boxes = [(line.min(axis=0) - 2 * NUDGE, line.max(axis=0) + 2 * NUDGE) for line in lines]
    found: dict[frozenset[tuple[int, int]], list[Line]] = {}
    pairs = 0
    for one, two in itertools.combinations(range(len(lines)), 2):
        if set(ends[one]) & set(ends[two]):
            continue
        (low, high), (other_low, other_high) = boxes[one], boxes[two]
        if (low <= other_high).all() and (other_low <= high).all():
            points = crossings(lines[one], lines[two])
            pairs += len(points)
            found.setdefault(frozenset((tensors[one], tensors[two])), []).extend(points)
    return Count(sum(map(count_places, found.values())), pairs)


def count_places(points: Sequence[Line]) -> int:
    """Points that are more than `SAME_PLACE` apart."""
    kept: list[Line] = []
    for point in points:
        if all(np.abs(point - other).max() > SAME_PLACE for other in kept):
            kept.append(point)
    return len(kept)


def crossings(one: Line, two: Line) -> Line:
    """Where two polylines cross: the fewest points that are met when one of them is moved a little."""
    ways = ((1, 0.37), (-1, -0.37), (-0.41, 1), (0.41, -1))
    return min((meetings(one, two + NUDGE * np.array(way)) for way in ways), key=len)


def meetings(one: Line, two: Line) -> Line:
    """Where pieces of two polylines intersect."""
    a, b = one[:-1, None], one[1:, None]
    c, d = two[None, :-1], two[None, 1:]
    meet = ((side(a, b, c) > 0) != (side(a, b, d) > 0)) & ((side(c, d, a) > 0) != (side(c, d, b) > 0))
    first, second = np.nonzero(meet)
    start, end = one[first], one[first + 1]
    before, after = (side(two[second], two[second + 1], point)[:, None] for point in (start, end))
    found: Line = start + (end - start) * before / (before - after)
    return found


def side(start: Line, end: Line, point: Line) -> Line:
    """On which side of a line a point lies, as a number above or below 0."""
    along, across = end - start, point - start
    found: Line = along[..., 0] * across[..., 1] - along[..., 1] * across[..., 0]
    return found


def seconds_of_dot(groups: Sequence[Group]) -> float:
    """Wall time of one dot process that lays out all groups, one after the other."""
    text = "\n".join(as_dot(group, ordered=False).to_string() for group in groups)
    start = time.perf_counter()
    subprocess.run(["dot", "-Tplain"], input=text, text=True, capture_output=True, check=True)
    return time.perf_counter() - start


def entries(live: bool) -> list[Entry]:
    """One picture of each model and graph, drawn in the usual way; live models only if asked for."""
    found: dict[object, Entry] = {}
    for entry in GALLERY:
        if live or not callable(entry.source) or entry.name != "vit":
            options = {"show_layer_names": entry.options.get("show_layer_names")}
            found.setdefault(entry.source if isinstance(entry.source, str) else id(entry.source),
                             Entry(entry.name, entry.shows, entry.source, options))  # fmt: skip
    return list(found.values())


def body(groups: Sequence[Group]) -> str:
    """Counts and times in words and tables."""
    rows, counts = [], []
    for group in groups:
        drawings = (our_lines(group), dot_lines(group), dot_lines(group, ordered=True))
        counts.append([count_crossings(group, lines) for lines in drawings])
        if any(count.places for count in counts[-1]):
            sizes = (str(len(group.inside.children)), str(len(group.inside.wires)))
            root = " (root)" if group.shape.root else ""
            rows.append([group.picture + root, *sizes, *(str(count.places) for count in counts[-1])])
    places = [sum(row[side].places for row in counts) for side in range(3)]
    pairs = [sum(row[side].pairs for row in counts) for side in range(3)]
    fewer = sum(ours.places < dot.places for ours, dot, _ in counts)
    more = sum(ours.places > dot.places for ours, dot, _ in counts)
    number = len(groups)
    reached = "reached" if places[0] <= places[1] else "MISSED"
    columns = ["", "cutaway", "dot", "dot, borders in cutaway's order"]
    totals = [
        ["crossings per group, on average", *(f"{count / number:.3f}" for count in places)],
        ["crossings in all", *map(str, places)],
        ["pairs of wires that cross, in all", *map(str, pairs)],
    ]
    seconds = (
        f"Time to lay out all of them: cutaway {sum(group.seconds for group in groups):.2f} s (in Python, every "
        f"direction and wrapping that it weighs up included), dot {seconds_of_dot(groups):.2f} s (one process, in C)."
    )
    return "\n".join(
        [
            f"{number} distinct groups with wires. Target: on average no more crossings than dot: {reached}. cutaway "
            f"has fewer in {fewer} groups, more in {more}, as many in {number - fewer - more}.",
            *("", table(columns, totals)),
            *("", seconds),
            *("", f"The {len(rows)} groups in which any has a crossing:"),
            *("", table(["met first in", "children", "wires", *columns[1:]], rows)),
        ]
    )


def graphviz_version() -> str:
    """What dot says that it is."""
    return subprocess.run(["dot", "-V"], capture_output=True, text=True, check=True).stderr.strip()


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--live", action="store_true", help="with the live models of the gallery, which needs Keras")
    options = parser.parse_args(argv)
    groups = list(groups_of(entries(options.live)))
    write_section("crossings.py", f"{graphviz_version()}\n\n{body(groups)}", ["cutaway", "pygraphviz", "numpy"])


if __name__ == "__main__":
    main()
