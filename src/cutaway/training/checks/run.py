"""Run checks on the records of a training: which of them, and in which order their findings come."""

from __future__ import annotations

from collections.abc import Iterable

from cutaway.training.checks.finding import Severity, TrainingCheck, TrainingFinding
from cutaway.training.checks.records import Records

_GRAVE: tuple[Severity, ...] = ("error", "warning", "info")


def run(records: Records, checks: Iterable[TrainingCheck]) -> list[TrainingFinding]:
    """All that some checks find, the gravest first, then by step.

    Args:
        records: What the training has recorded.
        checks: What is looked for.
    """
    found = [
        TrainingFinding(check.id, hit.severity or check.severity, hit.where, hit.step, hit.what, check.why, check.do)
        for check in checks
        for hit in check.find(records)
    ]
    return sorted(found, key=lambda one: (_GRAVE.index(one.severity), -1 if one.step is None else one.step))
