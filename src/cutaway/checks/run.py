"""Run checks on a model: which of them, and in which order their findings come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cutaway.checks.finding import SEVERITIES, Check, Finding, Hit
from cutaway.checks.subject import Subject

MOST_FINDINGS = 1000
"""Findings of one check that are kept; behind them one says how many there are besides."""


def run(subject: Subject, checks: Iterable[Check]) -> list[Finding]:
    """All that some checks find, the gravest first, then in the order of the checks and of the model.

    Args:
        subject: The model.
        checks: What is looked for.
    """
    found = [finding for check in checks for finding in _findings(subject, check)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def _findings(subject: Subject, check: Check) -> Sequence[Finding]:
    if check.reads_values and subject.values is None:
        return ()
    hits = list(check.find(subject))
    kept = [_finding(subject, check, hit) for hit in hits[:MOST_FINDINGS]]
    if len(hits) > MOST_FINDINGS:
        text = f"and {len(hits) - MOST_FINDINGS:,} more places like these"
        kept.append(Finding(check.id, check.severity, (), text, check.why, check.do))
    return kept


def _finding(subject: Subject, check: Check, hit: Hit) -> Finding:
    graph = subject.graph
    where = tuple(graph.ids[each] if each >= 0 else graph.groups.ids[~each] for each in hit.where)
    return Finding(check.id, hit.severity or check.severity, where, hit.what, check.why, check.do, hit.where)
