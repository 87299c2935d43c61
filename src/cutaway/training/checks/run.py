"""Run checks on the records of a training: which of them, and in which order their findings come."""

from __future__ import annotations

from collections.abc import Iterable

from cutaway.training.checks.finding import Severity, TrainingCheck, TrainingFinding
from cutaway.training.checks.records import Records

_GRAVE: tuple[Severity, ...] = ("error", "warning", "info")

_CAUSES = ("CT012", "CT013", "CT014")
"""Checks of what people choose: learning rate, initialisation, inputs."""


def run(records: Records, checks: Iterable[TrainingCheck]) -> list[TrainingFinding]:
    """All that some checks find, the gravest first, then by step, at one step causes before what comes of them.

    Args:
        records: What the training has recorded.
        checks: What is looked for.
    """
    found = [
        TrainingFinding(check.id, hit.severity or check.severity, hit.where, hit.step, hit.what, check.why, check.do)
        for check in checks
        for hit in check.find(records)
    ]
    return sorted(
        found,
        key=lambda one: (_GRAVE.index(one.severity), -1 if one.step is None else one.step, one.check not in _CAUSES),
    )
