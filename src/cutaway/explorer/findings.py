"""What the checks say about a model, as the page shows it: a list, and a mark at each node and group.

The checks and what they need are imported when somebody asks: a model is shown without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from cutaway.errors import ReadError
from cutaway.explorer.contract import CheckWords, Findings
from cutaway.explorer.contract import Finding as Listed
from cutaway.explorer.text import shown
from cutaway.graph.model import Graph

if TYPE_CHECKING:
    from cutaway.checks.finding import Finding

Settings = Callable[[], Mapping[str, Any]]
"""Gives how a model was compiled, as Keras writes it; empty where that is not known."""

MOST_LISTED = 2_000
"""Findings that are sent, some 0.4 MB: more than anybody reads. The marks in the drawing count all of them."""

MOST_PLACES = 24
"""Places of a finding that are sent."""

MOST_EMBEDDED = 250_000
"""Nodes of a model that is looked at for a page of one file: the checks take some 20 µs for each."""

_RANKS: dict[str, Literal[0, 1, 2]] = {"error": 0, "warning": 1, "info": 2}


def settings_of(model: object) -> Settings:
    """How a model was compiled, read when it is asked for.

    Args:
        model: A path, a live model, or anything else, which says nothing.
    """

    def settings() -> Mapping[str, Any]:
        from cutaway.readers import locate
        from cutaway.readers.keras.compiled import compiled, compiled_live

        if not isinstance(model, str | PathLike):
            return compiled_live(model)
        try:
            return compiled(locate(model))
        except ReadError:  # the file has changed since it was read
            return {}

    return settings


def look(graph: Graph, settings: Settings) -> list[Finding]:
    """Run all checks that need no values of weights."""
    from cutaway.checks import CHECKS
    from cutaway.checks.run import run
    from cutaway.checks.subject import Subject

    return run(Subject(graph, settings()), CHECKS)


def in_part(findings: Iterable[Finding], part: Graph) -> list[Finding]:
    """Findings of a whole model that are about a part of it, which has numbers of its own.

    A part is not looked at by itself: what leaves it would look as if nobody read it.
    """
    from dataclasses import replace

    wanted = list(findings)
    ids = {identity for finding in wanted for identity in finding.where}
    nodes = {identity: at for at, identity in enumerate(part.ids) if identity in ids}
    groups = {identity: ~at for at, identity in enumerate(part.groups.ids) if identity in ids}
    found = []
    for finding in wanted:
        tables = [nodes if at >= 0 else groups for at in finding.at]
        at = tuple(table[identity] for table, identity in zip(tables, finding.where, strict=True) if identity in table)
        if at:
            found.append(replace(finding, at=at))
    return found


def listed(graph: Graph, findings: Sequence[Finding]) -> Findings:
    """Findings as the page gets them."""
    return {
        "checks": _words(findings[:MOST_LISTED]),
        "findings": [_row(finding) for finding in findings[:MOST_LISTED]],
        "marks": _marks(graph, findings),
        "hidden": max(0, len(findings) - MOST_LISTED),
        "unchecked": "",
    }


def unchecked(why: str) -> Findings:
    """No findings, because nobody looked."""
    return {"checks": {}, "findings": [], "marks": [], "hidden": 0, "unchecked": why}


def _words(findings: Iterable[Finding]) -> dict[str, CheckWords]:
    from cutaway.checks import CHECKS

    found = {finding.check for finding in findings}
    return {
        check.id: {"name": check.name, "title": check.title, "why": check.why, "do": check.do}
        for check in CHECKS
        if check.id in found
    }


def _row(finding: Finding) -> Listed:
    return {
        "check": finding.check,
        "severity": _RANKS[finding.severity],
        "what": shown(finding.what),
        "at": list(finding.at[:MOST_PLACES]),
    }


def _marks(graph: Graph, findings: Iterable[Finding]) -> list[int]:
    """Counts by severity of each node or group that is the first place of a finding, and of all groups around it."""
    counts: dict[int, list[int]] = {}
    parents = graph.groups.parents
    for finding in findings:
        if not finding.at:
            continue
        item, rank = finding.at[0], _RANKS[finding.severity]
        counts.setdefault(item, [0, 0, 0])[rank] += 1
        group = graph.node_groups[item] if item >= 0 else parents[~item]
        while group > 0:
            counts.setdefault(~group, [0, 0, 0])[rank] += 1
            group = parents[group]
    return [value for item in sorted(counts) for value in (item, *counts[item])]
