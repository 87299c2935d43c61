"""Clusters from structure alone: regions between bottlenecks, repetition, resolution, and a model's two ends."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from cutaway.graph.level import Cluster, Level, Unit
from cutaway.graph.names import tokens

_REGION = 5  # units in the smallest region worth a frame
_CHAIN = 4  # units in the shortest run between two regions that becomes a group of its own
_END = 6  # nodes in the largest item that still counts as part of a stem or head


def clusters_by_region(level: Level) -> list[Cluster]:
    """Regions between two units that everything flows through, each with the merge that ends it.

    A unit is such a bottleneck where no edge passes over it in flow order. A lone unit between two
    regions, such as the activation after a residual sum, goes to the region before it.
    """
    cuts = _bottlenecks(level)
    runs: list[list[int]] = []  # a run of chain units, or a region with its exit
    regions: list[int] = []
    last = -1
    for cut in cuts:
        if cut - last >= _REGION:
            regions.append(len(runs))
            runs.append(list(range(last + 1, cut + 1)))
        elif runs and len(runs) - 1 not in regions:
            runs[-1].extend(range(last + 1, cut + 1))
        else:
            runs.append(list(range(last + 1, cut + 1)))
        last = cut
    tail = list(range(last + 1, len(level)))
    if len(tail) >= _REGION:
        regions.append(len(runs))
    if tail:
        runs.append(tail)
    if not regions:
        return []
    return _name_runs(level, *_attach(level, runs, set(regions)))


def _bottlenecks(level: Level) -> list[int]:
    """Positions that no edge passes over."""
    cuts, reach = [], 0
    for at in range(len(level)):
        if reach <= at and not level.units[at].boundary:
            cuts.append(at)
        reach = max(reach, *level.succ[at], 0) if level.succ[at] else max(reach, at)
    return cuts


def _attach(level: Level, runs: list[list[int]], regions: set[int]) -> tuple[list[list[int]], list[bool]]:
    """Join a lone unit between two regions to the region before it."""
    joined: list[list[int]] = []
    is_region: list[bool] = []
    for index, run in enumerate(runs):
        lone = len(run) == 1 and index + 1 in regions and not level.units[run[0]].boundary
        if index not in regions and lone and is_region and is_region[-1]:
            joined[-1].extend(run)
        else:
            joined.append(run)
            is_region.append(index in regions)
    return joined, is_region


def _name_runs(level: Level, runs: Sequence[Sequence[int]], is_region: Sequence[bool]) -> list[Cluster]:
    clusters: list[Cluster] = []
    for run, region in zip(runs, is_region, strict=True):
        members = tuple(at for at in run if not level.units[at].boundary)
        if not (region or len(members) >= _CHAIN) or len(members) < 3:
            continue
        ends = [level.units[at] for at in reversed(members[-2:])] if region else []
        named = next((_up_to_counter(end.name) for end in ends if not end.auto), "")
        if region:
            name = named or f"block_{len(clusters) + 1}"
        elif not clusters:
            name = "stem"
        else:
            name = "head" if members[-1] == len(level) - 1 else f"layers_{len(clusters) + 1}"
        clusters.append(Cluster(name, members, "single entry and exit"))
    return clusters


def _up_to_counter(name: str) -> str:
    """``block35_1_ac`` → ``block35_1``: what comes after the last counter tells the merge, not the block."""
    end = next((end for _, counts, end in reversed(tokens(name)) if counts), len(name))
    return name[:end]


def clusters_by_resolution(level: Level, *, same_word: bool) -> list[Cluster]:
    """Runs of neighbours whose output has the same number of positions: the stages of a convolutional net.

    Args:
        level: What to cluster.
        same_word: Whether members must also be groups whose names begin with the same word.
    """

    def key(at: int) -> tuple[object, ...]:
        unit = level.units[at]
        if unit.boundary or (same_word and not (unit.parts or unit.size > 1)):
            return (at,)
        found = tokens(unit.name)
        word = found[0][0] if found and same_word else ""
        return (word, unit.resolution)

    clusters: list[Cluster] = []
    for _, run in groupby(range(len(level)), key):
        members = tuple(run)
        if len(members) >= (2 if same_word else 3) and len(members) < len(level):
            first, last = level.units[members[0]], level.units[members[-1]]
            if same_word:
                name = span(first.name, last.name)
            elif first.auto:
                name = f"stage_{len(clusters) + 1}"
            else:
                name = f"{first.name} … {last.name}" if not last.auto else first.name
            clusters.append(Cluster(name, members, "same output resolution", "stage"))
    return clusters if len(clusters) > 1 else []


def clusters_by_repetition(level: Level) -> list[Cluster]:
    """Repeats of a pattern side by side, shortest period first.

    Two units are equal where operation, size and the shapes of their insides are; a pattern counts from
    three copies on. In a level that has groups, a pattern must hold one.
    """
    colours = _colours(level)
    grouped = any(unit.size > 1 for unit in level.units)
    clusters: list[Cluster] = []
    at = 0
    while at < len(level):
        found = _repeat_at(level, colours, at, grouped)
        if found is None:
            at += 1
            continue
        period, copies = found
        for copy in range(copies if period > 1 else 0):  # units that repeat one by one are an outline already
            members = tuple(range(at + copy * period, at + (copy + 1) * period))
            clusters.append(Cluster(f"block_{len(clusters) + 1}", members, f"repeated ×{copies}"))
        at += period * copies
    return clusters


def _repeat_at(level: Level, colours: Sequence[int], at: int, grouped: bool) -> tuple[int, int] | None:
    longest = min(40, (len(level) - at) // 3)
    for period in range(1, longest + 1):
        pattern = colours[at : at + period]
        if grouped and all(level.units[other].size == 1 for other in range(at, at + period)):
            continue
        copies = 1
        while colours[at + copies * period : at + (copies + 1) * period] == pattern:
            copies += 1
        if copies >= 3:
            return period, copies
    return None


def _colours(level: Level) -> list[int]:
    """Equal numbers for equal units, by operation, size, and the operations inside."""
    table: dict[object, int] = {}

    def colour(unit: Unit) -> int:
        key = (unit.op, unit.boundary, tuple(colour(part) for part in unit.parts))
        return table.setdefault(key, len(table))

    return [colour(unit) for unit in level.units]


def equal_runs(level: Level) -> list[Cluster]:
    """Three and more equal groups in a row become one."""
    colours = _colours(level)
    clusters = []
    for _, run in groupby(range(len(level)), lambda at: (colours[at], level.units[at].size > 1)):
        members = tuple(run)
        if len(members) >= 3 and level.units[members[0]].size > 1:
            name = span(level.units[members[0]].name, level.units[members[-1]].name)
            clusters.append(Cluster(name, members, "equal neighbours", "stage"))
    return clusters


def ends(level: Level) -> list[Cluster]:
    """Stem and head: small items before the first and after the last large group."""
    sizes = sorted(unit.size for unit in level.units if unit.size >= 3)
    if not sizes:
        return []
    small = min(_END, max(1, sizes[len(sizes) // 2] // 4))

    def is_small(at: int) -> bool:
        unit = level.units[at]
        return not unit.boundary and unit.size <= (small if unit.size > 1 else 1)

    body = [at for at in range(len(level)) if not level.units[at].boundary]
    clusters = []
    for name, order in (("stem", body), ("head", body[::-1])):
        run: list[int] = []
        for at in order:
            if not is_small(at):
                break
            run.append(at)
        if len(run) < len(body) and sum(level.units[at].size for at in run) >= 3 and len(run) > 1:
            found_by = "beginning" if name == "stem" else "end"
            clusters.append(Cluster(name, tuple(sorted(run)), found_by, flat=True))
    return clusters


def span(first: str, last: str) -> str:
    """``block5`` and ``block12`` → ``block5 … block12``."""
    return first if first == last else f"{first} … {last}"
