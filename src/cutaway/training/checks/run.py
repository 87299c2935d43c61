"""Run checks on the records of a training: which of them, and in which order their findings come."""

from __future__ import annotations

from collections.abc import Iterable

from cutaway.training.checks.finding import Severity, TrainingCheck, TrainingFinding
from cutaway.training.checks.records import Records

_GRAVE: tuple[Severity, ...] = ("error", "warning", "info")

_CAUSES = ("CT012", "CT013", "CT014")
"""Checks of what people choose: learning rate, initialisation, inputs."""

_NOT_FINITE = "CT001"


def run(records: Records, checks: Iterable[TrainingCheck]) -> list[TrainingFinding]:
    """All that some checks find, the gravest first, then by step, at one step causes before what comes of them.

    Where NaN is told, what begins when weights hold it is left out: silent units and lost gradients come of that alone.

    Args:
        records: What the training has recorded.
        checks: What is looked for.
    """
    found = [
        TrainingFinding(check.id, hit.severity or check.severity, hit.where, hit.step, hit.what, check.why, check.do)
        for check in checks
        for hit in check.find(records)
    ]
    lost = _lost_since(records) if any(one.check == _NOT_FINITE for one in found) else None
    return sorted(
        (one for one in found if not _comes_of_nan(one, lost)),
        key=lambda one: (_GRAVE.index(one.severity), -1 if one.step is None else one.step, one.check not in _CAUSES),
    )


def _lost_since(records: Records) -> int | None:
    """The first recorded step at which a weight holds NaN; None where none does."""
    lost = ((line, line.steps[line.values != 0]) for _, line in records.of("nan", "weights"))
    return min((records.moment(line, int(steps[0]))[0] for line, steps in lost if len(steps)), default=None)


def _comes_of_nan(finding: TrainingFinding, lost: int | None) -> bool:
    if lost is None or finding.step is None or finding.check in (_NOT_FINITE, *_CAUSES):
        return False
    return finding.step >= lost
